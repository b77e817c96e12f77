//! What a step sends to the database.

use super::*;

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
