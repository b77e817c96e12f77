//! Whatever a file holds, it is read or refused, and the others are checked.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mrt_chain::settings::{EngineKind, Project};
use mrt_lint::project::{Selection, check, check_texts};
use proptest::prelude::*;

fn python_files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            python_files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            out.push(path);
        }
    }
}

static CORPUS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut files = Vec::new();
    python_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/cases"), &mut files);
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
});

fn look(text: &str) {
    for engine in EngineKind::ALL {
        check_texts(&[("r.py", text)], &[engine], &Selection::default()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two real files are cut anywhere and put together, with something between.
    #[test]
    fn mutations_of_real_revisions_are_read_or_refused(
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        cuts in (0.0..1.0f64, 0.0..1.0f64),
        between in "[ -~\\n\u{298}é(){}\\[\\]'\"%;]{0,12}",
    ) {
        let (one, other) = (one.get(&CORPUS), other.get(&CORPUS));
        let part = |text: &str, share: f64| {
            let at = (text.chars().count() as f64 * share) as usize;
            text.char_indices().nth(at).map_or(text.len(), |(at, _)| at)
        };
        let text = format!("{}{between}{}", &one[..part(one, cuts.0)], &other[part(other, cuts.1)..]);
        look(&text);
    }

    /// SQL that is no SQL.
    #[test]
    fn any_text_can_be_executed(sql in "(ALTER|DROP|CREATE|TABLE|INDEX|TYPE|ADD|VALUE|ON|IF|EXISTS|a|b\\.c|\\(|\\)|;|'x'|,| |\\$\\$|%|\u{298}){0,24}") {
        let quoted = format!("{sql:?}").replace("\\u{", "\\\\u{");
        look(&format!("from alembic import op\nrevision = 'r'\ndown_revision = None\ndef upgrade():\n    op.execute({quoted})\ndef downgrade():\n    op.execute({quoted})\n"));
    }
}

#[test]
fn deep_nesting_is_refused_and_what_people_write_is_not() {
    let revision =
        "revision = 'r'\ndown_revision = None\ndef upgrade():\n    pass\ndef downgrade():\n    pass\n";
    let refused = |text: &str| {
        let text = format!("{revision}{text}");
        let checked =
            check_texts(&[("r.py", &text)], &[EngineKind::Postgres], &Selection::default()).unwrap();
        checked.findings.iter().any(|finding| finding.message.contains("nests deeper"))
    };
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{1: ", "}"),
        ("not ", ""),
        ("-", ""),
        ("lambda: ", ""),
        ("x if y else ", ""),
    ] {
        let text = format!("x = {}1{}\n", open.repeat(10_000), close.repeat(10_000));
        assert!(refused(&text), "10,000 of {open}");
        let text = format!("x = {}1{}\n", open.repeat(200), close.repeat(200));
        assert!(!refused(&text), "200 of {open}");
    }
    assert!(refused(&format!("x = 1{}\n", " + 1".repeat(10_000))));
    assert!(refused(&format!("x = a{}\n", ".b()".repeat(10_000))));
    let long = format!("x = [\n{}]\n", "    {\"a\": -1, \"b\": f(2), \"c\": x.y},\n".repeat(10_000));
    assert!(!refused(&long), "a long list is not deep");
}

#[test]
fn what_cannot_be_read_is_a_finding_and_the_rest_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let versions = dir.path().join("migrations/versions");
    fs::create_dir_all(&versions).unwrap();
    fs::write(dir.path().join("alembic.ini"), "[alembic]\nscript_location = %(here)s/migrations\n").unwrap();
    fs::write(dir.path().join("migrations/env.py"), "").unwrap();
    let good = "from alembic import op\nrevision = 'good'\ndown_revision = None\ndef upgrade():\n    op.drop_table('t')\ndef downgrade():\n    pass\n";
    fs::write(versions.join("good.py"), good).unwrap();
    fs::write(versions.join("broken.py"), "def upgrade(:\n").unwrap();
    fs::write(versions.join("binary.py"), [0u8, 159, 146, 150, 255]).unwrap();
    fs::write(versions.join("large.py"), "x = 1\n".repeat(2_000_000)).unwrap();
    fs::write(versions.join("helper.py"), "x = 1\n").unwrap();
    std::os::unix::fs::symlink(versions.join("circle.py"), versions.join("circle.py")).unwrap();
    let project = Project::load(dir.path()).unwrap();
    let checked = check(&project.suites[0], &Selection::default()).unwrap();
    let lines: Vec<String> = checked
        .findings
        .iter()
        .map(|finding| format!("{}:{}: {} {}", finding.file, finding.line, finding.code, finding.message))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_declared_encoding_of_western_europe_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.py");
    let read = |head: &str| {
        fs::write(&path, [head.as_bytes(), b"\n# caf\xe9\nx = 1\n"].concat()).unwrap();
        mrt_lint::source::Source::read(&path).map(|source| source.text)
    };
    for head in ["# -*- coding: latin-1 -*-", "#!/usr/bin/python\n# vim: set fileencoding=iso-8859-1 :"] {
        assert!(read(head).unwrap().contains("café"), "{head}");
    }
    for head in ["", "# coding", "# -*- coding: utf-8 -*-", "\n\n# -*- coding: latin-1 -*-"] {
        assert!(read(head).is_err(), "{head}");
    }
}
