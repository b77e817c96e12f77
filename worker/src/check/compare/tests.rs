use std::collections::BTreeMap;

use super::*;
use crate::database::catalog::{
    Attributes, COLUMN_ORDER, Catalog, Column, ColumnType, Family, MEMBER, ObjectKey, ObjectKind, PASSWORD,
    SERVED_KEY, Table, TableName,
};
use crate::database::rows::{Contents, NewRow, Rows, Value};
use crate::seed::{Edge, Seeded, SeededRow};

fn name(text: &str) -> TableName {
    TableName { schema: None, name: text.to_owned() }
}

fn key(owner: Option<&str>, kind: ObjectKind, path: &str) -> ObjectKey {
    ObjectKey { owner: owner.map(str::to_owned), kind, path: path.to_owned() }
}

fn catalog(objects: &[(ObjectKey, &[(&'static str, &str)])]) -> Catalog {
    let attributes = |list: &[(&'static str, &str)]| -> Attributes {
        list.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    Catalog {
        objects: objects.iter().map(|(key, list)| (key.clone(), attributes(list))).collect(),
        ..Catalog::default()
    }
}

fn users(columns: &[&str]) -> Catalog {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        ty: ColumnType {
            family: Family::Text { max: None, padded: false },
            native: "text".to_owned(),
            domain_checks: Vec::new(),
        },
        nullable: true,
        default: None,
        generated: false,
        counter: false,
        identity_always: false,
    };
    let table = Table {
        columns: columns.iter().map(column).collect(),
        primary_key: vec!["id".to_owned()],
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        exclusions: Vec::new(),
        partitions: Vec::new(),
    };
    Catalog { tables: BTreeMap::from([(name("users"), table)]), ..Catalog::default() }
}

fn rows(keyed: bool, rows: &[[Option<&str>; 2]]) -> Contents {
    let rows = Rows {
        columns: vec!["id".to_owned(), "phone".to_owned()],
        key: if keyed { vec![0] } else { Vec::new() },
        rows: rows.iter().map(|row| row.iter().map(|value| value.map(str::to_owned)).collect()).collect(),
    };
    Contents { tables: BTreeMap::from([(name("users"), rows)]) }
}

fn seeded(ids: &[(&str, RowKind)]) -> Seeded {
    let row = |(id, kind): &(&str, RowKind)| SeededRow {
        row: NewRow {
            table: name("users"),
            values: vec![("id".to_owned(), Value::Text((*id).to_owned()))],
            primary_key: vec!["id".to_owned()],
            overrides_identity: false,
        },
        kind: *kind,
        key: Some(vec![Some((*id).to_owned())]),
    };
    Seeded { rows: ids.iter().map(row).collect(), ..Seeded::default() }
}

struct Case {
    between: Catalog,
    rows_a: Seeded,
    rows_b: Seeded,
}

impl Case {
    fn new(between: &[&str], rows_a: &[(&str, RowKind)], rows_b: &[(&str, RowKind)]) -> Self {
        Self { between: users(between), rows_a: seeded(rows_a), rows_b: seeded(rows_b) }
    }

    fn compare(&self, before: &Contents, after: &Contents) -> Vec<Difference> {
        let schema = users(&["id", "phone"]);
        let context = RowContext {
            original: &schema,
            restored: &schema,
            between: &self.between,
            rows_a: &self.rows_a,
            rows_b: &self.rows_b,
            bookkeeping: &|_| false,
        };
        contents(before, after, &context)
    }
}

const FIRST: RowKind = RowKind::Ordinary(0);
const LONG: RowKind = RowKind::Edge(Edge::Largest);

#[test]
fn equal_contents_show_nothing() {
    let case = Case::new(&["id", "phone"], &[("1", FIRST)], &[]);
    let same = rows(true, &[[Some("1"), Some("555")]]);
    assert_eq!(case.compare(&same, &same), []);
}

#[test]
fn a_value_that_became_null_is_lost_and_says_which_row() {
    let case = Case::new(&["id"], &[("1", FIRST), ("2", LONG)], &[]);
    let before = rows(true, &[[Some("1"), Some("555")], [Some("2"), None]]);
    let after = rows(true, &[[Some("1"), None], [Some("2"), None]]);
    let found = case.compare(&before, &after);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].object.as_str()), (FindingKind::DataLost, "users.phone"));
    assert_eq!(found[0].rows, BTreeSet::from([(Batch::A, FIRST)]));
    assert_eq!(found[0].evidence.rows[0].row, "id=1");
    assert_eq!(found[0].evidence.rows[0].before.as_deref(), Some("555"));
}

#[test]
fn another_value_is_changed_as_long_as_the_column_was_there_in_between() {
    let before = rows(true, &[[Some("1"), Some("Ann")]]);
    let after = rows(true, &[[Some("1"), Some("ann")]]);
    let kept = Case::new(&["id", "phone"], &[("1", LONG)], &[]).compare(&before, &after);
    assert_eq!(kept[0].kind, FindingKind::DataChanged);
    assert_eq!(kept[0].rows, BTreeSet::from([(Batch::A, LONG)]));
    let dropped = Case::new(&["id"], &[("1", LONG)], &[]).compare(&before, &after);
    assert_eq!(dropped[0].kind, FindingKind::DataLost);
}

#[test]
fn a_missing_row_is_lost_and_an_unknown_one_left_behind() {
    let case = Case::new(&["id", "phone"], &[("1", FIRST)], &[("5", FIRST)]);
    let before = rows(true, &[[Some("1"), None]]);
    let after = rows(true, &[[Some("5"), None], [Some("9"), None]]);
    let kinds: Vec<FindingKind> = case.compare(&before, &after).iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [FindingKind::RowsLost, FindingKind::RowsLeftBehind]);
}

#[test]
fn rows_b_may_stay_and_their_loss_is_told_apart() {
    let case = Case::new(&["id", "phone"], &[("1", FIRST)], &[("5", FIRST), ("6", LONG)]);
    let before = rows(true, &[[Some("1"), None]]);
    let stayed = rows(true, &[[Some("1"), None], [Some("5"), None], [Some("6"), None]]);
    assert_eq!(case.compare(&before, &stayed), []);
    let found = case.compare(&before, &before);
    assert_eq!((found[0].kind, found[0].about_b), (FindingKind::RowsLost, true));
}

#[test]
fn without_a_key_rows_are_compared_as_a_multiset() {
    let case = Case::new(&["id", "phone"], &[("1", FIRST), ("1", LONG)], &[]);
    let before = rows(false, &[[Some("1"), Some("a")], [Some("1"), Some("a")], [Some("2"), Some("b")]]);
    let shuffled = rows(false, &[[Some("2"), Some("b")], [Some("1"), Some("a")], [Some("1"), Some("a")]]);
    assert_eq!(case.compare(&before, &shuffled), []);
    let one_less = rows(false, &[[Some("1"), Some("a")], [Some("2"), Some("b")]]);
    assert_eq!(case.compare(&before, &one_less)[0].kind, FindingKind::RowsLost);
    let changed = rows(false, &[[Some("1"), Some("a")], [Some("1"), Some("A")], [Some("2"), Some("b")]]);
    let found = case.compare(&before, &changed);
    assert_eq!((found[0].kind, found[0].object.as_str()), (FindingKind::DataChanged, "users.phone"));
}

#[test]
fn a_missing_table_is_told_once_and_not_column_by_column() {
    let table = key(None, ObjectKind::Table, "users");
    let column = key(Some("users"), ObjectKind::Column, "users.phone");
    let full = catalog(&[(table, &[("persistence", "permanent")]), (column, &[("type", "text")])]);
    let found = catalogs(&full, &Catalog::default(), Comparison::Rollback);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].object.as_str()), (FindingKind::SchemaNotRestored, "users"));
    let found = catalogs(&Catalog::default(), &full, Comparison::Rollback);
    assert_eq!((found.len(), found[0].kind), (1, FindingKind::SchemaLeftBehind));
}

