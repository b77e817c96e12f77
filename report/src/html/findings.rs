//! What is wrong, with what shows it, as far as there is room.

use std::collections::BTreeMap;

use askama::Template;

use super::{anchor, text};
use crate::digest::Entry;
use crate::evidence::{Table, catalog, omitted, rows};
use crate::terminal::symbol;
use crate::text::{count, printable};
use crate::{Digest, Severity, Verdict, model};

/// What a revision takes beside its texts and its findings.
const FRAME: usize = 160;

/// What a finding takes without what shows it, with its share of its revision's frame.
const NAME: usize = 600;

/// Up to so many findings are shown with what shows them.
const OPEN: usize = 20;

/// A revision with what is wrong with it, rendered.
struct Revision {
    anchor: String,
    suite: String,
    id: String,
    title: String,
    entries: Vec<String>,
}

#[derive(Template)]
#[template(path = "findings.html")]
struct Findings {
    revisions: Vec<Revision>,
    left_out: String,
}

/// What is wrong, rendered; empty where nothing is.
pub(super) fn findings(digest: &Digest<'_>, room: usize) -> Result<String, askama::Error> {
    let (revisions, left_out) = revisions(digest, room)?;
    Findings { revisions, left_out }.render()
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

/// Revisions with what is wrong, the worst first; and what had to be left out.
fn revisions(digest: &Digest<'_>, room: usize) -> Result<(Vec<Revision>, String), askama::Error> {
    let mut revisions: Vec<Revision> = Vec::new();
    let mut at: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let entries = digest.worst_first();
    let (mut used, mut brief, mut left) = (0, 0, 0);
    let counted = entries.iter().filter(|entry| entry.finding.severity > Severity::Note).count();
    // All should at least be named: so much is kept for those that come, and no more than half of all.
    let mut to_come = entries.len() * NAME;
    for entry in entries {
        let place = (entry.suite, entry.row);
        let mut finding = finding(digest, entry, counted <= OPEN);
        let mut text = finding.render()?;
        to_come -= NAME;
        if used + text.len() + to_come.min(room / 2) > room {
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
            let revision = Revision {
                anchor: anchor(place),
                suite: shown(suite.name),
                id: shown(row.id),
                title: shown(row.title),
                entries: Vec::new(),
            };
            used += FRAME + 2 * revision.suite.len() + revision.id.len() + revision.title.len();
            revisions.push(revision);
            revisions.len() - 1
        });
        revisions[n].entries.push(text);
    }
    let mut left_out = Vec::new();
    if brief > 0 {
        left_out.push(format!("what shows {brief} of the findings"));
    }
    if left > 0 {
        left_out.push(count(left, "finding"));
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

fn details(on: String, found: &model::Finding) -> Shown {
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

fn changed<const N: usize>(label: &'static str, table: Table<N>) -> Option<Changed> {
    let columns = table.columns();
    (!table.rows.is_empty()).then(|| Changed {
        label,
        names: columns.iter().map(|&n| table.names[n]).collect(),
        rows: table.rows.iter().map(|row| columns.iter().map(|&n| row[n].clone()).collect()).collect(),
    })
}
