//! Our reading of ini files against Python's.

use std::process::Command;

use super::super::ini::Ini;
use super::Files;

const FILE: &str = "\
# a comment
; another one
[DEFAULT]
base = /srv/%(name)s
name: shop

[alembic]
Script_Location = %(base)s/migrations
empty =
spaced   :   x = y
inline = a # stays
percent = 100%%
date = %%(year)d
lines =
    one

    # not part of it
    two
  three
after = 1
name = own
here_too = %(here)s/x
 indented = part of the line above
[alembic]
later = %(after)s%(AFTER)s
[odd] section]
key = value
[broken]
missing = %(nowhere)s
alone = 5%
loop = %(loop)s
";

const ASK: &str = r#"
import configparser, json, sys
parser = configparser.ConfigParser({"here": sys.argv[2]}, strict=False)
parser.read(sys.argv[1])
answer = {}
for section in parser.sections():
    for option in parser.options(section):
        try:
            value = parser.get(section, option)
        except configparser.InterpolationError:
            value = None
        answer[section + "/" + option] = value
json.dump(answer, sys.stdout)
"#;

#[test]
fn ini_files_are_read_as_python_reads_them() {
    let files = Files::new(&[("alembic.ini", FILE)]);
    let path = files.root.join("alembic.ini");
    let ini = Ini::read(&path, &files.root).unwrap();
    let Ok(python) = std::env::var("MRT_TEST_PYTHON") else {
        eprintln!("SKIPPED: comparison with Python's ConfigParser (MRT_TEST_PYTHON is not set)");
        return;
    };
    let output = Command::new(python).arg("-c").arg(ASK).args([&path, &files.root]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&output.stdout).unwrap();
    assert!(expected.len() > 20, "{expected:?}");
    for (name, value) in expected {
        let (section, option) = name.split_once('/').unwrap();
        let own = ini.get(section, option).ok().map(|value| value.unwrap_or_else(|| panic!("no {name}")).0);
        assert_eq!(own.as_deref(), value.as_str(), "{name}");
    }
}

#[test]
fn values_know_their_line() {
    let files = Files::new(&[("alembic.ini", FILE)]);
    let ini = Ini::read(&files.root.join("alembic.ini"), &files.root).unwrap();
    assert_eq!(ini.get("alembic", "script_location").unwrap(), Some(("/srv/own/migrations".to_owned(), 8)));
    assert_eq!(ini.get("alembic", "nothing").unwrap(), None);
    assert_eq!(ini.get("nothing", "script_location").unwrap(), None);
}
