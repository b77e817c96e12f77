//! Each attribute that is read, changed alone: it shows, and nothing else does.

use super::{Answers, MAJOR, differences, row};
use crate::database::mssql::catalog::listings::listings;
use crate::database::mssql::catalog::queries;

/// A table `t(a)` with one of everything, all of it named by somebody.
fn database() -> Answers {
    let one = |sql: &str, values: &[(&str, &str)]| (sql.to_owned(), vec![row(sql, values)]);
    Answers {
        rows: [
            one(queries::FACTS, &[("DB_NAME() AS name", "mrt_x_0001")]),
            one(
                &queries::tables(MAJOR),
                &[
                    ("t.object_id", "10"),
                    ("s.name", "dbo"),
                    ("t.name", "t"),
                    ("t.lock_escalation_desc", "TABLE"),
                    ("t.durability_desc", "SCHEMA_AND_DATA"),
                    ("t.temporal_type", "0"),
                    ("t.uses_ansi_nulls", "1"),
                ],
            ),
            one(
                &queries::columns(MAJOR),
                &[
                    ("c.object_id", "10"),
                    ("c.column_id", "1"),
                    ("c.name", "a"),
                    ("t.name", "varchar"),
                    ("SCHEMA_NAME(t.schema_id)", "sys"),
                    ("t.is_user_defined", "0"),
                    ("y.name", "varchar"),
                    ("c.max_length", "10"),
                    ("c.precision", "0"),
                    ("c.scale", "0"),
                    ("c.collation_name", "Latin1_General_CI_AS"),
                    ("c.is_nullable", "1"),
                    ("c.is_ansi_padded", "1"),
                    ("d.object_id", "20"),
                    ("d.name", "df_a"),
                    ("d.is_system_named", "0"),
                    ("d.definition", "('x')"),
                ],
            ),
            one(
                queries::INDEXES,
                &[
                    ("i.object_id", "10"),
                    ("i.index_id", "2"),
                    ("i.name", "ix_a"),
                    ("i.type", "2"),
                    ("i.type_desc", "NONCLUSTERED"),
                    ("i.fill_factor", "0"),
                    ("i.allow_row_locks", "1"),
                    ("i.allow_page_locks", "1"),
                    ("d.name", "PRIMARY"),
                    ("d.type", "FG"),
                    ("d.is_default", "1"),
                ],
            ),
            one(
                &queries::index_columns(MAJOR),
                &[("c.object_id", "10"), ("c.index_id", "2"), ("c.column_id", "1"), ("c.key_ordinal", "1")],
            ),
            one(
                queries::FOREIGN_KEYS,
                &[
                    ("f.object_id", "30"),
                    ("f.parent_object_id", "10"),
                    ("f.name", "fk_a"),
                    ("f.referenced_object_id", "10"),
                    ("SCHEMA_NAME(t.schema_id)", "dbo"),
                    ("t.name", "t"),
                    ("f.delete_referential_action_desc", "NO_ACTION"),
                    ("f.update_referential_action_desc", "NO_ACTION"),
                ],
            ),
            one(
                queries::FOREIGN_KEY_COLUMNS,
                &[("c.constraint_object_id", "30"), ("a.name", "a"), ("b.name", "a")],
            ),
            one(
                queries::CHECKS,
                &[
                    ("c.object_id", "40"),
                    ("c.parent_object_id", "10"),
                    ("c.name", "ck_a"),
                    ("c.definition", "([a]>'b')"),
                ],
            ),
            one(
                &queries::modules(MAJOR),
                &[
                    ("o.object_id", "50"),
                    ("s.name", "dbo"),
                    ("o.name", "r"),
                    ("RTRIM(o.type)", "TR"),
                    ("o.parent_object_id", "10"),
                    ("m.definition", "CREATE TRIGGER r ON t AFTER INSERT AS SELECT 1"),
                    ("m.uses_ansi_nulls", "1"),
                    ("m.uses_quoted_identifier", "1"),
                ],
            ),
            one(
                queries::TYPES,
                &[
                    ("t.user_type_id", "300"),
                    ("s.name", "dbo"),
                    ("t.name", "phone"),
                    ("y.name", "varchar"),
                    ("t.max_length", "20"),
                ],
            ),
        ]
        .into_iter()
        .collect(),
    }
}

