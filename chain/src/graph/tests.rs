#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::settings::Project;

fn revision(id: &str, down: &[&str], depends_on: &[&str]) -> Revision {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Revision {
        id: id.to_owned(),
        down: owned(down),
        depends_on: owned(depends_on),
        labels: Vec::new(),
        title: String::new(),
        file: PathBuf::from(format!("/{id}.py")),
        display_file: format!("{id}.py"),
        upgrade_line: 1,
        downgrade_line: Some(1),
    }
}

fn ids<'a>(revisions: impl IntoIterator<Item = &'a Revision>) -> Vec<&'a str> {
    revisions.into_iter().map(|revision| revision.id.as_str()).collect()
}

fn at<'a>(chain: &'a Chain, positions: &[usize]) -> Vec<&'a str> {
    ids(positions.iter().map(|position| &chain.revisions()[*position]))
}

/// Two branches and their merge, and a second base that depends on one of them.
fn sample() -> Chain {
    let mut left = revision("b1", &["a"], &[]);
    left.labels = vec!["left".to_owned()];
    Chain::new(vec![
        revision("d", &["b2", "c1"], &[]),
        revision("c1", &["a"], &[]),
        revision("b2", &["b1"], &[]),
        left,
        revision("a", &[], &[]),
        revision("x2", &["x1"], &[]),
        revision("x1", &[], &["left"]),
    ])
    .unwrap()
}

#[test]
fn branches_are_followed_to_their_end() {
    assert_eq!(ids(sample().revisions()), ["a", "b1", "b2", "x1", "x2", "c1", "d"]);
}

#[test]
fn parents_are_what_comes_before_and_children_what_follows() {
    let chain = sample();
    assert_eq!(ids(chain.parents("d")), ["b2", "c1"]);
    assert_eq!(ids(chain.parents("x1")), ["b1"], "a dependency is a parent");
    assert_eq!(ids(chain.children("b1")), ["b2", "x1"]);
    assert_eq!(at(&chain, &chain.ancestors("x2")), ["a", "b1", "x1"]);
    assert_eq!(at(&chain, &chain.descendants("b1")), ["b2", "x1", "x2", "d"]);
    assert_eq!(chain.get("x1").unwrap().depends_on, ["b1"], "a label becomes an id");
    assert!(chain.ancestors("nobody").is_empty());
    assert_eq!(chain.parents("nobody").count(), 0);
}

#[test]
fn heads_and_bases_are_those_of_alembic() {
    let chain = sample();
    assert_eq!(ids(chain.heads()), ["x2", "d"]);
    assert_eq!(ids(chain.bases()), ["a", "x1"]);
    let applied: Vec<usize> = ["a", "b1", "x1"].iter().map(|id| chain.position(id).unwrap()).collect();
    assert_eq!(ids(chain.version_heads(&applied)), ["x1"]);
    assert_eq!(ids(chain.version_heads(&[])), [""; 0]);
    let dependency = Chain::new(vec![revision("a", &[], &[]), revision("b", &[], &["a"])]).unwrap();
    assert_eq!(ids(dependency.heads()), ["a", "b"], "a dependency alone does not build on it");
}

