//! Keys, indexes, constraints, statistics.

use super::{case, check, since};

const T: &str = "create table t(id int not null, a int, b int, s nvarchar(10), x xml, g geometry)";
const KEYED: &str = "create table p(id int not null constraint pk_p primary key); \
     create table t(id int not null constraint pk_t primary key, a int, b int, constraint fk_a foreign key (a) references p(id), \
     constraint ck_b check (b > 0), constraint uq_b unique (b))";

#[tokio::test]
async fn keys_are_read_whole() {
    check("keys", vec![
        case(T, "alter table t add primary key (id)", &["+ primary key t.primary key"]),
        case(T, "alter table t add constraint pk_t primary key (id)", &["+ primary key t.pk_t"]),
        case(
            KEYED,
            "alter table t drop constraint pk_t; alter table t add constraint pk_t primary key nonclustered (id)",
            &["primary key t.pk_t: type"],
        ),
        case(KEYED, "alter table t drop constraint uq_b; alter table t add unique (b)", &[
            "- unique constraint t.uq_b",
            "+ unique constraint t.unique(b)",
        ]),
        case(KEYED, "alter table t drop constraint uq_b; create unique index uq_b on t(b)", &[
            "- unique constraint t.uq_b",
            "+ index t.uq_b",
        ]),
        case(
            KEYED,
            "alter table t drop constraint fk_a; alter table t add constraint fk_a foreign key (a) references p(id) on delete cascade",
            &["foreign key t.fk_a: on delete"],
        ),
        case(
            KEYED,
            "alter table t drop constraint fk_a; alter table t add constraint fk_a foreign key (a) references p(id) on update set null",
            &["foreign key t.fk_a: on update"],
        ),
        case(KEYED, "alter table t nocheck constraint fk_a", &[
            "foreign key t.fk_a: disabled",
            "foreign key t.fk_a: not trusted",
        ]),
        case(KEYED, "alter table t nocheck constraint fk_a; alter table t check constraint fk_a", &[
            "foreign key t.fk_a: not trusted",
        ]),
        case(
            KEYED,
            "alter table t drop constraint fk_a; alter table t add constraint fk_a foreign key (a) references p(id) not for replication",
            &["foreign key t.fk_a: not for replication", "foreign key t.fk_a: not trusted"],
        ),
        case(KEYED, "alter table t nocheck constraint ck_b", &[
            "check constraint t.ck_b: disabled",
            "check constraint t.ck_b: not trusted",
        ]),
        case(KEYED, "alter table t drop constraint ck_b; alter table t with nocheck add constraint ck_b check (b > 0)", &[
            "check constraint t.ck_b: not trusted",
        ]),
        case(KEYED, "alter table t drop constraint ck_b; alter table t add constraint ck_b check (b > 1)", &[
            "check constraint t.ck_b: condition",
        ]),
        case(KEYED, "alter table t drop constraint ck_b; alter table t add check (b > 0)", &[
            "- check constraint t.ck_b",
            "+ check constraint t.check(b > 0)",
        ]),
        case(KEYED, "exec sp_addextendedproperty 'MS_Description', 'x', 'SCHEMA', 'dbo', 'TABLE', 't', 'CONSTRAINT', 'ck_b'", &[
            "check constraint t.ck_b: comment",
        ]),
        case(KEYED, "exec sp_addextendedproperty 'MS_Description', 'x', 'SCHEMA', 'dbo', 'TABLE', 't', 'CONSTRAINT', 'uq_b'", &[
            "unique constraint t.uq_b: constraint comment",
        ]),
    ])
    .await;
}

