//! Random schemas, typed.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::database::catalog::{Catalog, Column, ColumnType, Family, ForeignKey, Table, TableName, Unique};

fn ty(family: Family) -> ColumnType {
    ColumnType { family, native: "text".into(), domain_checks: Vec::new() }
}

fn family() -> impl Strategy<Value = Family> {
    prop_oneof![
        4 => prop_oneof![Just(None), (1_usize..300).prop_map(Some)].prop_map(|max| Family::Text { max, padded: false }),
        1 => Just(Family::Boolean),
        3 => prop_oneof![Just(i64::MAX as i128), Just(i32::MAX as i128), Just(i16::MAX as i128), Just(127)]
            .prop_map(|max| Family::Integer { min: -max - 1, max }),
        2 => (1_u32..30, 0_i32..8).prop_map(|(whole, scale)| Family::Decimal {
            precision: Some(whole + scale.unsigned_abs()),
            scale: Some(scale)
        }),
        1 => Just(Family::Float { bits: 64 }),
        1 => prop_oneof![Just(None), (1_usize..80).prop_map(Some)].prop_map(|max| Family::Bytes { max }),
        1 => Just(Family::Date),
        1 => any::<bool>().prop_map(|zoned| Family::Time { zoned, digits: 6 }),
        2 => (any::<bool>(), 0_u8..=6).prop_map(|(zoned, digits)| Family::Timestamp { zoned, digits }),
        1 => Just(Family::Interval),
        1 => any::<bool>().prop_map(|hex| Family::Uuid { hex }),
        1 => any::<bool>().prop_map(|binary| Family::Json { binary }),
        1 => (1_usize..6).prop_map(|count| Family::Enum((0..count).map(|n| format!("label{n}")).collect())),
        1 => Just(Family::Array(Box::new(ty(Family::Text { max: None, padded: false })))),
        1 => Just(Family::Other),
    ]
}

const NAMES: [&str; 12] = [
    "name",
    "email",
    "created_at",
    "data",
    "status",
    "year",
    "code",
    "url",
    "Count",
    "order",
    "user_id",
    "title",
];

#[derive(Debug, Clone)]
struct Plan {
    columns: Vec<(usize, Family, bool)>,
    key: u8,
    uniques: Vec<(usize, usize)>,
    links: Vec<(usize, bool, bool)>,
}

fn plan() -> impl Strategy<Value = Plan> {
    (
        vec((0_usize..NAMES.len(), family(), any::<bool>()), 0..7),
        0_u8..6,
        vec((0_usize..7, 0_usize..7), 0..2),
        vec((0_usize..6, any::<bool>(), any::<bool>()), 0..3),
    )
        .prop_map(|(columns, key, uniques, links)| Plan { columns, key, uniques, links })
}

/// Tables with keys of all sorts, foreign keys back, forth and to themselves (those that may not be NULL only
/// backwards or deferrable), and unique sets.
pub(super) fn catalog() -> impl Strategy<Value = Catalog> {
    vec(plan(), 1..6).prop_map(|plans| build(&plans))
}

fn build(plans: &[Plan]) -> Catalog {
    let mut catalog = Catalog::default();
    let name =
        |at: usize| TableName { schema: (at == 2).then(|| "audit".to_owned()), name: format!("t{at}") };
    let column = |name: String, family: Family, nullable: bool| Column {
        name,
        ty: ty(family),
        nullable,
        default: None,
        generated: false,
        counter: false,
        identity_always: false,
    };
    let integer = || Family::Integer { min: i32::MIN.into(), max: i32::MAX.into() };
    // Whether another table can refer to it, and by what.
    let key_family = |at: usize| match plans[at].key {
        0 | 1 => Some(integer()),
        2 => Some(Family::Text { max: Some(40), padded: false }),
        3 => Some(Family::Uuid { hex: false }),
        _ => None,
    };
    for (at, plan) in plans.iter().enumerate() {
        let mut columns = Vec::new();
        let mut primary_key = Vec::new();
        let mut foreign_keys = Vec::new();
        if let Some(family) = key_family(at) {
            columns.push(column("id".into(), family, false));
            primary_key.push("id".to_owned());
        }
        let mut association = Vec::new();
        for (number, (to, nullable, unique)) in plan.links.iter().enumerate() {
            let to = to % plans.len();
            let Some(family) = key_family(to) else { continue };
            // A table without primary key cannot be opened at its foreign keys.
            let nullable = if primary_key.is_empty() { false } else { *nullable || to > at };
            if primary_key.is_empty() && to >= at {
                continue;
            }
            let link = format!("link{number}");
            columns.push(column(link.clone(), family, nullable));
            if *unique {
                association.push(link.clone());
            }
            foreign_keys.push(ForeignKey {
                name: None,
                columns: vec![link],
                parent: name(to),
                parent_columns: vec!["id".into()],
                acts_on_delete: false,
                deferrable: true,
            });
        }
        if plan.key == 4 && !association.is_empty() {
            primary_key.clone_from(&association);
        }
        for (number, (word, family, nullable)) in plan.columns.iter().enumerate() {
            columns.push(column(format!("{}{number}", NAMES[*word]), family.clone(), *nullable));
        }
        // Unique sets over columns that have enough values for all rows.
        let wide = |column: &&Column| match &column.ty.family {
            Family::Text { max, .. } => max.is_none_or(|max| max > 3),
            Family::Integer { max, .. } => *max > 1_000,
            Family::Uuid { .. } => true,
            _ => false,
        };
        let free: Vec<&Column> = columns
            .iter()
            .filter(|column| !column.name.starts_with("link") && column.name != "id")
            .filter(wide)
            .collect();
        let mut uniques = Vec::new();
        for (one, two) in &plan.uniques {
            if free.is_empty() {
                continue;
            }
            let mut set = vec![free[one % free.len()].name.clone(), free[two % free.len()].name.clone()];
            set.dedup();
            uniques.push(Unique {
                name: format!("unique{}", uniques.len()),
                columns: set,
                plain: true,
                nulls_equal: false,
            });
        }
        let table = Table {
            columns,
            primary_key,
            uniques,
            foreign_keys,
            checks: Vec::new(),
            exclusions: Vec::new(),
            partitions: Vec::new(),
        };
        catalog.tables.insert(name(at), table);
    }
    catalog
}
