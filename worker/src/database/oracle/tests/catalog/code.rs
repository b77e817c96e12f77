//! Sequences, views, code, triggers, synonyms, grants and the rest.

use super::{all, check, since};

const T: &str = "create table t(id number, n number)";

#[tokio::test]
async fn sequences_and_synonyms_are_read_whole() {
    check(
        "sequences",
        vec![
            all("", "create sequence q", &["+ sequence Q"]),
            all("create sequence q", "alter sequence q increment by 2", &["sequence Q: increment"]),
            all("create sequence q", "alter sequence q cache 50", &["sequence Q: cache"]),
            all("create sequence q", "alter sequence q nocache", &["sequence Q: cache"]),
            all("create sequence q", "alter sequence q maxvalue 1000", &["sequence Q: maximum"]),
            all("create sequence q", "alter sequence q minvalue -5", &["sequence Q: minimum"]),
            all("create sequence q maxvalue 1000", "alter sequence q cycle", &["sequence Q: cycle"]),
            all("create sequence q", "alter sequence q order", &["sequence Q: order"]),
            all("create sequence q", "alter sequence q keep", &["sequence Q: keep"]),
            all("create sequence q", "grant select on q to public", &["sequence Q: privileges"]),
            all(T, "create synonym s for t", &["+ object synonym S"]),
            all(
                "create table t(id number); create table u(id number); create synonym s for t",
                "create or replace synonym s for u",
                &["object synonym S: for"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn views_are_read_whole() {
    let v = "create table t(id number, n number); create view v as select id, n from t";
    check(
        "views",
        vec![
            all(T, "create view v as select id from t", &["+ view V"]),
            all(v, "create or replace view v as select id, n from t where n > 0", &["view V: definition"]),
            all(v, "create or replace view v (a, b) as select id, n from t", &["view V: columns"]),
            all(v, "create or replace view v as select id, n from t with read only", &["view V: read only"]),
            all(v, "create or replace view v as select id, n from t with check option", &["view V: check option"]),
            all(v, "create or replace view v bequeath current_user as select id, n from t", &["view V: bequeath"]),
            all(v, "grant select on v to public", &["view V: privileges"]),
            all(v, "comment on table v is 'x'", &["view V: comment"]),
            all(v, "drop table t", &[
                "- column T.ID",
                "- column T.N",
                "- table T",
                "view V: columns",
                "view V: invalid",
            ]),
            all(T, "create materialized view m as select count(*) c from t", &["+ materialized view M"]),
            all(
                "create table t(id number primary key); create materialized view m refresh complete on demand as select id from t",
                "alter materialized view m refresh force on demand",
                &["materialized view M: refresh"],
            ),
            all("create table t(id number primary key)", "create materialized view log on t with primary key", &[
                "+ object T.materialized view log",
            ]),
        ],
    )
    .await;
}

#[tokio::test]
async fn code_is_read_whole() {
    check(
        "code",
        vec![
            all("", "create function f return number is begin return 1; end;\n/\n", &["+ function F"]),
            all(
                "create function f return number is begin return 1; end;\n/\n",
                "create or replace function f return number is begin return 2; end;\n/\n",
                &["function F: body"],
            ),
            all(
                "create function f return number is begin return 1; end;\n/\n",
                "create or replace function f return number is begin return no_such_thing; end;\n/\n",
                &["function F: body", "function F: invalid"],
            ),
            all(
                "create function f return number is begin return 1; end;\n/\n",
                "grant execute on f to public",
                &["function F: privileges"],
            ),
            all("", "create procedure p is begin null; end;\n/\n", &["+ procedure P"]),
            all("", "create package k is procedure p; end;\n/\n", &["+ package K"]),
            all(
                "create package k is procedure p; end;\n/\n\
                 create package body k is procedure p is begin null; end; end;\n/\n",
                "drop package body k",
                &["- package body K"],
            ),
            all("", "create type o as object (a number)\n/\n", &["+ type O"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn triggers_are_read_whole() {
    let r = "create table t(id number, n number);\n\
         create trigger r before insert on t for each row begin :new.n := 1; end;\n/\n";
    check(
        "triggers",
        vec![
            all(r, "drop trigger r", &["- trigger T.R"]),
            all(r, "alter trigger r disable", &["trigger T.R: disabled"]),
            all(
                r,
                "create or replace trigger r before insert on t for each row begin :new.n := 2; end;\n/\n",
                &["trigger T.R: body"],
            ),
            all(
                r,
                "create or replace trigger r after insert on t for each row begin null; end;\n/\n",
                &["trigger T.R: body", "trigger T.R: timing"],
            ),
            all(
                r,
                "create or replace trigger r before insert or update on t for each row begin :new.n := 1; end;\n/\n",
                &["trigger T.R: body", "trigger T.R: event"],
            ),
            all(
                r,
                "create or replace trigger r before insert on t for each row when (new.n is null) begin :new.n := 1; end;\n/\n",
                &["trigger T.R: body", "trigger T.R: when"],
            ),
            all(r, "alter table t rename to u", &[
                "+ column U.ID", "+ column U.N", "+ table U", "+ trigger U.R", "- column T.ID", "- column T.N", "- table T",
                "- trigger T.R",
            ]),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_came_late_is_read_whole() {
    check(
        "late",
        vec![
            since(23, "", "create domain d as number check (value > 0)", &["+ domain D"]),
            since(23, "create domain d as number", "alter domain d add display d || ''", &["domain D: display"]),
            since(
                23,
                "create table t(id number primary key, n number)",
                "create json relational duality view j as select json {'_id': t.id, 'n': t.n} from t with insert",
                &["+ view J"],
            ),
        ],
    )
    .await;
}