#[tokio::test]
async fn indexes_are_read_whole() {
    let indexed = "create table t(id int not null, a int, b int); create index i on t(a)";
    check("indexes", vec![
        case(indexed, "create index i on t(a desc) with (drop_existing = on)", &["index t.i: columns"]),
        case(indexed, "create index i on t(a, b) with (drop_existing = on)", &["index t.i: columns"]),
        case(indexed, "create index i on t(a) include (b) with (drop_existing = on)", &["index t.i: include"]),
        case(indexed, "create index i on t(a) where a > 0 with (drop_existing = on)", &["index t.i: filter"]),
        case(indexed, "create unique index i on t(a) with (drop_existing = on)", &["index t.i: unique"]),
        case("create table t(a int); create unique index i on t(a)", "create unique index i on t(a) with (drop_existing = on, ignore_dup_key = on)", &[
            "index t.i: ignore duplicate keys",
        ]),
        case(indexed, "create clustered index i on t(a) with (drop_existing = on)", &["index t.i: type"]),
        case(indexed, "alter index i on t rebuild with (fillfactor = 70)", &["index t.i: fill factor"]),
        case(indexed, "alter index i on t rebuild with (fillfactor = 70, pad_index = on)", &[
            "index t.i: fill factor",
            "index t.i: padded",
        ]),
        case(indexed, "alter index i on t set (allow_row_locks = off)", &["index t.i: no row locks"]),
        case(indexed, "alter index i on t set (allow_page_locks = off)", &["index t.i: no page locks"]),
        case(indexed, "alter index i on t set (statistics_norecompute = on)", &["index t.i: statistics not recomputed"]),
        case(indexed, "alter index i on t set (optimize_for_sequential_key = on)", &["index t.i: for sequential keys"]),
        case(indexed, "alter index i on t disable", &["index t.i: disabled"]),
        case(indexed, "alter index i on t rebuild with (data_compression = page)", &["index t.i: compression"]),
        case(indexed, "alter table t rebuild with (data_compression = row)", &["table t: compression"]),
        case(indexed, "drop index i on t; create nonclustered columnstore index i on t(a)", &[
            "index t.i: type",
            "index t.i: columns",
            "index t.i: include",
        ]),
        case(
            indexed,
            "create partition function f(int) as range right for values (10, 20); create partition scheme s as partition f all to ([PRIMARY]); \
             create index i on t(a) with (drop_existing = on) on s(a)",
            &["index t.i: stored on", "+ object partition function f", "+ object partition scheme s"],
        ),
        case(indexed, "exec sp_addextendedproperty 'MS_Description', 'x', 'SCHEMA', 'dbo', 'TABLE', 't', 'INDEX', 'i'", &[
            "index t.i: comment",
        ]),
        case(
            "create table t(id int not null constraint pk_t primary key, x xml); create primary xml index i on t(x); \
             create xml index j on t(x) using xml index i for path",
            "drop index j on t; create xml index j on t(x) using xml index i for value",
            &["index t.j: details"],
        ),
        case(
            "create table t(id int not null constraint pk_t primary key, g geometry); \
             create spatial index i on t(g) with (bounding_box = (0, 0, 100, 100))",
            "drop index i on t; create spatial index i on t(g) with (bounding_box = (0, 0, 200, 100))",
            &["index t.i: details"],
        ),
        case(indexed, "create statistics st on t(b)", &["+ statistics t.st"]),
        case("create table t(a int, b int); create statistics st on t(b)", "drop statistics t.st; create statistics st on t(b, a)", &[
            "statistics t.st: columns",
        ]),
        case("create table t(a int, b int); create statistics st on t(b)", "drop statistics t.st; create statistics st on t(b) where b > 0", &[
            "statistics t.st: filter",
        ]),
        case("create table t(a int, b int); create statistics st on t(b)", "update statistics t st with norecompute", &[
            "statistics t.st: not recomputed",
        ]),
        since(16, "create table t(a int, b int); create statistics st on t(b)", "drop statistics t.st; create statistics st on t(b) with auto_drop = on", &[
            "statistics t.st: dropped when in the way",
        ]),
        since(
            17,
            "alter database scoped configuration set preview_features = on; \
             create table t(id int not null constraint pk_t primary key clustered, j json); create json index i on t(j)",
            "drop index i on t; create json index i on t(j) with (optimize_for_array_search = on)",
            &["index t.i: details"],
        ),
    ])
    .await;
}
