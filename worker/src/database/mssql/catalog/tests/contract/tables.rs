//! Tables, the database, and what belongs to neither.

use super::{case, check, since};

#[tokio::test]
async fn tables_are_read_whole() {
    let t = "create table t(id int not null constraint pk_t primary key, a int)";
    let temporal = "create table t(id int not null constraint pk_t primary key, a int, \
         f datetime2 generated always as row start hidden not null, u datetime2 generated always as row end hidden not null, \
         period for system_time (f, u)) with (system_versioning = on)";
    check("tables", vec![
        case(t, "alter table t set (lock_escalation = auto)", &["table t: lock escalation"]),
        case(t, "create schema audit GO alter schema audit transfer t", &["+ schema audit", "- table t", "+ table audit.t",
            "- column t.id", "- column t.a", "+ column audit.t.id", "+ column audit.t.a",
            "- primary key t.pk_t", "+ primary key audit.t.pk_t"]),
        case(t, "exec sp_tableoption 't', 'large value types out of row', 1", &["table t: large values out of row"]),
        case(t, "exec sp_addextendedproperty 'MS_Description', 'x', 'SCHEMA', 'dbo', 'TABLE', 't'", &["table t: comment"]),
        case("create table t(a int) GO create user u without login", "grant select on t to u", &["table t: privileges"]),
        case("create table t(a int) GO create user u without login", "grant select on t to u with grant option", &["table t: privileges"]),
        case("create table t(a int) GO create user u without login", "alter authorization on t to u", &["table t: owner"]),
        case(temporal, "alter table t set (system_versioning = on (history_retention_period = 3 months))", &["table t: history retention"]),
        case(temporal, "alter table t alter column u drop hidden", &["column t.u: hidden"]),
        case(
            "alter database current set change_tracking = on; create table t(id int not null constraint pk_t primary key)",
            "alter table t enable change_tracking",
            &["table t: change tracking"],
        ),
        since(16, t, "create table l(a int) with (ledger = on (append_only = on))", &[
            "+ table l", "+ column l.a", "+ column l.ledger_start_transaction_id", "+ column l.ledger_start_sequence_number",
        ]),
    ])
    .await;
}

#[tokio::test]
async fn the_database_is_read_whole() {
    check(
        "database",
        vec![
            case(
                "select 1",
                "alter database current set compatibility_level = 140",
                &["database database: compatibility level"],
            ),
            case(
                "select 1",
                "alter database current set read_committed_snapshot on",
                &["database database: read committed snapshot"],
            ),
            case(
                "select 1",
                "alter database current set allow_snapshot_isolation on",
                &["database database: snapshot isolation"],
            ),
            case(
                "select 1",
                "alter database current set recursive_triggers on",
                &["database database: recursive triggers"],
            ),
            case(
                "select 1",
                "alter database current set change_tracking = on (change_retention = 3 days)",
                &["database database: change tracking", "database database: change tracking retention"],
            ),
            case(
                "select 1",
                "alter database scoped configuration set maxdop = 3",
                &["+ database setting MAXDOP"],
            ),
            case(
                "select 1",
                "exec sp_addextendedproperty 'MS_Description', 'x'",
                &["database database: comment"],
            ),
            case("select 1", "create schema audit", &["+ schema audit"]),
            case(
                "create user u without login GO create schema audit",
                "alter authorization on schema::audit to u",
                &["schema audit: owner"],
            ),
            case(
                "create user u without login GO create schema audit",
                "grant select on schema::audit to u",
                &["schema audit: privileges"],
            ),
            case(
                "create user u without login",
                "alter user u with default_schema = other",
                &["object user u: default schema"],
            ),
            case(
                "create user u without login",
                "grant create table to u",
                &["database database: privileges"],
            ),
            case(
                "create user u without login",
                "exec sp_addextendedproperty 'MS_Description', 'x', 'USER', 'u'",
                &["object user u: comment"],
            ),
            case(
                "create user u without login; create role r",
                "alter role r add member u",
                &["+ object membership of u in r"],
            ),
            case(
                "create user u without login",
                "alter role db_datareader add member u",
                &["+ object membership of u in db_datareader"],
            ),
        ],
    )
    .await;
}
