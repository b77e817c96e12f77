//! One page that opens from a disk: it asks the network for nothing, runs one script that it carries, and shows whatever a
//! migration holds as text.
//!
//! Templates escape every value, and what is shown has gone through [`printable`] before, since a page obeys some characters
//! without any tag. The policy in its head allows the one style and the one script by their hashes and nothing else, so that even a
//! value that came through as markup would do nothing.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::digest::{Block, Entry, Gone, Row, Shared, Suite, Text, duration, longest};
use crate::evidence::{catalog, omitted, rows};
use crate::terminal::symbol;
use crate::text::{lines, printable};
use crate::{Cell, Digest, Proof, RenderError, Severity, Verdict};

const STYLE: &str = include_str!("../templates/report.css");
const SCRIPT: &str = include_str!("../templates/report.js");

/// Browsers and mail take no more gladly. What findings show is left out beyond it, of the least first.
const LIMIT: usize = 9_500_000;

/// So many rows are drawn together, or not at all while they are far from what is looked at.
const CHUNK: usize = 50;

/// How many revisions are named that share something.
const NAMED: usize = 50;

/// The longest list beside findings.
const LIST: usize = 1_000;

/// Up to so many findings are shown with what shows them.
const OPEN: usize = 20;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    style: &'a str,
    script: &'a str,
    style_hash: String,
    script_hash: String,
    headline: String,
    extent: String,
    worst: &'static str,
    changes: Option<String>,
    lines: Vec<String>,
    verdicts: Vec<Chip>,
    suites: Vec<String>,
    targets: Vec<String>,
    revisions: Vec<Revision>,
    left_out: String,
    matrix: &'a str,
    sections: Vec<Section>,
}

/// A verdict that can be filtered by.
struct Chip {
    class: &'static str,
    symbol: char,
    word: &'static str,
    count: u32,
}

/// A revision with what is wrong with it, rendered.
struct Revision {
    anchor: String,
    suite: String,
    id: String,
    title: String,
    entries: Vec<String>,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct Finding<'a> {
    class: &'static str,
    word: String,
    kind: &'a str,
    object: String,
    on: String,
    targets: String,
    since: Option<String>,
    is_new: bool,
    open: bool,
    message: String,
    place: Option<String>,
    shown: Vec<Shown>,
}

/// What shows a finding on some of its targets.
struct Shown {
    on: String,
    texts: Vec<(&'static str, String)>,
    tables: Vec<Changed>,
    omitted: Option<String>,
}

struct Changed {
    label: &'static str,
    names: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

#[derive(Template)]
#[template(path = "matrix.html")]
struct Matrix<'a> {
    suites: Vec<Columns<'a>>,
}

struct Columns<'a> {
    name: String,
    targets: Vec<String>,
    chunks: Vec<Chunk<'a>>,
    size: &'static str,
}

/// Rows that are drawn together, below a line that stands for them where they are folded.
struct Chunk<'a> {
    fold: Option<String>,
    rows: Vec<Line<'a>>,
    size: &'static str,
}

struct Line<'a> {
    short: &'a str,
    id: String,
    title: String,
    anchor: String,
    cells: Vec<Option<Field>>,
}

struct Field {
    symbol: char,
    word: &'static str,
    /// There is more to read of it.
    linked: bool,
}

/// A list beside the findings.
struct Section {
    title: &'static str,
    number: usize,
    items: Vec<Item>,
    left: usize,
}

struct Item {
    head: String,
    text: String,
}

/// The report as a page.
pub fn html(digest: &Digest<'_>) -> Result<String, RenderError> {
    within(digest, LIMIT)
}

fn within(digest: &Digest<'_>, limit: usize) -> Result<String, RenderError> {
    let failed = |source: askama::Error| RenderError::new("HTML", source);
    let suites = digest.suites.iter().enumerate().map(|(n, suite)| columns(n, suite)).collect();
    let matrix = Matrix { suites }.render().map_err(failed)?;
    let sections = sections(digest);
    let listed: usize = sections
        .iter()
        .flat_map(|section| &section.items)
        .map(|item| item.head.len() + item.text.len())
        .sum();
    let room = limit.saturating_sub(matrix.len() + 2 * listed + STYLE.len() + SCRIPT.len());
    let (revisions, left_out) = revisions(digest, room).map_err(failed)?;
    let shown = |text: &str| printable(text).into_owned();
    let targets: BTreeSet<&str> =
        digest.suites.iter().flat_map(|suite| suite.targets.iter().copied()).collect();
    let page = Page {
        style: STYLE,
        script: SCRIPT,
        style_hash: hash(STYLE),
        script_hash: hash(SCRIPT),
        headline: digest.headline(),
        extent: digest.extent(),
        worst: digest.worst().map_or("skip", |(verdict, _)| verdict.as_str()),
        changes: digest.changes.as_ref().map(|changes| changes.words()),
        lines: totals(digest),
        verdicts: digest.verdicts().into_iter().map(chip).collect(),
        suites: digest.suites.iter().map(|suite| shown(suite.name)).collect(),
        targets: targets.into_iter().map(shown).collect(),
        revisions,
        left_out,
        matrix: &matrix,
        sections,
    };
    page.render().map_err(failed)
}