#[test]
fn an_attribute_that_differs_is_told_with_both_values_and_column_order_alone_is_a_note() {
    let index = || key(Some("users"), ObjectKind::Index, "users.ix_users_email");
    let before = catalog(&[(index(), &[("unique", "yes"), ("keys", "email")])]);
    let after = catalog(&[(index(), &[("unique", "no"), ("keys", "email")])]);
    let found = catalogs(&before, &after, Comparison::Rollback);
    assert_eq!(found[0].evidence.catalog.len(), 1);
    assert_eq!(found[0].evidence.catalog[0].attribute, "unique");
    assert!(!found[0].note);
    assert_eq!(catalogs(&before, &after, Comparison::Again)[0].kind, FindingKind::ReupgradeDiffers);

    let table = || key(None, ObjectKind::Table, "users");
    let before = catalog(&[(table(), &[(COLUMN_ORDER, "id, a, b")])]);
    let after = catalog(&[(table(), &[(COLUMN_ORDER, "id, b, a")])]);
    let found = catalogs(&before, &after, Comparison::Rollback);
    assert_eq!((found.len(), found[0].note), (1, true));
    let without = catalog(&[(table(), &[(COLUMN_ORDER, "id, b")])]);
    assert_eq!(
        catalogs(&before, &without, Comparison::Rollback),
        [],
        "the missing column is a finding of its own"
    );
}

