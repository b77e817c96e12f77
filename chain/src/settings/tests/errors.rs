//! What people read when their settings are wrong.

use std::fmt::Write as _;

use super::*;

const WRONG: &[(&str, &str)] = &[
    ("no TOML", "targets = [\n"),
    ("unknown key", "timout = 3"),
    ("unknown key, nothing near", "colour = 3"),
    ("unknown key in a table", "[python]\nrequirement = 'x'"),
    ("a suite's table misspelled", "[suites.a]\npath = 'a'"),
    ("key beside suites", "targets = ['sqlite']\n[suite.a]\n"),
    ("wrong type", "recursive = 'yes'"),
    ("wrong type in a list", "targets = ['sqlite', 3]"),
    ("unknown engine", "targets = ['sqlite', 'postgre:16']"),
    ("unsupported version", "targets = ['postgres:9.6']"),
    ("target twice", "targets = ['pg:16', 'postgres:16']"),
    ("no target", "targets = []"),
    ("table of an unknown engine", "[target.\"db2:11\"]\n"),
    ("two tables", "[target.'pg:16']\n[target.'postgres:16']\n"),
    ("sqlite with a server", "[target.sqlite]\nimage = 'x'"),
    ("image for a server that is there", "[target.postgres]\nurl_env = 'X'\nimage = 'x'"),
    ("URL for a container", "[target.postgres]\nserver = 'docker'\nurl_env = 'X'"),
    ("no URL", "[target.postgres]\nserver = 'external'"),
    ("two URLs", "[target.postgres]\nurl = 'postgres://x'\nurl_env = 'X'"),
    ("URL of SQLAlchemy", "[target.postgres]\nurl = 'postgresql+psycopg2://x'"),
    ("URL of another engine", "[target.mysql]\nurl = 'mariadb://x'"),
    ("extensions where there are none", "[target.mysql]\nextensions = ['citext']"),
    ("locale that is no collation", "[target.mariadb]\nlocale = 'C.UTF-8'"),
    ("unknown server", "[target.postgres]\nserver = 'dockr'"),
    ("room on a server that is there", "[target.postgres]\nurl_env = 'X'\ndisk = '1GB'"),
    ("no size", "[target.sqlite]\ndisk = 'much'"),
    ("a size that holds no server", "[target.postgres]\ndisk = '1MB'"),
    ("a size of another kind", "[target.postgres]\ndisk = 1.5"),
    ("unknown role", "[target.postgres]\nrole = 'admin'"),
    ("engine of a driver", "drivers = { db2 = 'x' }"),
    ("engine of a location", "version_locations = { db2 = 'x' }"),
    ("no time", "timeout = 'soon'"),
    ("no time at all", "timeout = 0"),
    ("negative time", "timeout = -1"),
    ("no day", "[[accept]]\nrevision = 'a'\nreason = 'b'\nuntil = '2030-02-30'"),
    ("no reason", "[[skip]]\nrevision = 'a'\n"),
    ("empty reason", "[[skip]]\nrevision = 'a'\nreason = ' '\n"),
    ("target of an accepted finding", "[[accept]]\nrevision = 'a'\nreason = 'b'\ntargets = ['pg:x']\n"),
    ("seed without rows", "[[seed]]\ntable = 'users'\n"),
    ("seed with two sources", "[[seed]]\ntable = 'users'\nsql = ''\ncommand = ['x']\n"),
    ("no such file", "[[seed]]\ntable = 'users'\nsql_file = 'seed.sql'\n"),
    ("no such requirements", "[python]\nrequirements = ['a.txt']"),
    ("no such project", "python = { project = 'x' }"),
    ("bootstrap", "bootstrap = 'create'"),
    ("around", "around = 'app.run'"),
    ("no such script directory", "script_location = '{root}/x'"),
    ("no such section", "section = 'x'"),
    ("no such alembic.ini", "alembic = 'x.ini'"),
    ("no such directory", "path = 'x'"),
    ("no project in a directory", "path = 'migrations'"),
    ("unknown key of the check", "[check]\nselects = ['MRT2']"),
    ("a rule's severity is no list", "[check]\nseverity = ['error']"),
    ("no pattern", "[[check.path]]\nfiles = 'versions/[a'\nignore = ['MRT1']"),
    ("no pattern at all", "[[check.path]]\nfiles = []\nignore = ['MRT1']"),
    ("files of which nothing is said", "[[check.path]]\nfiles = '*.py'"),
    ("no files", "[[check.path]]\nignore = ['MRT1']"),
    ("name", "name = 'a b'"),
    ("name twice", "[suite.a]\nname = 'b'"),
    ("defaults alone", "[defaults]\ntimeout = 3"),
    ("one suite's key in the defaults", "[defaults]\nfloor = 'a'\n[suite.a]\n"),
    ("two suites are one", "[suite.a]\n[suite.b]\n"),
];

