//! What a downgrade does not give back, by small chains of two revisions; each with its correct form, of which nothing certain is said.

#![allow(clippy::unwrap_used, missing_docs)]

use mrt_chain::settings::EngineKind::{self, MariaDb, MySql, Oracle, Postgres, SqlServer, Sqlite};
use mrt_lint::Severity;
use mrt_lint::project::{Selection, check_texts};

fn revision(id: &str, down: &str, up: &[&str], back: &[&str]) -> String {
    let body = |steps: &[&str]| if steps.is_empty() { "pass".to_owned() } else { steps.join("\n    ") };
    format!(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = '{id}'\ndown_revision = {down}\n\n\n\
         def upgrade():\n    {}\n\n\ndef downgrade():\n    {}\n",
        body(up),
        body(back)
    )
}

/// What is said of the second revision: severity and code, each once.
fn said(engine: EngineKind, made: &[&str], up: &[&str], back: &[&str]) -> Vec<String> {
    let first = revision("r1", "None", made, &["op.drop_table('t')"]);
    let second = revision("r2", "'r1'", up, back);
    let texts = [("1.py", first.as_str()), ("2.py", second.as_str())];
    let checked = check_texts(&texts, &[engine], &Selection::default()).unwrap();
    let own = checked.findings.iter().filter(|finding| finding.revision == "r2");
    let mut lines: Vec<String> =
        own.map(|finding| format!("{} {}", finding.severity, finding.code)).collect();
    lines.sort();
    lines.dedup();
    lines
}

fn table(parts: &str) -> String {
    format!("op.create_table('t', sa.Column('id', sa.Integer(), primary_key=True), {parts})")
}

/// The wrong form is an error of that rule, the right form none at all.
fn tells(engine: EngineKind, code: &str, made: &[&str], up: &[&str], wrong: &[&str], right: &[&str]) {
    let error = format!("error {code}");
    let found = said(engine, made, up, wrong);
    assert!(found.contains(&error), "{wrong:?}: {found:?}");
    let found = said(engine, made, up, right);
    assert!(!found.iter().any(|line| line.starts_with("error")), "{right:?}: {found:?}");
}

#[test]
fn options_come_back_as_they_were() {
    let made = table("sa.Column('a', sa.String(20)), sa.Column('b', sa.Text())");
    let index = |options: &str| format!("op.create_index('ix', 't', ['a']{options})");
    let drop = "op.drop_index('ix', table_name='t')";
    for (engine, options) in [
        (Postgres, ", postgresql_using='gin'"),
        (Postgres, ", postgresql_include=['b']"),
        (Postgres, ", postgresql_ops={'a': 'varchar_pattern_ops'}"),
        (Postgres, ", postgresql_with={'fillfactor': 70}"),
        (MySql, ", mysql_length=5"),
        (MySql, ", mysql_prefix='FULLTEXT'"),
        (SqlServer, ", mssql_include=['b']"),
    ] {
        let (before, plain) = (index(options), index(""));
        tells(engine, "MRT803", &[&made, &before], &[drop], &[&plain], &[&before]);
        tells(engine, "MRT803", &[&made, &plain], &[drop], &[&before], &[&plain]);
    }
    // What is so anyway is no difference, and SQL says the same as Python.
    let btree = index(", postgresql_using='btree'");
    let sql = "op.execute('CREATE INDEX ix ON t USING gin (a) INCLUDE (b) WITH (fillfactor = 70)')";
    let python =
        index(", postgresql_using='gin', postgresql_include=['b'], postgresql_with={'fillfactor': 70}");
    assert!(
        said(Postgres, &[&made, &index("")], &[drop], &[&btree]).iter().all(|line| !line.contains("MRT803"))
    );
    assert!(said(Postgres, &[&made, sql], &[drop], &[&python]).iter().all(|line| !line.contains("MRT803")));
}

#[test]
fn what_is_said_anew_without_an_option_loses_it() {
    let made = table("sa.Column('a', sa.String(20, collation='utf8mb4_bin'), nullable=False)");
    let modify = |rest: &str| format!("op.execute(\"ALTER TABLE t MODIFY a VARCHAR(20) {rest} NOT NULL\")");
    let comment = modify("COLLATE utf8mb4_bin COMMENT 'x'");
    tells(MySql, "MRT803", &[&made], &[&comment], &[&modify("")], &[&modify("COLLATE utf8mb4_bin")]);
    let key = |more: &str| {
        format!(
            "op.alter_column('t', 'id', existing_type=sa.Integer(), existing_nullable=False, comment={more})"
        )
    };
    let made = table("sa.Column('a', sa.Text())");
    let keeps = |comment: &str| key(&format!("{comment}, autoincrement=True"));
    tells(MySql, "MRT803", &[&made], &[&keeps("'k'")], &[&key("None")], &[&keeps("None")]);
}

#[test]
fn settings_are_compared_with_what_was_set() {
    let made = table("sa.Column('a', sa.Text())");
    for (first, second, other) in [
        (
            "ALTER TABLE t SET (fillfactor = 70)",
            "ALTER TABLE t SET (fillfactor = 50)",
            "ALTER TABLE t RESET (fillfactor)",
        ),
        (
            "ALTER TABLE t ALTER COLUMN a SET STATISTICS 500",
            "ALTER TABLE t ALTER COLUMN a SET STATISTICS 9",
            "ALTER TABLE t ALTER COLUMN a SET STATISTICS -1",
        ),
        (
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE t DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE t FORCE ROW LEVEL SECURITY",
        ),
    ] {
        let sql = |text: &str| format!("op.execute('{text}')");
        let (first, second, other) = (sql(first), sql(second), sql(other));
        tells(Postgres, "MRT803", &[&made, &first], &[&second], &[&other], &[&first]);
    }
    let function =
        "op.execute('CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT a $$')";
    let volatility = |word: &str| format!("op.execute('ALTER FUNCTION f(int) {word}')");
    tells(
        Postgres,
        "MRT803",
        &[&made, function],
        &[&volatility("STABLE")],
        &[&volatility("VOLATILE")],
        &[&volatility("IMMUTABLE")],
    );
}