/// Sets each value alone, and tells what should differ then.
fn check(sql: &str, what: &str, cases: &[(&str, Option<&str>, &[&str])]) {
    let before = database().catalog();
    for (name, value, expected) in cases {
        let after = database().set(sql, name, *value).catalog();
        let expected: Vec<String> = expected.iter().map(|it| format!("{what}: {it}")).collect();
        assert_eq!(differences(&before, &after), expected, "{name} = {value:?}");
    }
}

#[test]
fn tables_are_read_whole() {
    check(
        &queries::tables(MAJOR),
        "table t",
        &[
            ("p.name", Some("bob"), &["owner"]),
            ("t.lock_escalation_desc", Some("AUTO"), &["lock escalation"]),
            ("t.is_memory_optimized", Some("1"), &["durability", "memory optimized"]),
            ("t.temporal_type", Some("2"), &["system versioning"]),
            ("t.is_node", Some("1"), &["node"]),
            ("t.is_edge", Some("1"), &["edge"]),
            ("t.is_filetable", Some("1"), &["file table"]),
            ("t.is_external", Some("1"), &["external"]),
            ("t.is_tracked_by_cdc", Some("1"), &["change data capture"]),
            ("t.large_value_types_out_of_row", Some("1"), &["large values out of row"]),
            ("t.text_in_row_limit", Some("256"), &["text in row"]),
            ("t.lock_on_bulk_load", Some("1"), &["lock on bulk load"]),
            ("t.uses_ansi_nulls", Some("0"), &["ansi nulls off"]),
            ("l.name", Some("BLOBS"), &["large values on"]),
            ("f.name", Some("FILES"), &["filestream on"]),
            ("c.object_id", Some("10"), &["change tracking"]),
            ("t.ledger_type_desc", Some("APPEND_ONLY_LEDGER_TABLE"), &["ledger"]),
            ("v.name", Some("t_Ledger"), &["ledger view"]),
            ("h.name", Some("t_history"), &["history table"]),
            // The server's own name for it.
            ("h.name", Some("MSSQL_TemporalHistoryFor_10"), &[]),
        ],
    );
}

#[test]
fn columns_are_read_whole() {
    check(
        &queries::columns(MAJOR),
        "column t.a",
        &[
            ("c.max_length", Some("20"), &["type"]),
            ("c.max_length", Some("-1"), &["type"]),
            ("t.name", Some("nvarchar"), &["type"]),
            ("c.collation_name", Some("Latin1_General_BIN2"), &["collation"]),
            ("c.is_nullable", Some("0"), &["not null"]),
            ("c.is_ansi_padded", Some("0"), &["ansi padding off"]),
            ("c.is_rowguidcol", Some("1"), &["row guid"]),
            ("c.is_filestream", Some("1"), &["filestream"]),
            ("c.is_sparse", Some("1"), &["sparse"]),
            ("c.is_column_set", Some("1"), &["column set"]),
            ("c.is_hidden", Some("1"), &["hidden"]),
            ("m.masking_function", Some("default()"), &["masked"]),
            ("d.definition", Some("('y')"), &["default"]),
            ("d.name", Some("df_b"), &["default constraint"]),
            ("d.is_system_named", Some("1"), &["default constraint"]),
            ("n.name", Some("none"), &["bound default"]),
            ("r.name", Some("short"), &["bound rule"]),
            ("k.definition", Some("([b]+'x')"), &["computed"]),
            ("k.is_persisted", Some("1"), &["persisted"]),
            // The number by which the server knows the constraint.
            ("d.object_id", Some("21"), &[]),
            // Two spellings of one default.
            ("d.definition", Some("(N'x')"), &[]),
        ],
    );
}

#[test]
fn indexes_are_read_whole() {
    check(
        queries::INDEXES,
        "index t.ix_a",
        &[
            ("i.type_desc", Some("CLUSTERED"), &["type"]),
            ("i.is_unique", Some("1"), &["unique"]),
            ("i.ignore_dup_key", Some("1"), &["ignore duplicate keys"]),
            ("i.suppress_dup_key_messages", Some("1"), &["silent about duplicate keys"]),
            ("i.fill_factor", Some("80"), &["fill factor"]),
            // Full pages, said and unsaid.
            ("i.fill_factor", Some("100"), &[]),
            ("i.is_padded", Some("1"), &["padded"]),
            ("i.is_disabled", Some("1"), &["disabled"]),
            ("i.is_hypothetical", Some("1"), &["hypothetical"]),
            ("i.allow_row_locks", Some("0"), &["no row locks"]),
            ("i.allow_page_locks", Some("0"), &["no page locks"]),
            ("i.filter_definition", Some("([a] IS NOT NULL)"), &["filter"]),
            ("i.compression_delay", Some("10"), &["compression delay"]),
            ("i.optimize_for_sequential_key", Some("1"), &["for sequential keys"]),
            ("d.is_default", Some("0"), &["stored on"]),
            ("d.type", Some("PS"), &["stored on"]),
            ("s.no_recompute", Some("1"), &["statistics not recomputed"]),
            ("s.is_incremental", Some("1"), &["statistics incremental"]),
            ("h.bucket_count", Some("1024"), &["buckets"]),
        ],
    );
    check(
        &queries::index_columns(MAJOR),
        "index t.ix_a",
        &[
            ("c.is_descending_key", Some("1"), &["columns"]),
            ("c.is_included_column", Some("1"), &["include"]),
            ("c.column_store_order_ordinal", Some("1"), &["ordered by"]),
        ],
    );
}

