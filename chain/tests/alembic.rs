//! Compares our reading of chains with Alembic's own.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mrt_chain::settings::{EngineKind, Project};
use serde_json::{Value, json};

/// Prints what Alembic knows of each directory that holds an `alembic.ini`, or that it refuses it.
const ASK: &str = r#"
import json, os, sys, warnings
from alembic.config import Config
from alembic.script import ScriptDirectory

warnings.simplefilter("ignore")

def describe(directory):
    os.chdir(directory)
    script = ScriptDirectory.from_config(Config("alembic.ini", toml_file="pyproject.toml"))
    files = {r.revision: r for r in script.walk_revisions()}
    return {
        "heads": sorted(script.get_heads()),
        "tips": sorted(script.revision_map._real_heads),
        "bases": sorted(script.get_bases()),
        "revisions": {
            id: {
                "down": sorted(r._versioned_down_revisions),
                "depends_on": sorted(r._resolved_dependencies),
                "labels": sorted(r._orig_branch_labels),
                "file": r.path,
                "title": r.longdoc.split("\n")[0].rstrip(),
            }
            for id, r in files.items()
        },
    }

answers = []
for directory in sys.argv[1:]:
    try:
        answers.append(describe(directory))
    except Exception as error:
        answers.append({"error": repr(error)})
json.dump(answers, sys.stdout)
"#;

