//! What each engine refuses, and what it takes.

#![allow(clippy::unwrap_used, missing_docs)]

use mrt_chain::settings::EngineKind::{self, MariaDb, MySql, Oracle, Postgres, SqlServer, Sqlite};
use mrt_lint::project::{Selection, check_texts};

/// What rules of engines say of an upgrade: `error MRT824`.
fn said(engine: EngineKind, up: &str) -> Vec<String> {
    let text = format!(
        "import contextlib\nimport sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import mssql, mysql, postgresql\n\
         revision = 'r'\ndown_revision = None\n\n\ndef upgrade():\n    {up}\n\n\ndef downgrade():\n    raise NotImplementedError\n"
    );
    let selection = Selection {
        select: vec!["MRT82".to_owned(), "MRT83".to_owned(), "MRT84".to_owned()],
        ..Selection::default()
    };
    let checked = check_texts(&[("r.py", &text)], &[engine], &selection).unwrap();
    checked.findings.iter().map(|finding| format!("{} {}", finding.severity, finding.code)).collect()
}

#[track_caller]
fn refuses(code: &str, engines: &[EngineKind], up: &str) {
    for engine in EngineKind::ALL {
        let wanted: Vec<String> =
            engines.iter().filter(|own| **own == engine).map(|_| code.to_owned()).collect();
        let found: Vec<String> =
            said(engine, up).into_iter().filter(|line| line.ends_with(&code[code.len() - 6..])).collect();
        assert_eq!(found, wanted, "{engine:?}: {up}");
    }
}

fn sql(text: &str) -> String {
    format!("op.execute({text:?})")
}

#[test]
fn if_exists_is_known_where_it_is() {
    let refuses = |engines: &[EngineKind], up: &str| refuses("error MRT824", engines, up);
    refuses(&[MySql, SqlServer], &sql("CREATE INDEX IF NOT EXISTS i ON t (a)"));
    // Alembic leaves it away on SQL Server.
    refuses(&[MySql], "op.create_index('i', 't', ['a'], if_not_exists=True)");
    refuses(&[MySql], "op.drop_index('i', 't', if_exists=True)");
    refuses(&[MySql, Sqlite], "op.add_column('t', sa.Column('a', sa.Integer()), if_not_exists=True)");
    refuses(&[MySql, Sqlite], &sql("ALTER TABLE t DROP COLUMN IF EXISTS a"));
    refuses(&[SqlServer], &sql("CREATE TABLE IF NOT EXISTS t (a INTEGER)"));
    refuses(&[], &sql("DROP TABLE IF EXISTS t"));
    refuses(&[Postgres], &sql("CREATE TYPE IF NOT EXISTS mood AS ENUM ('sad')"));
    // Behind a condition, or where a failure is no harm, somebody has thought of it.
    refuses(&[], "if op.get_bind().whatever():\n        op.drop_index('i', 't', if_exists=True)");
    refuses(&[], "with contextlib.suppress(Exception):\n        op.drop_index('i', 't', if_exists=True)");
    refuses(
        &[],
        "if op.get_bind().dialect.name == 'postgresql':\n        op.drop_index('i', 't', if_exists=True)",
    );
}

#[test]
fn reserved_words_are_those_of_the_engine() {
    let refuses = |engines: &[EngineKind], text: &str| refuses("error MRT826", engines, &sql(text));
    refuses(&[MySql], "CREATE TABLE groups (id INTEGER)");
    refuses(&[MySql], "CREATE TABLE t (rank INTEGER)");
    refuses(&[MySql, MariaDb], "UPDATE t SET rows = 1");
    refuses(&[Postgres, SqlServer, Oracle], "CREATE TABLE user (id INTEGER)");
    refuses(&[Sqlite, Postgres, MySql, MariaDb, SqlServer, Oracle], "DROP TABLE order");
    refuses(&[Oracle], "ALTER TABLE t ADD level INTEGER");
    // In quotes, behind a schema, and where no name stands, they are what is meant.
    refuses(&[], "CREATE TABLE \"groups\" (\"rank\" INTEGER)");
    refuses(&[], "CREATE TABLE app.groups (id INTEGER)");
    refuses(&[], "UPDATE t SET a = rank");
    refuses(&[], "UPDATE ONLY t SET a = 1");
    refuses(&[], "UPDATE LOW_PRIORITY t SET a = 1");
    refuses(&[], "CREATE TABLE t (id INTEGER, note TEXT, PRIMARY KEY (id), CHECK (id > 0))");
    assert_eq!(
        said(MySql, &sql("CREATE TABLE t (id INT, KEY ix (id), INDEX iy (id), UNIQUE KEY iz (id))")),
        Vec::<String>::new()
    );
    assert_eq!(
        said(MySql, "op.create_table('groups', sa.Column('rank', sa.Integer()))"),
        Vec::<String>::new()
    );
    assert_eq!(
        said(
            MySql,
            &format!(
                "for row in op.get_bind().execute('SELECT 1'):\n        {}",
                sql("UPDATE groups SET a = 1")
            )
        ),
        ["warning MRT826"]
    );
}

