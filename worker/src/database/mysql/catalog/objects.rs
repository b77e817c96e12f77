//! The comparing view: what is not a part of a table.

use super::raw::{Event, Raw, Routine, Trigger, View};
use crate::database::catalog::{Attributes, DEFINER, ObjectKind};
use crate::database::objects::{Builder, Objects, add, key};

/// Collects the database itself, views, routines, triggers, events and sequences.
pub(super) fn collect(raw: &Raw, objects: &mut Objects) {
    add(objects, key(ObjectKind::Database, None, "database".to_owned()), raw.database.clone());
    for (name, attributes) in &raw.sequences {
        add(objects, key(ObjectKind::Sequence, None, name.clone()), attributes.clone());
    }
    for (name, attributes) in &raw.libraries {
        add(objects, key(ObjectKind::Library, None, name.clone()), attributes.clone());
    }
    for view in &raw.views {
        add(objects, key(ObjectKind::View, None, view.name.clone()), self::view(view));
    }
    for routine in &raw.routines {
        add(objects, key(kind_of(routine), None, routine.name.clone()), self::routine(routine));
    }
    for trigger in &raw.triggers {
        let path = format!("{}.{}", trigger.table, trigger.name);
        add(
            objects,
            key(ObjectKind::Trigger, Some(trigger.table.clone()), path),
            self::trigger(trigger, &raw.triggers),
        );
    }
    for event in &raw.events {
        add(objects, key(ObjectKind::Event, None, event.name.clone()), self::event(event));
    }
    for (name, why) in &raw.unreadable {
        let attributes = Builder::default().text("cannot be read", why).done();
        add(objects, key(ObjectKind::Other, None, name.clone()), attributes);
    }
}

/// What kind of object a routine is.
pub(super) fn kind_of(routine: &Routine) -> ObjectKind {
    match routine.kind.as_str() {
        "FUNCTION" if routine.aggregate => ObjectKind::Aggregate,
        "FUNCTION" => ObjectKind::Function,
        "PROCEDURE" => ObjectKind::Procedure,
        "PACKAGE" => ObjectKind::Package,
        "PACKAGE BODY" => ObjectKind::PackageBody,
        _ => ObjectKind::Other,
    }
}

fn view(view: &View) -> Attributes {
    Builder::default()
        .some("sort", view.sort.as_deref())
        .some("columns", view.columns.as_deref())
        .text("algorithm", view.algorithm.to_ascii_lowercase())
        .text(DEFINER, &view.definer)
        .text("security", view.security.to_ascii_lowercase())
        .some("check option", view.check_option.as_deref())
        .text("definition", &view.definition)
        .done()
}

fn routine(routine: &Routine) -> Attributes {
    Builder::default()
        .text("parameters", &routine.parameters)
        .some("returns", routine.returns.as_deref())
        .text("body", &routine.body)
        .some("language", routine.language.as_deref())
        .some("libraries", routine.libraries.as_deref())
        .flag("deterministic", routine.deterministic)
        .text("data access", routine.data_access.to_ascii_lowercase().replace('_', " "))
        .text("security", routine.security.to_ascii_lowercase())
        .text("sql mode", modes(&routine.sql_mode))
        .some("comment", routine.comment.as_deref())
        .text(DEFINER, &routine.definer)
        .text("database collation", &routine.database_collation)
        .done()
}

fn trigger(trigger: &Trigger, all: &[Trigger]) -> Attributes {
    let before = all.iter().filter(|other| {
        other.table == trigger.table
            && other.event == trigger.event
            && other.timing == trigger.timing
            && other.order < trigger.order
    });
    Builder::default()
        .text("event", trigger.event.to_ascii_lowercase())
        .text("timing", trigger.timing.to_ascii_lowercase())
        .some("follows", before.max_by_key(|other| other.order).map(|other| other.name.as_str()))
        .text("body", &trigger.body)
        .text("sql mode", modes(&trigger.sql_mode))
        .text(DEFINER, &trigger.definer)
        .text("database collation", &trigger.database_collation)
        .done()
}

fn event(event: &Event) -> Attributes {
    Builder::default()
        .text("schedule", &event.schedule)
        .some("starts", event.starts.as_deref())
        .some("ends", event.ends.as_deref())
        .text("time zone", &event.time_zone)
        .text("status", event.status.to_ascii_lowercase())
        .text("on completion", event.on_completion.to_ascii_lowercase())
        .text("body", &event.body)
        .text("sql mode", modes(&event.sql_mode))
        .some("comment", event.comment.as_deref())
        .text(DEFINER, &event.definer)
        .text("database collation", &event.database_collation)
        .done()
}

/// A set of modes, in one order.
pub(super) fn modes(printed: &str) -> String {
    let mut modes: Vec<&str> = printed.split(',').filter(|mode| !mode.is_empty()).collect();
    modes.sort_unstable();
    modes.join(", ")
}