#[test]
fn a_rebuild_loses_what_reflection_does_not_see() {
    let widen = |options: &str, size: u32| {
        format!("with op.batch_alter_table('t'{options}) as b: b.alter_column('a', type_=sa.String({size}))")
    };
    for parts in [
        "sa.Column('a', sa.String(20)), sa.CheckConstraint('id > 0')",
        "sa.Column('a', sa.String(20)), sa.Column('c', sa.String(9, collation='NOCASE'))",
        "sa.Column('a', sa.String(20)), sqlite_autoincrement=True",
    ] {
        let made = table(parts);
        let found = said(Sqlite, &[&made], &[&widen("", 40)], &[&widen("", 20)]);
        assert!(found.iter().any(|line| line.starts_with("error")), "{parts}: {found:?}");
        let told = ", table_kwargs={}";
        assert_eq!(said(Sqlite, &[&made], &[&widen(told, 40)], &[&widen(told, 20)]), Vec::<String>::new());
    }
}

#[test]
fn steps_that_a_server_refuses() {
    let made = table("sa.Column('a', sa.String(20)), sa.Column('n', sa.BigInteger())");
    let refused = |engine, made: &[&str], up: &[&str], back: &[&str]| {
        said(engine, made, up, back).contains(&"error MRT804".to_owned())
    };
    // A cast that PostgreSQL does not make by itself.
    let to = |ty: &str| format!("op.alter_column('t', 'a', type_={ty})");
    let back = "op.execute('ALTER TABLE t ALTER COLUMN a TYPE varchar(20) USING a::text')";
    assert!(refused(Postgres, &[&made], &[&to("sa.Integer()")], &[back]));
    assert!(!refused(Postgres, &[&made], &[&to("sa.Integer(), postgresql_using='a::int'")], &[back]));
    assert!(!refused(Postgres, &[&made], &[&to("sa.Text()")], &[back]));
    assert!(!refused(MySql, &[&made], &[&to("sa.Integer(), existing_type=sa.String(20)")], &[back]));
    // Keys between types that are not compared.
    let child = |ty: &str| format!("op.create_table('c', sa.Column('t_id', {ty}, sa.ForeignKey('t.id')))");
    let drop = ["op.drop_table('c')"];
    assert!(refused(Postgres, &[&made], &[&child("sa.String(9)")], &drop));
    assert!(!refused(Postgres, &[&made], &[&child("sa.BigInteger()")], &drop));
    assert!(refused(MySql, &[&made], &[&child("sa.BigInteger()")], &drop));
    assert!(!refused(Sqlite, &[&made], &[&child("sa.String(9)")], &drop));
    // A view reads the column.
    let view = "op.execute('CREATE VIEW v AS SELECT id, a FROM t')";
    assert!(refused(Postgres, &[&made, view], &[&to("sa.Text()")], &[back]));
    let n = "op.alter_column('t', 'n', type_=sa.Integer())";
    assert!(!refused(Postgres, &[&made, view], &[n], &["op.alter_column('t', 'n', type_=sa.BigInteger())"]));
    // A text that its column has no room for.
    let add = "op.add_column('t', sa.Column('k', sa.String(3)))";
    let fill = |text: &str| format!("op.execute(\"UPDATE t SET k = '{text}'\")");
    let drop = ["op.drop_column('t', 'k')"];
    assert!(refused(Postgres, &[&made], &[add, &fill("four")], &drop));
    assert!(!refused(Postgres, &[&made], &[add, &fill("one")], &drop));
    assert!(!refused(Sqlite, &[&made], &[add, &fill("four")], &drop));
    // CLOB and VARCHAR2.
    let long = "op.execute('CREATE TABLE t (id NUMBER(9) PRIMARY KEY, a CLOB)')";
    let shorter = "op.execute('ALTER TABLE t MODIFY (a VARCHAR2(20))')";
    assert!(refused(Oracle, &[long], &[shorter], &["op.execute('ALTER TABLE t MODIFY (a CLOB)')"]));
}

#[test]
fn names_without_quotes_are_small_on_postgresql() {
    let made = "op.create_table('AuditLog', sa.Column('id', sa.Integer()))";
    let drop = |name: &str| format!("op.execute('DROP TABLE IF EXISTS {name}')");
    let other = table("sa.Column('a', sa.Text())");
    tells(Postgres, "MRT804", &[&other], &[made], &[&drop("AuditLog")], &[&drop("\"AuditLog\"")]);
    for engine in [Sqlite, SqlServer] {
        assert_eq!(said(engine, &[&other], &[made], &[&drop("auditlog")]), Vec::<String>::new());
    }
    assert_eq!(said(MySql, &[&other], &[made], &[&drop("auditlog")]), ["warning MRT804"]);
}

#[test]
fn values_that_are_surely_changed() {
    let made = table("sa.Column('n', sa.Integer(), nullable=False), sa.Column('m', sa.Integer())");
    let update = |what: &str| format!("op.execute('UPDATE t SET {what}')");
    for what in ["n = n * 100", "n = 0", "n = 1 + n"] {
        assert_eq!(said(Postgres, &[&made], &[&update(what)], &[]), ["error MRT102"], "{what}");
    }
    // It may be the same, or have been nothing.
    for what in ["n = abs(n)", "m = 0", "n = 0 WHERE m = 1"] {
        assert_eq!(said(Postgres, &[&made], &[&update(what)], &[]), ["warning MRT102"], "{what}");
    }
    assert_eq!(
        said(Postgres, &[&made], &[&update("n = n * 100")], &[&update("n = n / 100")]),
        Vec::<String>::new()
    );
    let insert = |more: &str| format!("op.execute('INSERT INTO t (n) VALUES (1){more}')");
    assert_eq!(said(Postgres, &[&made], &[&insert("")], &[]), ["error MRT102"]);
    assert_eq!(said(Postgres, &[&made], &[&insert(" ON CONFLICT DO NOTHING")], &[]), ["warning MRT102"]);
    assert_eq!(said(Postgres, &[&made], &["op.execute('DELETE FROM t')"], &[]), ["error MRT102"]);
}

#[test]
fn rows_that_come_back_without_a_column() {
    let made = table("sa.Column('a', sa.Text()), sa.Column('b', sa.Text())");
    let keep =
        ["op.execute('CREATE TABLE kept AS SELECT * FROM t')", "op.execute('DELETE FROM t WHERE id > 9')"];
    let back = |columns: &str| format!("op.execute('INSERT INTO t ({columns}) SELECT {columns} FROM kept')");
    let drop = "op.drop_table('kept')";
    tells(Postgres, "MRT203", &[&made], &keep, &[&back("id, a"), drop], &[&back("id, a, b"), drop]);
}