fn ask(directories: &[PathBuf]) -> Option<Vec<Value>> {
    let Ok(python) = std::env::var("MRT_TEST_PYTHON") else {
        eprintln!("SKIPPED: comparison with Alembic (MRT_TEST_PYTHON is not set)");
        return None;
    };
    let output = Command::new(python).arg("-c").arg(ASK).args(directories).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The same description, by us.
fn describe(directory: &Path) -> Value {
    let project = match Project::load(directory) {
        Ok(project) => project,
        Err(error) => return json!({"error": error.to_string()}),
    };
    let chain = match project.suites[0].chain(EngineKind::Sqlite) {
        Ok(chain) => chain,
        Err(error) => return json!({"error": error.to_string()}),
    };
    let sorted = |words: &[String]| words.iter().cloned().collect::<BTreeSet<_>>();
    let ids = |revisions: Vec<&mrt_chain::graph::Revision>| {
        revisions.into_iter().map(|revision| revision.id.clone()).collect::<BTreeSet<_>>()
    };
    let all: Vec<usize> = (0..chain.revisions().len()).collect();
    let revisions: BTreeMap<&str, Value> = chain
        .revisions()
        .iter()
        .map(|r| {
            let value = json!({
                "down": sorted(&r.down),
                "depends_on": sorted(&r.depends_on),
                "labels": sorted(&r.labels),
                "file": fs::canonicalize(&r.file).unwrap(),
                "title": r.title,
            });
            (r.id.as_str(), value)
        })
        .collect();
    json!({
        "heads": ids(chain.heads()),
        "tips": ids(chain.version_heads(&all)),
        "bases": ids(chain.bases()),
        "revisions": revisions,
    })
}

struct Suite {
    _keep: tempfile::TempDir,
    dir: PathBuf,
}

fn suite(files: &[(&str, &str)]) -> Suite {
    let keep = tempfile::tempdir().unwrap();
    let dir = fs::canonicalize(keep.path()).unwrap();
    let ini = "[alembic]\nscript_location = scripts\n";
    for (name, text) in [("alembic.ini", ini), ("scripts/env.py", "")].iter().chain(files) {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(dir.join("scripts/versions")).unwrap();
    Suite { _keep: keep, dir }
}

fn agree(suites: &[Suite]) {
    let directories: Vec<PathBuf> = suites.iter().map(|suite| suite.dir.clone()).collect();
    let Some(answers) = ask(&directories) else { return };
    for (directory, answer) in directories.iter().zip(answers) {
        assert_eq!(answer.get("error"), None, "Alembic refuses {}", directory.display());
        assert_eq!(describe(directory), answer);
    }
}

#[test]
fn every_way_to_write_a_revision_is_read_as_alembic_reads_it() {
    let written = suite(&[
        ("scripts/versions/__init__.py", "raise SystemExit('not a revision')"),
        ("scripts/versions/README", "no Python"),
        (
            "scripts/versions/0001_first.py",
            "\"\"\"the first one\n\nCreate Date: today\n\"\"\"\nrevision = 'aaaa'\ndown_revision = None\n",
        ),
        (
            "scripts/versions/0002_annotated.py",
            "'''\n\n  blank lines before  \nsecond\n'''\nfrom typing import Sequence, Union\n\
             revision: str = 'bbbb'\ndown_revision: Union[str, None] = ('aa' 'aa')\n\
             branch_labels: Union[str, Sequence[str], None] = ('left', 'west')\ndepends_on = None\n",
        ),
        (
            "scripts/versions/0003_names.py",
            "PARENT = 'aaaa'\nrevision, down_revision = 'cccc', [PARENT]\nbranch_labels = {'right'}\n\
             depends_on = []\nasync def upgrade(): ...\n",
        ),
        (
            "scripts/versions/0004_merge.py",
            "A = ('bbbb',)\nrevision = 'd' + 'ddd'\ndown_revision = A + ('cccc',)\ndown_revision += ()\n",
        ),
        (
            "scripts/versions/0005_other_base.py",
            "revision = 'eeee'\ndown_revision = None\nbranch_labels = 'other'\ndepends_on = 'left'\n",
        ),
        (
            "scripts/versions/0006_on_other.py",
            "revision = 'ffff'\ndown_revision = 'eeee'\ndepends_on = ('dddd', 'cccc', *('aaaa',))\n",
        ),
        ("scripts/versions/abc123.py", "down_revision = 'ffff'\n"),
        (".hidden/empty", ""),
    ]);
    let recursive = suite(&[
        (
            "alembic.ini",
            "[alembic]\nscript_location = %(here)s/scripts\nrecursive_version_locations = true\n",
        ),
        ("scripts/versions/a.py", "revision = 'aaaa'\ndown_revision = None\n"),
        ("scripts/versions/2024/b.py", "revision = 'bbbb'\ndown_revision = 'aaaa'\n"),
        ("scripts/versions/2024/05/.c.py", "revision = 'cccc'\ndown_revision = 'bbbb'\n"),
        ("scripts/versions/__pycache__/d.py", "revision = 'dddd'\ndown_revision = 'bbbb'\n"),
        ("scripts/versions/2024/.#lock.py", "neither Python nor read"),
    ]);
    let locations = suite(&[
        (
            "alembic.ini",
            "[DEFAULT]\nplace = one\n[alembic]\nscript_location: scripts\npath_separator = newline\n\
             version_locations =\n  # a comment\n  %(here)s/%(place)s\n\n  ./two words\n",
        ),
        ("one/a.py", "revision = 'aaaa'\ndown_revision = None\n"),
        ("two words/b.py", "# coding: latin-1\nrevision = 'bbbb'\ndown_revision = 'aaaa'\n"),
    ]);
    let latin = b"# coding: latin-1\nrevision = 'bbbb'\ndown_revision = 'aaaa'\nNAME = 'Andr\xe9'\n";
    fs::write(locations.dir.join("two words/b.py"), latin).unwrap();
    let pyproject = suite(&[
        ("alembic.ini", "[loggers]\nkeys = root\n"),
        (
            "pyproject.toml",
            "[tool.alembic]\nscript_location = '%(here)s/scripts'\nversion_locations = ['%(here)s/scripts/x']\n",
        ),
        ("scripts/x/a.py", "revision = 'aaaa'\ndown_revision = None\n"),
    ]);
    let package = suite(&[
        (
            "alembic.ini",
            "[alembic]\nscript_location = app.db:migrations\nprepend_sys_path = . lib\n\
             version_locations = app.db:migrations:one,app.db:migrations:two\n",
        ),
        ("lib/app/__init__.py", ""),
        ("lib/app/db/__init__.py", ""),
        ("lib/app/db/migrations/env.py", ""),
        ("lib/app/db/migrations/one/a.py", "revision = 'aaaa'\ndown_revision = None\n"),
        ("lib/app/db/migrations/two/b.py", "revision = 'bbbb'\ndown_revision = 'aaaa'\n"),
    ]);
    agree(&[written, recursive, locations, pyproject, package]);
}

#[test]
fn chains_that_alembic_refuses_are_refused() {
    let first =
        ("scripts/versions/a.py", "revision = 'aaaa1'\ndown_revision = None\nbranch_labels = 'one'\n");
    let broken = [
        "revision = 'bbbb'\ndown_revision = 'aaaa'\n",
        "revision = 'bbbb'\ndown_revision = 'one'\n",
        "revision = 'bbbb'\ndown_revision = ''\n",
        "revision = 'bbbb'\ndown_revision = 'aaaa1'\ndepends_on = 'aaaa'\n",
        "revision = 'bbbb'\ndown_revision = 'bbbb'\n",
        "revision = 'bbbb'\ndown_revision = 'aaaa1'\ndepends_on = 'self'\nbranch_labels = 'self'\n",
        "revision = 'bb-b'\ndown_revision = 'aaaa1'\n",
        "revision = 'bbbb'\ndown_revision = 'aaaa1'\nbranch_labels = 'one'\n",
        "revision = 'bbbb'\ndown_revision = 'aaaa1'\nbranch_labels = 'aaaa1'\n",
        "revision = 'bbbb'\n",
        "down_revision = 'aaaa1'\n",
        "revision = 'bbbb'\ndown_revision = (\n",
    ];
    let suites: Vec<Suite> =
        broken.iter().map(|text| suite(&[first, ("scripts/versions/second.py", text)])).collect();
    let directories: Vec<PathBuf> = suites.iter().map(|suite| suite.dir.clone()).collect();
    let Some(answers) = ask(&directories) else { return };
    for ((text, directory), answer) in broken.iter().zip(&directories).zip(answers) {
        assert!(answer.get("error").is_some(), "Alembic accepts {text:?}");
        assert!(describe(directory).get("error").is_some(), "we accept {text:?}");
    }
}

/// A repeatable source of numbers (Knuth's constants).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

#[test]
fn random_chains_are_read_as_alembic_reads_them() {
    let suites: Vec<Suite> = (0..25)
        .map(|seed| {
            let mut numbers = Numbers(seed);
            let id = |n: usize| format!("{:06x}", (n * 7_919 + 104_729) % 0xff_ff_ff);
            let files: Vec<(String, String)> = (0..30)
                .map(|n| {
                    let mut some = |most: usize| {
                        let count = if n == 0 { 0 } else { numbers.below(most + 1) };
                        let ids: BTreeSet<String> = (0..count).map(|_| id(numbers.below(n))).collect();
                        ids
                    };
                    let down = some(2);
                    // A dependency on a parent is allowed and means nothing.
                    let depends_on = if n % 4 == 0 { some(2) } else { BTreeSet::new() };
                    let tuple = |ids: &BTreeSet<String>| {
                        let words: Vec<String> = ids.iter().map(|id| format!("'{id}',")).collect();
                        if words.is_empty() { "None".to_owned() } else { format!("({})", words.concat()) }
                    };
                    let label = if n % 7 == 0 { format!("'label{n}'") } else { "None".to_owned() };
                    let text = format!(
                        "revision = '{}'\ndown_revision = {}\ndepends_on = {}\nbranch_labels = {label}\n",
                        id(n),
                        tuple(&down),
                        tuple(&depends_on)
                    );
                    (format!("scripts/versions/{}_{n}.py", 1000 - n), text)
                })
                .collect();
            let files: Vec<(&str, &str)> =
                files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            suite(&files)
        })
        .collect();
    agree(&suites);
}