#[test]
fn people_may_shorten_ids_and_use_labels() {
    let chain = Chain::new(vec![revision("abc1", &[], &[]), revision("abd2", &["abc1"], &[])]).unwrap();
    let resolved = |name| chain.resolve(name).map(|revision| revision.id.as_str());
    assert_eq!(resolved("abc"), Ok("abc1"));
    assert_eq!((resolved("head"), resolved("base")), (Ok("abd2"), Ok("abc1")));

    let sample = sample();
    let resolved = |name| sample.resolve(name).map(|revision| revision.id.as_str());
    assert_eq!(resolved("left"), Ok("b1"));
    let errors = [chain.resolve("ab"), chain.resolve("abd3"), chain.resolve(""), sample.resolve("head")];
    let errors = errors.map(|result| result.unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @r"
    `ab` can be any of abc1, abd2; give one of these ids
    no revision or branch is called `abd3`; did you mean `abd2`?
    no revision or branch is called ``; give a revision's id, or its beginning
    `head` can be any of x2, d; give one of these ids
    ");
}

#[test]
fn long_chains_are_quick() {
    let id = |n: usize| format!("{n:05}");
    let revisions = (0..5_000).map(|n| {
        let down: Vec<String> = (n > 0).then(|| id(n - 1)).into_iter().collect();
        Revision { down, ..revision(&id(n), &[], &[]) }
    });
    let revisions: Vec<Revision> = revisions.collect();
    let started = Instant::now();
    let chain = Chain::new(revisions).unwrap();
    let total: usize = chain.revisions().iter().step_by(50).map(|r| chain.ancestors(&r.id).len()).sum();
    assert_eq!(total, (0..5_000).step_by(50).sum::<usize>());
    // Quadratic work would take minutes.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// A suite with these files in its versions directory, and what keeps them.
fn suite(files: &[(&str, &str)]) -> (tempfile::TempDir, Suite) {
    let keep = tempfile::tempdir().unwrap();
    let root = keep.path();
    fs::create_dir_all(root.join("db/versions")).unwrap();
    fs::write(root.join("alembic.ini"), "[alembic]\nscript_location = db\n").unwrap();
    for (name, text) in files {
        let path = root.join("db/versions").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let suite = Project::load(root).unwrap().suites.remove(0);
    (keep, suite)
}

#[test]
fn a_file_says_where_its_steps_are() {
    let head = "revision = 'aaaa'\ndown_revision = None\n";
    let read = |text: &str| {
        let text = format!("\"\"\" Add users.\n\nmore\"\"\"\n{head}{text}");
        let (_keep, suite) = suite(&[("aaaa.py", &text)]);
        let chain = suite.chain(EngineKind::Sqlite).unwrap();
        let revision = chain.get("aaaa").unwrap();
        assert_eq!(
            (revision.title.as_str(), revision.display_file.as_str()),
            ("Add users.", "db/versions/aaaa.py")
        );
        (revision.upgrade_line, revision.downgrade_line)
    };
    assert_eq!(read("\n@decorated\ndef upgrade():\n    pass\n\nasync def downgrade(): ...\n"), (8, Some(11)));
    assert_eq!(read("def upgrade(): ...\n"), (6, None));
    assert_eq!(read("upgrade = downgrade = print\n"), (6, Some(6)));
    assert_eq!(read("from common import (upgrade,\n  down as downgrade)\n"), (6, Some(7)));
    assert_eq!(read("from common import *\n"), (6, Some(6)));
    assert_eq!(read("if True:\n    def upgrade(): ...\n"), (7, None));
    assert_eq!(read(""), (1, None));
}

#[test]
fn errors_say_where_what_and_what_to_do() {
    let good = ("a.py", "revision = 'aaaa1111'\ndown_revision = None\nbranch_labels = 'main'\n");
    let rest = "down_revision = 'aaaa1111'\n";
    let with = |text: &str| vec![good, ("second.py", Box::leak(text.to_owned().into_boxed_str()) as &str)];
    let cases: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("empty", vec![]),
        ("one level down", vec![("2024/a.py", good.1), ("2025/b.py", "")]),
        ("syntax", with("revision = 'b'\ndown_revision = (\n")),
        ("indentation", with("def upgrade():\npass\n")),
        ("computed", with(&format!("import uuid\nrevision = str(uuid.uuid4())\n{rest}"))),
        (
            "conditional",
            with("revision = 'b'\ndown_revision = None\nif 1:\n    down_revision = 'aaaa1111'\n"),
        ),
        ("number", with("revision = 'b'\ndown_revision = 1\n")),
        ("imported", with("from common import *\n")),
        ("no id", with(rest)),
        ("no parent said", with("revision = 'b'\n")),
        ("illegal", with(&format!("\nrevision = 'b-1'\n{rest}"))),
        ("no text in the id", with(&format!("revision = ''\n{rest}"))),
        ("twice", with("revision = 'aaaa1111'\ndown_revision = None\n")),
        ("label twice", with(&format!("revision = 'b'\n{rest}branch_labels = ('main',)\n"))),
        ("label is an id", with(&format!("revision = 'b'\n{rest}branch_labels = ('b',)\n"))),
        ("typing error", with("revision = 'b'\ndown_revision = 'aaaa1112'\n")),
        ("partial", with("revision = 'b'\ndown_revision = 'aaaa'\n")),
        ("label as a parent", with("revision = 'b'\ndown_revision = 'main'\n")),
        ("empty parent", with("revision = 'b'\ndown_revision = ''\n")),
        ("missing dependency", with(&format!("revision = 'b'\n{rest}depends_on = ('main', 'zzzz')\n"))),
        ("of itself", with("revision = 'b'\ndown_revision = 'b'\n")),
        (
            "cycle",
            vec![
                good,
                ("x.py", "revision = 'x'\ndown_revision = ('z', 'aaaa1111')\n"),
                ("y.py", "revision = 'y'\ndown_revision = 'x'\n"),
                ("z.py", "revision = 'z'\ndown_revision = None\ndepends_on = 'y'\n"),
                ("after.py", "revision = 'a'\ndown_revision = 'z'\n"),
            ],
        ),
    ];
    let mut shown = String::new();
    for (what, files) in &cases {
        let (_keep, suite) = suite(files);
        let error = suite.chain(EngineKind::Sqlite).unwrap_err().to_string();
        writeln!(shown, "{what}\n    {}", error.replace(&*suite.dir.to_string_lossy(), "ROOT")).unwrap();
    }
    let (_keep, mut suite) = suite(&[]);
    suite.alembic.version_locations.insert(None, vec![suite.dir.join("nowhere")]);
    let error = suite.chain(EngineKind::Sqlite).unwrap_err().to_string();
    writeln!(shown, "no directory\n    {}", error.replace(&*suite.dir.to_string_lossy(), "ROOT")).unwrap();
    insta::assert_snapshot!(shown);
}

#[test]
fn engines_can_have_chains_of_their_own() {
    let (_keep, mut suite) = suite(&[
        ("pg/a.py", "revision = 'aaaa'\ndown_revision = None\n"),
        ("lite/b.py", "revision = 'bbbb'\ndown_revision = None\n"),
    ]);
    let versions = suite.dir.join("db/versions");
    suite.alembic.version_locations =
        [(Some(EngineKind::Postgres), vec![versions.join("pg")]), (None, vec![versions.join("lite")])].into();
    let [pg, lite] = [EngineKind::Postgres, EngineKind::Sqlite].map(|engine| suite.chain(engine).unwrap());
    assert_eq!((ids(pg.revisions()), ids(lite.revisions())), (vec!["aaaa"], vec!["bbbb"]));

    suite.floor = Some("aaab".to_owned());
    suite.skip = vec![crate::settings::Skip {
        revision: "bbbb".to_owned(),
        targets: Vec::new(),
        reason: String::new(),
    }];
    let unknown = suite.unknown_revisions(&[&pg, &lite]);
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert!(
        unknown[0]
            .to_string()
            .ends_with("names revision `aaab`, which its chain does not have; did you mean `aaaa`?")
    );
    assert_eq!(suite.unknown_revisions(&[&pg])[1].setting, "skip");
}

#[test]
fn a_file_under_two_names_is_one_revision() {
    let (_keep, suite) = suite(&[("a.py", "revision = 'aaaa'\ndown_revision = None\n")]);
    let versions = suite.dir.join("db/versions");
    std::os::unix::fs::symlink(versions.join("a.py"), versions.join("again.py")).unwrap();
    std::os::unix::fs::symlink("somebody@host.1", versions.join(".#a.py")).unwrap();
    assert_eq!(ids(suite.chain(EngineKind::Sqlite).unwrap().revisions()), ["aaaa"]);
}

/// Revisions of a random DAG: each has parents among the earlier ones only. Ids do not follow the order.
fn dag() -> impl Strategy<Value = Vec<Revision>> {
    (1usize..40)
        .prop_flat_map(|n| {
            let parents: Vec<_> = (0..n)
                .map(|k| (proptest::collection::btree_set(0..k.max(1), 0..4.min(k + 1)), any::<bool>()))
                .collect();
            (parents, Just((0..n).collect::<Vec<_>>()).prop_shuffle())
        })
        .prop_map(|(parents, names)| {
            let id = |k: usize| format!("r{:02}", names[k]);
            let own = |(k, (parents, depends)): (usize, (BTreeSet<usize>, bool))| {
                let mut parents: Vec<String> = parents.into_iter().filter(|p| *p < k).map(id).collect();
                let depends_on = if depends { parents.split_off(parents.len() / 2) } else { Vec::new() };
                Revision { down: parents, depends_on, ..revision(&id(k), &[], &[]) }
            };
            parents.into_iter().enumerate().map(own).collect()
        })
}

proptest! {
    #[test]
    fn an_order_is_topological_contiguous_and_the_same_for_any_order_of_the_files(
        (revisions, shuffled) in dag().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle()))
    ) {
        let chain = Chain::new(revisions.clone()).unwrap();
        prop_assert_eq!(chain.revisions().len(), revisions.len());
        let again = Chain::new(shuffled).unwrap();
        prop_assert_eq!(chain.revisions(), again.revisions());
        for (position, revision) in chain.revisions().iter().enumerate() {
            prop_assert_eq!(chain.position(&revision.id), Some(position));
            for parent in revision.down.iter().chain(&revision.depends_on) {
                prop_assert!(chain.position(parent).unwrap() < position, "{} before {parent}", revision.id);
            }
            // The only child of its only parent follows it at once.
            let children: Vec<&Revision> = chain.children(&revision.id).collect();
            if let [child] = children.as_slice() && chain.parents(&child.id).count() == 1 {
                prop_assert_eq!(chain.position(&child.id), Some(position + 1));
            }
        }
    }

    #[test]
    fn ancestors_and_descendants_are_each_others_mirror(revisions in dag()) {
        let chain = Chain::new(revisions).unwrap();
        for (position, revision) in chain.revisions().iter().enumerate() {
            let mut expected = BTreeSet::new();
            for parent in chain.parents(&revision.id) {
                expected.insert(chain.position(&parent.id).unwrap());
                expected.extend(chain.ancestors(&parent.id));
            }
            let ancestors = chain.ancestors(&revision.id);
            prop_assert_eq!(&ancestors, &expected.into_iter().collect::<Vec<_>>());
            for ancestor in ancestors {
                prop_assert!(chain.descendants(&chain.revisions()[ancestor].id).contains(&position));
            }
        }
    }

    #[test]
    fn what_comes_before_itself_is_a_cycle(revisions in dag(), from in any::<prop::sample::Index>()) {
        let good = Chain::new(revisions.clone()).unwrap();
        let top = from.get(good.revisions()).id.clone();
        let Some(oldest) = good.ancestors(&top).first().copied() else { return Ok(()) };
        let oldest = good.revisions()[oldest].id.clone();
        let mut bad = revisions;
        bad.iter_mut().find(|revision| revision.id == oldest).unwrap().down.push(top);
        let Err(GraphError::Cycle { members }) = Chain::new(bad.clone()) else { panic!("no cycle found") };
        prop_assert!(members.len() >= 2);
        let next = members.iter().cycle().skip(1);
        for ((id, _), (parent, _)) in members.iter().zip(next) {
            let revision = bad.iter().find(|revision| revision.id == *id).unwrap();
            prop_assert!(revision.down.contains(parent) || revision.depends_on.contains(parent));
        }
    }
}
