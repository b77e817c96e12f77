//! Revisions that import code of their project.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;

use mrt_chain::settings::Project;
use mrt_lint::Selection;

const HEAD: &str = "import sqlalchemy as sa\nfrom alembic import op\n";

fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// What is said of one revision of a package `shop`, whose settings stand beside it.
fn said(helpers: &[(&str, &str)], body: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            (
                "alembic.ini",
                "[alembic]\nscript_location = %(here)s/shop/migrations\nsqlalchemy.url = postgresql://\n",
            ),
            ("shop/__init__.py", ""),
            ("shop/migrations/__init__.py", ""),
            (
                "shop/migrations/versions/r1.py",
                &format!("{HEAD}revision = 'r1'\ndown_revision = None\n{body}"),
            ),
        ],
    );
    write(dir.path(), helpers);
    let project = Project::load(dir.path()).unwrap();
    let checked = mrt_lint::check(&project.suites[0], &Selection::default()).unwrap();
    let line = |finding: &mrt_lint::Finding| {
        format!("{}:{} {} {}", finding.file, finding.line, finding.severity, finding.code)
    };
    checked.findings.iter().map(line).collect()
}

const COLUMNS: &str = "from alembic import op\nimport sqlalchemy as sa\n\nNAMES = ('made_by', 'made_at')\n\n\n\
    def add(table):\n    for name in NAMES:\n        op.add_column(table, sa.Column(name, sa.Text()))\n\n\n\
    def drop(table):\n    for name in reversed(NAMES):\n        op.drop_column(table, name)\n";

#[test]
fn functions_of_the_project_are_followed() {
    let helpers = [("shop/migrations/columns.py", COLUMNS)];
    for import in [
        "from shop.migrations.columns import add, drop",
        "from shop.migrations import columns\nadd, drop = columns.add, columns.drop",
        "import shop.migrations.columns as c\nadd = c.add\ndrop = c.drop",
        "from shop.migrations.columns import *",
    ] {
        let body = |down: &str| {
            format!("{import}\n\n\ndef upgrade():\n    add('users')\n\n\ndef downgrade():\n    {down}\n")
        };
        let line = 5 + import.lines().count() + 3;
        assert_eq!(said(&helpers, &body("drop('users')")), Vec::<String>::new(), "{import}");
        let left = said(&helpers, &body("op.drop_column('users', 'made_by')"));
        // The place is that of the call, not one in another file.
        assert_eq!(left, [format!("shop/migrations/versions/r1.py:{line} error MRT801")], "{import}");
    }
}

#[test]
fn names_are_handed_on_and_seen_by_whom_they_belong_to() {
    let helpers = [
        ("shop/migrations/tools/__init__.py", "from .columns import add, drop as take_away\n"),
        ("shop/migrations/tools/columns.py", COLUMNS),
    ];
    let body = "from shop.migrations.tools import add, take_away\nNAMES = ('not_this_one',)\n\n\n\
        def upgrade():\n    add('users')\n\n\ndef downgrade():\n    take_away('users')\n    op.drop_column('users', NAMES[0])\n";
    assert_eq!(said(&helpers, body), ["shop/migrations/versions/r1.py:15 error MRT802"]);
}

#[test]
fn what_cannot_be_followed_is_not_known() {
    let opaque = ["shop/migrations/versions/r1.py:9 warning MRT104"];
    let body = |import: &str, call: &str| {
        format!(
            "{import}\n\n\ndef upgrade():\n    {call}\n\n\ndef downgrade():\n    op.drop_column('users', 'made_by')\n"
        )
    };
    let import = "from shop.migrations.columns import add";
    let call = body(import, "add('users')");
    // There is no such file, or it is no Python.
    assert_eq!(said(&[], &call), opaque);
    assert_eq!(said(&[("shop/migrations/columns.py", "def add(:\n")], &call), opaque);
    // What it is given to call sees names of the revision; names of a star may be anything.
    let runs = "def add(function):\n    function()\n";
    assert_eq!(
        said(&[("shop/migrations/columns.py", runs)], &body(import, "add(lambda: op.drop_table('t'))")),
        opaque
    );
    let stars = "from elsewhere import *\n\n\ndef add(table):\n    add_all(table)\n";
    assert_eq!(said(&[("shop/migrations/columns.py", stars)], &call), opaque);
    // Modules that import each other end.
    let circle = [
        (
            "shop/migrations/columns.py",
            "from shop.migrations.other import more\n\n\ndef add(table):\n    more(table)\n",
        ),
        (
            "shop/migrations/other.py",
            "from shop.migrations.columns import add\n\n\ndef more(table):\n    add(table)\n",
        ),
    ];
    assert_eq!(said(&circle, &call), opaque);
}
