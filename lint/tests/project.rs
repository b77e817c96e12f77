//! From files to findings: silence, choice, engines, and what earlier revisions say.

#![allow(clippy::unwrap_used, missing_docs)]

use mrt_chain::settings::EngineKind;
use mrt_lint::project::{Selection, check_texts};

const HEAD: &str = "import sqlalchemy as sa\nfrom alembic import op\n";

fn revision(id: &str, down: &str, up: &str, back: &str) -> String {
    format!(
        "{HEAD}revision = '{id}'\ndown_revision = {down}\n\n\ndef upgrade():\n    {up}\n\n\ndef downgrade():\n    {back}\n"
    )
}

fn lines(texts: &[(&str, &str)], engines: &[EngineKind], selection: &Selection) -> Vec<String> {
    let checked = check_texts(texts, engines, selection).unwrap();
    let line = |finding: &mrt_lint::Finding| {
        format!("{} {}:{} {} {}", finding.severity, finding.file, finding.line, finding.code, finding.message)
    };
    checked.findings.iter().map(line).collect()
}

fn codes(text: &str) -> Vec<&'static str> {
    let checked = check_texts(&[("r.py", text)], &[EngineKind::Sqlite], &Selection::default()).unwrap();
    checked.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_comment_silences_its_line_and_no_other() {
    let drop = |comment: &str| {
        revision(
            "r",
            "None",
            &format!("op.drop_column('t', 'c'){comment}"),
            "op.add_column('t', sa.Column('c', sa.Text()))",
        )
    };
    assert_eq!(codes(&drop("")), ["MRT201"]);
    assert_eq!(codes(&drop("  # noqa: MRT201")), Vec::<&str>::new());
    assert_eq!(codes(&drop("  # noqa")), Vec::<&str>::new());
    assert_eq!(codes(&drop("  # noqa: MRT202")), ["MRT201"]);
    assert_eq!(codes(&drop("\n    # noqa: MRT201")), ["MRT201"]);
    let several = "op.drop_column(\n        't',\n        'c',\n    )  # noqa: MRT201";
    let back = "op.add_column('t', sa.Column('c', sa.Text()))";
    assert_eq!(codes(&revision("r", "None", several, back)), Vec::<&str>::new());
}

#[test]
fn rules_are_chosen_by_code_and_by_family() {
    let text = revision("r", "None", "op.drop_column('t', 'c')", "pass");
    let chosen = |select: &[&str], ignore: &[&str]| {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let selection = Selection { select: words(select), ignore: words(ignore), ..Selection::default() };
        let checked = check_texts(&[("r.py", &text)], &[EngineKind::Sqlite], &selection).unwrap();
        checked.findings.iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(chosen(&[], &[]), ["MRT201", "MRT102"]);
    assert_eq!(chosen(&["MRT2"], &[]), ["MRT201"]);
    assert_eq!(chosen(&["mrt1"], &[]), ["MRT102"]);
    assert_eq!(chosen(&["MRT"], &["MRT201"]), ["MRT102"]);
}

#[test]
fn a_finding_says_on_which_engines_it_is() {
    let text = revision(
        "r",
        "None",
        "op.create_unique_constraint('uq', 't', ['c'])",
        "op.drop_constraint('uq', 't', type_='unique')",
    );
    let selection = Selection { select: vec!["MRT823".to_owned()], ..Selection::default() };
    let found = lines(&[("r.py", &text)], &[EngineKind::Sqlite, EngineKind::Postgres], &selection);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|line| line.ends_with("(on SQLite)")), "{found:?}");
    assert_eq!(lines(&[("r.py", &text)], &[EngineKind::Postgres], &selection), Vec::<String>::new());
}