#[test]
fn constraints_are_read_whole() {
    check(
        queries::FOREIGN_KEYS,
        "foreign key t.fk_a",
        &[
            ("t.name", Some("u"), &["references"]),
            ("SCHEMA_NAME(t.schema_id)", Some("audit"), &["references"]),
            ("f.is_disabled", Some("1"), &["disabled"]),
            ("f.is_not_trusted", Some("1"), &["not trusted"]),
            ("f.is_not_for_replication", Some("1"), &["not for replication"]),
            ("f.delete_referential_action_desc", Some("CASCADE"), &["on delete"]),
            ("f.update_referential_action_desc", Some("SET_NULL"), &["on update"]),
        ],
    );
    check(
        queries::FOREIGN_KEY_COLUMNS,
        "foreign key t.fk_a",
        &[("a.name", Some("b"), &["columns"]), ("b.name", Some("b"), &["references"])],
    );
    check(
        queries::CHECKS,
        "check constraint t.ck_a",
        &[
            ("c.definition", Some("([a]>'c')"), &["condition"]),
            ("c.is_disabled", Some("1"), &["disabled"]),
            ("c.is_not_trusted", Some("1"), &["not trusted"]),
            ("c.is_not_for_replication", Some("1"), &["not for replication"]),
        ],
    );
}

#[test]
fn code_is_read_whole() {
    check(
        &queries::modules(MAJOR),
        "trigger t.r",
        &[
            ("m.definition", Some("CREATE TRIGGER r ON t AFTER INSERT AS SELECT 2"), &["definition"]),
            ("m.definition", None, &["definition", "encrypted"]),
            ("m.uses_ansi_nulls", Some("0"), &["ansi nulls off"]),
            ("m.uses_quoted_identifier", Some("0"), &["quoted identifiers off"]),
            ("t.is_disabled", Some("1"), &["disabled"]),
            ("t.is_not_for_replication", Some("1"), &["not for replication"]),
            ("p.name", Some("bob"), &["owner"]),
            // The name that it had when it was made.
            (
                "m.definition",
                Some("CREATE TRIGGER [dbo].[old] ON [dbo].[t_new] AFTER INSERT AS SELECT 1"),
                &[],
            ),
        ],
    );
}

#[test]
fn types_are_read_whole() {
    check(
        queries::TYPES,
        "type phone",
        &[
            ("t.max_length", Some("30"), &["type"]),
            ("y.name", Some("char"), &["type"]),
            ("t.is_nullable", Some("1"), &["not null"]),
            ("p.name", Some("bob"), &["owner"]),
            ("n.name", Some("none"), &["bound default"]),
            ("r.name", Some("short"), &["bound rule"]),
        ],
    );
}

/// What is listed: every column of an answer is an attribute, and its absence another catalog.
#[test]
fn listings_are_read_whole() {
    let count = listings(MAJOR).len();
    for at in 0..count {
        let listing = || listings(MAJOR).swap_remove(at);
        let width = listing().attributes.len();
        let mut full = vec![Some("7".to_owned()), None, Some("thing".to_owned())];
        full.extend((0..width).map(|number| Some(format!("value {number}"))));
        let before = Answers::default().listing(vec![(listing(), vec![full.clone()])]);
        for (number, name) in listing().attributes.iter().enumerate() {
            let mut row = full.clone();
            row[3 + number] = None;
            let after = Answers::default().listing(vec![(listing(), vec![row])]);
            let expected = format!("{} thing: {name}", listing().kind);
            assert_eq!(differences(&before, &after), [expected]);
        }
    }
}
