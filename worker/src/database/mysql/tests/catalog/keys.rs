//! Keys, foreign keys, checks and indexes.

use super::{On, both, check, mariadb, mysql, since};
use crate::database::catalog::{ObjectKind, SERVED_KEY};

const T: &str = "create table t(id int, a int, b int, s varchar(30))";
const TWO: &str = "create table p(id int primary key, k int, unique uk (k)); create table o(id int primary key); \
    create table t(a int, b int, constraint f foreign key (a) references p(id))";

#[tokio::test]
async fn keys_are_read_whole() {
    check(
        "keys",
        vec![
            both(
                "create table t(id int not null)",
                "alter table t add primary key (id)",
                &["+ primary key t.primary key"],
            ),
            both(
                "create table t(id int, a int, primary key (id, a))",
                "alter table t drop primary key, add primary key (a, id)",
                &["primary key t.primary key: columns"],
            ),
            both(
                "create table t(s varchar(30) primary key)",
                "alter table t drop primary key, add primary key (s(5))",
                &["primary key t.primary key: columns"],
            ),
            both(T, "alter table t add unique (a)", &["+ index t.unique(a)"]),
            both(T, "alter table t add constraint q unique (a)", &["+ index t.q"]),
            both(T, "create unique index q on t(a)", &["+ index t.q"]),
            both(
                "create table t(a int, b int, unique q (a))",
                "alter table t drop index q, add unique q (b)",
                &["index t.q: columns"],
            ),
            both(
                "create table t(a int, b int, unique q (a))",
                "alter table t rename index q to r",
                &["- index t.q", "+ index t.r"],
            ),
            both(
                "create table t(a int, unique q (a))",
                "alter table t drop index q, add index q (a)",
                &["index t.q: unique"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn indexes_are_read_whole() {
    let i = "create table t(a int, b int, s varchar(30), index i (a, s))";
    check(
        "indexes",
        vec![
            both(T, "create index i on t(a)", &["+ index t.i"]),
            both(T, "alter table t add index (a)", &["+ index t.index(a)"]),
            both(i, "alter table t drop index i, add index i (s, a)", &["index t.i: columns"]),
            both(i, "alter table t drop index i, add index i (a, s(5))", &["index t.i: columns"]),
            both(i, "alter table t drop index i, add index i (a desc, s)", &["index t.i: columns"]),
            both(i, "alter table t drop index i, add index i (a, s) comment 'x'", &["index t.i: comment"]),
            mysql(i, "alter table t alter index i invisible", &["index t.i: ignored"]),
            mariadb(i, "alter table t alter index i ignored", &["index t.i: ignored"]),
            both(
                "create table t(a int, index i using hash (a)) engine=memory",
                "alter table t drop index i, add index i using btree (a)",
                &["index t.i: method"],
            ),
            both(
                "create table t(s varchar(30), index i (s))",
                "alter table t drop index i, add fulltext index i (s)",
                &["index t.i: type"],
            ),
            both(T, "alter table t add fulltext index (s)", &["+ index t.fulltext(s)"]),
            mysql(
                "create table t(s varchar(30), fulltext index i (s))",
                "alter table t drop index i; alter table t add fulltext index i (s) with parser ngram",
                &["index t.i: parser"],
            ),
            both(
                "create table t(p point not null)",
                "alter table t add spatial index i (p)",
                &["+ index t.i"],
            ),
            both(
                "create table t(a int, index i (a) key_block_size=4) key_block_size=8",
                "alter table t drop index i; alter table t add index i (a)",
                &["index t.i: options"],
            ),
            mysql(T, "create index i on t((lower(s)))", &["+ index t.i"]),
            mysql(
                "create table t(s varchar(30), index i ((lower(s))))",
                "alter table t drop index i, add index i ((upper(s)))",
                &["index t.i: columns"],
            ),
            since(
                On::MariaDbFrom(11, 7),
                "create table t(v vector(3) not null, vector index i (v))",
                "alter table t drop index i, add vector index i (v) distance = cosine",
                &["index t.i: options"],
            ),
            mariadb(
                "create table t(a int, x date, y date, period for p(x, y))",
                "alter table t add unique u (a, p without overlaps)",
                &["+ index t.u"],
            ),
            mariadb(
                "create table t(a int, x date, y date, period for p(x, y), unique u (a, x, y))",
                "alter table t drop index u, add unique u (a, p without overlaps)",
                &["index t.u: columns"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn foreign_keys_are_read_whole() {
    check(
        "foreign_keys",
        vec![
            both(
                "create table p(id int primary key); create table t(a int, index ix (a))",
                "alter table t add constraint f foreign key (a) references p(id)",
                &["+ foreign key t.f"],
            ),
            both(
                TWO,
                "alter table t drop foreign key f; alter table t add constraint f foreign key (a) \
                 references p(id) on delete cascade",
                &["foreign key t.f: on delete"],
            ),
            both(
                TWO,
                "alter table t drop foreign key f; alter table t add constraint f foreign key (a) \
                 references p(id) on delete set null",
                &["foreign key t.f: on delete"],
            ),
            both(
                TWO,
                "alter table t drop foreign key f; alter table t add constraint f foreign key (a) \
                 references p(id) on update cascade",
                &["foreign key t.f: on update"],
            ),
            both(
                TWO,
                "alter table t drop foreign key f; alter table t add constraint f foreign key (a) references p(k)",
                &["foreign key t.f: references"],
            ),
            both(
                TWO,
                "alter table t drop foreign key f; alter table t add constraint f foreign key (a) references o(id)",
                &["foreign key t.f: references"],
            ),
            both(
                TWO,
                "alter table t drop foreign key f, drop index f; \
                 alter table t add constraint f foreign key (b) references p(id)",
                &["foreign key t.f: columns", "index t.f: columns"],
            ),
            both(
                TWO,
                "alter table t add constraint g foreign key (b) references p(id)",
                &["+ foreign key t.g", "+ index t.g"],
            ),
            both(
                TWO,
                "alter table t add foreign key (b) references p(id)",
                &["+ foreign key t.foreign key(b)", "+ index t.index(b)"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_parent_can_be_elsewhere() {
    for place in super::places("elsewhere").await {
        let mut other = place.fresh_as("mrt_cat_elsewhere_parent").await;
        super::run(&mut other, "create table p(id int primary key)").await;
        let mut connection = place.fresh().await;
        super::run(
            &mut connection,
            "create table p(id int primary key); \
             create table t(a int, constraint f foreign key (a) references mrt_cat_elsewhere_parent.p(id))",
        )
        .await;
        let before = place.read(&mut connection).await;
        let parent = &before.tables.values().last().unwrap().foreign_keys[0].parent;
        assert_eq!(parent.to_string(), "mrt_cat_elsewhere_parent.p");
        super::run(
            &mut connection,
            "alter table t drop foreign key f; alter table t add constraint f foreign key (a) references p(id)",
        )
        .await;
        let after = place.read(&mut connection).await;
        assert_eq!(super::differences(&before, &after), ["foreign key t.f: references"]);
        place.drop(connection).await;
        super::run(&mut other, "drop database mrt_cat_elsewhere_parent").await;
    }
}

#[tokio::test]
async fn checks_are_read_whole() {
    let c = "create table t(a int, b int, constraint c check (a > 0))";
    check(
        "checks",
        vec![
            both(T, "alter table t add constraint c check (a > 0)", &["+ check constraint t.c"]),
            both(T, "alter table t add check (a > 0)", &["+ check constraint t.check(a > 0)"]),
            both(
                c,
                "alter table t drop constraint c; alter table t add constraint c check (a > 1)",
                &["check constraint t.c: condition"],
            ),
            both(
                "create table t(s varchar(9), constraint c check (s in ('a', 'b')))",
                "alter table t drop constraint c; alter table t add constraint c check (s in ('a', 'B'))",
                &["check constraint t.c: condition"],
            ),
            mysql(c, "alter table t alter check c not enforced", &["check constraint t.c: not enforced"]),
            mariadb(
                "create table t(a int check (a > 0))",
                "alter table t modify a int",
                &["- check constraint t.check(a > 0)"],
            ),
            mariadb(
                "create table t(j json)",
                "alter table t modify j json check (json_valid(j) and j <> '[]')",
                &[
                    "column t.j: type",
                    "column t.j: collation",
                    "+ check constraint t.check(json_valid(j) and j <> '[]')",
                ],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_index_that_the_server_made_for_a_foreign_key_is_known() {
    let cases = [
        ("create table t(a int, constraint f foreign key (a) references p(id))", "t.f", true),
        ("create table t(a int, foreign key (a) references p(id))", "t.index(a)", true),
        ("create table t(a int, index a (b), b int, foreign key (a) references p(id))", "t.index(a)", true),
        (
            "create table t(a int, index chosen (a), constraint f foreign key (a) references p(id))",
            "t.chosen",
            false,
        ),
        (
            "create table t(a int, b int, index f (a, b), constraint f foreign key (a) references p(id))",
            "t.f",
            false,
        ),
        (
            "create table t(a int, index f (a) comment 'x', constraint f foreign key (a) references p(id))",
            "t.f",
            false,
        ),
        ("create table t(a int, index f (a))", "t.f", false),
    ];
    for place in super::places("served").await {
        for (setup, path, served) in cases {
            let mut connection = place.fresh().await;
            super::run(&mut connection, "create table p(id int primary key)").await;
            super::run(&mut connection, setup).await;
            let found = place.read(&mut connection).await;
            let (_, index) = found
                .objects
                .iter()
                .find(|(key, _)| key.kind == ObjectKind::Index && key.path == path)
                .unwrap_or_else(|| panic!("{path}\n{}", super::dump(&found)));
            assert_eq!(index.contains_key(SERVED_KEY), served, "{:?} {setup}", place.server);
            place.drop(connection).await;
        }
        // It stays when the key goes, as the same index.
        let mut connection = place.fresh().await;
        super::run(&mut connection, TWO).await;
        let before = place.read(&mut connection).await;
        super::run(&mut connection, "alter table t drop foreign key f").await;
        let after = place.read(&mut connection).await;
        assert_eq!(
            super::differences(&before, &after),
            ["- foreign key t.f".to_owned(), format!("index t.f: {SERVED_KEY}")]
        );
        place.drop(connection).await;
    }
}
