//! Constraints and indexes.

use super::{all, check};

const T: &str =
    "create table p(id number primary key); create table t(a number, b number, s varchar2(30 char))";
const NAMED: &str = "create table p(id number constraint pk_p primary key); create table t(a number constraint pk primary key, \
     b number constraint fk references p(id), s varchar2(30 char) constraint uq unique, c number constraint ck check (c > 0))";

#[tokio::test]
async fn constraints_are_read_whole() {
    check(
        "constraints",
        vec![
            all(T, "alter table t add primary key (a)", &["+ primary key T.primary key"]),
            all(T, "alter table t add constraint pk primary key (a)", &["+ primary key T.PK"]),
            all(T, "alter table t add unique (a, b)", &["+ unique constraint T.unique(A, B)"]),
            all(T, "alter table t add constraint uq unique (b)", &["+ unique constraint T.UQ"]),
            all(T, "alter table t add check (a > 0)", &["+ check constraint T.check(A > 0)"]),
            all(T, "alter table t add foreign key (a) references p", &["+ foreign key T.foreign key(A)"]),
            all(NAMED, "alter table t drop constraint uq; alter table t add constraint uq unique (b)", &[
                "unique constraint T.UQ: columns",
            ]),
            all(NAMED, "alter table t drop constraint ck; alter table t add constraint ck check (c > 1)", &[
                "check constraint T.CK: condition",
            ]),
            all(NAMED, "alter table t rename constraint ck to kc", &[
                "+ check constraint T.KC",
                "- check constraint T.CK",
            ]),
            all(
                NAMED,
                "alter table t drop constraint fk; alter table t add constraint fk foreign key (b) references p on delete cascade",
                &["foreign key T.FK: on delete"],
            ),
            all(
                NAMED,
                "alter table t drop constraint fk; \
                 alter table t add constraint fk foreign key (b) references p deferrable initially deferred",
                &["foreign key T.FK: state"],
            ),
            all(NAMED, "alter table t disable constraint fk", &["foreign key T.FK: state"]),
            all(NAMED, "alter table t modify constraint ck disable", &["check constraint T.CK: state"]),
            all(NAMED, "alter table t modify constraint ck enable novalidate", &["check constraint T.CK: state"]),
            all(NAMED, "alter table t modify constraint fk rely", &["foreign key T.FK: state"]),
            all(
                NAMED,
                "alter table t drop constraint uq; create index ix on t(s); \
                 alter table t add constraint uq unique (s) using index ix",
                &["+ index T.IX", "unique constraint T.UQ: index"],
            ),
            all(
                NAMED,
                "alter table t drop constraint uq; alter table t add constraint uq unique (s) using index reverse",
                &["unique constraint T.UQ: index"],
            ),
            // A view's constraint is a declaration.
            all("create table t(a number)", "create view v (a constraint vk primary key disable novalidate) as select a from t", &[
                "+ primary key V.VK",
                "+ view V",
            ]),
        ],
    )
    .await;
}

#[tokio::test]
async fn indexes_are_read_whole() {
    let i = "create table t(a number, b number, s varchar2(30 char)); create index i on t(a, s)";
    check(
        "indexes",
        vec![
            all(T, "create index i on t(a)", &["+ index T.I"]),
            all(i, "drop index i", &["- index T.I"]),
            all(i, "alter index i rename to j", &["+ index T.J", "- index T.I"]),
            all(i, "drop index i; create index i on t(s, a)", &["index T.I: columns"]),
            all(i, "drop index i; create index i on t(a desc, s)", &["index T.I: columns"]),
            all(i, "drop index i; create index i on t(a, upper(s))", &["index T.I: columns"]),
            all(
                "create table t(s varchar2(30 char)); create index i on t(upper(s))",
                "drop index i; create index i on t(lower(s))",
                &["index T.I: columns"],
            ),
            all(i, "drop index i; create unique index i on t(a, s)", &["index T.I: unique"]),
            all(i, "drop index i; create index i on t(a, s) reverse", &["index T.I: reverse"]),
            all(i, "drop index i; create index i on t(a, s) compress 1", &["index T.I: compressed"]),
            all(i, "alter index i invisible", &["index T.I: invisible"]),
            all(i, "alter index i unusable", &["index T.I: unusable"]),
            all(i, "alter index i parallel 4", &["index T.I: parallel"]),
            all(i, "alter index i nologging", &["index T.I: without logging"]),
        ],
    )
    .await;
}
