//! Queries whose answers are ready to compare, for the kinds of objects of which nothing has to be worked out here.

mod broker;
mod code;
mod security;
mod storage;

use super::notes::class;
use super::queries::{LEDGER, since};
use crate::database::catalog::ObjectKind;

/// Objects whose attributes the query gives ready to compare: it answers with the object's number, the path of its owner, its
/// own path, and one column for each of `attributes`.
pub(super) struct Listing {
    pub(super) kind: ObjectKind,
    /// What the number is one of, for privileges and extended properties.
    pub(super) class: i64,
    pub(super) attributes: &'static [&'static str],
    pub(super) sql: String,
    /// Whether there is any: the server thinks longer about a query than it takes to see that there is nothing to ask about.
    pub(super) any: &'static str,
}

/// What every database has.
pub(super) const ALWAYS: &str = "1 = 1";

/// A path in SQL: without schema in the default one.
const PATH: &str = "CASE WHEN s.name = 'dbo' THEN '' ELSE s.name + '.' END + ";

fn listing(
    kind: ObjectKind,
    class: i64,
    any: &'static str,
    attributes: &'static [&'static str],
    sql: String,
) -> Listing {
    Listing { kind, class, attributes, sql, any }
}

/// A bit, as a word.
fn yes(bit: &str) -> String {
    format!("IIF({bit} = 1, 'yes', NULL)")
}

/// All the listings, those that every database has before the others.
pub(super) fn listings(major: u32) -> Vec<Listing> {
    let mut listings = vec![database(major), settings()];
    listings.extend(security::always());
    listings.extend(storage::always());
    listings.extend(storage::listings(major));
    listings.extend(code::listings());
    listings.extend(security::listings());
    listings.extend(broker::listings());
    listings
}

/// The options of a database that ALTER DATABASE sets, and that go with a copy of it.
fn database(major: u32) -> Listing {
    const FLAGS: &[&str] = &[
        "d.is_read_only",
        "d.is_auto_close_on",
        "d.is_auto_shrink_on",
        "d.is_auto_create_stats_on",
        "d.is_auto_create_stats_incremental_on",
        "d.is_auto_update_stats_on",
        "d.is_auto_update_stats_async_on",
        "d.is_ansi_null_default_on",
        "d.is_ansi_nulls_on",
        "d.is_ansi_padding_on",
        "d.is_ansi_warnings_on",
        "d.is_arithabort_on",
        "d.is_concat_null_yields_null_on",
        "d.is_numeric_roundabort_on",
        "d.is_quoted_identifier_on",
        "d.is_recursive_triggers_on",
        "d.is_cursor_close_on_commit_on",
        "d.is_local_cursor_default",
        "d.is_trustworthy_on",
        "d.is_db_chaining_on",
        "d.is_parameterization_forced",
        "d.is_query_store_on",
        "d.is_broker_enabled",
        "d.is_honor_broker_priority_on",
        "d.is_date_correlation_on",
        "d.is_cdc_enabled",
        "d.is_read_committed_snapshot_on",
        "d.is_memory_optimized_elevate_to_snapshot_on",
        "d.is_mixed_page_allocation_on",
        "d.is_temporal_history_retention_enabled",
        "d.is_accelerated_database_recovery_on",
    ];
    let flags: Vec<String> = FLAGS.iter().map(|flag| yes(flag)).collect();
    listing(
        ObjectKind::Database,
        class::DATABASE,
        ALWAYS,
        &[
            "collation",
            "compatibility level",
            "recovery model",
            "page verify",
            "snapshot isolation",
            "delayed durability",
            "containment",
            "default language",
            "target recovery time",
            "change tracking",
            "change tracking retention",
            "read only",
            "auto close",
            "auto shrink",
            "auto create statistics",
            "auto create incremental statistics",
            "auto update statistics",
            "auto update statistics asynchronously",
            "ansi null default",
            "ansi nulls",
            "ansi padding",
            "ansi warnings",
            "arithabort",
            "concat null yields null",
            "numeric roundabort",
            "quoted identifier",
            "recursive triggers",
            "cursor close on commit",
            "local cursor default",
            "trustworthy",
            "ownership chaining",
            "forced parameterization",
            "query store",
            "broker",
            "broker priorities",
            "date correlation",
            "change data capture",
            "read committed snapshot",
            "memory optimized elevate to snapshot",
            "mixed page allocation",
            "temporal history retention",
            "accelerated recovery",
            "ledger",
        ],
        format!(
            "SELECT 0, NULL, 'database', d.collation_name, d.compatibility_level, d.recovery_model_desc, \
             d.page_verify_option_desc, d.snapshot_isolation_state_desc, d.delayed_durability_desc, d.containment_desc, \
             d.default_language_name, d.target_recovery_time_in_seconds, \
             CASE c.is_auto_cleanup_on WHEN 1 THEN 'with cleanup' WHEN 0 THEN 'without cleanup' END, \
             CONCAT(c.retention_period, ' ' + c.retention_period_units_desc), {}, {} FROM sys.databases d \
             LEFT JOIN sys.change_tracking_databases c ON c.database_id = d.database_id WHERE d.database_id = DB_ID()",
            flags.join(", "),
            since(major, LEDGER, "IIF(d.is_ledger_on = 1, 'yes', NULL)", "NULL"),
        ),
    )
}

fn settings() -> Listing {
    listing(
        ObjectKind::Database,
        class::NONE,
        ALWAYS,
        &["value", "value for secondaries"],
        "SELECT 0, 'database', 'setting ' + c.name, CONVERT(nvarchar(128), c.value), \
         CONVERT(nvarchar(128), c.value_for_secondary) FROM sys.database_scoped_configurations c \
         WHERE c.is_value_default = 0"
            .to_owned(),
    )
}
