//! Generated chains for the bench: the same files for both tools.

use std::fmt::Write as _;
use std::path::Path;

use crate::process::Problem;

/// What a generated chain does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shape {
    /// Every revision makes a table of its own, as in the peer's own benchmark.
    Tables,
    /// Every fourth revision makes a table with a foreign key to an earlier one; the others alter the tables that are
    /// there: a column, an index, a longer number.
    Altering,
}

impl Shape {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Tables => "tables",
            Self::Altering => "altering",
        }
    }
}

const INI: &str = "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n";

const ENV: &str = r#"import os

from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
if not config.get_main_option("sqlalchemy.url"):
    config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])

engine = engine_from_config(config.get_section(config.config_ini_section), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
"#;

const CONFTEST: &str = r#"import os

from pytest_mrt import MRTConfig


def pytest_configure(config):
    config._mrt_config = MRTConfig(alembic_ini="alembic.ini", db_url=os.environ["DATABASE_URL"])
"#;

/// Writes a project with `revisions` revisions into `directory`.
pub(crate) fn write(directory: &Path, shape: Shape, revisions: usize) -> Result<(), Problem> {
    let failed =
        |error: std::io::Error| Problem::unusable(format!("cannot write {}: {error}", directory.display()));
    let _ = std::fs::remove_dir_all(directory);
    let versions = directory.join("migrations/versions");
    std::fs::create_dir_all(&versions).map_err(failed)?;
    std::fs::write(directory.join("alembic.ini"), INI).map_err(failed)?;
    std::fs::write(directory.join("migrations/env.py"), ENV).map_err(failed)?;
    std::fs::write(directory.join("conftest.py"), CONFTEST).map_err(failed)?;
    for number in 0..revisions {
        let (up, down) = match shape {
            Shape::Tables => table(number),
            Shape::Altering => altering(number),
        };
        let text = revision(number, &up, &down);
        std::fs::write(versions.join(format!("{number:04}_step.py")), text).map_err(failed)?;
    }
    Ok(())
}

fn revision(number: usize, up: &str, down: &str) -> String {
    let parent = if number == 0 { "None".to_owned() } else { format!("\"r{:04}\"", number - 1) };
    let mut text = String::new();
    let _ = write!(
        text,
        "\"\"\"Step {number}.\"\"\"\n\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = \"r{number:04}\"\ndown_revision = {parent}\nbranch_labels = None\ndepends_on = None\n\n\ndef upgrade():\n{up}\n\ndef downgrade():\n{down}"
    );
    text
}

fn table(number: usize) -> (String, String) {
    (
        format!(
            "    op.create_table(\n        \"t{number}\",\n        sa.Column(\"id\", sa.Integer, primary_key=True),\n        sa.Column(\"name\", sa.String(100), nullable=False),\n        sa.Column(\"email\", sa.String(200)),\n        sa.Column(\"amount\", sa.Numeric(10, 2)),\n        sa.Column(\"created_at\", sa.DateTime),\n    )\n"
        ),
        format!("    op.drop_table(\"t{number}\")\n"),
    )
}

/// What a revision of [`Shape::Altering`] does, up and down.
pub(crate) fn altering(number: usize) -> (String, String) {
    let table = number / 4;
    match number % 4 {
        0 => {
            let key = if table == 0 {
                String::new()
            } else {
                // A tree: SQLAlchemy reflects a table with all that its keys lead to, so that in a chain of keys its
                // reflection would be all that is measured.
                let parent = (table - 1) / 2;
                format!(
                    "        sa.Column(\"parent_id\", sa.Integer, sa.ForeignKey(\"t{parent}.id\", name=\"fk_t{table}_parent\")),\n"
                )
            };
            (
                format!(
                    "    op.create_table(\n        \"t{table}\",\n        sa.Column(\"id\", sa.Integer, primary_key=True),\n        sa.Column(\"name\", sa.String(50), nullable=False),\n        sa.Column(\"amount\", sa.Numeric(10, 2)),\n{key}    )\n"
                ),
                format!("    op.drop_table(\"t{table}\")\n"),
            )
        }
        1 => (
            format!("    op.add_column(\"t{table}\", sa.Column(\"note\", sa.Text))\n"),
            format!(
                "    with op.batch_alter_table(\"t{table}\") as batch:\n        batch.drop_column(\"note\")\n"
            ),
        ),
        2 => (
            format!("    op.create_index(\"ix_t{table}_name\", \"t{table}\", [\"name\"])\n"),
            format!("    op.drop_index(\"ix_t{table}_name\", \"t{table}\")\n"),
        ),
        _ => (
            format!(
                "    with op.batch_alter_table(\"t{table}\") as batch:\n        batch.alter_column(\"amount\", existing_type=sa.Numeric(10, 2), type_=sa.Numeric(14, 2))\n"
            ),
            format!(
                "    with op.batch_alter_table(\"t{table}\") as batch:\n        batch.alter_column(\"amount\", existing_type=sa.Numeric(14, 2), type_=sa.Numeric(10, 2))\n"
            ),
        ),
    }
}
