//! From what a client has sent to a run that is sound.

use std::collections::HashSet;

use mrt_bundle::Digest;
use mrt_proto::v1;
use mrt_report::{Cell, Verdict};
use tonic::Status;

use super::words::{NAME, few, name, short};
use crate::farm::{NewColumn, NewRevision, NewRun};
use crate::plan::Capability;

/// The most columns of a run.
const COLUMNS: usize = 10_000;
/// The most revisions of all columns of a run: what is held in memory, and decided upon in one turn.
const CELLS: usize = 2_000_000;
/// The most labels of a run.
const LABELS: usize = 64;

/// Checks a submission. What is wrong is told with its place.
pub(super) fn checked(request: v1::SubmitRequest) -> Result<NewRun, Status> {
    let v1::SubmitRequest { key, protocol: _, columns, priority, patience_ms, options, labels } = request;
    name("the key", &key, NAME).map_err(wrong)?;
    if columns.is_empty() {
        return Err(wrong("a run needs at least one column"));
    }
    few("its columns", columns.len(), COLUMNS).map_err(wrong)?;
    few("its cells", columns.iter().map(|column| column.revisions.len()).sum(), CELLS).map_err(wrong)?;
    few("its labels", labels.len(), LABELS).map_err(wrong)?;
    let options = options.ok_or_else(|| wrong("the options are missing"))?;
    if options.today.parse::<jiff::civil::Date>().is_err() {
        return Err(wrong(format!("options: {:?} is no day like 2026-11-26", options.today)));
    }
    short("options: the name of the settings", &options.settings, NAME).map_err(wrong)?;
    for (label, value) in &labels {
        name("the name of a label", label, NAME).map_err(wrong)?;
        short(&format!("the label {label:?}"), value, NAME).map_err(wrong)?;
    }
    let columns: Vec<NewColumn> =
        columns.into_iter().enumerate().map(|(place, it)| column(place, it)).collect::<Result<_, _>>()?;
    let mut names: Vec<_> = columns.iter().map(|column| (&column.suite, &column.target)).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(wrong(format!("{} on {} is there twice", twice[0].0, twice[0].1)));
    }
    Ok(NewRun {
        key,
        columns,
        priority,
        patience: patience_ms,
        options,
        labels: labels.into_iter().collect(),
    })
}

fn column(place: usize, column: v1::Column) -> Result<NewColumn, Status> {
    let v1::Column { bundle, suite, target, needs, revisions } = column;
    let wrong = |what: String| wrong(format!("column {place}: {what}"));
    if Digest::parse(&bundle).is_none() {
        return Err(wrong("the bundle is no SHA-256 in hexadecimal".to_owned()));
    }
    name("the suite", &suite, NAME).map_err(wrong)?;
    name("the target", &target, NAME).map_err(wrong)?;
    let needs = needs.ok_or_else(|| wrong("it does not say what it needs".to_owned()))?;
    name("the engine that it needs", &needs.engine, NAME).map_err(wrong)?;
    let needs = Capability { engine: needs.engine, containers: needs.containers };
    if !revisions.iter().any(|revision| revision.asked || !revision.skipped.is_empty()) {
        return Err(wrong("it asks for no revision".to_owned()));
    }
    let mut ids = HashSet::with_capacity(revisions.len());
    let mut sound = Vec::with_capacity(revisions.len());
    for (position, revision) in revisions.into_iter().enumerate() {
        let v1::Revision { id, parents, asked, skipped, title } = revision;
        let wrong = |what: &str| wrong(format!("revision {position}: {what}"));
        name("its id", &id, NAME).map_err(|what| wrong(&what))?;
        short("its title", &title, NAME).map_err(|what| wrong(&what))?;
        if !ids.insert(id.clone()) {
            return Err(wrong(&format!("{id:?} is there twice; a chain has each revision once")));
        }
        let parents: Vec<usize> = parents.into_iter().map(|parent| parent as usize).collect();
        if parents.iter().any(|parent| *parent >= position) {
            return Err(wrong("a parent does not come before it"));
        }
        let skipped = match skipped.as_slice() {
            [] => None,
            bytes => Some(
                skipped_cell(bytes, (&suite, &id, &target))
                    .ok_or_else(|| wrong("what is said of it is no skipped cell of it"))?,
            ),
        };
        if asked && skipped.is_some() {
            return Err(wrong("it is both asked for and left out"));
        }
        sound.push(NewRevision { id, title, parents, asked, skipped });
    }
    Ok(NewColumn { bundle, suite, target, needs, revisions: sound })
}

