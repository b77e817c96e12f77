//! What a team with an old repository needs: settings, a baseline, and only what is new.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{EMPTY_AGAIN, LOSES, check};
use crate::support::{Project, stderr};

const NEW: (&str, &str, &str) =
    ("r3", "op.drop_column('users', 'name')", "op.add_column('users', sa.Column('name', sa.String(20)))");

/// One revision makes a table, the next one loses a column of it.
fn project() -> Project {
    let up = "op.create_table('users', sa.Column('phone', sa.String(20)), sa.Column('name', sa.String(20)))";
    Project::chain(&[("r1", up, "op.drop_table('users')"), ("r2", LOSES, EMPTY_AGAIN)])
}

/// `r2 MRT201`, as the report has them.
fn found(dir: &Path, arguments: &[&str]) -> Vec<String> {
    let output = check(dir, &[&["--format", "json"], arguments].concat());
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{}", stderr(&output)));
    let told = |it: &serde_json::Value| {
        format!("{} {}", it["revision"].as_str().unwrap(), it["code"].as_str().unwrap())
    };
    report["findings"].as_array().unwrap().iter().map(told).collect()
}

fn git(dir: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn the_settings_say_what_is_looked_for_and_what_counts() {
    let code =
        |settings: &str, arguments: &[&str]| check(project().with(settings).path(), arguments).status.code();
    assert_eq!(code("[check]\nseverity = { MRT2 = \"warning\" }\n", &[]), Some(0));
    assert_eq!(
        code("[check]\nseverity = { MRT2 = \"warning\" }\n", &["--severity", "MRT201=error"]),
        Some(1)
    );
    let path = "[[check.path]]\nfiles = \"migrations/versions/r2*.py\"\nignore = [\"MRT2\"]\n";
    assert_eq!(code(path, &[]), Some(0));
    assert_eq!(code(path, &["--select", "MRT201"]), Some(1));
    assert_eq!(code("", &["--severity", "MRT201"]), Some(2));
    assert_eq!(code("", &["--severity", "MRT201=fatal"]), Some(2));
    let wrong = check(project().with("[check]\nignore = [\"MRT20l\"]\n").path(), &[]);
    assert_eq!(wrong.status.code(), Some(2));
    let told = stderr(&wrong);
    assert!(told.contains("mrt.toml:2:11: no rule has the code `MRT20l`; did you mean `MRT201`?"), "{told}");
}

#[test]
fn what_is_known_is_accepted_and_only_what_is_new_counts() {
    let project = project();
    let dir = project.path();
    let run = "[[accept]]\nrevision = \"r1\"\nkind = \"irreversible\"\nreason = \"of run\"\n";
    project.write("mrt-baseline.toml", run);

    let written = check(dir, &["--update-baseline"]);
    assert_eq!(written.status.code(), Some(1), "it still counts what it found");
    assert!(stderr(&written).contains("2 findings are accepted from now on"), "{}", stderr(&written));
    let baseline = fs::read_to_string(dir.join("mrt-baseline.toml")).unwrap();
    insta::assert_snapshot!(baseline);

    let known = check(dir, &["--fail-on", "note"]);
    assert_eq!(known.status.code(), Some(0), "{}", stderr(&known));
    assert!(known.stdout.is_empty());
    assert!(stderr(&known).ends_with("; 1 accepted by the baseline\n"), "{}", stderr(&known));

    project.follow(Some("r2"), &[NEW]);
    assert_eq!(found(dir, &[]), ["r3 MRT201"]);
    assert_eq!(check(dir, &["--update-baseline", "--quiet"]).status.code(), Some(1));
    assert_eq!(check(dir, &[]).status.code(), Some(0));

    // r2 is repaired: its entry is of no use, which whoever looks at one revision cannot know.
    project.follow(Some("r1"), &[("r2", "pass", "pass")]);
    let told = |arguments: &[&str]| stderr(&check(dir, arguments));
    let idle = "1 entry of the baseline accepts nothing any more; --update-baseline drops it";
    assert!(told(&[]).contains(idle), "{}", told(&[]));
    for part in
        [&["--only", "r3"][..], &["--select", "MRT9"], &["--target", "postgres:16"], &["--since", "r2"]]
    {
        assert!(!told(part).contains("any more"), "{part:?}");
    }
    assert_eq!(check(dir, &["--update-baseline"]).status.code(), Some(0));
    let baseline = fs::read_to_string(dir.join("mrt-baseline.toml")).unwrap();
    assert!(!baseline.contains("\"r2\"") && baseline.contains("\"r3\"") && baseline.contains("of run"));
}

#[test]
fn a_baseline_is_of_the_whole() {
    let project = project();
    for part in [["--only", "r1"], ["--since", "r1"], ["--target", "sqlite"], ["--ignore", "MRT9"]] {
        let output = check(project.path(), &[&part[..], &["--update-baseline"]].concat());
        assert_eq!(output.status.code(), Some(2), "{part:?}");
    }
    assert!(!project.path().join("mrt-baseline.toml").exists());
}

#[test]
fn only_what_comes_after_a_revision_is_told() {
    let project = project();
    project.follow(Some("r2"), &[NEW]);
    assert_eq!(found(project.path(), &[]), ["r2 MRT201", "r3 MRT201"]);
    assert_eq!(found(project.path(), &["--since", "r2"]), ["r3 MRT201"]);
    let nothing = check(project.path(), &["--since", "r3"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(stderr(&nothing).contains("no revision comes after r3"), "{}", stderr(&nothing));
    assert_eq!(check(project.path(), &["--since", "gone"]).status.code(), Some(2));
}

#[test]
fn only_what_a_change_brings_is_told() {
    let project = project();
    let dir = project.path();
    git(dir, &["init", "-q", "-b", "main"]);
    git(dir, &["add", "."]);
    git(dir, &["commit", "-q", "-m", "old"]);
    git(dir, &["checkout", "-q", "-b", "branch"]);
    let since: &[&str] = &["--since-git", "main"];
    let untouched = check(dir, since);
    assert_eq!(untouched.status.code(), Some(0));
    assert!(stderr(&untouched).contains("no revision has changed since main"), "{}", stderr(&untouched));
    project.follow(Some("r2"), &[NEW]);
    assert_eq!(found(dir, since), ["r3 MRT201"], "not committed");
    git(dir, &["add", "."]);
    git(dir, &["commit", "-q", "-m", "new"]);
    assert_eq!(found(dir, since), ["r3 MRT201"]);
    let told = stderr(&check(dir, since));
    assert!(told.contains("3 files read, 1 asked for: 1 error"), "{told}");
    git(dir, &["mv", "migrations/versions/r2.py", "migrations/versions/r2_phone.py"]);
    assert_eq!(found(dir, since), ["r2 MRT201", "r3 MRT201"], "another name");
    assert_eq!(check(dir, &["--since-git", "nobody"]).status.code(), Some(2));
}

#[test]
fn a_second_head_comes_from_the_change_that_makes_it() {
    let chain = Project::chain(&[("r1", "pass", "pass"), ("r2", "pass", "pass")]);
    let dir = chain.path();
    git(dir, &["init", "-q", "-b", "main"]);
    git(dir, &["add", "."]);
    git(dir, &["commit", "-q", "-m", "old"]);
    chain.follow(Some("r1"), &[("r2b", "pass", "pass")]);
    assert_eq!(found(dir, &["--since-git", "main"]), ["r1 MRT901"]);
    git(dir, &["add", "."]);
    git(dir, &["commit", "-q", "-m", "two heads"]);
    chain.follow(Some("r2"), &[("r3", LOSES, EMPTY_AGAIN)]);
    assert_eq!(found(dir, &["--since-git", "main"]), ["r3 MRT201"]);
}

#[test]
fn findings_that_are_alike_are_counted() {
    let project = project();
    let dir = project.path();
    let drops =
        |times: usize| project.follow(Some("r1"), &[("r2", &[LOSES].repeat(times).join("\n"), EMPTY_AGAIN)]);
    let count = || {
        let baseline: toml::Table =
            fs::read_to_string(dir.join("mrt-baseline.toml")).unwrap().parse().unwrap();
        let entries = baseline["accept"].as_array().unwrap();
        let losses = entries.iter().filter(|entry| entry["kind"].as_str() == Some("MRT201"));
        losses.map(|entry| entry["count"].as_integer().unwrap()).collect::<Vec<_>>()
    };
    let select: &[&str] = &["--select", "MRT201"];
    for (times, new, counts) in [(1, 1, [1]), (1, 0, [1]), (3, 2, [3]), (2, 0, [2]), (3, 1, [3])] {
        drops(times);
        assert_eq!(found(dir, select).len(), new, "{times}");
        check(dir, &["--update-baseline"]);
        assert_eq!(count(), counts, "{times}");
    }
}
