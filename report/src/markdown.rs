//! Markdown, for the summary of a step on GitHub and for a comment on a pull or merge request: one text within so many bytes.
//!
//! Both places refuse what is too long, so the worst comes first and at length, the rest in a line each, and what does not fit is
//! counted.

mod escape;
mod page;

use crate::digest::{Block, Entry, Gone, NOT_JUDGED, Row, Shared, Suite, title, took};
use crate::terminal::details_text;
use crate::text::count;
use crate::{Digest, Severity, Verdict};

use escape::{block, cell, code, plain};
use page::{Page, Section};

/// GitHub takes 1 MiB for a step, of which the step may have used some.
const SUMMARY: usize = 1_000_000;

/// GitHub takes 65,536 characters; these are bytes, of which no character has less than one.
const COMMENT: usize = 65_000;

/// What tells our comment from others, so that the next one takes its place. Nobody sees it.
pub const MARKER: &str = "<!-- mrt-report -->";

/// How many revisions are named that share something.
const NAMED: usize = 10;

/// Markdown for `$GITHUB_STEP_SUMMARY`.
pub fn step_summary(digest: &Digest<'_>) -> String {
    within(digest, SUMMARY)
}

/// Markdown for a comment. It begins with [`MARKER`].
pub fn comment(digest: &Digest<'_>) -> String {
    format!("{MARKER}\n{}", within(digest, COMMENT - MARKER.len() - 1))
}

fn within(digest: &Digest<'_>, bytes: usize) -> String {
    let mut page = Page::new(bytes);
    head(&mut page, digest);
    matrix(&mut page, digest, bytes / 4);
    findings(&mut page, digest, bytes / 8);
    page.sections(&rest(digest));
    page.finish()
}

fn head(page: &mut Page, digest: &Digest<'_>) {
    let mark = digest.worst().map_or("⚪", |(verdict, _)| sign(verdict));
    page.write(&format!("## {mark} mrt: {}\n\n", digest.headline()));
    if digest.report.cells.is_empty() {
        return;
    }
    let verdicts: Vec<String> = digest
        .verdicts()
        .into_iter()
        .map(|(verdict, n)| format!("{} {n} {verdict}", sign(verdict)))
        .collect();
    page.write(&format!("{}: {}\n", digest.extent(), verdicts.join(", ")));
    if let Some(changes) = &digest.changes {
        page.write(&format!("\n**Since the previous report: {}**\n", changes.words()));
    }
    for line in totals(digest) {
        page.write(&format!("\n{line}\n"));
    }
}

fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Warn => "⚠️",
        Verdict::Fail => "❌",
        Verdict::Blocked => "⛔",
        Verdict::Error => "💥",
        Verdict::Skip => "⏭️",
    }
}

fn weight(severity: Severity) -> &'static str {
    match severity {
        Severity::Fail => sign(Verdict::Fail),
        Severity::Warn => sign(Verdict::Warn),
        Severity::Note => "💬",
    }
}

/// Suites in which something is not green, each as a table; the others as a line.
fn matrix(page: &mut Page, digest: &Digest<'_>, bytes: usize) {
    let is_green = |suite: &&Suite| matches!(suite.blocks().as_slice(), [Block::Fold(_)]);
    let (green, mixed): (Vec<&Suite>, Vec<&Suite>) = digest.suites.iter().partition(is_green);
    let end = page.len() + bytes;
    let mut left = 0;
    for suite in mixed {
        let mut table = format!("\n| {} |", cell(&code(suite.name)));
        for target in &suite.targets {
            table.push_str(&format!(" {} |", cell(&code(target))));
        }
        table.push_str(&format!("\n|---{}|\n", "|---".repeat(suite.targets.len())));
        let mut lines = suite.blocks().into_iter().flat_map(|block| lines(suite, block));
        let Some((first, _)) = lines.next() else { continue };
        if page.len() + table.len() + first.len() > end {
            left += suite.rows.len();
            continue;
        }
        page.write(&table);
        page.write(&first);
        for (line, rows) in lines {
            if page.len() + line.len() > end {
                left += rows;
            } else {
                page.write(&line);
            }
        }
    }
    if left > 0 {
        page.write(&format!("\n*The matrix has {} more.*\n", count(left, "row")));
    }
    if !green.is_empty() {
        let names: Vec<String> = green.iter().take(NAMED).map(|suite| code(suite.name)).collect();
        let more = match green.len() - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let rows = green.iter().map(|suite| suite.rows.len()).sum();
        let suites = if green.len() == 1 { "suite passes" } else { "suites pass" };
        page.write(&format!(
            "\n✅ {} {suites} wherever they were tried ({}): {}{more}\n",
            green.len(),
            count(rows, "revision"),
            names.join(", ")
        ));
    }
}