#[test]
fn what_both_branches_of_a_merge_have_made_is_known_behind_it() {
    let table = |name: &str| {
        (
            format!("op.create_table('{name}', sa.Column('n', sa.Integer(), nullable=False))"),
            format!("op.drop_table('{name}')"),
        )
    };
    let ((up_a, down_a), (up_b, down_b)) = (table("a"), table("b"));
    let texts = [
        ("1.py", revision("r1", "None", "pass", "pass")),
        ("2.py", revision("r2", "'r1'", &up_a, &down_a)),
        ("3.py", revision("r3", "'r1'", &up_b, &down_b)),
        ("4.py", revision("r4", "('r2', 'r3')", "pass", "pass")),
        (
            "5.py",
            revision(
                "r5",
                "'r4'",
                "op.execute('ALTER TABLE b ALTER COLUMN n DROP NOT NULL')",
                "op.execute('ALTER TABLE a ALTER COLUMN n DROP NOT NULL')",
            ),
        ),
    ];
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let found = lines(&texts, &[EngineKind::Postgres], &Selection::default());
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn rules_of_rolling_deployments_look_where_they_are_asked_for() {
    let text = revision(
        "r",
        "None",
        "op.alter_column('t', 'a', new_column_name='b')",
        "op.alter_column('t', 'b', new_column_name='a')",
    );
    let codes = |selection: Selection| {
        let checked = check_texts(&[("r.py", &text)], &[EngineKind::Postgres], &selection).unwrap();
        checked.findings.iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    let rolling = Selection { rolling: true, ..Selection::default() };
    assert_eq!(codes(Selection::default()), Vec::<&str>::new());
    assert_eq!(codes(rolling.clone()), ["MRT702"]);
    assert_eq!(codes(Selection { select: vec!["mrt7".to_owned()], ..Selection::default() }), ["MRT702"]);
    assert_eq!(codes(Selection { ignore: vec!["MRT702".to_owned()], ..rolling }), Vec::<&str>::new());
}

#[test]
fn a_table_that_is_swapped_is_there_for_the_version_before() {
    let up = "op.create_table('new', sa.Column('id', sa.Integer()))\n    op.drop_table('t')\n    op.rename_table('new', 't')\n    \
              op.add_column('t', sa.Column('c', sa.Integer(), nullable=False))\n    op.alter_column('t', 'c', server_default='0')";
    let text = revision("r", "None", up, "raise NotImplementedError");
    let selection = Selection { select: vec!["MRT7".to_owned()], ..Selection::default() };
    assert_eq!(lines(&[("r.py", &text)], &[EngineKind::Postgres], &selection), Vec::<String>::new());
}

#[test]
fn revisions_that_are_no_chain_are_checked_one_by_one() {
    let texts = [(
        "1.py",
        revision("r1", "'gone'", "op.drop_column('t', 'c')", "op.add_column('t', sa.Column('c', sa.Text()))"),
    )];
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let checked = check_texts(&texts, &[EngineKind::Postgres], &Selection::default()).unwrap();
    let codes: Vec<&str> = checked.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["MRT904", "MRT201"]);
}

#[test]
fn a_constraint_is_the_same_under_a_name_that_the_server_gives() {
    let texts = [
        (
            "1.py",
            revision(
                "r1",
                "None",
                "op.create_table('t', sa.Column('c', sa.Text()), sa.UniqueConstraint('c'))",
                "op.drop_table('t')",
            ),
        ),
        (
            "2.py",
            revision(
                "r2",
                "'r1'",
                "op.drop_constraint('t_c_key', 't', type_='unique')",
                "op.create_unique_constraint('t_c_key', 't', ['c'])",
            ),
        ),
    ];
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let checked = check_texts(&texts, &[EngineKind::Postgres], &Selection::default()).unwrap();
    let codes: Vec<&str> = checked.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["MRT805"], "{:?}", checked.findings);
}

#[test]
fn a_column_that_another_one_replaces_is_not_lost() {
    let copy = "op.add_column('t', sa.Column('c_new', sa.Text()))\n    op.execute('UPDATE t SET c_new = c')\n    op.drop_column('t', 'c')\n    op.alter_column('t', 'c_new', new_column_name='c')";
    let found = codes(&revision("r", "None", copy, copy));
    assert!(!found.contains(&"MRT201") && !found.contains(&"MRT208"), "{found:?}");
}

#[test]
fn nothing_is_certain_beside_what_cannot_be_read() {
    let up =
        "op.add_column('t', sa.Column('a', sa.Text()))\n    op.add_column('t', sa.Column('b', sa.Text()))";
    let worst = |more: &str| {
        let text = revision("r", "None", &format!("{up}{more}"), "op.drop_column('t', 'a')");
        let selection = Selection { select: vec!["MRT801".to_owned()], ..Selection::default() };
        let checked = check_texts(&[("r.py", &text)], &[EngineKind::Postgres], &selection).unwrap();
        checked.findings.iter().map(|finding| finding.severity).max()
    };
    assert_eq!(worst(""), Some(mrt_lint::Severity::Error));
    assert_eq!(worst("\n    op.execute('CALL anything()')"), Some(mrt_lint::Severity::Warning));
}

#[test]
fn keys_follow_a_column_that_is_renamed() {
    let back = "op.drop_constraint('t_pkey', 't', type_='primary')\n    op.create_primary_key('t_pkey', 't', ['b'])\n    op.alter_column('t', 'b', new_column_name='a')";
    let texts = [
        (
            "1.py",
            revision(
                "r1",
                "None",
                "op.create_table('t', sa.Column('a', sa.Integer(), primary_key=True))",
                "op.drop_table('t')",
            ),
        ),
        ("2.py", revision("r2", "'r1'", "op.alter_column('t', 'a', new_column_name='b')", back)),
    ];
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(lines(&texts, &[EngineKind::Postgres], &Selection::default()), Vec::<String>::new());
}

#[test]
fn what_a_restated_column_was_before_is_not_guessed() {
    let up = "op.execute('ALTER TABLE t MODIFY c VARCHAR(20) NOT NULL')\n    op.execute('ALTER TABLE t ADD COLUMN d INT')";
    let text = revision("r", "None", up, "op.execute('ALTER TABLE t DROP COLUMN d')");
    assert_eq!(lines(&[("r.py", &text)], &[EngineKind::MySql], &Selection::default()), Vec::<String>::new());
}

