//! The comparing view: what is not a part of a table.

use super::definition::{definition, without_database};
use super::fields::{Fields, Texts};
use super::listings::Listing;
use super::notes::class;
use super::raw::{Module, Raw, Type};
use super::relations;
use crate::database::catalog::{Attributes, COLUMN_ORDER, ObjectKind};
use crate::database::objects::{Builder, Objects, add, key};

/// Collects modules, types, and what is listed ready to compare.
pub(super) fn collect(raw: &Raw, listed: Vec<(Listing, Vec<Texts>)>, objects: &mut Objects) {
    for module in raw.modules.values() {
        self::module(raw, module, objects);
    }
    for ty in &raw.types {
        add(objects, key(ObjectKind::Type, None, ty.name.to_string()), self::ty(raw, ty));
    }
    for (listing, rows) in listed {
        for row in rows {
            list(raw, &listing, row, objects);
        }
    }
}

/// What kind of object a module is.
pub(super) fn kind_of(module: &Module) -> ObjectKind {
    match module.sort.as_str() {
        "V" => ObjectKind::View,
        "P" => ObjectKind::Procedure,
        "FN" | "IF" | "TF" => ObjectKind::Function,
        "TR" => ObjectKind::Trigger,
        "R" => ObjectKind::Rule,
        _ => ObjectKind::Other,
    }
}

fn module(raw: &Raw, module: &Module, objects: &mut Objects) {
    let kind = kind_of(module);
    let of_table = (kind == ObjectKind::Trigger).then(|| raw.path(module.parent)).flatten();
    let path = match &of_table {
        Some(table) => format!("{table}.{}", module.name.name),
        None if module.sort == "D" => format!("default {}", module.name),
        None => module.name.to_string(),
    };
    let text = module.definition.as_deref().map(|text| definition(text, &raw.database));
    let encrypted = text.is_none();
    let builder = Builder::default()
        .some("owner", module.owner.as_deref())
        .some("definition", text)
        .flag("encrypted", encrypted)
        // What a text that cannot be read says, as far as it is told.
        .flag("schema bound", encrypted && module.schema_bound)
        .flag("ansi nulls off", !module.ansi_nulls)
        .flag("quoted identifiers off", !module.quoted_identifiers)
        .flag("disabled", module.disabled)
        .flag("not for replication", module.not_for_replication)
        .list("order", Some(&module.order).filter(|order| !order.is_empty()))
        .some("parameter properties", raw.notes.on_parameters(module.id));
    let builder = if kind == ObjectKind::View {
        builder.text(COLUMN_ORDER, relations::column_order(raw, module.id))
    } else {
        builder
    };
    add(objects, key(kind, of_table, path), raw.notes.on(builder, class::OBJECT, module.id, 0).done());
}

fn ty(raw: &Raw, ty: &Type) -> Attributes {
    let builder = Builder::default().some("owner", ty.owner.as_deref());
    let builder = if ty.is_table {
        builder
            .flag("memory optimized", ty.memory_optimized)
            .text(COLUMN_ORDER, relations::column_order(raw, ty.table))
    } else if let Some(class) = &ty.class {
        builder.text("class", class)
    } else {
        builder
            .text("type", ty.base.native())
            .flag("not null", !ty.nullable)
            .some("bound default", ty.bound_default.as_deref())
            .some("bound rule", ty.bound_rule.as_deref())
    };
    raw.notes.on(builder, class::TYPE, ty.id, 0).done()
}

fn list(raw: &Raw, listing: &Listing, row: Texts, objects: &mut Objects) {
    let mut fields = Fields::new(row);
    let (id, owner, path) = (fields.number(), fields.option(), fields.text());
    let mut builder = Builder::default();
    for name in listing.attributes {
        let value = fields.option().filter(|value| !value.is_empty() && value != "0");
        builder = builder.some(name, value.map(|value| without_database(&value, &raw.database)));
    }
    let attributes = raw.notes.on(builder, listing.class, id, 0).done();
    add(objects, key(listing.kind, owner, path), attributes);
}
