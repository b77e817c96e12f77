//! `env.py`, and what is said of it.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;

use mrt_chain::settings::{EngineKind, Project};
use mrt_lint::project::{Selection, check, check_texts};

const REVISION: &str = "from alembic import op\nrevision = 'r'\ndown_revision = None\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n";

fn said(environment: &str, engine: EngineKind) -> Vec<String> {
    let texts = [("env.py", environment), ("r.py", REVISION)];
    let checked = check_texts(&texts, &[engine], &Selection::default()).unwrap();
    checked
        .findings
        .iter()
        .map(|finding| format!("{}:{} {}", finding.file, finding.line, finding.code))
        .collect()
}

#[test]
fn what_a_file_does_not_say_is_not_said_of_it() {
    let nothing = Vec::<String>::new();
    let said = |text: &str| said(text, EngineKind::Sqlite);
    assert_eq!(said(""), nothing);
    // Flask-Migrate hands its options over.
    assert_eq!(
        said(
            "context.configure(connection=c, target_metadata=m, **current_app.extensions['migrate'].configure_args)\n"
        ),
        nothing
    );
    // Without models nothing is compared.
    assert_eq!(said("context.configure(connection=c, target_metadata=None)\n"), nothing);
    assert_eq!(
        said("target_metadata = None\ncontext.configure(connection=c, target_metadata=target_metadata)\n"),
        nothing
    );
    // SQL that is written is compared with nothing, either.
    assert_eq!(said("context.configure(url=u, target_metadata=m, literal_binds=True)\n"), nothing);
    assert_eq!(said("logging.configure(connection=c, target_metadata=m)\n"), nothing);
    let unknown = "context.configure(connection=c, target_metadata=m, compare_type=f(), compare_server_default=g, render_as_batch=url.startswith('sqlite'))\n";
    assert_eq!(said(unknown), nothing);
}

#[test]
fn options_are_found_in_functions_and_behind_names() {
    let text = "OFF = False\n\n\ndef run(connection):\n    alembic.context.configure(\n        connection=connection,\n        target_metadata=Base.metadata,\n        compare_type=OFF,\n        render_as_batch=True,\n        compare_server_default=True,\n    )\n";
    assert_eq!(said(text, EngineKind::Sqlite), ["env.py:8 MRT851"]);
    assert_eq!(said(&text.replace("OFF,", "OFF,  # noqa: MRT851"), EngineKind::Sqlite), Vec::<String>::new());
    // A name that is given a value again may be anything.
    assert_eq!(said(&format!("OFF = True\n{text}"), EngineKind::Sqlite), Vec::<String>::new());
    let without = text.replace("        render_as_batch=True,\n", "");
    assert_eq!(said(&without, EngineKind::Sqlite), ["env.py:5 MRT854", "env.py:8 MRT851"]);
    assert_eq!(said(&without, EngineKind::Postgres), ["env.py:8 MRT851"]);
}

#[test]
fn version_tables_are_compared_where_both_are_said() {
    let both = |offline: &str, online: &str| {
        let text = format!("context.configure(url=u{offline})\ncontext.configure(connection=c{online})\n");
        said(&text, EngineKind::Postgres)
    };
    let differs = ["env.py:1 MRT856"];
    assert_eq!(both("", ", version_table='v'"), differs);
    assert_eq!(both(", version_table='v'", ""), differs);
    assert_eq!(both(", version_table='v'", ", version_table='w'"), differs);
    assert_eq!(both(", version_table_schema='v'", ", version_table_schema='w'"), differs);
    let nothing = Vec::<String>::new();
    assert_eq!(both(", version_table='v'", ", version_table='v'"), nothing);
    assert_eq!(both(", version_table=name()", ", version_table='v'"), nothing);
    assert_eq!(both(", version_table='v'", ", **more"), nothing);
    assert_eq!(both("", ", version_table=None"), nothing);
}

#[test]
fn transactional_ddl_is_the_engine_s() {
    let said = |value: &str, engine| {
        said(&format!("context.configure(connection=c, transactional_ddl={value})\n"), engine)
    };
    for (value, engine, wrong) in [
        ("False", EngineKind::Postgres, true),
        ("True", EngineKind::Postgres, false),
        ("True", EngineKind::MySql, true),
        ("False", EngineKind::MySql, false),
        // pysqlite can be taught.
        ("True", EngineKind::Sqlite, false),
    ] {
        assert_eq!(said(value, engine).len(), usize::from(wrong), "{value} on {engine:?}");
    }
}

#[test]
fn the_file_is_that_of_the_script_directory() {
    let dir = tempfile::tempdir().unwrap();
    let versions = dir.path().join("migrations/versions");
    fs::create_dir_all(&versions).unwrap();
    fs::write(dir.path().join("alembic.ini"), "[alembic]\nscript_location = %(here)s/migrations\n").unwrap();
    fs::write(versions.join("r.py"), REVISION).unwrap();
    let codes = |environment: &[u8]| {
        fs::write(dir.path().join("migrations/env.py"), environment).unwrap();
        let project = Project::load(dir.path()).unwrap();
        let checked = check(&project.suites[0], &Selection::default()).unwrap();
        assert_eq!(checked.files, 1, "it is no revision");
        let has_text = |file: &str| checked.sources.contains_key(file);
        assert!(checked.findings.iter().all(|finding| has_text(&finding.file)));
        checked
            .findings
            .iter()
            .map(|finding| format!("{}:{} {}", finding.file, finding.line, finding.code))
            .collect::<Vec<_>>()
    };
    let wrong = "from alembic import context\ncontext.configure(connection=c, target_metadata=m, compare_type=False, compare_server_default=True, render_as_batch=True)\n";
    assert_eq!(codes(wrong.as_bytes()), ["migrations/env.py:2 MRT851"]);
    assert_eq!(codes(b"def broken(:\n"), ["migrations/env.py:1 MRT902"]);
    assert_eq!(codes(&[0, 159, 146, 150]), ["migrations/env.py:1 MRT902"]);
    fs::remove_file(dir.path().join("migrations/env.py")).unwrap();
    let project = Project::load(dir.path()).unwrap();
    assert_eq!(check(&project.suites[0], &Selection::default()).unwrap().findings, []);
}