#[test]
fn a_name_that_is_not_known_as_a_whole_is_no_name() {
    let text = revision(
        "r",
        "None",
        "op.drop_table(f'{who_knows}_old')",
        "op.create_table('x_old', sa.Column('c', sa.Text()))",
    );
    assert!(!codes(&text).contains(&"MRT202"), "{:?}", codes(&text));
}

#[test]
fn what_a_constraint_is_an_earlier_revision_may_have_said() {
    let made = revision(
        "a",
        "None",
        "op.create_foreign_key('fk', 't', 'u', ['u'], ['id'])",
        "op.drop_constraint('fk', 't')",
    );
    let dropped = revision("b", "'a'", "op.drop_constraint('fk', 't')", "op.drop_column('t', 'x')");
    let texts = [("a.py", made.as_str()), ("b.py", dropped.as_str())];
    let found = lines(&texts, &[EngineKind::Postgres], &Selection::default());
    assert!(found.iter().any(|line| line.contains("b.py") && line.contains("MRT205")), "{found:?}");
    assert!(found.iter().all(|line| !line.contains("MRT409")), "{found:?}");
}

/// What is said of the last of revisions that follow on each other.
fn said_of_last(engine: EngineKind, steps: &[(&str, &str)]) -> Vec<String> {
    let ids: Vec<String> = (1..=steps.len()).map(|at| format!("r{at}")).collect();
    let down = |at: usize| if at == 0 { "None".to_owned() } else { format!("'r{at}'") };
    let texts: Vec<String> =
        steps.iter().enumerate().map(|(at, (up, back))| revision(&ids[at], &down(at), up, back)).collect();
    let named: Vec<(&str, &str)> =
        ids.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    let checked = check_texts(&named, &[engine], &Selection::default()).unwrap();
    let own = checked.findings.iter().filter(|finding| Some(&finding.revision) == ids.last());
    own.map(|finding| format!("{} {}", finding.severity, finding.code)).collect()
}

#[test]
fn behind_what_cannot_be_read_nothing_is_certain_of_what_was_before() {
    let made = ("op.create_table('t', sa.Column('a', sa.Text()))", "op.drop_table('t')");
    let hidden = ("import shop\n    shop.make(op.get_bind())", "import shop\n    shop.take(op.get_bind())");
    let index = ("op.create_index('ix', 't', ['a'])", "op.drop_index('ix', table_name='t')");
    let rename = |from: &str, to: &str| format!("op.alter_column('t', '{from}', new_column_name='{to}')");
    let renamed = (&*rename("b", "c"), &*rename("c", "b"));
    let sqlite = EngineKind::Sqlite;
    // A column that nobody has named may come from there; without that it cannot.
    assert_eq!(said_of_last(sqlite, &[made, hidden, renamed]), Vec::<&str>::new());
    assert_eq!(said_of_last(sqlite, &[made, renamed])[0], "error MRT804");
    let moved = ("op.rename_table('t', 'u')\n    op.rename_table('u', 't')", "pass");
    assert_eq!(said_of_last(sqlite, &[made, hidden, moved, renamed]), Vec::<&str>::new());
    // What was there may be gone.
    assert_eq!(said_of_last(sqlite, &[made, index, hidden, index]), Vec::<&str>::new());
    let swapped = (index.1, index.0);
    assert_eq!(said_of_last(sqlite, &[made, index, swapped, hidden, swapped]), Vec::<&str>::new());
    assert!(said_of_last(sqlite, &[made, index, index]).contains(&"error MRT804".to_owned()));
}

#[test]
fn a_table_that_an_earlier_revision_takes_away_is_not_there() {
    let made = ("op.create_table('t', sa.Column('a', sa.Text()))", "op.drop_table('t')");
    let renamed = ("op.rename_table('t', 'u')", "op.rename_table('u', 't')");
    let add = "op.add_column('t', sa.Column('b', sa.Text()))";
    let drop = "op.drop_column('t', 'b')";
    let postgres = EngineKind::Postgres;
    assert_eq!(said_of_last(postgres, &[made, renamed, (add, drop)]), ["error MRT804"; 2]);
    for (up, back) in [
        (
            "op.execute(\"ALTER TABLE IF EXISTS t ADD COLUMN IF NOT EXISTS b text\")",
            "op.execute(\"ALTER TABLE IF EXISTS t DROP COLUMN IF EXISTS b\")",
        ),
        (
            "op.execute('CREATE VIEW t AS SELECT * FROM u')\n    op.execute(\"INSERT INTO t (a) VALUES ('x')\")",
            "op.execute(\"DELETE FROM t WHERE a = 'x'\")\n    op.execute('DROP VIEW t')",
        ),
        (
            "op.create_table('t', sa.Column('a', sa.Text()))\n    op.execute('INSERT INTO t SELECT a FROM u')",
            "op.drop_table('t')",
        ),
    ] {
        assert_eq!(said_of_last(postgres, &[made, renamed, (up, back)]), Vec::<&str>::new(), "{up}");
    }
}
