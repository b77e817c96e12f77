#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

mod errors;
mod ini;

/// A directory with files in it. Its path is canonical.
struct Files {
    _keep: tempfile::TempDir,
    root: PathBuf,
}

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let keep = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(keep.path()).unwrap().join("shop");
        fs::create_dir(&root).unwrap();
        let this = Self { _keep: keep, root };
        for (name, text) in files {
            this.write(name, text);
        }
        this
    }

    /// With an `alembic.ini`, its scripts, and this `mrt.toml`.
    fn with_settings(mrt: &str) -> Self {
        Self::new(&[("alembic.ini", INI), ("migrations/env.py", ""), ("mrt.toml", mrt)])
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&self) -> Project {
        Project::load(&self.root).unwrap_or_else(|error| panic!("{error}"))
    }

    fn suite(&self) -> Suite {
        self.load().suites.remove(0)
    }

    /// Without the directory's own path.
    fn plain(&self, text: &str) -> String {
        text.replace(&*self.root.to_string_lossy(), "ROOT")
    }
}

const INI: &str = "[alembic]\nscript_location = migrations\n";

fn names(targets: &[Target]) -> Vec<&str> {
    targets.iter().map(|target| target.name.as_str()).collect()
}

#[test]
fn a_project_without_settings_is_one_suite_on_sqlite() {
    let files = Files::new(&[("alembic.ini", INI), ("migrations/env.py", "")]);
    let suite = files.suite();
    assert_eq!((suite.name.as_str(), &suite.dir), ("shop", &files.root));
    assert_eq!(suite.targets, [Target::new(EngineKind::Sqlite, None)]);
    assert_eq!(suite.alembic.file, files.root.join("alembic.ini"));
    assert_eq!(suite.alembic.pyproject, None);
    assert_eq!(suite.alembic.script_location, files.root.join("migrations"));
    assert_eq!(suite.alembic.locations(EngineKind::Postgres), [files.root.join("migrations/versions")]);
    assert!(suite.hand_over_url);
    assert_eq!(suite.version_table, "alembic_version");
}

#[test]
fn a_project_of_django_is_known_by_its_manage_py_where_there_is_nothing_of_alembic() {
    let files = Files::new(&[("manage.py", "")]);
    let suite = files.suite();
    assert_eq!((suite.name.as_str(), &suite.dir), ("shop", &files.root));
    assert_eq!((suite.framework, suite.targets.len()), (Framework::Django, 1));
    assert!(suite.paths().all(|path| path == files.root));
    files.write(
        "web/settings/base.py",
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}",
    );
    files.write("web/views.py", "'django.db.backends.oracle'");
    files.write("env/pyvenv.cfg", "");
    files.write("env/lib/settings.py", "'django.db.backends.mysql'");
    assert_eq!(names(&files.suite().targets), ["postgres"]);
    files.write("web/settings_test.py", "'django.db.backends.sqlite3'");
    assert_eq!(names(&files.suite().targets), ["sqlite", "postgres"]);
    let error = suite.chain(EngineKind::Sqlite).unwrap_err().to_string();
    assert!(error.contains("`mrt-cli check` reads them"), "{error}");
    let files = Files::new(&[("manage.py", ""), ("alembic.ini", INI), ("migrations/env.py", "")]);
    assert_eq!(files.suite().framework, Framework::Alembic);
}