#[test]
fn a_name_that_the_server_gave_is_not_another_name() {
    let made = table("sa.Column('a', sa.Text()), sa.UniqueConstraint('a')");
    let up = [
        "op.drop_constraint('t_a_key', 't', type_='unique')",
        "op.create_unique_constraint('uq', 't', ['a'])",
    ];
    let drop = "op.drop_constraint('uq', 't', type_='unique')";
    let make = |name: &str| format!("op.create_unique_constraint({name}, 't', ['a'])");
    tells(Postgres, "MRT409", &[&made], &up, &[drop, &make("'t_a_unique'")], &[drop, &make("None")]);
    tells(Postgres, "MRT409", &[&made], &up, &[drop, &make("'t_a_unique'")], &[drop, &make("'t_a_key'")]);
}

#[test]
fn times_are_read_by_one_zone() {
    let made = table("sa.Column('a', sa.DateTime())");
    let to = |ty: &str, zone: &str| {
        format!("op.execute(\"ALTER TABLE t ALTER COLUMN a TYPE {ty} USING a AT TIME ZONE '{zone}'\")")
    };
    let up = to("timestamptz", "Asia/Tokyo");
    tells(
        Postgres,
        "MRT303",
        &[&made],
        &[&up],
        &[&to("timestamp", "UTC")],
        &[&to("timestamp", "Asia/Tokyo")],
    );
}

#[test]
fn a_key_of_columns_that_say_so_themselves() {
    let both = "op.create_table('k', sa.Column('a', sa.Integer(), primary_key=True), sa.Column('b', sa.Integer(), primary_key=True))";
    let made = table("sa.Column('a', sa.Text())");
    let drop = "op.drop_constraint('k_pkey', 'k', type_='primary')";
    let key = |columns: &str| format!("op.create_primary_key('k_pkey', 'k', [{columns}])");
    tells(Postgres, "MRT803", &[&made, both], &[drop], &[&key("'a'")], &[&key("'a', 'b'")]);
}

#[test]
fn a_branch_does_not_see_what_its_sibling_has_made() {
    let column = "op.add_column('t', sa.Column('x', sa.Integer()))";
    let texts = [
        ("1.py", revision("r1", "None", &[&table("sa.Column('a', sa.Text())")], &["op.drop_table('t')"])),
        ("2.py", revision("r2", "'r1'", &[column], &["op.drop_column('t', 'x')"])),
        ("3.py", revision("r3", "'r1'", &["op.drop_column('t', 'x')"], &[column])),
        ("4.py", revision("r4", "('r2', 'r3')", &[], &[])),
    ];
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let checked = check_texts(&texts, &[Postgres], &Selection::default()).unwrap();
    let errors: Vec<(&str, &str)> = checked
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| (finding.revision.as_str(), finding.code))
        .collect();
    assert!(errors.contains(&("r3", "MRT804")), "{errors:?}");
    assert!(errors.iter().all(|(revision, _)| *revision == "r3"), "{errors:?}");
}

#[test]
fn texts_that_surely_say_another_thing() {
    let made = table("sa.Column('n', sa.Integer())");
    let check = |condition: &str| format!("op.create_check_constraint('ck', 't', \"{condition}\")");
    let drop = "op.drop_constraint('ck', 't', type_='check')";
    let back =
        |before: &str, after: &str| said(Postgres, &[&made, &check(before)], &[drop], &[&check(after)]);
    for (before, after) in [
        ("n > 0", "n >= 0"),
        ("n > 0", "n > -1000"),
        ("n IN (1, 2)", "n IN (1, 2, 3)"),
        ("n = 1 AND n < 5", "n = 1 OR n < 5"),
    ] {
        assert_eq!(back(before, after), ["error MRT803"], "{before}, {after}");
    }
    // These may well be the same.
    for (before, after) in
        [("n > 0", "n >= 1"), ("n IN (1, 2)", "n IN (2, 1)"), ("n > 0", "abs(n) > 0"), ("n > m", "n > k")]
    {
        assert_eq!(back(before, after), ["warning MRT803"], "{before}, {after}");
    }
    assert_eq!(back("n > 0", "(N > 0)"), Vec::<String>::new());
}

#[test]
fn what_is_granted_is_granted() {
    let made = table("sa.Column('n', sa.Integer())");
    let (grant, revoke) =
        ("op.execute('GRANT SELECT ON t TO PUBLIC')", "op.execute('REVOKE SELECT ON t FROM PUBLIC')");
    assert_eq!(said(Postgres, &[&made, grant], &[revoke], &[]), ["error MRT102"]);
    assert_eq!(said(Postgres, &[&made, grant], &[revoke], &[grant]), Vec::<String>::new());
}

#[test]
fn a_table_made_by_a_query_has_no_keys() {
    let made = table("sa.Column('a', sa.Text())");
    let index = "op.create_index('ix', 't', ['a'])";
    let swap = [
        "op.execute('CREATE TABLE n AS SELECT * FROM t')",
        "op.drop_table('t')",
        "op.rename_table('n', 't')",
    ];
    let found = said(Postgres, &[&made, index], &swap, &["op.execute('UPDATE t SET a = a')"]);
    assert!(found.contains(&"error MRT408".to_owned()), "{found:?}");
    let again = [swap[0], swap[1], swap[2], index, "op.create_primary_key('t_pkey', 't', ['id'])"];
    let found = said(Postgres, &[&made, index], &again, &["op.execute('UPDATE t SET a = a')"]);
    assert!(found.iter().all(|line| !line.starts_with("error")), "{found:?}");
}

#[test]
fn what_cannot_be_read_on_either_side_is_not_its_reverse_where_it_names_something_else() {
    let made = table("sa.Column('a', sa.Text())");
    let sql = |text: &str| format!("op.execute('{text}')");
    let up = sql("ALTER SERVER archive OPTIONS (SET host = 1)");
    let other = sql("ALTER SUBSCRIPTION feed ENABLE");
    assert_eq!(said(Postgres, &[&made], &[&up], &[&other]), ["warning MRT104"]);
    assert_eq!(said(Postgres, &[&made], &[&up], &[&up]), Vec::<String>::new());
    assert_eq!(said(Postgres, &[&made], &[&up], &[&sql("CALL undo_it()")]), Vec::<String>::new());
}