#[test]
fn names_have_a_length() {
    let long = |length: usize| "x".repeat(length);
    let table = |length| format!("op.create_table('{}', sa.Column('id', sa.Integer()))", long(length));
    for (engine, most) in [(MySql, 64), (MariaDb, 64), (SqlServer, 128), (Oracle, 128)] {
        assert_eq!(said(engine, &table(most)), Vec::<String>::new(), "{engine:?}");
        assert_eq!(said(engine, &table(most + 1)), ["error MRT827"], "{engine:?}");
    }
    assert_eq!(said(Sqlite, &table(500)), Vec::<String>::new());
    assert_eq!(said(Postgres, &table(63)), Vec::<String>::new());
    assert_eq!(said(Postgres, &table(64)), ["note MRT827"]);
    // Bytes there, and characters here.
    let umlauts = format!("op.create_table('{}', sa.Column('id', sa.Integer()))", "ü".repeat(40));
    assert_eq!(said(Postgres, &umlauts), ["note MRT827"]);
    assert_eq!(said(MySql, &umlauts), Vec::<String>::new());
    let index = |name: &str| format!("op.create_index({name}, 't', ['a'])");
    assert_eq!(said(Postgres, &index(&format!("'{}'", long(70)))), ["error MRT827"]);
    assert_eq!(said(Postgres, &index(&format!("op.f('{}')", long(70)))), Vec::<String>::new());
    assert_eq!(said(Postgres, &sql(&format!("CREATE INDEX {} ON t (a)", long(70)))), ["note MRT827"]);
}

#[test]
fn types_are_those_of_the_engine() {
    let add = |ty: &str| format!("op.add_column('t', sa.Column('a', {ty}))");
    let refuses = |engines: &[EngineKind], up: &str| refuses("error MRT828", engines, up);
    refuses(&[MySql, MariaDb, SqlServer, Oracle], &add("postgresql.JSONB()"));
    assert_eq!(said(Sqlite, &add("postgresql.INET()")), ["warning MRT828"]);
    assert_eq!(said(MySql, &add("postgresql.ARRAY(sa.Integer())")), ["error MRT828"]);
    assert_eq!(said(Postgres, &add("mysql.TINYINT(1)")), ["error MRT828"]);
    assert_eq!(said(Postgres, &add("mssql.UNIQUEIDENTIFIER()")), ["error MRT828"]);
    refuses(&[], &add("sa.Uuid()"));
    refuses(&[], &add("sa.DateTime()"));
    refuses(&[], &add("sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"));
    refuses(&[], &add("sa.Text().with_variant(mysql.LONGTEXT(), 'mysql')"));
    refuses(&[Postgres, Oracle], &sql("ALTER TABLE t ADD a DATETIME"));
    refuses(&[MySql, MariaDb, SqlServer, Oracle], &sql("ALTER TABLE t ADD a JSONB"));
    refuses(&[MySql, SqlServer, Oracle], &sql("ALTER TABLE t ADD a UUID"));
    refuses(&[SqlServer], &sql("ALTER TABLE t ADD a BOOLEAN"));
}

#[test]
fn a_column_is_said_anew_with_its_type() {
    let refuses = |engines: &[EngineKind], up: &str| refuses("error MRT830", engines, up);
    refuses(&[MySql, MariaDb], "op.alter_column('t', 'a', new_column_name='b')");
    refuses(&[MySql, MariaDb, SqlServer], "op.alter_column('t', 'a', nullable=False)");
    refuses(&[], "op.alter_column('t', 'a', nullable=False, existing_type=sa.Integer())");
    // A type that is not known here is one.
    refuses(&[], "op.alter_column('t', 'a', nullable=False, existing_type=Money())");
    refuses(&[], "op.alter_column('t', 'a', server_default='1')");
    refuses(&[], &sql("ALTER TABLE t RENAME COLUMN a TO b"));
}

