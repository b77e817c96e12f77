//! What is heard, how heavy it is and of which revisions: settings, baseline and wishes, on real files.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mrt_chain::settings::{Project, Suite};
use mrt_lint::selection::{Changed, Selection};
use mrt_lint::{Severity, accepted, check};
use tempfile::TempDir;

const HEAD: &str = "import sqlalchemy as sa\nfrom alembic import op\n";
const MAKES: (&str, &str) = (
    "op.create_table('t', sa.Column('a', sa.Text()), sa.Column('b', sa.Text()), sa.Column('c', sa.Text()))",
    "op.drop_table('t')",
);

/// A project of one suite that drops a column in each of its later revisions, and adds it again empty: r1 -> r2 -> r3.
struct Files(TempDir);

impl Files {
    fn new(settings: &str) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.write("alembic.ini", "[alembic]\nscript_location = .\n");
        files.write("env.py", "");
        files.write("mrt.toml", settings);
        files.revision("r1", "None", MAKES.0, MAKES.1);
        files.drops("r2", "'r1'", "a");
        files.drops("r3", "'r2'", "b");
        files
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn revision(&self, id: &str, down: &str, up: &str, back: &str) {
        let text = format!(
            "{HEAD}revision = '{id}'\ndown_revision = {down}\n\n\ndef upgrade():\n    {up}\n\n\ndef downgrade():\n    {back}\n"
        );
        self.write(&format!("versions/{id}.py"), &text);
    }

    fn drops(&self, id: &str, down: &str, column: &str) {
        let back = format!("op.add_column('t', sa.Column('{column}', sa.Text()))");
        self.revision(id, down, &format!("op.drop_column('t', '{column}')"), &back);
    }

    fn file(&self, id: &str) -> PathBuf {
        fs::canonicalize(self.0.path()).unwrap().join(format!("versions/{id}.py"))
    }

    fn suite(&self) -> Suite {
        Project::load(self.0.path()).unwrap().suites.remove(0)
    }

    /// `r2 MRT201 error`, by line.
    fn found(&self, selection: &Selection) -> Vec<String> {
        let checked = check(&self.suite(), selection).unwrap();
        let told = |it: &mrt_lint::Finding| format!("{} {} {}", it.revision, it.code, it.severity);
        checked.findings.iter().map(told).collect()
    }

    fn fails(&self, selection: &Selection) -> String {
        let message = check(&self.suite(), selection).unwrap_err().to_string();
        message.replace(&*self.0.path().to_string_lossy(), "ROOT")
    }

