//! Which cell of a report is meant.

use mrt_report::{Cell, Report, Verdict};

use crate::error::CliError;

/// How many cells an error names.
const NAMED: usize = 10;

/// The one cell that `asked` is a name of. A name is compared with those that the cells have, never taken apart: suites, revisions
/// and targets may hold any letter.
pub(super) fn find<'r>(report: &'r Report, asked: &str) -> Result<&'r Cell, CliError> {
    let cells = || report.cells.iter();
    let mut meant: Vec<&Cell> = cells().filter(|cell| fits(cell, asked, |id, rest| id == rest)).collect();
    if meant.is_empty() {
        meant = cells().filter(|cell| fits(cell, asked, |id, rest| id.starts_with(rest))).collect();
    }
    match meant.as_slice() {
        [cell] => Ok(cell),
        [] => {
            let problem = format!("the report has no cell {asked:?}");
            Err(CliError::Cell { problem, cells: names(cells().collect()) })
        }
        several => {
            let problem = format!("{asked:?} is the name of {} cells", several.len());
            Err(CliError::Cell { problem, cells: names(meant) })
        }
    }
}

/// Whether a cell is called so, with or without its suite and its target.
fn fits(cell: &Cell, asked: &str, is_revision: impl Fn(&str, &str) -> bool) -> bool {
    let (suite, target) = (format!("{}/", cell.suite), format!("@{}", cell.target));
    let inner = [Some(asked), asked.strip_prefix(&suite)];
    let forms = inner.into_iter().flatten().flat_map(|text| [Some(text), text.strip_suffix(&target)]);
    forms.flatten().any(|rest| !rest.is_empty() && is_revision(&cell.revision, rest))
}

/// A cell in full.
pub(super) fn name(cell: &Cell) -> String {
    format!("{}/{}@{}", cell.suite, cell.revision, cell.target)
}

/// Names of the first few, those that do not pass before the others.
fn names(mut cells: Vec<&Cell>) -> Vec<String> {
    cells.sort_by_key(|cell| match cell.verdict {
        Verdict::Fail => 0,
        Verdict::Warn => 1,
        Verdict::Blocked | Verdict::Error => 2,
        Verdict::Pass | Verdict::Skip => 3,
    });
    let more = cells.len().saturating_sub(NAMED);
    let mut names: Vec<String> =
        cells.into_iter().take(NAMED).map(|cell| format!("{} ({})", name(cell), cell.verdict)).collect();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn report() -> Report {
        let cell = |suite, revision, target, verdict| {
            Cell::untried(suite, target, revision, "", verdict, String::new())
        };
        Report::new(vec![
            cell("shop", "a1", "sqlite", Verdict::Pass),
            cell("shop", "a12b", "sqlite", Verdict::Fail),
            cell("shop", "a12b", "postgres:15", Verdict::Pass),
            cell("ops/shop", "a12b", "my@15", Verdict::Warn),
            cell("shop", "b@7/x", "sqlite", Verdict::Pass),
        ])
    }

    fn found(asked: &str) -> String {
        match find(&report(), asked) {
            Ok(cell) => name(cell),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_cell_goes_by_its_names() {
        assert_eq!(found("a1"), "shop/a1@sqlite", "not cut short where it is one in full");
        assert_eq!(found("shop/a12@sqlite"), "shop/a12b@sqlite");
        assert_eq!(found("a12b@postgres:15"), "shop/a12b@postgres:15");
        assert_eq!(found("a12@my@15"), "ops/shop/a12b@my@15");
        assert_eq!(found("ops/shop/a12b@my@15"), "ops/shop/a12b@my@15");
        assert_eq!(found("b@7/x"), "shop/b@7/x@sqlite");
        assert_eq!(found("b"), "shop/b@7/x@sqlite");
    }

    #[test]
    fn what_is_no_name_or_that_of_several_is_told_with_those_that_could_be_meant() {
        insta::assert_snapshot!(found("a12b"), @r#"
        "a12b" is the name of 3 cells; it could be
        shop/a12b@sqlite (fail)
        ops/shop/a12b@my@15 (warn)
        shop/a12b@postgres:15 (pass)
        "#);
        insta::assert_snapshot!(found("shop/c@sqlite"), @r#"
        the report has no cell "shop/c@sqlite"; it could be
        shop/a12b@sqlite (fail)
        ops/shop/a12b@my@15 (warn)
        shop/a1@sqlite (pass)
        shop/a12b@postgres:15 (pass)
        shop/b@7/x@sqlite (pass)
        "#);
        assert!(found("").starts_with("the report has no cell"));
        assert!(found("@sqlite").starts_with("the report has no cell"));
        let many =
            (0..30).map(|n| Cell::untried("s", "t", &format!("r{n}"), "", Verdict::Pass, String::new()));
        let error = find(&Report::new(many.collect()), "r").unwrap_err().to_string();
        assert!(error.ends_with("and 20 more"), "{error}");
        assert_eq!(error.lines().count(), 12);
    }
}