#[test]
fn texts_have_a_length_where_one_is_needed() {
    let table = |column: &str| format!("op.create_table('t', {column})");
    refuses("error MRT829", &[MySql, MariaDb, Oracle], &table("sa.Column('a', sa.String())"));
    refuses("error MRT829", &[], &table("sa.Column('a', sa.String(20)), sa.Column('b', sa.Text())"));
    let keyed = [MySql, SqlServer, Oracle];
    refuses("error MRT832", &keyed, &table("sa.Column('a', sa.Text(), unique=True)"));
    refuses("error MRT832", &keyed, &table("sa.Column('a', sa.Text()), sa.PrimaryKeyConstraint('a')"));
    let index = |more: &str| {
        format!("op.create_table('t', sa.Column('a', sa.Text()))\n    op.create_index('i', 't', ['a']{more})")
    };
    refuses("error MRT832", &keyed, &index(""));
    assert_eq!(said(MySql, &index(", mysql_length=20")), Vec::<String>::new());
    assert_eq!(said(MySql, &index(", mysql_prefix='FULLTEXT'")), Vec::<String>::new());
    refuses("error MRT832", &[], &index("").replace("sa.Text()", "sa.String(20)"));
    refuses("error MRT832", &[], "op.create_index('i', 't', ['a'])");
    refuses("warning MRT833", &[MySql], &table("sa.Column('a', sa.String(769), unique=True)"));
    refuses("warning MRT833", &[], &table("sa.Column('a', sa.String(768), unique=True)"));
    refuses(
        "warning MRT833",
        &[],
        &table("sa.Column('a', sa.String(3000, collation='ascii_bin'), unique=True)"),
    );
}

#[test]
fn defaults_and_partial_indexes() {
    let add =
        |default: &str| format!("op.add_column('t', sa.Column('a', sa.Text(), server_default={default}))");
    refuses("error MRT834", &[MySql], &add("''"));
    refuses("error MRT834", &[MySql], &add("sa.text(\"'x'\")"));
    refuses("error MRT834", &[], &add("sa.text(\"('x')\")"));
    refuses("error MRT834", &[], &add("None"));
    refuses("error MRT834", &[], &add("''").replace("sa.Text()", "sa.String(20)"));
    refuses("error MRT835", &[MySql, MariaDb, Oracle], &sql("CREATE INDEX i ON t (a) WHERE b = 0"));
    refuses("error MRT835", &[], "op.create_index('i', 't', ['a'], postgresql_where=sa.text('b = 0'))");
}

#[test]
fn a_label_is_used_when_it_is_committed() {
    let add = sql("ALTER TYPE mood ADD VALUE 'bored'");
    let then = sql("UPDATE people SET mood = 'bored'");
    let found = |up: &str| said(Postgres, up);
    assert_eq!(found(&format!("{add}\n    {then}")), ["warning MRT825"]);
    assert_eq!(found(&format!("{add}\n    op.execute('COMMIT')\n    {then}")), Vec::<String>::new());
    assert_eq!(
        found(&format!("with op.get_context().autocommit_block():\n        {add}\n    {then}")),
        Vec::<String>::new()
    );
    assert_eq!(found(&format!("{then}\n    {add}")), Vec::<String>::new());
    let create = sql("CREATE TYPE mood AS ENUM ('sad')");
    assert_eq!(found(&format!("{create}\n    {add}\n    {then}")), Vec::<String>::new());
}

#[test]
fn a_commit_of_its_own_ends_the_transaction() {
    let index = sql("CREATE INDEX CONCURRENTLY i ON t (a)");
    assert_eq!(said(Postgres, &index), ["warning MRT822"]);
    assert_eq!(said(Postgres, &format!("op.execute('COMMIT')\n    {index}")), Vec::<String>::new());
    assert_eq!(
        said(Postgres, &format!("op.execute('COMMIT')\n    op.execute('BEGIN')\n    {index}")),
        ["warning MRT822"]
    );
}

#[test]
fn sqlite_adds_no_constraint_without_a_batch() {
    let add = |column: &str| format!("op.add_column('t', sa.Column('a', sa.Integer(), {column}))");
    let batch = |column: &str| {
        format!(
            "with op.batch_alter_table('t') as batch:\n        batch.add_column(sa.Column('a', sa.Integer(), {column}))"
        )
    };
    for (column, refused) in [("sa.ForeignKey('u.id')", true), ("unique=True", true), ("index=True", false)] {
        assert_eq!(said(Sqlite, &add(column)).len(), usize::from(refused), "{column}");
        assert_eq!(said(Sqlite, &batch(column)), Vec::<String>::new(), "{column}");
    }
    assert_eq!(
        said(Sqlite, &sql("ALTER TABLE t ADD COLUMN a INTEGER REFERENCES u (id)")),
        Vec::<String>::new()
    );
    assert_eq!(said(Sqlite, &sql("ALTER TABLE t ADD COLUMN a INTEGER UNIQUE")), ["error MRT823"]);
    assert_eq!(said(Sqlite, &sql("ALTER TABLE t ADD CONSTRAINT uq UNIQUE (a)")), ["error MRT823"]);
    assert_eq!(said(Sqlite, &sql("ALTER TABLE t RENAME COLUMN a TO b")), Vec::<String>::new());
}