    fn changed(&self, ids: &[&str]) -> Selection {
        let paths: BTreeSet<PathBuf> = ids.iter().map(|id| self.file(id)).collect();
        let root = fs::canonicalize(self.0.path()).unwrap();
        Selection { changed: Some(Changed { root, paths }), ..Selection::default() }
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn select(codes: &[&str]) -> Selection {
    Selection { select: words(codes), ..Selection::default() }
}

fn ignore(codes: &[&str]) -> Selection {
    Selection { ignore: words(codes), ..Selection::default() }
}

fn since(revision: &str) -> Selection {
    Selection { since: Some(revision.to_owned()), ..Selection::default() }
}

const BOTH: [&str; 2] = ["r2 MRT201 error", "r3 MRT201 error"];
const NONE: [&str; 0] = [];

#[test]
fn the_settings_choose_and_the_command_line_wins() {
    assert_eq!(Files::new("").found(&Selection::default()), BOTH);
    let ignored = Files::new("[check]\nignore = ['MRT2']\n");
    assert_eq!(ignored.found(&Selection::default()), NONE);
    assert_eq!(ignored.found(&ignore(&["MRT9"])), NONE, "it says nothing of that");
    assert_eq!(ignored.found(&select(&["MRT201"])), BOTH, "who asks for it hears it");
    let narrow = Files::new("[check]\nselect = ['mrt201']\nignore = ['MRT2']\n");
    assert_eq!(narrow.found(&Selection::default()), BOTH, "the longer one counts");
    assert_eq!(narrow.found(&ignore(&["MRT201"])), NONE);
}

#[test]
fn a_severity_is_said_for_families_and_rules() {
    let files = Files::new("[check]\nseverity = { MRT2 = 'note', MRT201 = 'warning' }\n");
    assert_eq!(files.found(&Selection::default()), ["r2 MRT201 warning", "r3 MRT201 warning"]);
    let severity = vec![("MRT2".to_owned(), Severity::Note)];
    let asked = Selection { severity, ..Selection::default() };
    assert_eq!(files.found(&asked), ["r2 MRT201 note", "r3 MRT201 note"]);
}

#[test]
fn what_is_said_of_files_concerns_those_alone() {
    let path = "[check]\nignore = ['MRT2']\n[[check.path]]\nfiles = 'versions/r2.py'\nselect = ['MRT2']\nseverity = { MRT201 = 'note' }\n";
    assert_eq!(Files::new(path).found(&Selection::default()), ["r2 MRT201 note"]);
    let later = format!("{path}[[check.path]]\nfiles = '*.py'\nseverity = {{ MRT = 'warning' }}\n");
    assert_eq!(Files::new(&later).found(&Selection::default()), ["r2 MRT201 warning"], "the last one wins");
}

#[test]
fn a_suite_wins_over_the_defaults() {
    let settings = |own: &str| {
        format!("[defaults.check]\nignore = ['MRT2']\nseverity = {{ MRT201 = 'note' }}\n[suite.a]\n{own}")
    };
    assert_eq!(Files::new(&settings("")).found(&Selection::default()), NONE);
    let own = Files::new(&settings("[suite.a.check]\nselect = ['MRT2']\n"));
    assert_eq!(own.found(&Selection::default()), ["r2 MRT201 note", "r3 MRT201 note"]);
}

#[test]
fn codes_and_severities_that_are_none_are_told_with_their_place() {
    let told = |settings: &str| Files::new(settings).fails(&Selection::default());
    let wrong = [
        told("[check]\nignore = ['MRT407', 'MRT20l']\n"),
        told("[check]\nselect = ['E501']\n"),
        told("[check]\nselect = ['']\n"),
        told("[check]\nseverity = { MRT5 = 'note', MRT201 = 'fatal' }\n"),
        told("[[check.path]]\nfiles = '*.py'\nseverity = { MRT77 = 'note' }\n"),
        Files::new("").fails(&select(&["MRT2O1"])),
        Files::new("").fails(&since("r9")),
        Files::new("").fails(&since("r3")),
    ];
    insta::assert_snapshot!(wrong.join("\n"));
}

#[test]
fn only_later_revisions_are_told_of_and_earlier_ones_count() {
    let files = Files::new("");
    assert_eq!(files.found(&since("r1")), BOTH);
    assert_eq!(files.found(&since("r2")), ["r3 MRT201 error"]);
    assert_eq!(check(&files.suite(), &since("r2")).unwrap().asked, 1);
    // What r4 adds, r3 has dropped.
    files.revision("r4", "'r3'", "op.add_column('t', sa.Column('b', sa.Text()))", "op.drop_column('t', 'b')");
    assert_eq!(files.found(&since("r3")), ["r4 MRT903 warning"]);
}

#[test]
fn only_what_has_changed_is_told_of() {
    let files = Files::new("");
    assert_eq!(files.found(&files.changed(&["r3"])), ["r3 MRT201 error"]);
    let nothing = check(&files.suite(), &files.changed(&[])).unwrap();
    assert_eq!((nothing.findings.len(), nothing.asked, nothing.files), (0, 0, 3));
    let mut all = files.changed(&[]);
    let changed = all.changed.as_mut().unwrap();
    changed.paths = BTreeSet::from([changed.root.join("versions")]);
    assert_eq!(files.found(&all), BOTH, "a directory stands for what is in it");
    changed_elsewhere(&files);
}

/// Nobody knows what has changed outside of the directory that git was asked for.
fn changed_elsewhere(files: &Files) {
    let mut elsewhere = files.changed(&[]);
    elsewhere.changed.as_mut().unwrap().root = Path::new("/nowhere").to_owned();
    assert_eq!(files.found(&elsewhere), BOTH);
}

#[test]
fn a_second_head_is_told_of_where_it_comes_from_a_change() {
    let files = Files::new("[check]\nselect = ['MRT9']\n");
    files.drops("r2b", "'r1'", "c");
    let heads = ["r1 MRT901 warning"];
    assert_eq!(files.found(&Selection::default()), heads);
    assert_eq!(files.found(&files.changed(&["r2b"])), heads);
    assert_eq!(files.found(&files.changed(&["r3"])), NONE, "r3 only makes a branch longer");
    assert_eq!(files.found(&files.changed(&["merge"])), heads, "a merge is gone");
    assert_eq!(files.found(&since("r1")), heads);
    assert_eq!(files.found(&since("r2")), NONE);
}

#[test]
fn a_chain_that_is_broken_is_told_of_and_hides_nothing() {
    let files = Files::new("[check]\nselect = ['MRT902', 'MRT904', 'MRT201']\n");
    files.drops("r4", "'gone'", "c");
    assert_eq!(files.found(&files.changed(&["r4"])), [" MRT904 error", "r4 MRT201 error"]);
    assert_eq!(files.found(&since("r3")).len(), 4, "nothing is known to come after anything");
    files.drops("r4", "'r3'", "c");
    files.write("versions/broken.py", "def upgrade(:\n");
    assert_eq!(files.found(&files.changed(&["r4"])), ["r4 MRT201 error"], "it was broken before");
    assert_eq!(files.found(&files.changed(&["broken"])), [" MRT902 error"]);
    let later = files.found(&since("r3"));
    assert_eq!(later, [" MRT902 error", "r4 MRT201 error"], "nobody knows after what it comes");
}

#[test]
fn what_is_accepted_is_set_apart() {
    let entry = |more: &str| format!("[[accept]]\nrevision = 'r2'\nreason = 'known'\n{more}");
    let found = |more: &str| {
        let today = Some("2026-01-31".to_owned());
        Files::new(&entry(more)).found(&Selection { today, ..Selection::default() })
    };
    let r3 = ["r3 MRT201 error"];
    assert_eq!(found(""), r3, "every kind");
    assert_eq!(found("kind = 'MRT201'\nobject = 't.a'\n"), r3);
    assert_eq!(found("kind = 'MRT202'\n"), BOTH);
    assert_eq!(found("kind = 'irreversible'\n"), BOTH, "of `run`");
    assert_eq!(found("object = 't.b'\n"), BOTH);
    assert_eq!(found("targets = ['sqlite']\n"), r3);
    assert_eq!(found("targets = ['postgres']\n"), BOTH);
    assert_eq!(found("until = 2026-01-31\n"), r3, "the last day");
    assert_eq!(found("until = 2026-01-30\n"), BOTH);
    let expired = Files::new(&entry("until = 2026-01-30\n"));
    let today = Some("2026-01-31".to_owned());
    let checked = check(&expired.suite(), &Selection { today, ..Selection::default() }).unwrap();
    let message = &checked.findings[0].message;
    assert!(message.ends_with("(was accepted until 2026-01-30: known)"), "{message}");
}

#[test]
fn entries_accept_what_they_were_made_of_wherever_it_moves_and_no_more() {
    let files = Files::new("");
    let twice = "op.drop_column('t', 'a')\n    op.execute('ALTER TABLE t DROP COLUMN a')";
    let back = "op.add_column('t', sa.Column('a', sa.Text()))";
    let drops = |times: &str| files.revision("r2", "'r1'", times, back);
    drops(twice);
    files.write("versions/broken.py", "def upgrade(:\n");
    let checked = check(&files.suite(), &Selection::default()).unwrap();
    let entries = accepted::entries(&checked.findings, "known");
    insta::assert_debug_snapshot!(
        entries.iter().map(|it| (&it.revision, &it.kind, &it.object, it.count)).collect::<Vec<_>>()
    );

    let left = || {
        let mut suite = files.suite();
        suite.accept = entries.clone();
        let checked = check(&suite, &Selection::default()).unwrap();
        let told = |it: &mrt_lint::Finding| format!("{}:{} {}", it.revision, it.line, it.code);
        (checked.findings.iter().map(told).collect::<Vec<_>>(), checked.accepted.len())
    };
    assert_eq!(left(), (Vec::new(), checked.findings.len()));
    drops(&format!("pass\n\n\n    {twice}"));
    assert_eq!(left(), (Vec::new(), checked.findings.len()), "lines have moved");
    drops(&format!("{twice}\n    op.drop_column('t', 'a')"));
    assert_eq!(left().1, checked.findings.len());
    assert_eq!(left().0, ["r2:10 MRT201", "r2:10 MRT804"], "one more than was accepted");
}

#[test]
fn what_the_settings_leave_out_is_not_told() {
    let said = |settings: &str| {
        let files = Files::new(settings);
        check(&files.suite(), &Selection::default()).map(|checked| {
            let ids = checked.findings.iter().map(|finding| finding.revision.clone()).collect::<Vec<_>>();
            (checked.asked, ids)
        })
    };
    let told = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(said("").unwrap(), (3, told(&["r2", "r3"])));
    // The floor itself is checked, what comes before it is only read.
    assert_eq!(said("floor = 'r2'\n").unwrap(), (2, told(&["r2", "r3"])));
    assert_eq!(said("floor = 'r3'\n").unwrap(), (1, told(&["r3"])));
    assert_eq!(said("floor = 'r9'\n").unwrap_err().to_string().split(':').next(), Some("floor"));
    let skip = |targets: &str| {
        format!(
            "targets = ['sqlite', 'postgres:15', 'postgres:16']\n[[skip]]\nrevision = 'r2'\nreason = 'x'\n{targets}"
        )
    };
    assert_eq!(said(&skip("")).unwrap().1, told(&["r3"]));
    assert_eq!(said(&skip("targets = ['postgres', 'sqlite']\n")).unwrap().1, told(&["r3"]));
    // It is checked where one target of an engine has it.
    assert_eq!(said(&skip("targets = ['postgres:16', 'sqlite']\n")).unwrap().1, told(&["r2", "r3"]));
}
