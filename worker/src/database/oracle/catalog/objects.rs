//! The comparing view: everything that is no part of a table.

use super::code_rows::{
    DomainColumnRow, DualityRow, JobRow, MviewLogRow, MviewRow, SequenceRow, TriggerRow, ViewRow,
};
use super::names::is_part_of_another;
use super::raw::Raw;
use super::tables::{listed, said_of, said_of_columns, unusual};
use super::tables_rows::{ClusterRow, ColumnRow};
use super::text::{normal, shown, tokens, without_owner};
use super::types;
use crate::database::catalog::{Attributes, ObjectKind};
use crate::database::objects::{Builder, Objects, add, key};

/// Kinds of code, as the dictionary and as we call them.
pub(super) const CODE: &[(&str, ObjectKind)] = &[
    ("PROCEDURE", ObjectKind::Procedure),
    ("FUNCTION", ObjectKind::Function),
    ("PACKAGE", ObjectKind::Package),
    ("PACKAGE BODY", ObjectKind::PackageBody),
    ("TYPE", ObjectKind::Type),
    ("TYPE BODY", ObjectKind::Type),
];

/// Collects the schema itself and everything in it that is no part of a table.
pub(super) fn collect(raw: &Raw, objects: &mut Objects) {
    let collation = raw.users.first().and_then(|user| unusual(&user.default_collation, &["USING_NLS_COMP"]));
    let database = Builder::default().some("collation", collation).done();
    add(objects, key(ObjectKind::Database, None, "database".to_owned()), database);
    for sequence in raw.sequences.iter().filter(|sequence| !is_part_of_another(&sequence.name)) {
        let attributes = said_of(raw, &sequence.name, self::sequence(sequence)).done();
        add(objects, key(ObjectKind::Sequence, None, sequence.name.clone()), attributes);
    }
    for view in &raw.views {
        let attributes = said_of(raw, &view.name, self::view(raw, view)).done();
        add(objects, key(ObjectKind::View, None, view.name.clone()), attributes);
    }
    for view in &raw.mviews {
        let attributes = said_of(raw, &view.name, mview(raw, view)).done();
        add(objects, key(ObjectKind::MaterializedView, None, view.name.clone()), attributes);
    }
    for log in &raw.mview_logs {
        let path = format!("{}.materialized view log", log.table);
        add(objects, key(ObjectKind::Other, Some(log.table.clone()), path), mview_log(raw, log));
    }
    collect_code(raw, objects);
    for synonym in &raw.synonyms {
        let link = if synonym.link.is_empty() { String::new() } else { format!("@{}", synonym.link) };
        let target = format!("{}{link}", raw.qualified(&synonym.target_owner, &synonym.target));
        let attributes = Builder::default().text("for", target).done();
        add(objects, key(ObjectKind::Other, None, format!("synonym {}", synonym.name)), attributes);
    }
    for link in &raw.links {
        let attributes = Builder::default()
            .some("user", Some(link.user.as_str()).filter(|user| !user.is_empty()))
            .text("host", &link.host)
            .done();
        add(objects, key(ObjectKind::ForeignServer, None, link.name.clone()), attributes);
    }
    for cluster in &raw.clusters {
        add(
            objects,
            key(ObjectKind::Other, None, format!("cluster {}", cluster.name)),
            self::cluster(raw, cluster),
        );
    }
    for job in &raw.jobs {
        add(objects, key(ObjectKind::Event, None, job.name.clone()), self::job(raw, job));
    }
    for domain in &raw.domains {
        let attributes = said_of(raw, &domain.name, self::domain(raw, &domain.name))
            .some("display", some(&domain.display).map(|text| normal(text, &raw.owner)))
            .some("order", some(&domain.order).map(|text| normal(text, &raw.owner)))
            .some("selector", some(&domain.selector).map(|text| normal(text, &raw.owner)))
            .done();
        add(objects, key(ObjectKind::Domain, None, domain.name.clone()), attributes);
    }
    collect_policies(raw, objects);
    for object in raw.objects.iter().filter(|object| !raw.is_read(object)) {
        let path = format!("{} {}", object.kind.to_ascii_lowercase(), object.name);
        let body = without_owner(raw.source(&object.kind, &object.name), &raw.owner);
        let attributes = Builder::default().some("body", some(&body));
        add(objects, key(ObjectKind::Other, None, path), said_of(raw, &object.name, attributes).done());
    }
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn sequence(sequence: &SequenceRow) -> Builder {
    Builder::default()
        .text("increment", &sequence.increment)
        .text("minimum", &sequence.min)
        .text("maximum", &sequence.max)
        .text("cache", &sequence.cache)
        .flag("cycle", sequence.cycle == "Y")
        .flag("order", sequence.order == "Y")
        .flag("scale", sequence.scale == "Y")
        .flag("extend", sequence.extend == "Y")
        .flag("session", sequence.session == "Y")
        .flag("keep", sequence.keep == "Y")
}

fn view(raw: &Raw, view: &ViewRow) -> Builder {
    // A list of columns stands apart from the text.
    let columns = raw.columns.iter().filter(|column| column.table == view.name);
    let columns: Vec<String> = columns.map(|column| shown(&column.name)).collect();
    let check = raw.constraints.iter().find(|it| it.table == view.name && it.kind == "V");
    let of = some(&view.type_name).map(|name| raw.qualified(&view.type_owner, name));
    let is_invalid = raw.is_invalid("VIEW", &view.name);
    let duality = raw.dualities.iter().find(|it| it.name == view.name);
    Builder::default()
        // Nobody knows the columns of a view that does not work.
        .some("columns", (!is_invalid).then(|| columns.join(", ")))
        .text("definition", definition(&view.text, &raw.owner))
        .some("of its columns", said_of_columns(raw, &view.name))
        .some("json documents", duality.map(duality_of))
        .flag("read only", view.read_only == "Y")
        .some(
            "check option",
            check.map(|it| if super::constraints::is_named(it) { it.name.clone() } else { "yes".to_owned() }),
        )
        .some("bequeath", unusual(&view.bequeath, &["DEFINER"]))
        .flag("editioning", view.editioning == "Y")
        .some("of", of)
        .some("under", some(&view.above))
        .some("identified by", some(&view.oid_text))
        .some("typed", some(&view.type_text))
        .some("collation", unusual(&view.collation, &["USING_NLS_COMP"]))
        .flag("noneditionable", is_noneditionable(raw, "VIEW", &view.name))
        .flag("invalid", is_invalid)
}

fn duality_of(duality: &DualityRow) -> String {
    let on = [("insert", &duality.on_insert), ("update", &duality.on_update), ("delete", &duality.on_delete)];
    let on: Vec<&str> = on.iter().filter(|(_, on)| *on == "TRUE").map(|(word, _)| *word).collect();
    if on.is_empty() { "read only".to_owned() } else { on.join(", ") }
}

/// What a view shows. What it takes is said beside its text, and, by some, at the end of it.
pub(super) fn definition(text: &str, owner: &str) -> String {
    let normal = normal(text, owner);
    let ends = [" WITH READ ONLY", " WITH CHECK OPTION"];
    match ends.iter().find_map(|end| normal.rfind(end).map(|at| (at, &normal[at + end.len()..]))) {
        Some((at, rest)) if rest.is_empty() || rest.starts_with(" CONSTRAINT ") => normal[..at].to_owned(),
        _ => normal,
    }
}

/// Whether an object of that kind stays the same in all editions.
pub(in crate::database::oracle) fn is_noneditionable(raw: &Raw, kind: &str, name: &str) -> bool {
    raw.objects.iter().any(|it| it.kind == kind && it.name == name && it.editionable == "N")
}

fn mview(raw: &Raw, view: &MviewRow) -> Builder {
    let comment = raw.mview_comments.iter().find(|comment| comment.name == view.name);
    Builder::default()
        .text("definition", normal(&view.query, &raw.owner))
        .text("refresh", format!("{} on {}", view.method, view.mode).to_ascii_lowercase())
        .some("build", unusual(&view.build, &["IMMEDIATE"]))
        .flag("query rewrite", view.rewrite == "Y")
        .flag("updatable", view.updatable == "Y")
        .some("from", some(view.link.trim_matches(['@', '"'])))
        .flag("without index", view.without_index == "Y")
        .some("of its columns", said_of_columns(raw, &view.name))
        .some("text", comment.map(|comment| comment.text.as_str()))
}

fn mview_log(raw: &Raw, log: &MviewLogRow) -> Attributes {
    let columns = raw.mview_log_columns.iter().filter(|it| it.table == log.table);
    let columns = listed(columns.map(|it| it.column.clone()));
    Builder::default()
        .flag("rowids", log.rowids == "YES")
        .flag("primary key", log.primary_key == "YES")
        .flag("object ids", log.object_id == "YES")
        .flag("sequence", log.sequence == "YES")
        .flag("new values", log.new_values == "YES")
        .flag("commit scn", log.by_commit == "YES")
        .flag("purge asynchronous", log.purge_asynchronous == "YES")
        .flag("purge deferred", log.purge_deferred == "YES")
        .some("purge interval", some(&log.purge_interval))
        .some("columns", columns)
        .done()
}

fn collect_code(raw: &Raw, objects: &mut Objects) {
    for (word, kind) in CODE {
        for name in raw.names_of_code(word) {
            let path = if *word == "TYPE BODY" { format!("{name} body") } else { name.to_owned() };
            let attributes = Builder::default()
                .text("body", code(raw, word, name))
                .flag("noneditionable", is_noneditionable(raw, word, name))
                .flag("invalid", raw.is_invalid(word, name));
            // What is granted is granted on the whole of it.
            let attributes = if word.ends_with("BODY") { attributes } else { said_of(raw, name, attributes) };
            add(objects, key(*kind, None, path), attributes.done());
        }
    }
    for trigger in &raw.triggers {
        let (owner, path) = match table_of(raw, trigger) {
            Some(table) => (Some(table.clone()), format!("{table}.{}", trigger.name)),
            None => (None, trigger.name.clone()),
        };
        add(objects, key(ObjectKind::Trigger, owner, path), self::trigger(raw, trigger));
    }
}

/// The table or view that fires a trigger; none for one of a schema or a database.
pub(super) fn table_of(raw: &Raw, trigger: &TriggerRow) -> Option<String> {
    let of_relation = matches!(trigger.base.trim(), "TABLE" | "VIEW");
    of_relation.then(|| raw.qualified(&trigger.table_owner, &trigger.table))
}

fn trigger(raw: &Raw, trigger: &TriggerRow) -> Attributes {
    let order = raw.trigger_order.iter().filter(|it| it.name == trigger.name).map(|it| {
        let other = raw.qualified(&it.other_owner, &it.other);
        format!("{} {other}", it.how.to_ascii_lowercase())
    });
    let on =
        (!matches!(trigger.base.trim(), "TABLE" | "VIEW")).then(|| trigger.base.trim().to_ascii_lowercase());
    Builder::default()
        .text("timing", trigger.kind.trim().to_ascii_lowercase())
        .text("event", trigger.event.trim().to_ascii_lowercase())
        .some("on", on)
        .some("nested column", some(&trigger.nested_column))
        .some("referencing", unusual(&trigger.referencing, &["REFERENCING NEW AS NEW OLD AS OLD"]))
        .some("when", some(&trigger.condition).map(|text| normal(text, &raw.owner)))
        .some("order", listed(order))
        .some("action", unusual(&trigger.action, &["PL/SQL"]))
        .some("crossedition", unusual(&trigger.cross_edition, &["NO"]))
        .flag("fires in replication", trigger.fires_once == "NO")
        .text("body", code(raw, "TRIGGER", &trigger.name))
        .flag("disabled", trigger.status == "DISABLED")
        .flag("noneditionable", is_noneditionable(raw, "TRIGGER", &trigger.name))
        .flag("invalid", raw.is_invalid("TRIGGER", &trigger.name))
        .done()
}

/// Code in one spelling of its head: what it is and what it is called.
pub(super) fn code(raw: &Raw, kind: &str, name: &str) -> String {
    let text = without_owner(raw.source(kind, name), &raw.owner);
    let words = kind.split(' ').count();
    let rest = match tokens(&text).get(words) {
        Some(token) if token.is_name() && token.name() == name => text[token.end()..].to_owned(),
        _ => return text,
    };
    format!("{kind} {}{rest}", shown(name))
}

fn cluster(raw: &Raw, cluster: &ClusterRow) -> Attributes {
    let columns = raw.columns.iter().filter(|column| column.table == cluster.name);
    let columns: Vec<String> = columns
        .map(|column: &ColumnRow| format!("{} {}", column.name, types::native(column, &raw.owner)))
        .collect();
    Builder::default()
        .text("type", cluster.kind.to_ascii_lowercase())
        .text("columns", columns.join(", "))
        .some("size", some(&cluster.key_size))
        .some("hash keys", unusual(&cluster.hash_keys, &["0"]))
        .some("function", unusual(&cluster.function, &["DEFAULT2"]))
        .done()
}

fn job(raw: &Raw, job: &JobRow) -> Attributes {
    Builder::default()
        .some("type", some(&job.kind).map(str::to_ascii_lowercase))
        .some("body", some(&job.action).map(|text| without_owner(text, &raw.owner)))
        .some("program", some(&job.program))
        .some("schedule", some(&job.schedule))
        .some("repeat", some(&job.repeat))
        .some("class", unusual(&job.class, &["DEFAULT_JOB_CLASS"]))
        .flag("disabled", job.enabled == "FALSE")
        .flag("kept when done", job.auto_drop == "FALSE")
        .some("comment", some(&job.comment))
        .done()
}

fn domain(raw: &Raw, name: &str) -> Builder {
    let columns = raw.domain_columns.iter().filter(|column| column.domain == name);
    let columns: Vec<String> = columns.map(|column| domain_column(raw, column)).collect();
    let rules = raw.domain_constraints.iter().filter(|rule| rule.domain == name).map(|rule| {
        let name = if rule.generated == "GENERATED NAME" { String::new() } else { format!("{} ", rule.name) };
        let state = [
            (rule.status == "DISABLED").then_some(" disabled"),
            (rule.validated == "NOT VALIDATED").then_some(" not validated"),
            (rule.deferrable == "DEFERRABLE").then_some(" deferrable"),
            (rule.deferred == "DEFERRED").then_some(" initially deferred"),
        ];
        let state: String = state.into_iter().flatten().collect();
        format!("{name}check({}){state}", normal(&rule.condition, &raw.owner))
    });
    Builder::default().text("columns", columns.join(", ")).some("constraints", listed(rules))
}

fn domain_column(raw: &Raw, column: &DomainColumnRow) -> String {
    let ty = types::native(
        &ColumnRow {
            data_type: column.data_type.clone(),
            data_length: column.data_length.clone(),
            precision: column.precision.clone(),
            scale: column.scale.clone(),
            char_length: column.char_length.clone(),
            // The dictionary does not say which of the two limits a domain's texts.
            char_used: if column.char_length == column.data_length { "B" } else { "C" }.to_owned(),
            ..ColumnRow::default()
        },
        &raw.owner,
    );
    let default = some(&column.default).map(|text| format!(" default {}", normal(text, &raw.owner)));
    let on_null = if column.default_on_null == "YES" { " on null" } else { "" };
    let not_null = if column.nullable == "N" { " not null" } else { "" };
    let collation = unusual(&column.collation, &["USING_NLS_COMP"]).map(|name| format!(" collate {name}"));
    let (default, collation) = (default.unwrap_or_default(), collation.unwrap_or_default());
    format!("{} {ty}{default}{on_null}{not_null}{collation}", column.name)
}

fn collect_policies(raw: &Raw, objects: &mut Objects) {
    let dotted = |parts: [&str; 2]| {
        parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".")
    };
    let when = |on: [&str; 5]| {
        let words = ["select", "insert", "update", "delete", "index"];
        let on: Vec<&str> =
            words.into_iter().zip(on).filter(|(_, on)| *on == "YES").map(|(word, _)| word).collect();
        on.join(", ")
    };
    for policy in &raw.policies {
        let columns = raw
            .policy_columns
            .iter()
            .filter(|it| it.object == policy.object && it.group == policy.group && it.policy == policy.name);
        let columns = columns.map(|it| match it.option.as_str() {
            "ALL_ROWS" => format!("{} of all rows", it.column),
            _ => it.column.clone(),
        });
        let function = raw.qualified(&policy.function_owner, &dotted([&policy.package, &policy.function]));
        let attributes = Builder::default()
            .text("function", function)
            .text(
                "on",
                when([
                    &policy.on_select,
                    &policy.on_insert,
                    &policy.on_update,
                    &policy.on_delete,
                    &policy.on_index,
                ]),
            )
            .some("group", unusual(&policy.group, &["SYS_DEFAULT"]))
            .flag("check option", policy.check_option == "YES")
            .flag("disabled", policy.enable == "NO")
            .text("type", policy.kind.to_ascii_lowercase())
            .flag("long predicate", policy.long_predicate == "YES")
            .some("columns", listed(columns))
            .done();
        let path = format!("{}.{}", policy.object, policy.name);
        add(objects, key(ObjectKind::Policy, Some(policy.object.clone()), path), attributes);
    }
    for audit in &raw.audits {
        let handler = dotted([&audit.handler_package, &audit.handler]);
        let attributes = Builder::default()
            .text("on", when([&audit.on_select, &audit.on_insert, &audit.on_update, &audit.on_delete, "NO"]))
            .some("condition", some(&audit.condition).map(|text| normal(text, &raw.owner)))
            .some("columns", some(&audit.column))
            .some("handler", some(&handler).map(|name| raw.qualified(&audit.handler_owner, name)))
            .flag("disabled", audit.enabled == "NO")
            .done();
        let path = format!("{}.audit policy {}", audit.object, audit.name);
        add(objects, key(ObjectKind::Other, Some(audit.object.clone()), path), attributes);
    }
}