#[test]
fn an_index_that_was_made_for_a_foreign_key_may_stay() {
    let index = || key(Some("orders"), ObjectKind::Index, "orders.fk_user");
    let (s0, restored) = (catalog(&[]), catalog(&[(index(), &[("keys", "user_id")])]));
    let served = catalog(&[(index(), &[("keys", "user_id"), (SERVED_KEY, "yes")])]);
    for (between, note) in [(&served, true), (&restored, false)] {
        let mut found = catalogs(&s0, &restored, Comparison::Rollback);
        excuse_served_keys(&mut found, between);
        assert_eq!(found.iter().map(|one| one.note).collect::<Vec<_>>(), [note]);
    }
    // Whether a key needs it says nothing of the index.
    assert_eq!(catalogs(&served, &restored, Comparison::Again), []);
}

#[test]
fn a_role_that_is_left_behind_is_a_note_and_takes_its_memberships_along() {
    let role = |name: &str| key(None, ObjectKind::ServerWide, &format!("role {name}"));
    let member = |member: &str, of: &str| {
        key(Some(&format!("role {of}")), ObjectKind::ServerWide, &format!("membership of {member} in {of}"))
    };
    let told = |before: &Catalog, after: &Catalog| -> Vec<(FindingKind, String, bool)> {
        let found = catalogs(before, after, Comparison::Rollback);
        found.into_iter().map(|it| (it.kind, it.object, it.note)).collect()
    };
    let staff = (role("staff"), &[][..]);
    let app = (role("app"), &[("can log in", "yes")][..]);
    let granted = (member("app", "staff"), &[(MEMBER, "role app"), ("grants", "x")][..]);
    let all = catalog(&[staff.clone(), app.clone(), granted.clone()]);

    let left = |object: &str| (FindingKind::SchemaLeftBehind, object.to_owned(), true);
    assert_eq!(told(&catalog(std::slice::from_ref(&staff)), &all), [left("role app")]);
    assert_eq!(told(&catalog(std::slice::from_ref(&app)), &all), [left("role staff")]);
    let membership = granted.0.path.clone();
    let both = catalog(&[staff.clone(), app]);
    assert_eq!(told(&both, &all), [(FindingKind::SchemaLeftBehind, membership.clone(), false)]);
    assert_eq!(told(&all, &both), [(FindingKind::SchemaNotRestored, membership, false)]);
    let missing = (FindingKind::SchemaNotRestored, "role app".to_owned(), false);
    assert_eq!(told(&all, &catalog(&[staff])), [missing]);
}

#[test]
fn a_password_that_is_made_up_each_time_is_no_difference() {
    let with =
        |list: &[(&'static str, &str)]| catalog(&[(key(None, ObjectKind::ServerWide, "role app"), list)]);
    let (one, other, none) = (with(&[(PASSWORD, "one")]), with(&[(PASSWORD, "other")]), with(&[]));
    assert!(catalogs(&one, &other, Comparison::Again).is_empty());
    assert_eq!(catalogs(&one, &none, Comparison::Again).len(), 1);
    assert_eq!(catalogs(&one, &other, Comparison::Rollback).len(), 1);
}