#[test]
fn every_error_says_where_what_and_what_to_do() {
    let mut shown = String::new();
    for (what, text) in WRONG {
        let files = Files::with_settings(text);
        let error = Project::load(&files.root).map(|_| ()).unwrap_err();
        let message = files.plain(&error.to_string());
        assert!(message.contains("; "), "{what}: nothing to do in {message}");
        writeln!(shown, "{what}\n    {message}").unwrap();
    }
    insta::assert_snapshot!(shown);
}

const WRONG_FILES: &[(&str, &[(&str, &str)])] = &[
    ("nothing", &[]),
    ("a pyproject without Alembic", &[("pyproject.toml", "[project]\nname = 'x'\n")]),
    ("no section", &[("alembic.ini", "[loggers]\nkeys = root\n")]),
    ("no location", &[("alembic.ini", "[alembic]\n")]),
    ("no directory", &[("alembic.ini", "[alembic]\nscript_location = x\n")]),
    ("no package", &[("alembic.ini", "[alembic]\nscript_location = app:x\n")]),
    ("undefined name", &[("alembic.ini", "[alembic]\n\nscript_location = %(root)s/x\n")]),
    ("a name of itself", &[("alembic.ini", "[alembic]\nscript_location = %(script_location)s/x\n")]),
    ("percent sign", &[("alembic.ini", "[alembic]\nscript_location = 100%\n")]),
    ("no header", &[("alembic.ini", "script_location = x\n")]),
    ("no value", &[("alembic.ini", "[alembic]\nscript_location\n")]),
    (
        "separator",
        &[("alembic.ini", "[alembic]\nscript_location = .\nversion_locations = a b\npath_separator = ,\n")],
    ),
    (
        "from above",
        &[
            ("mrt.toml", "path = 'app/db'"),
            ("app/db/alembic.ini", "[alembic]\nscript_location = app/db/x\n"),
            ("app/db/x/env.py", ""),
        ],
    ),
    ("pyproject: no location", &[("pyproject.toml", "[tool.alembic]\n")]),
    ("pyproject: wrong type", &[("pyproject.toml", "[tool.alembic]\nscript_location = 3\n")]),
    ("pyproject: no table", &[("pyproject.toml", "[tool]\nalembic = 3\n")]),
    (
        "baseline of another suite",
        &[
            ("alembic.ini", "[alembic]\nscript_location = .\n"),
            ("mrt-baseline.toml", "[[suite.web.accept]]\nrevision = 'a'\nreason = 'b'\n"),
        ],
    ),
    (
        "baseline of nobody",
        &[
            ("alembic.ini", "[alembic]\nscript_location = .\n"),
            ("mrt.toml", "[suite.a]\n[suite.b]\nsection = 'other'\nscript_location = '.'\n"),
            ("mrt-baseline.toml", "[[accept]]\nrevision = 'a'\nreason = 'b'\n"),
        ],
    ),
    (
        "baseline with an unknown key",
        &[
            ("alembic.ini", "[alembic]\nscript_location = .\n"),
            ("mrt-baseline.toml", "[[accept]]\nrevision = 'a'\nreasons = 'b'\n"),
        ],
    ),
];

#[test]
fn errors_of_the_other_files_say_it_too() {
    let mut shown = String::new();
    for (what, written) in WRONG_FILES {
        let files = Files::new(written);
        let error = Project::load(&files.root).map(|_| ()).unwrap_err();
        let message = files.plain(&error.to_string());
        assert!(message.contains("; "), "{what}: nothing to do in {message}");
        writeln!(shown, "{what}\n    {message}").unwrap();
    }
    insta::assert_snapshot!(shown);
}