#[test]
fn words_of_one_engine_are_read() {
    let made = "op.execute('CREATE TABLE t (id int NOT NULL, code nvarchar(20) COLLATE Latin1_General_BIN2 NOT NULL)')";
    let alter = |rest: &str| format!("op.execute('ALTER TABLE t ALTER COLUMN code nvarchar(20) {rest}')");
    let up = alter("COLLATE Latin1_General_BIN2 NULL");
    tells(
        SqlServer,
        "MRT803",
        &[made],
        &[&up],
        &[&alter("NOT NULL")],
        &[&alter("COLLATE Latin1_General_BIN2 NOT NULL")],
    );
    let rename = |from: &str, to: &str| format!("op.execute(\"EXEC sp_rename '{from}', '{to}'\")");
    tells(
        SqlServer,
        "MRT301",
        &[made],
        &[&rename("t", "u")],
        &["op.create_table('w')"],
        &[&rename("u", "t")],
    );
    let (head, body) = (
        "op.execute('CREATE OR REPLACE PACKAGE p AS FUNCTION f RETURN NUMBER; END;')",
        "op.execute('CREATE OR REPLACE PACKAGE BODY p AS FUNCTION f RETURN NUMBER IS BEGIN RETURN 1; END; END;')",
    );
    let made = table("sa.Column('a', sa.Text())");
    tells(Oracle, "MRT802", &[&made, head, body], &["op.execute('DROP PACKAGE p')"], &[head], &[head, body]);
    let constraint = |state: &str| format!("op.execute('ALTER TABLE t {state} CONSTRAINT ck')");
    let made = table("sa.Column('a', sa.Text()), sa.CheckConstraint('id > 0', name='ck')");
    tells(
        Oracle,
        "MRT803",
        &[&made],
        &[&constraint("DISABLE")],
        &[&constraint("ENABLE NOVALIDATE")],
        &[&constraint("ENABLE")],
    );
    let made = "op.execute(\"CREATE TABLE t (id NUMBER(9) NOT NULL, a VARCHAR2(9) DEFAULT 'x' NOT NULL)\")";
    let modify = |rest: &str| format!("op.execute(\"ALTER TABLE t MODIFY (a {rest})\")");
    tells(
        Oracle,
        "MRT803",
        &[made],
        &[&modify("DEFAULT 'y'")],
        &[&modify("DEFAULT 'z'")],
        &[&modify("DEFAULT 'x'")],
    );
    tells(
        Oracle,
        "MRT403",
        &[made],
        &[&modify("NULL")],
        &[&modify("DEFAULT 'x'")],
        &["op.execute(\"UPDATE t SET a = 'x' WHERE a IS NULL\")", &modify("NOT NULL")],
    );
}

#[test]
fn ordinary_migrations_have_no_error() {
    let users = "op.create_table('User', sa.Column('id', sa.Integer(), nullable=False), sa.Column('Email', sa.String(50), nullable=False), \
                 sa.Column('active', sa.Boolean(), server_default=sa.true(), nullable=False), \
                 sa.PrimaryKeyConstraint('id'), sa.UniqueConstraint('Email', name='uq_email'), sa.CheckConstraint('id > 0', name='ck_id'))";
    let t = table("sa.Column('user_id', sa.Integer(), sa.ForeignKey('User.id'))");
    let made = [users, t.as_str(), "op.create_index('ix_active', 'User', ['active'])"];
    let cases: &[(&[&str], &[&str])] = &[
        (
            &[
                "op.alter_column('User', 'Email', existing_type=sa.String(50), type_=sa.String(100), existing_nullable=False)",
            ],
            &[
                "op.execute('UPDATE \"User\" SET \"Email\" = left(\"Email\", 50)')",
                "op.alter_column('User', 'Email', existing_type=sa.String(100), type_=sa.String(50), existing_nullable=False)",
            ],
        ),
        (
            &[
                "op.alter_column('User', 'id', existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False, autoincrement=True)",
            ],
            &[
                "op.alter_column('User', 'id', existing_type=sa.BigInteger(), type_=sa.Integer(), existing_nullable=False, autoincrement=True)",
            ],
        ),
        (
            &[
                "op.rename_table('User', 'Account')",
                "op.execute('UPDATE \"Account\" SET active = true WHERE active IS NULL')",
            ],
            &["op.rename_table('Account', 'User')"],
        ),
        (
            &[
                "op.alter_column('User', 'Email', new_column_name='mail', existing_type=sa.String(50), existing_nullable=False)",
            ],
            &[
                "op.alter_column('User', 'mail', new_column_name='Email', existing_type=sa.String(50), existing_nullable=False)",
            ],
        ),
        (
            &[
                "op.drop_index('ix_active', table_name='User')",
                "op.create_index('ix_both', 'User', ['active', sa.text('\"Email\" DESC')], unique=False)",
            ],
            &[
                "op.drop_index('ix_both', table_name='User')",
                "op.create_index('ix_active', 'User', ['active'], unique=False)",
            ],
        ),
        (
            &[
                "op.drop_constraint('uq_email', 'User', type_='unique')",
                "op.create_unique_constraint('uq_both', 'User', ['Email', 'active'])",
            ],
            &[
                "op.drop_constraint('uq_both', 'User', type_='unique')",
                "op.create_unique_constraint('uq_email', 'User', ['Email'])",
            ],
        ),
        (
            &[
                "op.add_column('User', sa.Column('mail', sa.String(50)))",
                "op.execute('UPDATE \"User\" SET mail = \"Email\"')",
            ],
            &["op.drop_column('User', 'mail')"],
        ),
        (
            &[
                "op.create_table('c', sa.Column('id', sa.BigInteger(), primary_key=True), sa.Column('u', sa.Integer(), sa.ForeignKey('User.id', ondelete='CASCADE')))",
                "op.create_index(op.f('ix_c_u'), 'c', ['u'])",
            ],
            &["op.drop_table('c')"],
        ),
        (
            &[
                "op.alter_column('User', 'active', existing_type=sa.Boolean(), server_default=None, existing_nullable=False)",
            ],
            &[
                "op.alter_column('User', 'active', existing_type=sa.Boolean(), server_default=sa.true(), existing_nullable=False)",
            ],
        ),
        (
            &[
                "with op.batch_alter_table('User') as b: b.add_column(sa.Column('x', sa.Integer())); b.create_index('ix_x', ['x'])",
            ],
            &["with op.batch_alter_table('User') as b: b.drop_index('ix_x'); b.drop_column('x')"],
        ),
        (
            &[
                "with op.batch_alter_table('User') as b: b.alter_column('Email', existing_type=sa.String(50), existing_nullable=False, nullable=True)",
            ],
            &[
                "op.execute('DELETE FROM \"User\" WHERE \"Email\" IS NULL')",
                "with op.batch_alter_table('User') as b: b.alter_column('Email', existing_type=sa.String(50), existing_nullable=True, nullable=False)",
            ],
        ),
        (
            &[
                "op.create_table('k', sa.Column('id', sa.Integer(), primary_key=True, autoincrement=True), sa.Column('a', sa.Text()))",
                "with op.batch_alter_table('k') as b: b.alter_column('a', existing_type=sa.Text(), nullable=False)",
            ],
            &["op.drop_table('k')"],
        ),
        (
            &["op.bulk_insert(sa.table('t', sa.column('user_id')), [{'user_id': 1}])"],
            &["op.execute('DELETE FROM t WHERE user_id = 1')"],
        ),
        (&["op.execute('CREATE VIEW v AS SELECT id, user_id FROM t')"], &["op.execute('DROP VIEW v')"]),
        (&["op.execute('UPDATE t SET user_id = 1 WHERE user_id IS NULL')"], &[]),
    ];
    for engine in [Sqlite, Postgres, MySql, SqlServer, Oracle] {
        for (up, back) in cases {
            let found = said(engine, &made, up, back);
            // Outside of a batch SQLite alters nothing, which is another finding.
            let errors = found.iter().filter(|line| line.starts_with("error") && !line.ends_with("MRT823"));
            assert_eq!(errors.count(), 0, "{engine:?} {up:?}: {found:?}");
        }
    }
}

