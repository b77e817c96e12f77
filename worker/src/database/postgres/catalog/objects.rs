//! The comparing view: what is not a part of a table.

use super::expression;
use super::listings::Listing;
use super::queries::class;
use super::raw::{Cursor, Raw, Type};
use super::{names, relations};
use crate::database::catalog::{Attributes, COLUMN_ORDER, ObjectKind};
use crate::database::objects::{Builder, Objects, add, key};
use crate::database::postgres::quote::array_elements;
use crate::database::postgres::wire::Row;

/// Collects listings, settings, functions, types and domains.
pub(super) fn collect(raw: &Raw, listed: Vec<(Listing, Vec<Row>)>, objects: &mut Objects) {
    for (listing, rows) in listed {
        for row in rows {
            list(raw, &listing, row, objects);
        }
    }
    for (role, setting) in &raw.settings {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        let path = match role {
            Some(role) => format!("setting {name} for {role}"),
            None => format!("setting {name}"),
        };
        add(
            objects,
            key(ObjectKind::Database, Some("database".to_owned()), path),
            Builder::default().text("value", value).done(),
        );
    }
    for function in &raw.functions {
        let attributes = Builder::default()
            .text("owner", &function.owner)
            .list("privileges", function.privileges.as_ref())
            .text("definition", function.definition.trim_end())
            .some("comment", raw.comment(class::FUNCTION, function.oid, 0))
            .done();
        let path = format!("{}({})", function.name, function.arguments);
        add(objects, key(ObjectKind::Function, None, path), attributes);
    }
    for ty in raw.types.values().filter(|t| t.oid >= 16384) {
        if !raw.members.contains(&(class::TYPE, ty.oid)) {
            self::ty(raw, ty, objects);
        }
    }
}

fn list(raw: &Raw, listing: &Listing, row: Row, objects: &mut Objects) {
    let mut cursor = Cursor::new(row);
    let oid = cursor.number();
    if raw.members.contains(&(listing.class, oid)) {
        return;
    }
    let (owner, path) = (cursor.option(), cursor.text());
    let mut attributes = Attributes::new();
    for &name in listing.attributes {
        let Some(value) = cursor.option() else { continue };
        // Arrays are sets here: privileges, options, tables of a publication.
        let value = if value.starts_with('{') && value.ends_with('}') && name != "definition" {
            let mut elements = array_elements(&value);
            elements.sort();
            elements.join(", ")
        } else {
            value
        };
        if !value.is_empty() {
            attributes.insert(name, value);
        }
    }
    if let Some(comment) = raw.comment(listing.class, oid, 0) {
        attributes.insert("comment", comment);
    }
    add(objects, key(listing.kind, owner, path), attributes);
}

fn ty(raw: &Raw, ty: &Type, objects: &mut Objects) {
    let path = ty.name.to_string();
    let builder = Builder::default()
        .text("owner", &ty.owner)
        .list("privileges", ty.privileges.as_ref())
        .some("comment", raw.comment(class::TYPE, ty.oid, 0));
    let (kind, builder) = match ty.kind {
        'e' => (ObjectKind::Type, builder.text("labels", labels(&ty.labels))),
        'd' => {
            let base = ty.base_native.clone().unwrap_or_default();
            let default = ty.default.as_deref().and_then(|d| expression::default(d, &base));
            domain_constraints(raw, ty, &path, objects);
            let builder = builder
                .text("type", base)
                .some("default", default)
                .flag("not null", ty.not_null)
                .some("collation", raw.collations.get(&ty.collation).cloned());
            (ObjectKind::Domain, builder)
        }
        'r' => (ObjectKind::Type, builder.some("range", ty.range.clone())),
        'c' => {
            relations::columns(raw, ty.relation, objects);
            (ObjectKind::Type, builder.text(COLUMN_ORDER, relations::column_order(raw, ty.relation)))
        }
        // Arrays and multiranges come and go with their elements.
        'b' if ty.element != 0 => return,
        'm' => return,
        _ => (ObjectKind::Type, builder.some("base type", ty.base_definition.clone())),
    };
    add(objects, key(kind, None, path), builder.done());
}

/// Labels with quotes, in their order.
fn labels(labels: &[String]) -> String {
    labels.iter().map(|l| format!("'{}'", l.replace('\'', "''"))).collect::<Vec<_>>().join(", ")
}

fn domain_constraints(raw: &Raw, domain: &Type, path: &str, objects: &mut Objects) {
    let of_domain = raw.domain_constraints.get(&domain.oid).into_iter().flatten();
    for constraint in of_domain.filter(|c| c.kind == 'c') {
        let printed = constraint.expression.as_deref().unwrap_or_default();
        let text = matches!(base_of(raw, domain), 25 | 1042 | 1043);
        let word = if text { ["VALUE"].into() } else { [].into() };
        let condition = expression::condition(printed, &word);
        let invented = names::is_invented(&constraint.name, &domain.name.name, &[], "check");
        let role = if invented { format!("check {condition}") } else { constraint.name.clone() };
        let attributes = Builder::default()
            .text("condition", condition)
            .flag("not validated", !constraint.validated)
            .some("comment", raw.comment(class::CONSTRAINT, constraint.oid, 0))
            .done();
        add(objects, key(ObjectKind::Check, Some(path.to_owned()), format!("{path}.{role}")), attributes);
    }
}

/// The type below a domain and the domains below that.
pub(super) fn base_of(raw: &Raw, ty: &Type) -> u32 {
    let mut base = ty.base;
    while let Some(next) = raw.types.get(&base).filter(|t| t.kind == 'd') {
        base = next.base;
    }
    base
}