fn skipped_cell(bytes: &[u8], named: (&str, &str, &str)) -> Option<Cell> {
    let cell: Cell = serde_json::from_slice(bytes).ok()?;
    let is_it = (cell.suite.as_str(), cell.revision.as_str(), cell.target.as_str()) == named;
    (is_it && cell.verdict == Verdict::Skip).then_some(cell)
}

fn wrong(what: impl Into<String>) -> Status {
    Status::invalid_argument(format!("the submission is malformed: {}", what.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> v1::SubmitRequest {
        let revision = |id: &str, parents: &[u32]| v1::Revision {
            id: id.to_owned(),
            parents: parents.to_vec(),
            asked: true,
            skipped: Vec::new(),
            title: String::new(),
        };
        v1::SubmitRequest {
            key: "key".to_owned(),
            protocol: 1,
            columns: vec![v1::Column {
                bundle: "0".repeat(64),
                suite: "shop".to_owned(),
                target: "sqlite".to_owned(),
                needs: Some(v1::Capability { engine: "sqlite".to_owned(), containers: false }),
                revisions: vec![revision("a", &[]), revision("b", &[0])],
            }],
            options: Some(v1::CheckOptions { today: "2026-11-26".to_owned(), ..v1::CheckOptions::default() }),
            ..v1::SubmitRequest::default()
        }
    }

    #[test]
    fn what_is_sound_passes() {
        let run = checked(sound()).unwrap();
        assert_eq!(run.columns[0].revisions[1].parents, [0]);
    }

    #[test]
    fn what_is_malformed_is_refused_with_its_place() {
        type Break = fn(&mut v1::SubmitRequest);
        let cases: [(Break, &str); 20] = [
            (|it| it.key.clear(), "key is empty"),
            (|it| it.key.push('\0'), "the key holds '\\0'"),
            (|it| it.key = "k".repeat(4_097), "the key has 4097 bytes"),
            (|it| it.columns = vec![v1::Column::default(); 10_001], "its columns are 10001"),
            (
                |it| it.columns[0].revisions = vec![v1::Revision::default(); 2_000_001],
                "its cells are 2000001; at most 2000000",
            ),
            (
                |it| it.labels = (0..65).map(|label| (format!("l{label}"), String::new())).collect(),
                "its labels are 65",
            ),
            (
                |it| drop(it.labels.insert("commit".to_owned(), "a\0".to_owned())),
                "the label \"commit\" holds a NUL",
            ),
            (|it| it.columns[0].suite.push('\0'), "column 0: the suite holds"),
            (|it| it.columns[0].target.push('\n'), "column 0: the target holds"),
            (|it| it.columns[0].needs.as_mut().unwrap().engine.clear(), "column 0: the engine"),
            (|it| it.columns[0].revisions[1].title.push('\0'), "column 0: revision 1: its title holds a NUL"),
            (|it| it.columns[0].revisions[1].id = "a".to_owned(), "revision 1: \"a\" is there twice"),
            (|it| it.columns.clear(), "at least one column"),
            (|it| it.options = None, "options"),
            (|it| it.options.as_mut().unwrap().today = "tomorrow".to_owned(), "no day"),
            (|it| it.columns[0].bundle = "../x".to_owned(), "column 0: the bundle"),
            (|it| it.columns[0].revisions[0].parents = vec![1], "revision 0: a parent"),
            (|it| it.columns[0].revisions[1].skipped = b"{}".to_vec(), "revision 1: what is said"),
            (|it| it.columns[0].revisions.clear(), "asks for no revision"),
            (|it| it.columns.push(it.columns[0].clone()), "shop on sqlite is there twice"),
        ];
        for (spoil, told) in cases {
            let mut request = sound();
            spoil(&mut request);
            let status = checked(request).unwrap_err();
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
            assert!(status.message().contains(told), "{}", status.message());
        }
    }
}