#[test]
fn what_belongs_to_a_table_is_dropped_with_its_words() {
    let keyed = [MySql, MariaDb, SqlServer];
    refuses("error MRT838", &keyed, "op.drop_index('i')");
    refuses("error MRT838", &[], "op.drop_index('i', table_name='t')");
    refuses("error MRT838", &[], "with op.batch_alter_table('t') as batch:\n        batch.drop_index('i')");
    refuses("error MRT839", &[MySql, MariaDb], "op.drop_constraint('c', 't')");
    refuses("error MRT839", &[], "op.drop_constraint('c', 't', type_='unique')");
    refuses("error MRT839", &[], "op.drop_constraint('c', 't', 'unique')");
    // It may be any.
    refuses("error MRT839", &[], "op.drop_constraint('c', 't', type_=kind())");
    refuses("error MRT839", &[], &sql("ALTER TABLE t DROP CONSTRAINT c"));
}

#[test]
fn indexes_over_expressions_and_parts() {
    let index = |part: &str| sql(&format!("CREATE INDEX i ON t ({part})"));
    refuses("error MRT837", &[MySql, MariaDb, SqlServer], &index("lower(a)"));
    refuses("error MRT837", &[MariaDb, SqlServer], &index("(lower(a))"));
    refuses("error MRT837", &[], &index("a DESC, b"));
    refuses("error MRT837", &[], &index("a(10)"));
    refuses("error MRT837", &[MySql, MariaDb, SqlServer], "op.create_index('i', 't', [sa.text('lower(a)')])");
    // SQLAlchemy writes MySQL's parentheses.
    refuses("error MRT837", &[], "op.create_index('i', 't', [sa.func.lower(sa.column('a'))])");
    let partial =
        |more: &str| format!("op.create_index('i', 't', ['a'], postgresql_where=sa.text('b'){more})");
    refuses("warning MRT836", &[Sqlite, MySql, MariaDb, SqlServer, Oracle], &partial(", unique=True"));
    refuses("warning MRT836", &[], &partial(""));
    refuses(
        "warning MRT836",
        &[MySql, MariaDb, Oracle],
        &partial(", unique=True, sqlite_where=x, mssql_where=x"),
    );
}

#[test]
fn null_is_said_with_the_type() {
    let change = |more: &str| {
        format!(
            "op.create_table('t', sa.Column('a', sa.SmallInteger(), nullable=False))\n    op.alter_column('t', 'a', type_=sa.Integer(){more})"
        )
    };
    refuses("warning MRT831", &[SqlServer], &change(""));
    refuses("warning MRT831", &[], &change(", existing_nullable=False"));
    refuses("warning MRT831", &[], &change("").replace("nullable=False", "nullable=True"));
    refuses("warning MRT831", &[], "op.alter_column('t', 'a', type_=sa.Integer())");
}

#[test]
fn values_are_changed_twice_where_the_schema_commits_them() {
    let refuses = |engines: &[EngineKind], up: &str| refuses("warning MRT840", engines, up);
    let (update, alter) = (sql("UPDATE t SET a = a * 2"), "op.drop_column('t', 'b')");
    refuses(&[MySql, MariaDb, Oracle], &format!("{update}\n    {alter}"));
    refuses(&[], &format!("{alter}\n    {update}"));
    refuses(&[], &update);
    refuses(&[], &format!("{}\n    {alter}", sql("UPDATE t SET a = b * 2")));
    refuses(&[], &format!("{}\n    {alter}", sql("UPDATE t SET a = upper(a)")));
}

#[test]
fn what_wants_no_transaction_is_told_where_it_has_one() {
    let refuses = |up: &str| refuses("warning MRT822", &[Postgres], up);
    for statement in [
        "VACUUM ANALYZE t",
        "reindex (verbose) index concurrently ix",
        "CREATE DATABASE other",
        "ALTER SYSTEM SET work_mem = '64MB'",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
    ] {
        refuses(&sql(statement));
        let outside = format!("with op.get_context().autocommit_block():\n        {}", sql(statement));
        assert_eq!(said(Postgres, &outside), Vec::<String>::new(), "{statement}");
        let behind = format!("{}\n    {}", sql("COMMIT"), sql(statement));
        assert_eq!(said(Postgres, &behind), Vec::<String>::new(), "{statement}");
    }
    for statement in [
        "REINDEX TABLE t",
        "ANALYZE t",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
        "ALTER DATABASE d SET x = 1",
    ] {
        assert!(!said(Postgres, &sql(statement)).contains(&"warning MRT822".to_owned()), "{statement}");
    }
}
