//! The seeding view: base tables with the families of their columns' types.

use std::collections::BTreeMap;

use super::queries::class;
use super::raw::{Attribute, Constraint, Index, Oid, Raw, Relation, Type};
use crate::database::catalog::{
    Check, Code, Column, ColumnType, Family, ForeignKey, ObjectKind, Partition, Table, TableName, Unique,
};

/// All base tables; a partitioned parent stands for its partitions.
pub(super) fn tables(raw: &Raw) -> BTreeMap<TableName, Table> {
    let is_base = |r: &&Relation| matches!(r.kind, 'r' | 'p') && !r.is_partition();
    raw.relations.values().filter(is_base).map(|r| (r.name.clone(), table(raw, r))).collect()
}

fn table(raw: &Raw, relation: &Relation) -> Table {
    let constraints = || raw.constraints_of(relation.oid).iter();
    let indexes = || raw.indexes_of(relation.oid).iter();
    let names = |numbers: &[i32]| -> Vec<String> {
        raw.column_names(relation.oid, numbers).into_iter().map(str::to_owned).collect()
    };
    let columns = raw.columns_of(relation.oid).iter();
    let mut checks: Vec<Check> = constraints()
        .filter(|c| c.kind == 'c' && c.enforced)
        .map(|c| Check {
            name: Some(c.name.clone()),
            condition: c.expression.clone().unwrap_or_default(),
            columns: names(&c.columns),
        })
        .collect();
    let mut partitions = Vec::new();
    leaves(raw, relation, relation.oid, &mut partitions);
    checks.extend(partition_check(relation, &partitions));
    Table {
        columns: columns.map(|c| column(raw, relation, c)).collect(),
        primary_key: constraints().find(|c| c.kind == 'p').map(|c| names(&c.columns)).unwrap_or_default(),
        uniques: indexes().filter(|i| i.unique && !i.primary).map(|i| unique(raw, i)).collect(),
        foreign_keys: constraints()
            .filter(|c| c.kind == 'f' && c.enforced)
            .filter_map(|c| foreign_key(raw, c))
            .collect(),
        checks,
        exclusions: exclusions(raw, relation),
        partitions,
    }
}

fn column(raw: &Raw, relation: &Relation, column: &Attribute) -> Column {
    let owns_sequence = || raw.counters.contains_key(&(relation.oid, column.number));
    let draws = column.default.as_deref().is_some_and(|d| d.starts_with("nextval("));
    let domain_not_null = raw.types.get(&column.ty).is_some_and(|t| t.kind == 'd' && t.not_null);
    Column {
        name: column.name.clone(),
        ty: column_type(raw, &Declared::of_column(column)),
        nullable: !column.not_null && !domain_not_null,
        default: column.default.clone().filter(|_| !column.is_generated()),
        generated: column.is_generated(),
        counter: column.is_identity() || draws || (owns_sequence() && column.default.is_some()),
        identity_always: column.identity == 'a',
    }
}

fn unique(raw: &Raw, index: &Index) -> Unique {
    let mut numbers: Vec<i32> = index.keys().iter().copied().filter(|n| *n != 0).collect();
    for number in &index.reads {
        if !numbers.contains(number) && index.keys().contains(&0) {
            numbers.push(*number);
        }
    }
    Unique {
        name: index.name.clone(),
        columns: raw.column_names(index.relation, &numbers).into_iter().map(str::to_owned).collect(),
        plain: index.predicate.is_none() && !index.keys().contains(&0),
        nulls_equal: index.nulls_equal,
    }
}

/// Columns of exclusion constraints, and of keys WITHOUT OVERLAPS, which compare rows in the same way.
fn exclusions(raw: &Raw, relation: &Relation) -> Vec<Vec<String>> {
    raw.constraints_of(relation.oid)
        .iter()
        .filter(|c| c.kind == 'x' || (c.period && c.kind != 'f'))
        .map(|c| {
            let reads = raw.index_of(c).map(|i| i.reads.as_slice()).unwrap_or_default();
            let mut numbers: Vec<i32> = c.columns.iter().copied().filter(|n| *n != 0).collect();
            numbers.extend(reads.iter().filter(|n| !c.columns.contains(n)));
            raw.column_names(relation.oid, &numbers).into_iter().map(str::to_owned).collect()
        })
        .collect()
}