/// As a policy names what it allows.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn anchor((suite, row): (usize, usize)) -> String {
    format!("r{suite}-{row}")
}

fn chip((verdict, count): (Verdict, u32)) -> Chip {
    Chip { class: verdict.as_str(), symbol: symbol(verdict), word: verdict.as_str(), count }
}

fn columns<'a>(n: usize, suite: &'a Suite<'_>) -> Columns<'a> {
    let mut first = 0;
    let mut chunks = Vec::new();
    for block in suite.blocks() {
        let (Block::Fold(rows) | Block::Rows(rows)) = block;
        let mut fold = matches!(block, Block::Fold(_)).then(|| suite.folded(rows));
        let together = if fold.is_some() { rows.len() } else { CHUNK };
        for rows in rows.chunks(together) {
            let line = |(at, row)| line(row, anchor((n, first + at)));
            let size = size(if fold.is_some() { 1 } else { rows.len() });
            chunks.push(Chunk { fold: fold.take(), rows: rows.iter().enumerate().map(line).collect(), size });
            first += rows.len();
        }
    }
    let shown = |text: &&str| printable(text).into_owned();
    let lines = chunks.iter().map(|chunk| if chunk.fold.is_some() { 1 } else { chunk.rows.len() + 1 }).sum();
    Columns {
        name: shown(&suite.name),
        targets: suite.targets.iter().map(shown).collect(),
        size: size(lines),
        chunks,
    }
}

/// How high something is that is not drawn yet, so that a page does not jump when it is: the style has these names. What is
/// small is drawn at once.
fn size(lines: usize) -> &'static str {
    match lines {
        0..20 => "",
        20..40 => "l30",
        40..80 => "l60",
        80..160 => "l120",
        160..320 => "l240",
        320..640 => "l480",
        _ => "l960",
    }
}

fn line<'a>(row: &'a Row<'_>, anchor: String) -> Line<'a> {
    let id = printable(row.id).into_owned();
    Line {
        // The whole id is there to be found and copied where a part of it is shown.
        id: if id == row.short { String::new() } else { id },
        short: &row.short,
        title: printable(row.title).into_owned(),
        anchor,
        cells: row.columns.iter().map(|cell| cell.map(field)).collect(),
    }
}

fn field(cell: &Cell) -> Field {
    let linked = cell.findings.iter().any(|finding| finding.accepted.is_none());
    Field { symbol: symbol(cell.verdict), word: cell.verdict.as_str(), linked }
}

/// Revisions with what is wrong, the worst first; and what had to be left out.
fn revisions(digest: &Digest<'_>, room: usize) -> Result<(Vec<Revision>, String), askama::Error> {
    let mut revisions: Vec<Revision> = Vec::new();
    let mut at: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let entries = digest.worst_first();
    let (mut used, mut brief, mut left) = (0, 0, 0);
    // What is brief takes about this much, and all of them should be named.
    let named = room / 4;
    let counted = entries.iter().filter(|entry| entry.finding.severity > Severity::Note).count();
    for entry in entries {
        let place = (entry.suite, entry.row);
        let mut finding = finding(digest, entry, counted <= OPEN);
        let mut text = finding.render()?;
        if used + text.len() > room - named {
            finding.shown.clear();
            text = finding.render()?;
            if used + text.len() > room {
                left += 1;
                continue;
            }
            brief += 1;
        }
        used += text.len();
        let n = *at.entry(place).or_insert_with(|| {
            let (suite, row) = digest.place(entry.suite, entry.row);
            let shown = |text: &str| printable(text).into_owned();
            used += 400;
            revisions.push(Revision {
                anchor: anchor(place),
                suite: shown(suite.name),
                id: shown(row.id),
                title: shown(row.title),
                entries: Vec::new(),
            });
            revisions.len() - 1
        });
        revisions[n].entries.push(text);
    }
    let mut left_out = Vec::new();
    if brief > 0 {
        left_out.push(format!("what shows {brief} of the findings"));
    }
    if left > 0 {
        left_out.push(crate::text::count(left, "finding"));
    }
    Ok((revisions, left_out.join(" and ")))
}

