//! Schemas of real programs. `MRT_TEST_CHAINS_PYTHON` names an interpreter in which prefect, mlflow and optuna are
//! installed; without it, and without a server, this says that it did not run.

use std::process::Command;

use super::super::{Batch, EdgeSet, RowKind, Seeded};
use super::real::{Real, postgres, target};
use crate::database::sqlite::Sqlite;
use crate::database::{DatabaseName, Dialect, Engine};
use mrt_chain::settings::{EngineKind, ServerSettings};

const CHAINS: [&str; 3] = ["optuna", "mlflow", "prefect"];

fn python(test: &str) -> Option<String> {
    let python = std::env::var("MRT_TEST_CHAINS_PYTHON").ok();
    if python.is_none() {
        eprintln!("SKIPPED: {test} (MRT_TEST_CHAINS_PYTHON is not set)");
    }
    python
}

fn upgrade(python: &str, chain: &str, url: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/seed/tests/chains.py");
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(python).args([script, chain, url]).env("HOME", home.path()).output().unwrap();
    assert!(output.status.success(), "{chain}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Seeds all tables, rows A and rows B, and says how far it came.
async fn check(chain: &str, mut real: Real, dialect: &dyn Dialect) {
    let there = real.catalog.clone();
    let bookkeeping = |name: &str| name.starts_with("alembic_version");
    let tables = real.catalog.tables.keys().filter(|name| !bookkeeping(&name.name)).cloned().collect();
    for batch in [Batch::A, Batch::B] {
        let start = std::time::Instant::now();
        let seeded: Seeded = real.seed_some(dialect, batch, &there, EdgeSet::All, &tables).await;
        let elapsed = start.elapsed();
        let ordinary = seeded.rows.iter().filter(|row| matches!(row.kind, RowKind::Ordinary(_))).count();
        eprintln!(
            "{chain} {batch:?}: {} of {} tables, {} rows ({ordinary} ordinary), {elapsed:?}",
            tables.len() - seeded.not_seeded.len(),
            tables.len(),
            seeded.rows.len(),
        );
        assert_eq!(seeded.not_seeded, Default::default(), "{chain}");
        for table in &tables {
            if !seeded.rows.iter().any(|row| row.row.table == *table) {
                eprintln!("{chain} {batch:?}: {table} takes no row beside those that are there");
            }
        }
    }
}

#[tokio::test]
async fn real_chains_are_seeded_on_sqlite() {
    let Some(python) = python("real_chains_are_seeded_on_sqlite") else { return };
    let dir = tempfile::tempdir().unwrap();
    let target = target(EngineKind::Sqlite, ServerSettings::Embedded, &[]);
    let engine = Sqlite::open(dir.path(), &target, None).await.unwrap();
    for (at, chain) in CHAINS.into_iter().enumerate() {
        let name = DatabaseName::new("seed", at);
        engine.create(&name).await.unwrap();
        upgrade(&python, chain, &engine.project_url(&name, None));
        let real = Real::new(engine.connect(&name).await.unwrap(), "").await;
        check(chain, real, engine.dialect()).await;
    }
}

#[tokio::test]
async fn real_chains_are_seeded_on_postgres() {
    let Some(python) = python("real_chains_are_seeded_on_postgres") else { return };
    let extensions = ["pg_trgm", "btree_gist"];
    let Some(engine) = postgres("real_chains_are_seeded_on_postgres", &extensions).await else { return };
    for (at, chain) in CHAINS.into_iter().enumerate() {
        let name = DatabaseName::new("seed", at);
        engine.create(&name).await.unwrap();
        upgrade(&python, chain, &engine.project_url(&name, Some("psycopg2")));
        let real = Real::new(engine.connect(&name).await.unwrap(), "").await;
        check(chain, real, engine.dialect()).await;
    }
    engine.close().await.unwrap();
}