#[test]
fn ordinary_sql_has_no_error() {
    let sql = |text: &str| format!("op.execute(\"\"\"{text}\"\"\")");
    let made = [
        sql(
            "CREATE TABLE Users (ID serial PRIMARY KEY, Email varchar(50) NOT NULL UNIQUE, State text DEFAULT 'new' CHECK (State <> ''))",
        ),
        sql(
            "CREATE TABLE t (id bigserial PRIMARY KEY, user_id integer REFERENCES users (id) ON DELETE CASCADE)",
        ),
        sql("CREATE INDEX ix_state ON users USING btree (state) WHERE state IS NOT NULL"),
        sql(
            "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.state := 'x'; RETURN NEW; END $$",
        ),
        sql("CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()"),
        sql("GRANT SELECT, INSERT ON users TO app"),
    ];
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["ALTER TABLE Users ADD COLUMN Age int NOT NULL DEFAULT 0"],
            &["ALTER TABLE users DROP COLUMN age"],
        ),
        (&["ALTER TABLE users RENAME TO accounts"], &["ALTER TABLE accounts RENAME TO users"]),
        (
            &["DROP INDEX ix_state", "CREATE INDEX ix_state ON users (email)"],
            &[
                "DROP INDEX IF EXISTS ix_state",
                "CREATE INDEX ix_state ON users (state) WHERE (state IS NOT NULL)",
            ],
        ),
        (
            &[
                "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.state := 'y'; RETURN NEW; END $$",
            ],
            &[
                "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.state := 'x'; RETURN NEW; END $$",
            ],
        ),
        (
            &["DROP TRIGGER users_touch ON users", "DROP FUNCTION touch()"],
            &[
                "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.state := 'x'; RETURN NEW; END $$",
                "CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()",
            ],
        ),
        (
            &["REVOKE SELECT, INSERT ON users FROM app"],
            &["GRANT SELECT ON users TO app", "GRANT INSERT ON users TO app"],
        ),
        (
            &["ALTER TABLE users ALTER COLUMN state SET DEFAULT 'old'"],
            &["ALTER TABLE users ALTER COLUMN state SET DEFAULT 'new'::text"],
        ),
        (
            &["ALTER TABLE users DROP CONSTRAINT users_email_key"],
            &["ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email)"],
        ),
        (
            &["ALTER TABLE users ALTER COLUMN email TYPE text"],
            &["ALTER TABLE users ALTER COLUMN email TYPE varchar(50) USING left(email, 50)"],
        ),
        (
            &[
                "CREATE MATERIALIZED VIEW m AS SELECT state, count(*) FROM users GROUP BY state",
                "CREATE UNIQUE INDEX ux_m ON m (state)",
            ],
            &["DROP MATERIALIZED VIEW m"],
        ),
        (
            &["CREATE TYPE mood AS ENUM ('a', 'b')", "ALTER TABLE users ADD COLUMN mood mood"],
            &["ALTER TABLE users DROP COLUMN mood", "DROP TYPE mood"],
        ),
        (
            &[
                "ALTER TABLE users DISABLE TRIGGER users_touch",
                "UPDATE users SET state = 'new' WHERE state IS NULL",
                "ALTER TABLE users ENABLE TRIGGER users_touch",
            ],
            &[],
        ),
        (&["ALTER TABLE users SET SCHEMA audit"], &["ALTER TABLE audit.users SET SCHEMA public"]),
        (
            &["ALTER TABLE users RENAME CONSTRAINT users_email_key TO uq_email"],
            &["ALTER TABLE users RENAME CONSTRAINT uq_email TO users_email_key"],
        ),
        (&["COMMENT ON TABLE users IS 'x'"], &["COMMENT ON TABLE users IS NULL"]),
        (
            &[
                "ALTER TABLE t DROP CONSTRAINT t_user_id_fkey",
                "ALTER TABLE t ADD CONSTRAINT t_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)",
            ],
            &[
                "ALTER TABLE t DROP CONSTRAINT t_user_id_fkey",
                "ALTER TABLE t ADD CONSTRAINT t_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE",
            ],
        ),
    ];
    for (up, back) in cases {
        let steps = |texts: &[&str]| texts.iter().map(|text| sql(text)).collect::<Vec<_>>();
        let (ups, backs) = (steps(up), steps(back));
        let ups: Vec<&str> = ups.iter().map(String::as_str).collect();
        let backs: Vec<&str> = backs.iter().map(String::as_str).collect();
        let found = said(Postgres, &made, &ups, &backs);
        assert!(!found.iter().any(|line| line.starts_with("error")), "{up:?}: {found:?}");
    }
}