fn finding<'a>(digest: &Digest<'_>, entry: &'a Entry<'_>, open: bool) -> Finding<'a> {
    let (suite, _) = digest.place(entry.suite, entry.row);
    let found = entry.finding;
    let (class, word) = match found.severity {
        Severity::Fail => ("fail", format!("{} fail", symbol(Verdict::Fail))),
        Severity::Warn => ("warn", format!("{} warn", symbol(Verdict::Warn))),
        Severity::Note => ("pass", "note".to_owned()),
    };
    let several = entry.shown.len() > 1;
    let shown = entry.shown.iter().filter(|shown| shown.has_details()).map(|shown| {
        let on = if several { printable(&shown.targets.join(", ")).into_owned() } else { String::new() };
        details(on, shown.finding)
    });
    Finding {
        class,
        word,
        kind: found.kind.as_str(),
        object: printable(&found.object).into_owned(),
        on: suite.on(&entry.targets),
        targets: printable(&entry.targets.join("\n")).into_owned(),
        since: entry.since.as_ref().map(|since| since.words()),
        is_new: entry.since.as_ref().is_some_and(|since| since.is_news()),
        open: open && found.severity > Severity::Note,
        message: text(&found.message),
        place: (!found.file.is_empty())
            .then(|| printable(&format!("{}:{}", found.file, found.line)).into_owned()),
        shown: shown.collect(),
    }
}

fn details(on: String, found: &crate::Finding) -> Shown {
    let evidence = &found.evidence;
    let depends_on = (!evidence.depends_on.is_empty()).then(|| evidence.depends_on.join("; "));
    let texts = [
        ("statement", found.statement.as_deref()),
        ("error", evidence.error.as_deref()),
        ("depends on", depends_on.as_deref()),
        ("output", evidence.output.as_deref()),
    ];
    Shown {
        on,
        texts: texts.into_iter().filter_map(|(label, it)| Some((label, text(it?)))).collect(),
        tables: [changed("rows", rows(found)), changed("catalog", catalog(found))]
            .into_iter()
            .flatten()
            .collect(),
        omitted: omitted(found),
    }
}

fn changed<const N: usize>(label: &'static str, table: crate::evidence::Table<N>) -> Option<Changed> {
    let columns = table.columns();
    (!table.rows.is_empty()).then(|| Changed {
        label,
        names: columns.iter().map(|&n| table.names[n]).collect(),
        rows: table.rows.iter().map(|row| columns.iter().map(|&n| row[n].clone()).collect()).collect(),
    })
}

/// Lines as lines, safe to show.
fn text(text: &str) -> String {
    lines(text).collect::<Vec<_>>().join("\n")
}

fn sections(digest: &Digest<'_>) -> Vec<Section> {
    let mut sections = Vec::new();
    if let Some(changes) = &digest.changes {
        sections.push(section("Fixed since the previous report", &changes.fixed, |it| gone(digest, it)));
        sections.push(section("In the previous report, and not judged again", &changes.unknown, |it| {
            gone(digest, it)
        }));
    }
    for (verdict, title) in [
        (Verdict::Error, "Errors: infrastructure failed, which says nothing about the revisions"),
        (Verdict::Blocked, "Blocked: an earlier revision cannot be applied, so these could not be tried"),
        (Verdict::Skip, "Skipped"),
    ] {
        let untried: Vec<_> = digest.untried.iter().filter(|it| it.key.verdict == verdict).collect();
        sections.push(section(title, &untried, |it| Item {
            head: places(digest, it),
            text: text(&it.key.in_full()),
        }));
    }
    sections.push(section(
        "Retried: infrastructure failed at first, and the cell was judged all the same",
        &digest.retried,
        |it| Item { head: places(digest, it), text: format!("after {} attempts", it.key) },
    ));
    sections.push(section(
        "Not covered: tables without rows, about which nothing is proven",
        &digest.gaps,
        |it| Item {
            head: format!("{} in {}", printable(&it.key.table), places(digest, it)),
            text: text(&it.key.reason),
        },
    ));
    sections.push(section("Accepted: found, and left out of the verdicts", &digest.accepted, |entry| {
        let (suite, row) = digest.place(entry.suite, entry.row);
        let finding = entry.finding;
        let place = printable(&format!("{}{}", digest.prefix(suite.name), row.id)).into_owned();
        let what = format!("{} {}", finding.kind, printable(&finding.object));
        Item {
            head: format!("{place}  {what}  {}", suite.on(&entry.targets)),
            text: finding.accepted.as_ref().map(|it| text(&it.in_full())).unwrap_or_default(),
        }
    }));
    sections.push(section(
        "Read in the text (mrt-cli check), and what real rows say of it",
        &digest.texts,
        |it| said(digest, it),
    ));
    let kept: Vec<_> = digest.report.cells.iter().filter(|cell| cell.kept.is_some()).collect();
    sections.push(section("Kept databases", &kept, |cell| Item {
        head: printable(&format!("{}{} on {}", digest.prefix(&cell.suite), cell.revision, cell.target))
            .into_owned(),
        text: cell.kept.as_deref().map(text).unwrap_or_default(),
    }));
    sections.push(section("Slowest", &digest.time.slowest, |cell| {
        let most = longest(cell)
            .map_or_else(String::new, |(phase, ms)| format!(", of it {} {}", printable(phase), duration(ms)));
        Item {
            head: printable(&format!("{}{} on {}", digest.prefix(&cell.suite), cell.revision, cell.target))
                .into_owned(),
            text: format!("{}{most}", duration(cell.duration_ms)),
        }
    }));
    sections.retain(|section| section.number > 0);
    sections
}

