//! Tables.

use super::{all, check, since};

const T: &str = "create table t(id number, n number)";

#[tokio::test]
async fn tables_are_read_whole() {
    check(
        "tables",
        vec![
            all("", "create table t(id number)", &["+ column T.ID", "+ table T"]),
            all(T, "rename t to u", &[
                "+ column U.ID", "+ column U.N", "+ table U", "- column T.ID", "- column T.N", "- table T",
            ]),
            all(T, "comment on table t is 'x'", &["table T: comment"]),
            all(T, "alter table t read only", &["table T: read only"]),
            all(T, "alter table t enable row movement", &["table T: row movement"]),
            all(T, "alter table t row store compress basic", &["table T: compressed"]),
            all(T, "alter table t nologging", &["table T: without logging"]),
            all(T, "alter table t cache", &["table T: cached"]),
            all(T, "alter table t parallel 2", &["table T: parallel"]),
            all(T, "alter table t pctfree 20", &["table T: free space"]),
            all(T, "alter table t result_cache (mode force)", &["table T: result cache"]),
            all(T, "alter table t disable table lock", &["table T: locks disabled"]),
            all(T, "grant select on t to public", &["table T: privileges"]),
            all("create table t(id number); grant select on t to public", "grant insert on t to public", &[
                "table T: privileges",
            ]),
            all(
                "create global temporary table t(id number) on commit delete rows",
                "drop table t; create global temporary table t(id number) on commit preserve rows",
                &["table T: temporary"],
            ),
            all(
                "create table t(id number constraint pk primary key)",
                "drop table t; create table t(id number constraint pk primary key) organization index",
                &["table T: index-organized"],
            ),
            since(23, T, "alter table t annotations (add shown)", &["table T: annotations"]),
            since(
                21,
                "create table t(id number)",
                "drop table t; create immutable table t(id number) no drop until 0 days idle no delete until 16 days after insert",
                &["table T: rows cannot be changed"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn partitions_are_read_whole() {
    let range = "create table t(id number, n number) partition by range (n) (partition p1 values less than (10), \
         partition p2 values less than (20))";
    check(
        "partitions",
        vec![
            all(range, "alter table t add partition p3 values less than (30)", &["table T: partitions"]),
            all(range, "alter table t rename partition p2 to q2", &["table T: partitions"]),
            all(range, "alter table t set interval (10)", &["table T: partitioned by"]),
            all(
                "create table t(id number, n number) partition by list (n) (partition p1 values (1))",
                "alter table t modify partition p1 add values (2)",
                &["table T: partitions"],
            ),
            all(
                "create table t(id number, n number) partition by hash (n) partitions 2",
                "drop table t; create table t(id number, n number) partition by hash (id) partitions 2",
                &["table T: partitioned by"],
            ),
            all(
                "create table t(id number, n number) partition by range (n) (partition p1 values less than (10)); \
                 create index i on t(n)",
                "drop index i; create index i on t(n) local",
                &["index T.I: partitioned"],
            ),
            // A partition that a row has brought about is a row's.
            all(
                "create table t(id number, n number) partition by range (n) interval (10) (partition p1 values less than (10))",
                "insert into t values (1, 55); commit",
                &[],
            ),
        ],
    )
    .await;
}