#[test]
fn values_come_back_from_where_they_were_kept() {
    let made = table("sa.Column('a', sa.Text()), sa.Column('b', sa.Text())");
    let up = [
        "op.add_column('t', sa.Column('k', sa.Text()))",
        "op.execute('UPDATE t SET k = a')",
        "op.drop_column('t', 'a')",
    ];
    let back = |from: &str| format!("op.execute('UPDATE t SET a = {from}')");
    let (add, drop) = ("op.add_column('t', sa.Column('a', sa.Text()))", "op.drop_column('t', 'k')");
    tells(Postgres, "MRT201", &[&made], &up, &[add, &back("b"), drop], &[add, &back("k"), drop]);
    // A column of that name may be another table's.
    let from = [up[0], "op.execute('UPDATE t SET k = o.a FROM o WHERE o.id = t.id')", up[2]];
    let found = said(Postgres, &[&made], &from, &[add, &back("b"), drop]);
    assert!(!found.contains(&"error MRT201".to_owned()), "{found:?}");
}

#[test]
fn a_sequence_goes_with_the_column_that_it_belongs_to() {
    let made = table("sa.Column('a', sa.Text())");
    let add = "op.add_column('t', sa.Column('n', sa.BigInteger()))";
    let create = "op.execute('CREATE SEQUENCE n_seq')";
    let drop = "op.drop_column('t', 'n')";
    for owner in ["t.n", "public.t.n", "public . \"t\" . \"n\""] {
        let own = format!("op.execute('ALTER SEQUENCE n_seq OWNED BY {owner}')");
        assert_eq!(said(Postgres, &[&made], &[add, create, &own], &[drop]), Vec::<String>::new(), "{owner}");
        let along = format!("op.execute('CREATE SEQUENCE n_seq START 5 OWNED BY {owner}')");
        assert_eq!(said(Postgres, &[&made], &[add, &along], &[drop]), Vec::<String>::new(), "{owner}");
    }
    let other = "op.execute('ALTER SEQUENCE n_seq OWNED BY t.a')";
    for up in [&[add, create][..], &[add, create, other]] {
        assert_eq!(said(Postgres, &[&made], up, &[drop]), ["error MRT501"], "{up:?}");
    }
}

#[test]
fn each_action_of_an_alter_table_is_one() {
    let made = table("sa.Column('a', sa.Text()), sa.Column('b', sa.Numeric(12, 2))");
    let sql = |text: &str| format!("op.execute(\"{text}\")");
    let up = sql(
        "ALTER TABLE IF EXISTS t ALTER COLUMN a SET STATISTICS 500, ALTER b SET DEFAULT 1, ADD c numeric(1, 0)",
    );
    let wrong = sql("ALTER TABLE t ALTER COLUMN a SET STATISTICS -1, DROP c");
    let right = sql("ALTER TABLE t ALTER COLUMN a SET STATISTICS -1, ALTER b DROP DEFAULT, DROP c");
    tells(Postgres, "MRT803", &[&made], &[&up], &[&wrong], &[&right]);
    assert_eq!(said(Postgres, &[&made], &[&up], &[&right]), Vec::<String>::new());
    let exclude = sql("ALTER TABLE t ADD CONSTRAINT apart EXCLUDE USING gist (a WITH =)");
    let drop = sql("ALTER TABLE t DROP CONSTRAINT apart");
    assert_eq!(said(Postgres, &[&made], &[&exclude], &[&drop]), Vec::<String>::new());
}

#[test]
fn a_key_is_never_null() {
    let made = "op.create_table('t', sa.Column('k', sa.String(20), primary_key=True))";
    let rename = |from: &str, to: &str, rest: &str| {
        format!("op.alter_column('t', '{from}', new_column_name='{to}', existing_type=sa.String(20){rest})")
    };
    let said = |engine, rest: &str| {
        said(engine, &[made], &[&rename("k", "l", rest)], &[&rename("l", "k", ", existing_nullable=False")])
    };
    // Alembic says the whole column anew on MySQL, and that NULL is allowed unless it is told otherwise. MariaDB takes no notice.
    assert_eq!(said(MySql, ""), ["error MRT804"]);
    for engine in [MariaDb, Postgres, Sqlite] {
        assert_eq!(said(engine, ""), Vec::<String>::new(), "{engine:?}");
    }
    assert_eq!(said(MySql, ", existing_nullable=False"), Vec::<String>::new());
    assert_eq!(said(Postgres, ", nullable=True"), ["error MRT804"]);
}

#[test]
fn a_column_makes_no_type() {
    let made = table("sa.Column('a', sa.Text())");
    let mood = "sa.Enum('sad', 'glad', name='mood')";
    let add = format!("op.add_column('t', sa.Column('m', {mood}))");
    let create = format!("{mood}.create(op.get_bind())");
    let drop = ["op.drop_column('t', 'm')", "op.execute('DROP TYPE mood')"];
    assert_eq!(said(Postgres, &[&made], &[&add], &drop[..1]), ["warning MRT804"]);
    assert_eq!(said(Postgres, &[&made], &[&create, &add], &drop), Vec::<String>::new());
    assert_eq!(said(Postgres, &[&made, &create], &[&add], &drop[..1]), Vec::<String>::new());
    // Nothing is known of what was before, and elsewhere there are no such types.
    assert_eq!(
        said(Postgres, &["import shop", "shop.make(op.get_bind())", &made], &[&add], &drop[..1]),
        Vec::<String>::new()
    );
    assert_eq!(said(Postgres, &[], &[&add], &drop[..1]), Vec::<String>::new());
    assert_eq!(said(MySql, &[&made], &[&add], &drop[..1]), Vec::<String>::new());
}

#[test]
fn a_new_column_that_is_null_everywhere_may_become_unique() {
    let made = table("sa.Column('a', sa.Text())");
    let add = |rest: &str| format!("op.add_column('t', sa.Column('n', sa.String(20){rest}))");
    let drop = ["op.drop_index('ux', table_name='t')", "op.drop_column('t', 'n')"];
    let index =
        |columns: &str, rest: &str| format!("op.create_index('ux', 't', [{columns}], unique=True{rest})");
    let told = |engine, up: &[&str], back: &[&str]| {
        let mut said = said(engine, &[&made], up, back);
        said.retain(|line| !line.starts_with("note"));
        said
    };
    let said = |engine, add: &str, index: &str| told(engine, &[add, index], &drop);
    let (plain, warning) = (index("'n'", ""), ["warning MRT406"]);
    assert_eq!(said(Postgres, &add(""), &plain), Vec::<String>::new());
    assert_eq!(said(Postgres, &add(""), &index("sa.text('lower(n)')", "")), Vec::<String>::new());
    assert_eq!(said(Postgres, &add(""), &index("sa.text(\"coalesce(n, '')\")", "")), warning);
    assert_eq!(said(Postgres, &add(", server_default='x'"), &plain), warning);
    assert_eq!(said(Postgres, &add(""), &index("'n'", ", postgresql_nulls_not_distinct=True")), warning);
    assert_eq!(said(SqlServer, &add(""), &plain), warning);
    let some = index("'n'", ", mssql_where=sa.text('n IS NOT NULL')");
    assert_eq!(said(SqlServer, &add(""), &some), Vec::<String>::new());
    let view = [
        "op.execute('CREATE MATERIALIZED VIEW m AS SELECT a FROM t')",
        "op.execute('CREATE UNIQUE INDEX ux ON m (a)')",
    ];
    assert_eq!(told(Postgres, &view, &["op.execute('DROP MATERIALIZED VIEW m')"]), Vec::<String>::new());
}