/// Lines of a table, each with the number of rows that it stands for.
fn lines<'s>(suite: &'s Suite<'_>, block: Block<&'s [Row<'_>]>) -> Vec<(String, usize)> {
    match block {
        Block::Fold(rows) => {
            let columns = " |".repeat(suite.targets.len());
            vec![(format!("| ✅ {} |{columns}\n", suite.folded(rows)), rows.len())]
        }
        Block::Rows(rows) => rows.iter().map(|row| (line(row), 1)).collect(),
    }
}

fn line(row: &Row<'_>) -> String {
    let mut line = format!("| {} {} |", cell(&code(&row.short)), cell(&plain(row.title)));
    for of in &row.columns {
        match of {
            Some(cell) => line.push_str(&format!(" {} {} |", sign(cell.verdict), cell.verdict)),
            None => line.push_str(" |"),
        }
    }
    line.push('\n');
    line
}

/// What is wrong, the worst at length.
fn findings(page: &mut Page, digest: &Digest<'_>, reserve: usize) {
    let entries: Vec<&Entry> =
        digest.worst_first().into_iter().filter(|entry| entry.finding.severity > Severity::Note).collect();
    if entries.is_empty() {
        return;
    }
    page.write("\n### Findings\n");
    let end = page.limit() - reserve;
    // A quarter of the room for those that get a line.
    let long = page.len() + end.saturating_sub(page.len()) / 4 * 3;
    let mut rest = entries.as_slice();
    while let [entry, behind @ ..] = rest {
        let text = in_full(digest, entry);
        if page.len() + text.len() > if behind.is_empty() { end } else { long } {
            break;
        }
        page.write(&text);
        rest = behind;
    }
    if rest.is_empty() {
        return;
    }
    page.write("\n");
    while let [entry, behind @ ..] = rest {
        let text = in_short(digest, entry);
        if page.len() + text.len() > end {
            break;
        }
        page.write(&text);
        rest = behind;
    }
    if !rest.is_empty() {
        let of = |severity| rest.iter().filter(|entry| entry.finding.severity == severity).count();
        page.write(&format!(
            "\n*And {}: {} fail, {} warn.*\n",
            count(rest.len(), "more finding"),
            of(Severity::Fail),
            of(Severity::Warn)
        ));
    }
}

/// `**data-lost** `customers.phone` on sqlite (new)`.
fn name(digest: &Digest<'_>, entry: &Entry<'_>) -> String {
    let (suite, row) = digest.place(entry.suite, entry.row);
    let finding = entry.finding;
    let of = if digest.suites.len() > 1 { format!("{} ", code(suite.name)) } else { String::new() };
    let since =
        entry.since.as_ref().map_or_else(String::new, |since| format!(" ({})", plain(&since.words())));
    // Where no object can be named it is the revision.
    let object = if finding.object == row.id { String::new() } else { format!(" {}", code(&finding.object)) };
    format!(
        "{} **{}**{object} in {of}{} {}{since}",
        weight(finding.severity),
        finding.kind,
        code(&row.short),
        plain(&suite.on(&entry.targets)),
    )
}

