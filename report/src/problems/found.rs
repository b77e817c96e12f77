//! What rows have shown, said as problems: each wrong thing of a revision once, whatever number of targets shows it.

use std::collections::BTreeMap;

use super::{Baseline, Problem, Rule, Severity};
use crate::digest::{Entry, Since, same};
use crate::text::count;
use crate::{Digest, FindingKind, Verdict};

/// Every kind of finding, as a rule.
pub struct Rules(BTreeMap<FindingKind, Rule>);

impl Default for Rules {
    fn default() -> Self {
        Self(FindingKind::ALL.into_iter().map(|kind| (kind, rule(kind))).collect())
    }
}

/// What is wrong and not accepted. `file` names a file of a suite from the top of the repository: findings name it from the suite's
/// directory.
pub fn found<'a>(
    digest: &'a Digest<'a>,
    rules: &'a Rules,
    file: impl Fn(&str, &str) -> String,
) -> Vec<Problem<'a>> {
    let mut grouped: Vec<Vec<&'a Entry<'a>>> = Vec::new();
    for entry in &digest.entries {
        // Entries of one revision follow each other.
        let of_revision = grouped.iter_mut().rev().take_while(|group| {
            group.first().is_some_and(|first| (first.suite, first.row) == (entry.suite, entry.row))
        });
        match of_revision.into_iter().find(|group| group.first().is_some_and(|first| same(first, entry))) {
            Some(group) => group.push(entry),
            None => grouped.push(vec![entry]),
        }
    }
    let mut problems: Vec<Problem<'a>> =
        grouped.iter().filter_map(|group| problem(digest, rules, &file, group)).collect();
    problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    problems
}

/// Entries of one thing, the gravest of which gives the words.
fn problem<'a>(
    digest: &'a Digest<'a>,
    rules: &'a Rules,
    file: &impl Fn(&str, &str) -> String,
    group: &[&'a Entry<'a>],
) -> Option<Problem<'a>> {
    let gravest = group.first()?;
    let (suite, row) = digest.place(gravest.suite, gravest.row);
    let shown = |target: &&&str| group.iter().any(|entry| entry.targets.contains(target));
    let targets: Vec<&str> = suite.targets.iter().filter(shown).copied().collect();
    let finding = gravest.finding;
    let since = match &gravest.since {
        Some(Since::Known(_)) | None => String::new(),
        Some(since) => format!("; {}", since.words()),
    };
    Some(Problem {
        rule: rules.0.get(&finding.kind)?,
        severity: severity(finding.severity),
        suite: suite.name,
        revision: row.id,
        file: file(suite.name, &finding.file),
        // GitHub and the schema of SARIF know no line 0.
        line: finding.line.max(1),
        message: format!("{} ({}{since})", finding.message, suite.on(&targets)).into(),
        subject: &finding.object,
        baseline: gravest.since.as_ref().map(baseline),
    })
}

fn baseline(since: &Since<'_>) -> Baseline {
    match since {
        Since::New => Baseline::New,
        Since::Known(_) => Baseline::Unchanged,
        Since::Lapsed | Since::Spread(_) => Baseline::Updated,
    }
}

/// What no problem says: cells that nobody judged. Without it a list of nothing would look like a result.
pub fn unsaid(digest: &Digest<'_>) -> Vec<String> {
    let cells = |verdict| {
        let of = digest.verdicts().into_iter().find(|(of, _)| *of == verdict);
        of.map(|(_, n)| count(usize::try_from(n).unwrap_or(usize::MAX), "cell"))
    };
    let blocked = cells(Verdict::Blocked)
        .map(|cells| format!("{cells} could not be tried: an earlier revision cannot be applied"));
    let lost =
        cells(Verdict::Error).map(|cells| format!("{cells} could not be judged: infrastructure failed"));
    blocked.into_iter().chain(lost).collect()
}

fn severity(severity: crate::Severity) -> Severity {
    match severity {
        crate::Severity::Note => Severity::Note,
        crate::Severity::Warn => Severity::Warning,
        crate::Severity::Fail => Severity::Error,
    }
}

fn rule(kind: FindingKind) -> Rule {
    let (name, about) = words(kind);
    Rule {
        id: kind.to_string(),
        name: name.to_owned(),
        // Nothing is known to be wrong of a table without rows.
        severity: if kind == FindingKind::NotSeeded { Severity::Warning } else { Severity::Error },
        about: about.to_owned(),
        help: format!(
            "{about}\n\nmrt has seen it on a real database, with rows in it; the report (`mrt-cli report`) shows the rows, values and \
             statements. What is meant to be so can be accepted in mrt.toml: `[[accept]]` with this revision, `kind = \"{kind}\"` and a reason.\n"
        ),
    }
}

/// A few words, and what happens and what to do.
fn words(kind: FindingKind) -> (&'static str, &'static str) {
    match kind {
        FindingKind::DataLost => (
            "values are lost",
            "Values that were there before the upgrade are gone after the rollback. Copy them aside before they are dropped, and bring \
             them back in the downgrade.",
        ),
        FindingKind::DataChanged => (
            "values are changed",
            "Values differ after the rollback from what they were before the upgrade. Keep the old ones until the downgrade has \
             put them back.",
        ),
        FindingKind::RowsLost => (
            "rows are lost",
            "Rows that were there before the upgrade are gone after the rollback. Keep them until the downgrade has put them back.",
        ),
        FindingKind::RowsLeftBehind => (
            "rows are left behind",
            "Rows that the upgrade wrote into older tables are still there after the rollback. Delete them in the downgrade.",
        ),
        FindingKind::SchemaNotRestored => (
            "the schema is not restored",
            "An object of the schema, or an attribute of one, is not what it was before the upgrade. Make it again in the downgrade, as \
             it was.",
        ),
        FindingKind::SchemaLeftBehind => (
            "schema is left behind",
            "An object that the upgrade made survives the rollback. Drop it in the downgrade.",
        ),
        FindingKind::UpgradeFailed => (
            "the upgrade fails",
            "The upgrade fails on this database, at times only when there are rows. Whatever comes after it cannot be tried.",
        ),
        FindingKind::DowngradeFailed => {
            ("the downgrade fails", "The downgrade fails: whoever rolls back stands in the middle of it.")
        }
        FindingKind::ReupgradeFailed => (
            "the second upgrade fails",
            "After a rollback the revision cannot be applied again, mostly since the downgrade has left something behind.",
        ),
        FindingKind::ReupgradeDiffers => (
            "the second upgrade differs",
            "Applied again after a rollback, the revision ends in another schema than the first time.",
        ),
        FindingKind::HalfApplied => (
            "half of a step stays",
            "A step fails, and what it did before that stays: the database does not take it back. Split the revision, or make each \
             statement safe to run again.",
        ),
        FindingKind::Irreversible => (
            "there is no way back",
            "There is no downgrade, or it refuses on purpose. Write one, or accept the finding with the reason.",
        ),
        FindingKind::Timeout => (
            "a step takes too long",
            "A step did not end within its limit. Raise `timeout` where it needs so much, or make it shorter.",
        ),
        FindingKind::ServerDied => {
            ("the server dies", "The revision takes the database server down, also alone on a fresh one.")
        }
        FindingKind::NotSeeded => (
            "a table without rows",
            "A table that the revision can touch took no row, so that nothing is proven about it.",
        ),
    }
}