#[test]
fn not_null_is_looked_at_where_a_column_is_said_anew() {
    let made = table("sa.Column('a', sa.Integer())");
    let call = "op.alter_column('t', 'a', existing_type=sa.Integer(), nullable=False)";
    let back = "op.alter_column('t', 'a', existing_type=sa.Integer(), nullable=True)";
    let sql = "op.execute('ALTER TABLE t MODIFY a INT NOT NULL')";
    for up in [call, sql] {
        assert_eq!(said(MySql, &[&made], &[up], &[back]), ["warning MRT401"], "{up}");
        let filled = ["op.execute('UPDATE t SET a = 0 WHERE a IS NULL')", up];
        assert_eq!(said(MySql, &[&made], &filled, &[back]), ["warning MRT103"], "{up}");
    }
    assert_eq!(said(MySql, &[], &[sql], &[back]), Vec::<String>::new());
}

#[test]
fn an_index_that_is_renamed_along_with_its_table_comes_back() {
    let made = ["op.add_column('t', sa.Column('a', sa.Text()))", "op.create_index('ix_t', 't', ['a'])"];
    let swap = |from: &str, to: &str| {
        [
            format!("op.rename_table('{from}', '{to}')"),
            format!("op.drop_index('ix_{from}', table_name='{to}')"),
            format!("op.create_index('ix_{to}', '{to}', ['a'])"),
        ]
    };
    let (up, back) = (swap("t", "u"), swap("u", "t"));
    let found =
        said(Postgres, &made, &up.each_ref().map(String::as_str), &back.each_ref().map(String::as_str));
    assert!(!found.iter().any(|line| line.starts_with("error")), "{found:?}");
}

#[test]
fn a_type_that_is_made_where_it_is_missing_is_to_go_as_well() {
    let made = table("sa.Column('a', sa.Text())");
    let ty = "from sqlalchemy.dialects.postgresql import ENUM\n    mood = ENUM('sad', name='mood')";
    let create = format!("{ty}\n    mood.create(op.get_bind())");
    let add = "op.add_column('t', sa.Column('m', mood))";
    let drop = "op.drop_column('t', 'm')";
    let type_drop = format!("{ty}\n    mood.drop(op.get_bind())");
    assert_eq!(said(Postgres, &[&made], &[&create, add], &[drop]), ["warning MRT503"]);
    assert_eq!(said(Postgres, &[&made], &[&create, add], &[drop, &type_drop]), Vec::<String>::new());
    // It looks before it makes one.
    assert_eq!(said(Postgres, &[&made, &create], &[&create, add], &[drop]), Vec::<String>::new());
}

#[test]
fn columns_may_differ_by_case_alone() {
    let made = table("sa.Column('email', sa.Text())");
    let add = "op.add_column('t', sa.Column('Email', sa.Text()))";
    let drop = |name: &str| format!("op.drop_column('t', '{name}')");
    assert_eq!(said(Postgres, &[&made], &[add], &[&drop("Email")]), Vec::<String>::new());
    assert!(said(Postgres, &[&made], &[add], &[&drop("other")]).contains(&"error MRT804".to_owned()));
    assert!(said(MySql, &[&made], &[add], &[&drop("Email")]).contains(&"error MRT804".to_owned()));
    let rename = |from: &str, to: &str| format!("op.alter_column('t', '{from}', new_column_name='{to}')");
    let (up, back) = (rename("email", "Email"), rename("Email", "email"));
    assert_eq!(said(Postgres, &[&made], &[&up], &[&back]), Vec::<String>::new());
    // Without quotes the case is the server's.
    for name in ["Number", "NUMBER", "Of_Nobody"] {
        let sql = format!("op.execute('ALTER TABLE t ADD {name} int')");
        assert_eq!(said(Postgres, &[&made], &[&sql], &[&drop(&name.to_lowercase())]), Vec::<String>::new());
    }
}

#[test]
fn an_index_keeps_its_prefix_under_another_name_of_its_column() {
    let made = table("sa.Column('a', sa.String(255), nullable=False), sa.Column('b', sa.Integer())");
    let index = "op.create_index('ix', 't', ['a', 'b'], mysql_length={'a': 20})";
    let rename = |from: &str, to: &str| {
        format!(
            "op.alter_column('t', '{from}', new_column_name='{to}', existing_type=sa.String(255), existing_nullable=False)"
        )
    };
    let (up, back) = (rename("a", "c"), rename("c", "a"));
    assert_eq!(said(MySql, &[&made, index], &[&up], &[&back]), Vec::<String>::new());
}

#[test]
fn mysql_says_indexes_in_alter_table() {
    let made = table("sa.Column('a', sa.Text()), sa.Column('b', sa.Integer())");
    let sql = |text: &str| format!("op.execute('ALTER TABLE t {text}')");
    let up = sql("ADD FULLTEXT INDEX ft (a), ADD KEY ix (b), ALGORITHM=INPLACE, LOCK=NONE");
    let right = sql("DROP INDEX ft, DROP INDEX ix");
    assert_eq!(said(MySql, &[&made], &[&up], &[&right]), Vec::<String>::new());
    assert_eq!(said(MySql, &[&made], &[&up], &[&sql("DROP INDEX ix")]), ["error MRT801"]);
    let plain = sql("ADD INDEX ft (a)");
    tells(
        MySql,
        "MRT803",
        &[&made, &up],
        &[&sql("DROP INDEX ft")],
        &[&plain],
        &[&sql("ADD FULLTEXT ft (a)")],
    );
}