fn in_short(digest: &Digest<'_>, entry: &Entry<'_>) -> String {
    format!("- {}\n", name(digest, entry))
}

fn in_full(digest: &Digest<'_>, entry: &Entry<'_>) -> String {
    let finding = entry.finding;
    let mut text = format!("\n{}\n\n{}\n\n", name(digest, entry), plain(&finding.message));
    if !finding.file.is_empty() {
        text.push_str(&format!("{}\n", code(&format!("{}:{}", finding.file, finding.line))));
    }
    for shown in entry.shown.iter().filter(|shown| shown.has_details()) {
        let on =
            if entry.shown.len() > 1 { format!(" on {}", shown.targets.join(", ")) } else { String::new() };
        text.push_str(&format!(
            "\n<details><summary>What shows it{}</summary>\n\n{}\n</details>\n",
            plain(&on),
            block(&details_text(shown.finding))
        ));
    }
    text
}

/// Everything else, in the order in which it is cut last to first.
fn rest(digest: &Digest<'_>) -> Vec<Section> {
    let mut sections = Vec::new();
    if let Some(changes) = &digest.changes {
        sections.push(Section::new(title::FIXED, &changes.fixed, |gone| self::gone(digest, gone)));
        sections.push(Section::new(title::UNKNOWN, &changes.unknown, |gone| self::gone(digest, gone)));
    }
    for (verdict, title) in NOT_JUDGED {
        let of_verdict: Vec<_> = digest.untried.iter().filter(|it| it.key.verdict == verdict).collect();
        sections.push(Section::new(title, &of_verdict, |untried| {
            format!("{}: {}", places(digest, untried), plain(&untried.key.in_full()))
        }));
    }
    sections.push(Section::new(title::RETRIED, &digest.retried, |retried| {
        format!("{}: after {} attempts", places(digest, retried), retried.key)
    }));
    sections.push(Section::new(title::GAPS, &digest.gaps, |gap| {
        format!("{} in {}: {}", code(&gap.key.table), places(digest, gap), plain(&gap.key.reason))
    }));
    sections.push(Section::new(title::ACCEPTED, &digest.accepted, |entry| {
        let accepted = entry.finding.accepted.as_ref().map_or_else(String::new, |it| it.in_full());
        format!("{}: {}", name(digest, entry), plain(&accepted))
    }));
    sections.push(Section::new(title::SLOWEST, &digest.time.slowest, |cell| {
        let of = if digest.suites.len() > 1 { format!("{} ", code(&cell.suite)) } else { String::new() };
        format!("{of}{} on {}: {}", code(&cell.revision), plain(&cell.target), plain(&took(cell)))
    }));
    sections
}

fn gone(digest: &Digest<'_>, gone: &Gone<'_>) -> String {
    let of = if digest.suites.len() > 1 { format!("{} ", code(gone.suite)) } else { String::new() };
    format!(
        "**{}** {} in {of}{} on {}",
        gone.finding.kind,
        code(&gone.finding.object),
        code(gone.revision),
        plain(&gone.targets.join(", "))
    )
}

fn places<K>(digest: &Digest<'_>, shared: &Shared<'_, K>) -> String {
    let prefix = digest.prefix(shared.suite);
    let mut places = shared.places(NAMED);
    let more = places.len().saturating_sub(NAMED);
    places.truncate(NAMED);
    let mut text = plain(&format!("{prefix}{}", places.join("; ")));
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    if let Some(news) = shared.news() {
        text.push_str(&format!(" ({news})"));
    }
    text
}

fn totals(digest: &Digest<'_>) -> Vec<String> {
    let coverage = digest.coverage().map(|coverage| format!("Coverage: {coverage}"));
    let texts = digest
        .texts()
        .map(|texts| format!("Read in the text (`mrt-cli check`), and what rows say of it: {texts}"));
    let time = digest.time.words().map(|time| format!("Time: {}", plain(&time)));
    coverage.into_iter().chain(texts).chain(time).collect()
}
