//! From what a client has sent to a run that is sound.

use mrt_bundle::Digest;
use mrt_proto::v1;
use mrt_report::{Cell, Verdict};
use tonic::Status;

use crate::farm::{NewColumn, NewRevision, NewRun};
use crate::plan::Capability;

/// The longest key, name or label, in bytes.
const TEXT: usize = 4_096;

/// Checks a submission. What is wrong is told with its place.
pub(super) fn checked(request: v1::SubmitRequest) -> Result<NewRun, Status> {
    let v1::SubmitRequest { key, protocol: _, columns, priority, patience_ms, options, labels } = request;
    if key.is_empty() || key.len() > TEXT {
        return Err(wrong("the key is empty or too long"));
    }
    if columns.is_empty() {
        return Err(wrong("a run needs at least one column"));
    }
    let options = options.ok_or_else(|| wrong("the options are missing"))?;
    if options.today.parse::<jiff::civil::Date>().is_err() {
        return Err(wrong(format!("options: {:?} is no day like 2026-11-26", options.today)));
    }
    if options.settings.len() > TEXT {
        return Err(wrong("options: the name of the settings is too long"));
    }
    if labels.iter().any(|(name, value)| name.len() > TEXT || value.len() > TEXT) {
        return Err(wrong("a label is too long"));
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
    if suite.is_empty() || suite.len() > TEXT || target.is_empty() || target.len() > TEXT {
        return Err(wrong("suite or target is empty or too long".to_owned()));
    }
    let needs = needs.ok_or_else(|| wrong("it does not say what it needs".to_owned()))?;
    let needs = Capability { engine: needs.engine, containers: needs.containers };
    if !revisions.iter().any(|revision| revision.asked || !revision.skipped.is_empty()) {
        return Err(wrong("it asks for no revision".to_owned()));
    }
    let mut sound = Vec::with_capacity(revisions.len());
    for (position, revision) in revisions.into_iter().enumerate() {
        let v1::Revision { id, parents, asked, skipped, title } = revision;
        let wrong = |what: &str| wrong(format!("revision {position}: {what}"));
        if id.is_empty() || id.len() > TEXT || title.len() > TEXT {
            return Err(wrong("its id is empty, or id or title are too long"));
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
        let cases: [(Break, &str); 9] = [
            (|it| it.key.clear(), "key"),
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
