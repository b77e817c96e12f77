//! What a step sends to the database.

use super::*;

const MERGE: [(&str, &str); 5] = [
    ("r1", "down_revision = None"),
    ("a", "down_revision = 'r1'"),
    ("b", "down_revision = 'r1'; depends_on = 'other'"),
    ("m", "down_revision = ('b', 'a')"),
    ("other", "down_revision = None"),
];

#[tokio::test]
async fn merges_and_dependencies_are_stepped_exactly() {
    let Some(python) = interpreter("merges_and_dependencies_are_stepped_exactly") else { return };
    let suite = Suite::new(&python);
    for (id, down) in MERGE {
        let text = format!("revision = {id:?}; {down}\ndef upgrade(): pass\ndef downgrade(): pass\n");
        suite.write(&format!("migrations/versions/{id}.py"), &text);
    }
    let host = suite.host().await;
    let seen = |id: &str| host.revisions.iter().find(|seen| seen.id == id).unwrap();
    assert_eq!(seen("m").down, ["a", "b"]);
    assert_eq!(seen("b").depends_on, ["other"]);
    let mut child = host.child().await.unwrap();
    for id in ["r1", "other", "a", "b", "m"] {
        assert_eq!(up(&mut child, id).await.failure, None, "{id}");
    }
    assert_eq!(down(&mut child, "m").await.failure, None);
    assert_eq!(down(&mut child, "a").await.failure, None);
    assert_eq!(up(&mut child, "a").await.failure, None);
    assert_eq!(up(&mut child, "m").await.failure, None);
}

#[tokio::test]
async fn what_alembic_remembers_for_a_run_holds_for_all_of_its_steps() {
    let Some(python) = interpreter("what_alembic_remembers_for_a_run_holds_for_all_of_its_steps") else {
        return;
    };
    let mut suite = Suite::new(&python);
    suite.revision("r1", "op.get_context().opts['seen'] = True", "pass");
    let second = "revision = 'r2'; down_revision = 'r1'\nfrom alembic import op\n\
        def upgrade():\n    op.get_context().opts['seen']\ndef downgrade(): pass\n";
    suite.write("migrations/versions/r2.py", second);
    let mut child = suite.host().await.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
    assert_eq!(raised(up(&mut child, "r2").await).class, "KeyError");
    assert_eq!(down(&mut child, "r1").await.failure, None);
    let outcome = child.upgrade_together(&[&"r1".to_owned()], "r2", LIMIT).await.unwrap();
    assert_eq!((outcome.failure, outcome.reached), (None, true));
    assert_eq!(down(&mut child, "r2").await.failure, None, "both are recorded");
    assert_eq!(down(&mut child, "r1").await.failure, None);
}

#[tokio::test]
async fn postgres_speaks_in_its_own_words() {
    let Some(python) = interpreter("postgres_speaks_in_its_own_words") else { return };
    let Ok(url) = std::env::var("MRT_TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED: postgres_speaks_in_its_own_words (MRT_TEST_POSTGRES_URL is not set)");
        return;
    };
    let mut suite = Suite::new(&python);
    // Temporary tables, and a version table that goes with the connection: nothing stays on the server.
    suite.url = url.replacen("postgres://", "postgresql+psycopg2://", 1);
    let temporary =
        ENV.replace("target_metadata=None", "target_metadata=None, version_table_schema='pg_temp'");
    suite.write("migrations/env.py", &temporary);
    suite.revision(
        "r1",
        "op.execute('CREATE TEMPORARY TABLE t (a integer PRIMARY KEY)')\n\
         op.execute('INSERT INTO t VALUES (1)')\nop.execute('INSERT INTO t VALUES (1)')",
        "pass",
    );
    let mut child = suite.host().await.child().await.unwrap();
    let raised = raised(up(&mut child, "r1").await);
    assert_eq!((raised.code.as_deref(), raised.line, raised.from_database), (Some("23505"), Some(8), true));
    assert_eq!(
        raised.message,
        "duplicate key value violates unique constraint \"t_pkey\"\nDETAIL:  Key (a)=(1) already exists."
    );
}