#[test]
fn what_a_block_makes_the_downgrade_may_drop() {
    let block = "op.execute(\"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'lvl') THEN CREATE TYPE lvl AS ENUM ('a'); END IF; END $$\")";
    let drop = |name: &str| format!("op.execute('DROP TYPE IF EXISTS {name}')");
    assert_eq!(said(Postgres, &[], &[block], &[&drop("lvl")]), Vec::<String>::new());
    assert_eq!(said(Postgres, &[], &[block], &[&drop("other")]), ["warning MRT104"]);
}

#[test]
fn columns_keep_their_names_when_their_table_gets_another() {
    let made = table("sa.Column('a', sa.Text())");
    let swap = |from: &str, to: &str, a: &str, b: &str| {
        [
            format!("op.rename_table('{from}', '{to}')"),
            format!("op.alter_column('{to}', '{a}', new_column_name='{b}')"),
        ]
    };
    let (up, back) = (swap("t", "u", "a", "b"), swap("u", "t", "b", "a"));
    let found =
        said(Postgres, &[&made], &up.each_ref().map(String::as_str), &back.each_ref().map(String::as_str));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_call_with_a_name_that_is_not_known_has_its_reverse() {
    let drop = "op.drop_constraint(name_of('fk'), 't', type_='foreignkey')";
    let up = ["from shop import name_of", drop];
    let create = "op.create_foreign_key('fk', 't', 'users', ['u'], ['id'])";
    assert!(!said(MySql, &[], &up, &[create]).iter().any(|line| line.ends_with("MRT104")));
    let other = "op.create_index('ix', 't', ['u'])";
    assert!(said(MySql, &[], &up, &[other]).contains(&"warning MRT104".to_owned()));
}

#[test]
fn triggers_policies_and_rules_are_their_tables() {
    let made = table("sa.Column('a', sa.Text())");
    let sql = |text: String| format!("op.execute(\"{text}\")");
    for (create, drop) in [
        ("CREATE TRIGGER x BEFORE UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION f()", "DROP TRIGGER x ON {}"),
        ("CREATE POLICY x ON {} USING (true)", "DROP POLICY x ON {}"),
        ("CREATE RULE x AS ON DELETE TO {} DO INSTEAD NOTHING", "DROP RULE x ON {}"),
    ] {
        let create = |table: &str| sql(create.replace("{}", table));
        let drop = |table: &str| sql(drop.replace("{}", table));
        let up = [create("t"), create("u"), "op.rename_table('u', 'v')".to_owned()];
        let up = up.each_ref().map(String::as_str);
        let rename = "op.rename_table('v', 'u')";
        for back in [[&drop("v"), &drop("t"), rename], [&drop("t"), &drop("v"), rename]] {
            let found = said(Postgres, &[&made], &up, &back);
            assert_eq!(found, Vec::<String>::new(), "{back:?}");
        }
        let found = said(Postgres, &[&made], &up, &[&drop("t"), rename]);
        assert!(found.iter().any(|line| line.starts_with("error")), "{found:?}");
        let twice = said(Postgres, &[&made], &[&create("t"), &create("t")], &[&drop("t")]);
        assert!(twice.contains(&"error MRT804".to_owned()), "{twice:?}");
    }
}

#[test]
fn functions_of_one_name_may_take_other_arguments() {
    let sql = |text: &str| format!("op.execute(\"{text}\")");
    for verb in ["CREATE", "CREATE OR REPLACE"] {
        let create = |arguments: &str| {
            sql(&format!("{verb} FUNCTION g({arguments}) RETURNS int LANGUAGE sql AS 'SELECT 1'"))
        };
        let up = [create("i int"), create("t text, n numeric(4, 2)")];
        let up = up.each_ref().map(String::as_str);
        let (one, other) = (sql("DROP FUNCTION g(int)"), sql("DROP FUNCTION g(text, numeric)"));
        assert_eq!(said(Postgres, &[], &up, &[&one, &other]), Vec::<String>::new(), "{verb}");
    }
    let create = sql("CREATE FUNCTION g(i int) RETURNS int LANGUAGE sql AS 'SELECT 1'");
    let other = sql("CREATE FUNCTION g(t text) RETURNS int LANGUAGE sql AS 'SELECT 1'");
    let drop = sql("DROP FUNCTION g(int)");
    assert_eq!(said(Postgres, &[], &[&create, &other], &[&drop]), ["warning MRT801"]);
    assert!(said(Postgres, &[], &[&create, &create], &[&drop]).contains(&"error MRT804".to_owned()));
}

#[test]
fn a_table_is_dropped_behind_those_that_refer_to_it() {
    let child = "op.create_table('c', sa.Column('t_id', sa.Integer(), sa.ForeignKey('t.id')))";
    let made = table("sa.Column('a', sa.Text())");
    let drop = |table: &str| format!("op.drop_table('{table}')");
    let parent = made.replace("'t'", "'p'");
    let own = child.replace("t.id", "p.id");
    for engine in [Postgres, SqlServer, Oracle] {
        tells(engine, "MRT804", &[], &[&parent, &own], &[&drop("p"), &drop("c")], &[&drop("c"), &drop("p")]);
        // One that an earlier revision has made.
        let found = said(engine, &[&made, child], &[&drop("t")], &[&made]);
        assert!(found.contains(&"error MRT804".to_owned()), "{found:?}");
    }
    let both = |text: &str| format!("op.execute('DROP TABLE {text}')");
    for back in ["p, c", "p CASCADE"] {
        let found =
            said(Postgres, &[], &[&parent, &own], &[&both(back), "op.execute('DROP TABLE IF EXISTS c')"]);
        assert!(!found.contains(&"error MRT804".to_owned()), "{back}: {found:?}");
    }
    // SQLite takes no notice, and MySQL may be told to.
    for engine in [Sqlite, MySql] {
        let found = said(engine, &[], &[&parent, &own], &[&drop("p"), &drop("c")]);
        assert_eq!(found, Vec::<String>::new(), "{engine:?}");
    }
    // A table that takes the place of another one is referred to by nobody.
    let swap = ["op.rename_table('t', 'old')", &made];
    let found = said(Postgres, &[&made, child], &swap, &[&drop("t"), "op.rename_table('old', 't')"]);
    assert!(!found.iter().any(|line| line.starts_with("error")), "{found:?}");
    let itself = "op.create_table('s', sa.Column('id', sa.Integer(), primary_key=True), sa.Column('up', sa.Integer(), sa.ForeignKey('s.id')))";
    assert_eq!(said(Postgres, &[], &[itself], &[&drop("s")]), Vec::<String>::new());
}