fn section<T>(title: &'static str, all: &[T], item: impl Fn(&T) -> Item) -> Section {
    let items: Vec<Item> = all.iter().take(LIST).map(item).collect();
    Section { title, number: all.len(), left: all.len() - items.len(), items }
}

fn gone(digest: &Digest<'_>, gone: &Gone<'_>) -> Item {
    let place = format!("{}{} on {}", digest.prefix(gone.suite), gone.revision, gone.targets.join(", "));
    Item {
        head: printable(&place).into_owned(),
        text: format!("{} {}", gone.finding.kind, printable(&gone.finding.object)),
    }
}

fn said(digest: &Digest<'_>, said: &Text<'_>) -> Item {
    let (suite, row) = digest.place(said.suite, said.row);
    let finding = said.finding;
    let meaning = match finding.proof {
        Proof::Confirmed => "confirmed",
        Proof::Refuted => "refuted: rows in every table, and nothing of the kind",
        Proof::Open => "open: no run shows it, or this one could not",
    };
    let place = format!("{}:{}", finding.file, finding.line);
    let head = format!(
        "{}[{}]  {}{} {}",
        finding.severity.as_str(),
        finding.code,
        digest.prefix(suite.name),
        row.id,
        suite.on(&said.targets)
    );
    Item {
        head: printable(&head).into_owned(),
        text: format!("{meaning}\n{}\n{}", text(&finding.message), printable(&place)),
    }
}

fn places<K>(digest: &Digest<'_>, shared: &Shared<'_, K>) -> String {
    let places = shared.places(NAMED).join("; ");
    let news = shared.news().map_or_else(String::new, |news| format!(" ({news})"));
    printable(&format!("{}{places}{news}", digest.prefix(shared.suite))).into_owned()
}

fn totals(digest: &Digest<'_>) -> Vec<String> {
    let time = &digest.time;
    let phases: Vec<String> =
        time.phases.iter().map(|(phase, ms)| format!("{} {}", printable(phase), duration(*ms))).collect();
    let of = if phases.is_empty() { String::new() } else { format!(", of it {}", phases.join(", ")) };
    let coverage = digest.coverage().map(|coverage| format!("coverage: {coverage}"));
    let time = (time.total_ms > 0).then(|| format!("time: {} of work{of}", duration(time.total_ms)));
    coverage.into_iter().chain(time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, Finding, FindingKind, Report};

    #[test]
    fn what_is_too_much_is_left_out_beginning_with_the_least() {
        let cell = |n: usize| {
            let severity = if n % 10 == 9 { Severity::Fail } else { Severity::Warn };
            let finding = Finding {
                kind: FindingKind::DataLost,
                severity,
                object: format!("t{n}"),
                message: "gone".to_owned(),
                evidence: Evidence { error: Some("all of it ".repeat(60)), ..Evidence::default() },
                statement: None,
                file: String::new(),
                line: 0,
                accepted: None,
            };
            let cell = Cell::untried("shop", "sqlite", &format!("r{n}"), "", Verdict::Fail, String::new());
            Cell { findings: vec![finding], ..cell }
        };
        let report = Report::new((0..400).map(cell).collect());
        let digest = Digest::new(&report);
        let page = |limit| within(&digest, limit).unwrap_or_default();
        let whole = page(LIMIT);
        assert!(!whole.contains("To keep the page small"));
        let (first_warning, last_failure) = (whole.find(">t0<"), whole.rfind(">t399<"));
        assert!(last_failure < first_warning, "the worst come first");
        for limit in [150_000, 200_000, 300_000] {
            let page = page(limit);
            assert!(page.len() < limit && page.len() > limit / 2, "{} of {limit}", page.len());
            let shown = page.matches("<details class=\"entry\"").count();
            let in_full = page.matches("all of it").count() / 60;
            let mut told = format!("To keep the page small, what shows {} of the findings", shown - in_full);
            if shown < 400 {
                told.push_str(&format!(" and {} findings", 400 - shown));
            }
            assert!(page.contains(&told), "{told}");
            assert!(in_full >= 40, "every failure is shown in full");
        }
    }
}