#[tokio::test]
async fn steps_run_and_their_statements_are_seen() {
    let Some(python) = interpreter("steps_run_and_their_statements_are_seen") else { return };
    let mut suite = Suite::new(&python);
    suite.revision(
        "r1",
        "op.execute('CREATE TABLE users (id INTEGER, name TEXT)')",
        "op.drop_table('users')",
    );
    suite.revision(
        "r2",
        "users = sa.table('users', sa.column('id'), sa.column('name'))\n\
         op.bulk_insert(users, [{'id': 1, 'name': 'Ada'}, {'id': 2, 'name': None}])",
        "op.execute(\"DELETE FROM users\")",
    );
    let host = suite.host().await;
    let ids: Vec<_> = host.revisions.iter().map(|seen| (seen.id.as_str(), seen.down.clone())).collect();
    assert_eq!(ids, [("r2", vec!["r1".to_owned()]), ("r1", vec![])]);

    let mut child = host.child().await.unwrap();
    let outcome = up(&mut child, "r1").await;
    assert_eq!(outcome.failure, None);
    assert!(!outcome.opaque);
    let create = outcome.statements.iter().find(|statement| statement.sql.contains("users")).unwrap();
    assert_eq!((create.sql.as_str(), create.line), ("CREATE TABLE users (id INTEGER, name TEXT)", Some(6)));
    assert!(outcome.statements.iter().any(|statement| statement.sql.contains("alembic_version")));

    let outcome = up(&mut child, "r2").await;
    let insert = outcome.statements.iter().find(|statement| statement.sql.contains("INTO users")).unwrap();
    assert_eq!((insert.parameters.join(" "), insert.line), ("1 Ada 2 NULL".to_owned(), Some(7)));
    assert_eq!(down(&mut child, "r2").await.failure, None);
    assert_eq!(up(&mut child, "r2").await.failure, None);
    child.end().await.unwrap();

    let mut next = host.child().await.unwrap();
    assert_eq!(down(&mut next, "r2").await.failure, None);
    assert_eq!(down(&mut next, "r1").await.failure, None);
    next.end().await.unwrap();
    host.close().await;
}

/// A fact in short: `t.s a,b` when a column is made so, `t.s? a,b` when it is read so.
fn short(declared: &Declared) -> String {
    match &declared.fact {
        Fact::Created { table, .. } => format!("{} new {table}", declared.statement),
        Fact::Renamed { table, from, to, .. } => format!("{} {table}.{from} -> {to}", declared.statement),
        Fact::Labels { schema, table, column, labels, made } => {
            assert_eq!(*schema, None, "the default schema has no name");
            let labels = labels.as_ref().map_or("any".to_owned(), |labels| labels.join(","));
            format!("{} {table}.{column}{} {labels}", declared.statement, if *made { "" } else { "?" })
        }
    }
}

#[tokio::test]
async fn labels_that_only_python_knows_are_told() {
    let Some(python) = interpreter("labels_that_only_python_knows_are_told") else { return };
    let mut suite = Suite::new(&python);
    suite.revision(
        "r1",
        "import enum\n\
         Mood = enum.Enum('Mood', {'SAD': 1, 'OK': 2})\n\
         class Wrapped(sa.TypeDecorator):\n    impl = sa.Enum('x', 'y')\n    cache_ok = True\n\
         op.create_table('t', sa.Column('id', sa.Integer, primary_key=True), sa.Column('s', sa.Enum(Mood)))\n\
         op.add_column('t', sa.Column('w', Wrapped()))\n\
         op.add_column('t', sa.Column('n', sa.Text().with_variant(sa.Enum('v'), 'sqlite')))\n\
         op.add_column('t', sa.Column('plain', sa.Text()))",
        "pass",
    );
    suite.revision(
        "r2",
        "with op.batch_alter_table('t') as batch:\n    batch.alter_column('s', new_column_name='mood')",
        "pass",
    );
    suite.revision(
        "r3",
        "t = sa.table('t', sa.column('mood'), sa.column('plain', sa.Enum('p', 'q')))\n\
         bind = op.get_bind()\n\
         bind.execute(t.update().values(mood='OK'))\n\
         other = t.alias()\n\
         bind.execute(sa.select(other.c.plain).where(other.c.mood == 'OK'))\n\
         bind.execute(sa.select(t.c.plain))",
        "pass",
    );
    let mut child = suite.host().await.child().await.unwrap();
    let mut told = Vec::new();
    for id in ["r1", "r2", "r3"] {
        let outcome = up(&mut child, id).await;
        assert_eq!(outcome.failure, None, "{id}");
        let own = |declared: &&Declared| !short(declared).contains("alembic_version");
        told.push(outcome.declared.iter().filter(own).map(short).collect::<Vec<_>>());
        for declared in &outcome.declared {
            assert!(declared.statement < outcome.statements.len());
        }
    }
    let without_number =
        |told: &[String]| told.iter().map(|t| t.split_once(' ').unwrap().1.to_owned()).collect::<Vec<_>>();
    assert_eq!(without_number(&told[0]), ["new t", "t.s SAD,OK", "t.w x,y", "t.n v", "t.plain any"]);
    assert_eq!(without_number(&told[1]), ["t.s -> mood"]);
    assert_eq!(
        without_number(&told[2]),
        ["t.plain? p,q"],
        "what is written is no fact, and one is told once"
    );
}

