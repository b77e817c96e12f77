//! Tables as a whole: options, partitions, versioning; sequences.

use super::{On, both, check, mariadb, mysql, since};

const T: &str = "create table t(id int primary key, a int, s varchar(10))";
const RANGE: &str = "create table t(a int, d date) partition by range (a) \
    (partition p0 values less than (10), partition p1 values less than (20))";

#[tokio::test]
async fn tables_are_read_whole() {
    check(
        "tables",
        vec![
            both(T, "create table u(a int)", &["+ table u", "+ column u.a"]),
            both(T, "alter table t engine = myisam", &["table t: engine"]),
            both("create table t(a int)", "alter table t collate utf8mb4_bin", &["table t: collation"]),
            both("create table t(a int)", "alter table t charset latin1", &["table t: collation"]),
            both(T, "alter table t comment = 'it''s'", &["table t: comment"]),
            both(T, "alter table t row_format = redundant", &["table t: row format"]),
            both(T, "alter table t key_block_size = 8", &["table t: options", "table t: row format"]),
            both(
                "create table t(a int) engine = myisam",
                "alter table t row_format = dynamic",
                &["table t: row format"],
            ),
            both(T, "alter table t stats_persistent = 1", &["table t: options"]),
            both(T, "alter table t stats_auto_recalc = 0", &["table t: options"]),
            both(T, "alter table t stats_sample_pages = 7", &["table t: options"]),
            both(T, "alter table t max_rows = 100", &["table t: options"]),
            both(T, "alter table t avg_row_length = 100", &["table t: options"]),
            both(T, "alter table t checksum = 1", &["table t: options"]),
            mysql(T, "alter table t compression = 'zlib'", &["table t: options"]),
            mysql(T, "alter table t autoextend_size = 4M", &["table t: options"]),
            mariadb(T, "alter table t page_compressed = 1", &["table t: options"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn partitions_are_read_whole() {
    check(
        "partitions",
        vec![
            both(RANGE, "alter table t remove partitioning", &["table t: partitioned by", "table t: partitions"]),
            both(
                RANGE,
                "alter table t add partition (partition p2 values less than maxvalue)",
                &["table t: partitions"],
            ),
            both(RANGE, "alter table t drop partition p0", &["table t: partitions"]),
            both(
                RANGE,
                "alter table t reorganize partition p1 into (partition p1 values less than (21))",
                &["table t: partitions"],
            ),
            both(
                RANGE,
                "alter table t reorganize partition p1 into (partition p1 values less than (20) comment = 'x')",
                &["table t: partitions"],
            ),
            both(
                RANGE,
                "alter table t reorganize partition p1 into (partition q1 values less than (20))",
                &["table t: partitions"],
            ),
            both(
                "create table t(a int, d date) partition by hash (a) partitions 2",
                "alter table t add partition partitions 1",
                &["table t: partitioned by"],
            ),
            both(
                "create table t(a int, d date) partition by hash (a) partitions 2",
                "alter table t partition by hash (a + 1) partitions 2",
                &["table t: partitioned by"],
            ),
            both(
                "create table t(a int, d date) partition by hash (a) partitions 2",
                "alter table t partition by linear hash (a) partitions 2",
                &["table t: partitioned by"],
            ),
            both(
                "create table t(a int, d date) partition by list (a) (partition p values in (1, 2))",
                "alter table t reorganize partition p into (partition p values in (1, 2, null))",
                &["table t: partitions"],
            ),
            both(
                "create table t(a int, d date) partition by range (a) subpartition by hash (year(d)) subpartitions 2 \
                 (partition p0 values less than (10))",
                "alter table t partition by range (a) subpartition by hash (year(d)) subpartitions 3 \
                 (partition p0 values less than (10))",
                &["table t: partitioned by"],
            ),
            both(
                "create table t(a int, d date) partition by range (a) subpartition by hash (year(d)) \
                 (partition p0 values less than (10) (subpartition x, subpartition y))",
                "alter table t partition by range (a) subpartition by hash (year(d)) \
                 (partition p0 values less than (10) (subpartition x, subpartition z))",
                &["table t: partitions"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn versioning_is_read_whole() {
    check(
        "versioning",
        vec![
            mariadb(
                "create table t(a int)",
                "alter table t add system versioning",
                &["table t: system versioning"],
            ),
            mariadb(
                "create table t(a int, s timestamp(6) generated always as row start, e timestamp(6) \
                 generated always as row end, period for system_time(s, e)) with system versioning",
                "drop table t; create table t(a int, s timestamp(6) generated always as row start invisible, \
                 e timestamp(6) generated always as row end, period for system_time(s, e)) with system versioning",
                &["column t.s: invisible"],
            ),
            mariadb(
                "create table t(a date not null, b date not null)",
                "alter table t add period for p(a, b)",
                &["table t: periods"],
            ),
            mariadb(
                "create table t(a date, b date, c date not null, period for p(a, b))",
                "drop table t; create table t(a date not null, b date, c date, period for p(a, c))",
                &["table t: periods", "column t.b: not null"],
            ),
            mariadb(
                "create table t(a int) with system versioning partition by system_time limit 100 \
                 (partition p history, partition n current)",
                "alter table t partition by system_time limit 200 (partition p history, partition n current)",
                &["table t: partitioned by"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn sequences_are_read_whole() {
    let s = "create sequence s start with 5 increment by 1 minvalue 1 maxvalue 1000 cache 10";
    check(
        "sequences",
        vec![
            mariadb("do 0", s, &["+ sequence s"]),
            mariadb(s, "alter sequence s increment by 2", &["sequence s: increment"]),
            mariadb(s, "alter sequence s start with 6", &["sequence s: start"]),
            mariadb(s, "alter sequence s minvalue 2", &["sequence s: minimum"]),
            mariadb(s, "alter sequence s maxvalue 900", &["sequence s: maximum"]),
            mariadb(s, "alter sequence s cache 20", &["sequence s: cache"]),
            mariadb(s, "alter sequence s cycle", &["sequence s: cycle"]),
            since(On::MariaDbFrom(11, 5), s, "alter sequence s as int", &["sequence s: type"]),
            mariadb(s, "do nextval(s); do setval(s, 77)", &[]),
        ],
    )
    .await;
}
