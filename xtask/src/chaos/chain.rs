//! The chain that the farm is given: some revisions have findings, one branch cannot be applied, another one is there to
//! kill workers. Each upgrade stops at a gate of its own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::gates::Gates;
use crate::bench::chains;
use crate::process::Problem;

/// The suite's name.
pub(super) const SUITE: &str = "chaos";
/// What it runs on, as the settings name it.
pub(super) const TARGETS: [&str; 2] = ["sqlite", POSTGRES];
/// The target that takes a container.
pub(super) const POSTGRES: &str = "postgres:15";
/// In the middle of the chain. Nothing but [`NEEDS_DEADLY`] needs it.
pub(super) const DEADLY: &str = "deadly";
/// It cannot be tried without [`DEADLY`], and stands near the chain's end, so that whoever takes that over has to apply what it
/// is not asked about.
pub(super) const NEEDS_DEADLY: &str = "needs_deadly";
/// The branches: two of two revisions.
const BRANCHED: usize = 4;

const INI: &str = "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n";

const ENV: &str = r"from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(context.config.get_section('alembic'), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
";

/// Writes the project: so many revisions, which stop at these gates.
pub(super) fn write(directory: &Path, revisions: usize, gates: &Gates) -> Result<PathBuf, Problem> {
    let file = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|source| Problem::File { path: path.to_owned(), source })
    };
    let versions = directory.join("migrations/versions");
    std::fs::create_dir_all(&versions).map_err(|source| Problem::File { path: versions.clone(), source })?;
    file(&directory.join("mrt.toml"), &settings())?;
    file(&directory.join("alembic.ini"), INI)?;
    file(&directory.join("migrations/env.py"), ENV)?;
    file(&directory.join("gate.py"), &gates.module())?;
    let trunk = trunk(revisions);
    let mut parent = "None".to_owned();
    for number in 0..trunk {
        let (id, (up, down)) = (name(number), step(number));
        file(&versions.join(format!("{id}.py")), &revision(&id, &parent, &up, &down))?;
        parent = format!("{id:?}");
    }
    let fork = format!("{:?}", name(trunk / 2));
    let merge = format!("({DEADLY:?}, {:?})", name(trunk * 9 / 10));
    let stuck = "    raise RuntimeError(\"never to be applied\")\n".to_owned();
    let column = |name: &str| format!("    op.add_column(\"t0\", sa.Column(\"{name}\", sa.Integer))\n");
    let no_column = |name: &str| format!("    op.drop_column(\"t0\", \"{name}\")\n");
    let branches = [
        (DEADLY, &*fork, column(DEADLY), no_column(DEADLY)),
        (NEEDS_DEADLY, &merge, column(NEEDS_DEADLY), no_column(NEEDS_DEADLY)),
        ("stuck", &fork, stuck, no_column("stuck")),
        ("behind_stuck", "\"stuck\"", column("behind"), no_column("behind")),
    ];
    for (id, parent, up, down) in branches {
        file(&versions.join(format!("{id}.py")), &revision(id, parent, &up, &down))?;
    }
    Ok(directory.to_owned())
}

/// A revision of the trunk that comes so far into it, in hundredths.
pub(super) fn at(revisions: usize, hundredths: usize) -> String {
    name(trunk(revisions) * hundredths / 100)
}

/// How many revisions follow one another.
fn trunk(revisions: usize) -> usize {
    revisions.saturating_sub(BRANCHED).max(4)
}

fn name(number: usize) -> String {
    format!("r{number:04}")
}

fn settings() -> String {
    let targets: Vec<String> = TARGETS.iter().map(|target| format!("{target:?}")).collect();
    // A gate may be closed for longer than any step takes.
    format!("name = \"{SUITE}\"\ntargets = [{}]\ntimeout = \"10m\"\n", targets.join(", "))
}

/// What a revision of the trunk does, up and down. Now and then that loses values, or hangs on the rows.
fn step(number: usize) -> (String, String) {
    let table = number / 4;
    match number % 20 {
        11 => (
            format!("    op.drop_column(\"t{table}\", \"amount\")\n"),
            format!("    op.add_column(\"t{table}\", sa.Column(\"amount\", sa.Numeric(10, 2)))\n"),
        ),
        7 => {
            let batch = format!("    with op.batch_alter_table(\"t{table}\") as batch:\n        batch.");
            let constraint = format!("\"uq_t{table}_amount\"");
            (
                format!("{batch}create_unique_constraint({constraint}, [\"amount\"])\n"),
                format!("{batch}drop_constraint({constraint}, type_=\"unique\")\n"),
            )
        }
        // Narrowing a number on the way down hangs on the rows, which takes many trials.
        15 | 19 => (
            format!("    op.add_column(\"t{table}\", sa.Column(\"remark\", sa.String(40)))\n"),
            format!("    op.drop_column(\"t{table}\", \"remark\")\n"),
        ),
        _ => chains::altering(number),
    }
}

/// The file of a revision, whose parents stand as Python writes them.
fn revision(id: &str, parent: &str, up: &str, down: &str) -> String {
    let mut text = String::new();
    // A string has room for it.
    let _ = write!(
        text,
        "\"\"\"Step {id}.\"\"\"\n\nimport sqlalchemy as sa\nfrom alembic import op\nfrom gate import hold\n\nrevision = {id:?}\ndown_revision = {parent}\nbranch_labels = None\ndepends_on = None\n\n\ndef upgrade():\n    hold(revision)\n{up}\n\ndef downgrade():\n{down}"
    );
    text
}