#[tokio::test]
async fn a_child_knows_whether_it_holds_anything_open() {
    let Some(python) = interpreter("a_child_knows_whether_it_holds_anything_open") else { return };
    let mut suite = Suite::new(&python);
    suite.revision("r1", "op.execute('CREATE TABLE t (a INTEGER)')", "op.execute('DROP TABLE t')");
    let url = suite.url.clone();
    suite.revision("r2", &format!("global left\nleft = sa.create_engine({url:?}).connect()"), "left.close()");
    suite.revision(
        "r3",
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
        "pass",
    );
    suite.revision("r4", "import subprocess\nsubprocess.run(['true'])", "pass");
    let host = suite.host().await;
    host.warm_up(LIMIT).await.unwrap();
    let mut child = host.child().await.unwrap();
    assert!(!child.is_quiet(), "before its first step nothing is known");
    for quiet in [up(&mut child, "r1").await, down(&mut child, "r1").await, up(&mut child, "r1").await] {
        assert_eq!(quiet.failure, None);
        assert!(child.is_quiet());
    }
    assert_eq!(up(&mut child, "r2").await.failure, None);
    assert!(!child.is_quiet(), "a connection is open");
    child.end().await.unwrap();
    for (revision, why) in [("r3", "a thread runs"), ("r4", "another process may have been there")] {
        let mut child = host.child().await.unwrap();
        assert_eq!(up(&mut child, revision).await.failure, None);
        assert!(!child.is_quiet(), "{why}");
    }
}

#[tokio::test]
async fn reflection_is_not_told_and_what_looks_like_it_is() {
    let Some(python) = interpreter("reflection_is_not_told_and_what_looks_like_it_is") else { return };
    let mut suite = Suite::new(&python);
    suite.revision(
        "r1",
        "op.execute('CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER REFERENCES t(a), UNIQUE (b))')\n\
         op.create_index('by_b', 't', ['b'])\n\
         sa.Table('t', sa.MetaData(), autoload_with=op.get_bind())\n\
         op.execute('SELECT name FROM sqlite_master WHERE 1')\n\
         op.execute('PRAGMA foreign_keys = OFF')\n\
         op.execute('SELECT a FROM t WHERE a IN (SELECT rootpage FROM sqlite_master)')\n\
         op.execute('SELECT name FROM sqlite_master m JOIN t ON 1 WHERE 1')",
        "sa.Table('t', sa.MetaData(), autoload_with=op.get_bind())\nop.execute('DROP TABLE nope')",
    );
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    let outcome = up(&mut child, "r1").await;
    assert_eq!((outcome.failure, outcome.opaque), (None, false));
    let of_revision = outcome.statements.iter().filter(|statement| statement.line.is_some());
    let begins: Vec<&str> = of_revision.map(|statement| &statement.sql[..12]).collect();
    assert_eq!(begins, ["CREATE TABLE", "CREATE INDEX", "PRAGMA forei", "SELECT a FRO", "SELECT name "]);
    let raised = raised(down(&mut child, "r1").await);
    assert_eq!(raised.statement.unwrap().sql, "DROP TABLE nope");
}