fn foreign_key(raw: &Raw, constraint: &Constraint) -> Option<ForeignKey> {
    let own = |relation, numbers: &[i32]| {
        raw.column_names(relation, numbers).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    Some(ForeignKey {
        name: Some(constraint.name.clone()),
        columns: own(constraint.relation, &constraint.columns),
        parent: raw.relations.get(&constraint.parent)?.name.clone(),
        parent_columns: own(constraint.parent, &constraint.parent_columns),
        acts_on_delete: matches!(constraint.on_delete, 'c' | 'n' | 'd'),
        deferrable: constraint.deferrable,
    })
}

/// What a partitioned table demands of a row: that some partition takes it.
fn partition_check(relation: &Relation, partitions: &[Partition]) -> Option<Check> {
    if relation.kind != 'p' {
        return None;
    }
    if partitions.is_empty() {
        return Some(Check { name: None, condition: "false".to_owned(), columns: Vec::new() });
    }
    // A partition without a condition of its own takes every row.
    let takes: Vec<&Check> =
        partitions.iter().map(|partition| partition.takes.as_ref()).collect::<Option<_>>()?;
    let condition =
        takes.iter().map(|check| format!("({})", check.condition)).collect::<Vec<_>>().join(" OR ");
    let mut columns: Vec<String> = takes.iter().flat_map(|check| check.columns.iter().cloned()).collect();
    columns.sort_unstable();
    columns.dedup();
    Some(Check { name: None, condition, columns })
}

/// The partitions of `root` that hold rows themselves.
fn leaves(raw: &Raw, root: &Relation, parent: Oid, found: &mut Vec<Partition>) {
    if root.kind != 'p' {
        return;
    }
    for child in raw.children.get(&parent).into_iter().flatten() {
        let Some(relation) = raw.relations.get(child) else { continue };
        if relation.kind == 'p' {
            leaves(raw, root, *child, found);
            continue;
        }
        let takes = relation.partition_condition.as_ref().map(|condition| {
            let read = raw.columns_of(root.oid).iter().filter(|c| condition.contains(&c.name));
            Check {
                name: None,
                condition: condition.clone(),
                columns: read.map(|c| c.name.clone()).collect(),
            }
        });
        found.push(Partition { name: relation.name.clone(), takes });
    }
}

/// Views, functions and triggers.
pub(super) fn code(raw: &Raw) -> Vec<Code> {
    let views = raw.relations.values().filter_map(|r| {
        let kind = if r.kind == 'v' { ObjectKind::View } else { ObjectKind::MaterializedView };
        let body = r.definition.clone()?;
        Some(Code { kind, name: r.name.name.clone(), table: None, body })
    });
    let is_own = |oid: Oid| !raw.members.contains(&(class::FUNCTION, oid));
    let functions = raw.functions.iter().filter(|f| is_own(f.oid)).map(|f| Code {
        kind: ObjectKind::Function,
        name: f.name.name.clone(),
        table: None,
        body: f.definition.clone(),
    });
    let triggers = raw.triggers.iter().filter_map(|t| {
        let table = raw.relations.get(&t.relation)?.name.clone();
        let body = t.definition.clone();
        Some(Code { kind: ObjectKind::Trigger, name: t.name.clone(), table: Some(table), body })
    });
    let mut code: Vec<Code> = views.chain(functions).chain(triggers).collect();
    code.sort_by(|a, b| (a.kind, &a.name, &a.table, &a.body).cmp(&(b.kind, &b.name, &b.table, &b.body)));
    code
}

/// A type as something declares it.
struct Declared<'a> {
    oid: Oid,
    modifier: i32,
    native: &'a str,
    /// The element type of an array type.
    element: Option<Oid>,
}