#[test]
fn a_suite_of_django_says_so_and_nothing_of_alembic() {
    let settings = "[suite.web]\npath = 'web'\nframework = 'django'\ntargets = ['postgres:16']\n";
    let files = Files::new(&[("web/shop/models.py", ""), ("mrt.toml", settings)]);
    let suite = files.suite();
    assert_eq!((suite.framework, names(&suite.targets)), (Framework::Django, vec!["postgres:16"]));
    assert_eq!(suite.dir, files.root.join("web"));
    for (key, told) in [
        ("script_location = 'shop'", "`script_location` for a suite of Django, which has none"),
        ("framework = 'rails'", "unknown value `rails`"),
    ] {
        let framework = if key.starts_with("framework") { "" } else { "framework = 'django'\n" };
        files.write("mrt.toml", &format!("path = 'web'\n{framework}{key}\n"));
        let error = Project::load(&files.root).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn a_pyproject_is_enough() {
    let files = Files::new(&[
        (
            "pyproject.toml",
            "[tool.alembic]\nscript_location = '%(here)s/m'\nrecursive_version_locations = true\n",
        ),
        ("m/env.py", ""),
    ]);
    for path in [files.root.clone(), files.root.join("pyproject.toml")] {
        let suite = Project::load(&path).unwrap().suites.remove(0);
        assert_eq!(suite.alembic.file, files.root.join("pyproject.toml"));
        assert_eq!(suite.alembic.script_location, files.root.join("m"));
        assert!(suite.alembic.recursive);
    }
}

#[test]
fn an_ini_file_below_the_directory_where_alembic_is_run_finds_it() {
    let files = Files::new(&[
        ("app/db/alembic.ini", "[alembic]\nscript_location = app/db/scripts\n"),
        ("app/db/scripts/env.py", ""),
    ]);
    for path in ["app/db", "app/db/alembic.ini"] {
        let suite = Project::load(&files.root.join(path)).unwrap().suites.remove(0);
        assert_eq!((suite.name.as_str(), &suite.dir), ("db", &files.root));
        assert_eq!(suite.alembic.script_location, files.root.join("app/db/scripts"));
    }
}

#[test]
fn scripts_beside_an_ini_file_that_does_not_name_them_are_those_of_flask_migrate() {
    let files = Files::new(&[
        ("migrations/alembic.ini", "[alembic]\n"),
        ("migrations/env.py", ""),
        ("mrt.toml", "alembic = 'migrations/alembic.ini'"),
    ]);
    assert_eq!(files.suite().alembic.script_location, files.root.join("migrations"));
}

#[test]
fn a_package_is_looked_for_below_and_above_the_suite() {
    let ini = "[alembic]\nscript_location = shop:db:scripts\n";
    let files = Files::new(&[("db/alembic.ini", ini), ("db/scripts/env.py", "")]);
    let suite = Project::load(&files.root.join("db")).unwrap().suites.remove(0);
    assert_eq!(suite.alembic.script_location, files.root.join("db/scripts"));
}

#[test]
fn scripts_can_be_named_without_any_file_of_alembic() {
    let files =
        Files::new(&[("mrt.toml", "script_location = 'x'\nversion_locations = 'y'"), ("x/env.py", "")]);
    let alembic = files.suite().alembic;
    assert_eq!(alembic.script_location, files.root.join("x"));
    assert_eq!(alembic.locations(EngineKind::Sqlite), [files.root.join("y")]);
}

#[test]
fn every_setting_arrives() {
    let files = Files::with_settings(
        r#"
name = "billing"
section = "other"
recursive = true
version_locations = { postgres = ["migrations/pg"], sqlite = "migrations/lite", mysql = "migrations/my" }
targets = ["postgresql:16", "sqlite", "pg:15.4", "mysql:8.4", "mariadb:11.8"]
env = { DB = "{url}" }
hand_over_url = false
drivers = { postgres = "asyncpg", mysql = "aiomysql", mariadb = "mariadbconnector" }
x_arguments = "tenant=a"
bootstrap = "app.db:create"
around = "app.db:run"
floor = "aaaa"
timeout = "1m30s"
version_table = "versions"

[target."postgres:16"]
image = "registry.example/postgres:16"
arguments = ["-c", "max_connections=20"]
initial_sql = "CREATE ROLE reader"
initial_sql_file = "first.sql"
locale = "C.UTF-8"
extensions = ["citext"]
role = "superuser"
disk = "512MB"

[target."postgres:15.4"]
url_env = "PG_URL"

[target."postgres:14"]
url = "postgres://admin@db/postgres"

[target."mysql:8.4"]
arguments = "--sql-mode=ANSI"
locale = "utf8mb4_unicode_ci"
role = "createrole"

[target."mariadb:11.8"]
url = "mysql://root@db/app"

[python]
interpreter = ".venv/bin/python"
requirements = ["requirements.txt", "{root}/requirements.txt"]
packages = ["psycopg2-binary"]
project = "."

[[skip]]
revision = "bbbb"
targets = ["pg:16", "sqlite"]
reason = "needs a licence"

[[accept]]
revision = "cccc"
kind = "irreversible"
object = "users.phone"
targets = ["postgres"]
reason = "decided in the review"
until = 2030-12-31

[[seed]]
table = "users"
sql = "INSERT INTO users VALUES (1)"
from = "aaaa"
to = "cccc"

[[seed]]
table = "app.orders"
csv_file = "orders.csv"

[[seed]]
table = "events"
command = ["python", "seed.py"]

[[seed]]
table = "logs"
sql_file = "first.sql"
"#,
    );
    files.write("alembic.ini", "[alembic]\n[other]\nscript_location = migrations\n");
    files.write("pyproject.toml", "[project]\nname = 'shop'\n");
    for (name, text) in [("first.sql", "SELECT 1;\n"), ("requirements.txt", ""), ("orders.csv", "")] {
        files.write(name, text);
    }
    insta::assert_snapshot!(files.plain(&format!("{:#?}", files.suite())));
}

#[test]
fn suites_take_defaults_and_keep_their_order() {
    let files = Files::new(&[
        (
            "mrt.toml",
            r#"
[defaults]
targets = ["sqlite"]
timeout = 30
python = { requirements = "{root}/requirements.txt" }
env = { A = "default", B = "default" }

[defaults.target."postgres:16"]
extensions = ["citext"]

[suite.web]
path = "services/web"
targets = ["postgres:16"]
env = { B = "own" }

[suite.billing]
path = "services/billing"
timeout = "2m"
"#,
        ),
        ("requirements.txt", ""),
        ("services/web/alembic.ini", INI),
        ("services/web/migrations/env.py", ""),
        ("services/billing/alembic.ini", INI),
        ("services/billing/migrations/env.py", ""),
    ]);
    let project = files.load();
    let [web, billing] = project.suites.as_slice() else { panic!("two suites") };
    assert_eq!((web.name.as_str(), billing.name.as_str()), ("web", "billing"));
    assert_eq!(web.dir, files.root.join("services/web"));
    assert_eq!(names(&web.targets), ["postgres:16"]);
    assert_eq!(web.targets[0].extensions, ["citext"]);
    assert_eq!(names(&billing.targets), ["sqlite"]);
    assert_eq!(names(&billing.other_targets), ["postgres:16"]);
    assert_eq!((web.timeout.as_secs(), billing.timeout.as_secs()), (30, 120));
    assert_eq!(billing.python.requirements, [files.root.join("requirements.txt")]);
    let env: Vec<(&str, &str)> = web.env.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(env, [("A", "default"), ("B", "own")]);
}

#[test]
fn what_check_looks_for_is_said_in_layers() {
    let mrt = r#"
[defaults.check]
ignore = ["MRT407"]
severity = { MRT303 = "error", MRT5 = "note" }

[[defaults.check.path]]
files = ["versions/2019_*.py", "{root}/shared/**"]
ignore = ["MRT1"]

[suite.web]
path = "web"

[suite.web.check]
select = ["MRT2", "MRT407"]

[[suite.web.check.path]]
files = "*_data.py"
severity = { MRT2 = "warning" }

[suite.other]
path = "other"
"#;
    let files = Files::new(&[
        ("mrt.toml", mrt),
        ("web/alembic.ini", INI),
        ("web/migrations/env.py", ""),
        ("other/alembic.ini", INI),
        ("other/migrations/env.py", ""),
    ]);
    let project = files.load();
    let placed = |word: &Word| format!("{} ({})", word.text, word.place);
    let list = |words: &[Word]| words.iter().map(placed).collect::<Vec<_>>().join(", ");
    let layer = |layer: &CheckSettings| {
        let CheckSettings { files, select, ignore, severity } = layer;
        let severity: Vec<String> =
            severity.iter().map(|(a, b)| [placed(a), placed(b)].join(" = ")).collect();
        let said = [list(select), list(ignore), severity.join(", ")];
        format!("{files:?}\n    select {}\n    ignore {}\n    severity {}", said[0], said[1], said[2])
    };
    let layers: Vec<String> = project.suites[0].check.iter().map(layer).collect();
    insta::assert_snapshot!(files.plain(&layers.join("\n")));
    assert_eq!(project.suites[1].check.len(), 2, "the defaults alone");

    let about = |layer: usize, file: &str| {
        let patterns = project.suites[0].check[layer].files.as_ref().unwrap();
        patterns.contains(&files.root.join(file))
    };
    assert!(about(2, "web/versions/2019_a.py"));
    assert!(!about(2, "web/versions/2019_old/a.py"), "a star ends at a slash");
    assert!(!about(2, "other/versions/2019_a.py"), "from the suite's directory");
    assert!(about(2, "shared/deep/a.py"));
    assert!(about(3, "web/versions/old/1_data.py"), "a name alone is looked for everywhere");
}

#[test]
fn a_directory_is_no_pattern_whatever_it_is_called() {
    let files = Files::new(&[
        ("a[b]*/alembic.ini", INI),
        ("a[b]*/migrations/env.py", ""),
        ("a[b]*/mrt.toml", "[[check.path]]\nfiles = '../x/{a,b}.py'\nignore = ['MRT1']\n"),
    ]);
    let project = Project::load(&files.root.join("a[b]*")).unwrap();
    let patterns = project.suites[0].check[1].files.as_ref().unwrap();
    assert!(patterns.contains(&files.root.join("x/b.py")));
    assert!(!patterns.contains(&files.root.join("x/c.py")));
    let own = files.root.join("a[b]*");
    fs::write(own.join("mrt.toml"), "[[check.path]]\nfiles = './v/*'\nignore = ['MRT1']\n").unwrap();
    let project = Project::load(&own).unwrap();
    let patterns = project.suites[0].check[1].files.as_ref().unwrap();
    assert!(patterns.contains(&own.join("v/a.py")));
    assert!(!patterns.contains(&files.root.join("ab/v/a.py")));
}

#[test]
fn tables_of_targets_are_the_targets_when_nothing_lists_them() {
    let files = Files::with_settings(
        "[target.'postgres:17']\n[target.sqlite]\ninitial_sql = ['PRAGMA user_version=1']",
    );
    assert_eq!(names(&files.suite().targets), ["postgres:17", "sqlite"]);
}

#[test]
fn an_interpreter_is_a_path_or_a_command() {
    let files = Files::with_settings("python = '.venv/bin/python'");
    assert_eq!(files.suite().python.interpreter, Some(files.root.join(".venv/bin/python")));
    files.write("mrt.toml", "python = 'python3.12'");
    let mut suite = files.suite();
    assert_eq!(suite.python.interpreter, Some(PathBuf::from("python3.12")));
    suite.use_interpreter(PathBuf::from("/usr/bin/python3"));
    assert_eq!(suite.python.interpreter, Some(PathBuf::from("/usr/bin/python3")));
}

#[test]
fn targets_are_replaced_by_name_and_keep_their_settings() {
    let files = Files::with_settings("targets = ['sqlite']\n[target.'postgres:16']\nlocale = 'C'");
    let mut suite = files.suite();
    suite.select_targets(&["pg:16", "postgres:12"]).unwrap();
    assert_eq!(names(&suite.targets), ["postgres:16", "postgres:12"]);
    assert_eq!(suite.targets[0].locale.as_deref(), Some("C"));
    assert_eq!(names(&suite.other_targets), ["sqlite"]);

    let errors = [&["db2"][..], &["sqlite", "sqlite3"], &[]];
    let errors = errors.map(|names| suite.select_targets(names).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @r"
    unknown engine `db2` in target `db2`; known are sqlite, postgres, mysql, mariadb, mssql and oracle, as in `postgres:16`
    target `sqlite` is listed twice; remove one
    no target; name at least one, `sqlite` or `postgres:16`
    ");
    assert_eq!(names(&suite.targets), ["postgres:16", "postgres:12"], "unchanged after an error");
}

#[test]
fn targets_have_an_engine_and_a_supported_version() {
    let read = |name: &str| parse_target(name).map(|(engine, version)| format!("{engine} {version:?}"));
    let shown = |name: &&str| match read(name) {
        Ok(target) => format!("{name}: {target}"),
        Err(error) => format!("{name}: {error}"),
    };
    let names = [
        "sqlite",
        "sqlite3",
        "sqlite:3.40",
        "postgres",
        "postgresql:12",
        "pg:18",
        "postgres:16-alpine",
        "postgres:15.4",
        "postgres:11",
        "postgres:19",
        "postgres:",
        "postgres:latest",
        "postgres:16 x",
        "postgres:16x",
        "mysql",
        "mysql:8",
        "mysql:8.4",
        "mysql:9.7-oracle",
        "mysql:5.7",
        "mysql:10",
        "mysql:latest",
        "mariadb",
        "mariadb:10",
        "mariadb:10.6",
        "mariadb:10.5",
        "mariadb:5.5",
        "mariadb:11.8-noble",
        "mariadb:12",
        "mariadb:13",
        "mssql",
        "sqlserver:2022",
        "mssql:2022-CU14-ubuntu-22.04",
        "mssql:2017",
        "mssql:16",
        "oracle",
        "oracle:23",
        "oracle:23-slim-faststart",
        "oracle:26",
        "oracle:18",
        "db2:11",
        "Postgres:16",
        "",
    ];
    insta::assert_snapshot!(names.iter().map(shown).collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_release_that_is_offered_is_supported() {
    for engine in EngineKind::ALL {
        for release in engine.releases() {
            let name = format!("{engine}:{release}");
            assert_eq!(parse_target(&name).unwrap(), (engine, Some((*release).to_owned())));
        }
        assert_eq!(engine.releases().is_empty(), !engine.has_server());
    }
}

#[test]
fn a_baseline_is_read_and_written_back_the_same() {
    let entry = |revision: &str, object: Option<&str>| Accept {
        revision: revision.to_owned(),
        kind: Some("data-lost".to_owned()),
        object: object.map(str::to_owned),
        targets: vec!["postgres:16".to_owned()],
        reason: "was there before: \"old\"\nand 'known'".to_owned(),
        until: Some("2031-01-01".to_owned()),
        count: None,
    };
    let mrt = "[suite.a]\npath = 'a'\n[[suite.a.accept]]\nrevision = 'zz'\nreason = 'own'\n[suite.'b.c']\npath = 'b'\n";
    let files = Files::new(&[
        ("mrt.toml", mrt),
        ("a/alembic.ini", INI),
        ("a/migrations/env.py", ""),
        ("b/alembic.ini", INI),
        ("b/migrations/env.py", ""),
    ]);
    let project = files.load();
    assert!(project.baseline.is_empty());
    let twice = vec![entry("r2", None), entry("r1", Some("users.phone")), entry("r2", None)];
    let accepted = BTreeMap::from([("b.c".to_owned(), vec![entry("r1", None)]), ("a".to_owned(), twice)]);
    let text = project.render_baseline(&accepted);
    insta::assert_snapshot!(text);

    files.write("mrt-baseline.toml", &text);
    let again = files.load();
    let revisions = |entries: &[Accept]| entries.iter().map(|e| e.revision.clone()).collect::<Vec<_>>();
    assert_eq!(again.baseline["a"], [entry("r1", Some("users.phone")), entry("r2", None)]);
    assert_eq!(revisions(&again.suites[0].accept), ["zz", "r1", "r2"]);
    assert_eq!(again.render_baseline(&again.baseline), text);
}

#[test]
fn the_baseline_of_a_single_suite_does_not_name_it() {
    let files = Files::new(&[("alembic.ini", INI), ("migrations/env.py", "")]);
    let accept = Accept {
        revision: "r1".to_owned(),
        kind: None,
        object: None,
        targets: Vec::new(),
        reason: "known".to_owned(),
        until: None,
        count: Some(2),
    };
    let text = files.load().render_baseline(&BTreeMap::from([("shop".to_owned(), vec![accept.clone()])]));
    assert!(text.contains("[[accept]]"), "{text}");
    files.write("mrt-baseline.toml", &text);
    assert_eq!(files.suite().accept, [accept]);
}

#[test]
fn messages_name_the_file_as_people_did() {
    let place = Place { file: Path::new("./mrt.toml").to_owned(), position: Some((3, 1)) };
    assert_eq!(place.to_string(), "mrt.toml:3:1");
}
