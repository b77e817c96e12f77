//! A step that failed half-way: what it did before stays where nothing takes DDL back, and the database then stands between
//! two revisions, from which neither another try nor a rollback sets out.

use mrt_chain::graph::Revision;
use mrt_report::{Evidence, Finding, FindingKind, Severity};

use crate::check::CheckError;
use crate::check::compare::{self, Comparison, Difference};
use crate::check::slot::{Steps, TargetContext};
use crate::check::trial::{Failed, Problem, Step};
use crate::database::DatabaseError;
use crate::database::catalog::Catalog;
use crate::host::{Failure, Statement};

/// How many objects a message names.
const NAMED: usize = 5;

/// What of a step that failed stays, seen beside the state that it began with. The step's process is over, or sits in
/// nobody's way.
pub(crate) async fn stays(
    target: &TargetContext,
    steps: &mut Steps<'_>,
    problem: &Problem,
    before: &Catalog,
) -> Result<Vec<Difference>, CheckError> {
    let killed = match problem {
        Problem::Failed(Failure::Raised(_)) => false,
        // The server may still be at work for a client that is gone.
        Problem::Failed(Failure::TimedOut { .. } | Failure::Died { .. }) => true,
        Problem::NotRecorded { .. } | Problem::DatabaseGone | Problem::OutOfRoom { .. } => {
            return Ok(Vec::new());
        }
    };
    if killed {
        steps.disconnect().await?;
    } else {
        steps.ends_open_transaction().await?;
    }
    let mut session = match steps.connect().await {
        Ok(session) => session,
        Err(CheckError::Database(DatabaseError::NoDatabase { .. })) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let now = target.catalog(session.as_mut()).await?;
    let mut found = compare::catalogs(before, &now, Comparison::Rollback);
    found.retain(|difference| !difference.note);
    Ok(found)
}

/// The finding of it, if anything stays. `statements` are those of the step.
pub(crate) fn finding(failed: &Failed, revision: &Revision, statements: &[Statement]) -> Option<Finding> {
    if failed.stays.is_empty() {
        return None;
    }
    let own: Vec<&Statement> = statements.iter().filter(|statement| statement.line.is_some()).collect();
    let step = match failed.step {
        Step::Upgrade => "upgrade",
        Step::Downgrade => "downgrade",
        Step::Again => "second upgrade",
    };
    // What an exception of the revision's own ended came after the last statement.
    let at = match (&failed.problem, own.len()) {
        (_, 0) => "half-way".to_owned(),
        (Problem::Failed(Failure::Raised(raised)), sent) if !raised.from_database => {
            format!("behind the {} statement of its own", ordinal(sent))
        }
        (_, sent) => format!("at the {} statement of its own", ordinal(sent)),
    };
    let mut names: Vec<&str> = failed.stays.iter().map(|difference| difference.object.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(NAMED);
    let mut objects = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        objects = format!("{objects} and {more} more");
    }
    let catalog = failed.stays.iter().flat_map(|difference| difference.evidence.catalog.clone()).collect();
    Some(Finding {
        kind: FindingKind::HalfApplied,
        severity: Severity::Fail,
        object: revision.id.clone(),
        message: format!(
            "the {step} stops {at}, and what it did before stays ({objects}), since nothing takes DDL back here: neither another try nor a rollback sets out from that; give each such statement a revision of its own, or undo the others when one fails"
        ),
        evidence: Evidence { catalog, ..Evidence::default() },
        statement: own.last().map(|statement| statement.sql.clone()),
        file: revision.display_file.clone(),
        line: own.last().and_then(|statement| statement.line).unwrap_or(revision.upgrade_line),
        accepted: None,
    })
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_endings() {
        let shown: Vec<String> = [1, 2, 3, 4, 11, 12, 13, 21, 102, 111].into_iter().map(ordinal).collect();
        assert_eq!(shown.join(" "), "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th");
    }
}