impl<'a> Declared<'a> {
    fn of_column(column: &'a Attribute) -> Self {
        let element = column.native.ends_with("[]").then_some(column.element);
        Self { oid: column.ty, modifier: column.modifier, native: &column.native, element }
    }

    fn of_domain(domain: &'a Type) -> Self {
        let native = domain.base_native.as_deref().unwrap_or("text");
        let element = native.ends_with("[]").then_some(domain.base_element);
        Self { oid: domain.base, modifier: domain.modifier, native, element }
    }
}

/// A type with its family, domains unwrapped.
fn column_type(raw: &Raw, declared: &Declared<'_>) -> ColumnType {
    let known = raw.types.get(&declared.oid);
    if let Some(domain) = known.filter(|t| t.kind == 'd') {
        let mut ty = column_type(raw, &Declared::of_domain(domain));
        let own = raw.domain_constraints.get(&domain.oid).into_iter().flatten();
        ty.domain_checks.extend(own.filter(|c| c.kind == 'c').filter_map(|c| c.expression.clone()));
        // The type for casts stays the base: asking whether a value meets the checks is the point.
        return ty;
    }
    let family = if let Some(element) = declared.element.filter(|e| *e != 0) {
        let native = declared.native.strip_suffix("[]").unwrap_or(declared.native);
        // Elements that are arrays themselves do not exist; what is deeper is a domain's doing.
        let element = Declared { oid: element, modifier: declared.modifier, native, element: None };
        Family::Array(Box::new(column_type(raw, &element)))
    } else {
        builtin(declared.oid, declared.modifier)
            .or_else(|| Some(user_type(raw, known?)))
            .unwrap_or(Family::Other)
    };
    ColumnType { family, native: declared.native.to_owned(), domain_checks: Vec::new() }
}

fn user_type(raw: &Raw, ty: &Type) -> Family {
    if ty.kind == 'e' {
        return Family::Enum(ty.labels.clone());
    }
    if ty.name.name == "citext" && raw.members.contains(&(class::TYPE, ty.oid)) {
        return Family::Text { max: None, padded: false };
    }
    Family::Other
}

/// The family of a type that the server brings; the ids are part of PostgreSQL's protocol and never change.
fn builtin(oid: Oid, modifier: i32) -> Option<Family> {
    let length = usize::try_from(modifier - 4).ok();
    // What is kept of a fraction: six digits unless fewer are asked for.
    let digits = u8::try_from(modifier).unwrap_or(6);
    Some(match oid {
        16 => Family::Boolean,
        17 => Family::Bytes { max: None },
        20 => Family::Integer { min: i64::MIN.into(), max: i64::MAX.into() },
        21 => Family::Integer { min: i16::MIN.into(), max: i16::MAX.into() },
        23 => Family::Integer { min: i32::MIN.into(), max: i32::MAX.into() },
        26 => Family::Integer { min: 0, max: u32::MAX.into() },
        // `name` holds 63 bytes, and a character may take four.
        19 => Family::Text { max: Some(15), padded: false },
        25 => Family::Text { max: None, padded: false },
        1042 => Family::Text { max: length, padded: length.is_some() },
        1043 => Family::Text { max: length, padded: false },
        700 => Family::Float { bits: 32 },
        701 => Family::Float { bits: 64 },
        1700 => match u32::try_from(modifier - 4).ok() {
            // The scale has eleven bits, and from 15 on a sign.
            Some(packed) => Family::Decimal {
                precision: Some(packed >> 16 & 0xffff),
                scale: Some(((packed & 0x7ff) as i32 ^ 1024) - 1024),
            },
            None => Family::Decimal { precision: None, scale: None },
        },
        1082 => Family::Date,
        1083 => Family::Time { zoned: false, digits },
        1266 => Family::Time { zoned: true, digits },
        1114 => Family::Timestamp { zoned: false, digits },
        1184 => Family::Timestamp { zoned: true, digits },
        1186 => Family::Interval,
        2950 => Family::Uuid { hex: false },
        114 => Family::Json { binary: false },
        3802 => Family::Json { binary: true },
        _ => return None,
    })
}
