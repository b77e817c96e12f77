//! The text of a migration, out of the bundle in which it came.
//!
//! Nothing of a bundle is written anywhere or run: its files are gone through in memory, and the one is kept that is asked for.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use mrt_bundle::{BundleError, Digest, Limits};
use mrt_report::Cell;
use tokio::sync::mpsc;

use super::words::{lines, shown};
use super::{Failure, Site};
use crate::in_full;
use crate::store::StoreError;

/// The most of a file that is shown, in bytes.
const BYTES: u64 = 256 << 10;
/// The most lines of it.
const LINES: usize = 5_000;
/// Files that are kept until it is known which is meant.
const FILES: usize = 16;

/// A migration's file, or why there is none to show.
pub(super) enum Source {
    /// It is this one.
    File(File),
    /// It is not there, or it is not clear which it is.
    Missing(String),
}

/// A file with what is said of its lines.
pub(super) struct File {
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
    /// There is more of it than is shown.
    pub(super) cut: bool,
}

pub(super) struct Line {
    pub(super) number: u32,
    pub(super) text: String,
    /// What is said of it.
    pub(super) said: Vec<String>,
}

/// What is said of the lines of a cell's file.
pub(super) fn said(cell: &Cell) -> BTreeMap<u32, Vec<String>> {
    let mut said: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for finding in &cell.findings {
        said.entry(finding.line).or_default().push(shown(&format!("{} {}", finding.kind, finding.object)));
    }
    for finding in &cell.static_findings {
        said.entry(finding.line).or_default().push(shown(&format!("{} ({})", finding.code, finding.proof)));
    }
    said.values_mut().for_each(|texts| texts.dedup());
    said
}

/// The migration of a revision: the file that the cell's findings name, or else the one that says to be it.
pub(super) async fn source(
    site: &Site,
    bundle: &str,
    revision: &str,
    cell: Option<&Cell>,
) -> Result<Source, Failure> {
    let Some(digest) = Digest::parse(bundle) else { return Ok(missing("its bundle has no name")) };
    if site.store.bundle_size(digest).await?.is_none() {
        return Ok(missing("its bundle is not kept any more (--keep-bundles)"));
    }
    let _room = site.room().await?;
    let named = cell.and_then(|cell| {
        let findings = cell.findings.iter().map(|it| it.file.as_str());
        findings.chain(cell.static_findings.iter().map(|it| it.file.as_str())).find(|file| !file.is_empty())
    });
    let (sender, receiver) = mpsc::channel(2);
    let wanted = Wanted { file: named.map(PathBuf::from), revision: revision.to_owned() };
    let search =
        tokio::task::spawn_blocking(move || wanted.search(Parts { receiver, part: Cursor::default() }));
    for number in 0.. {
        let part = match site.store.bundle_part(digest, number).await {
            Ok(Some(part)) => Ok(part),
            Ok(None) => break,
            Err(error) => Err(error),
        };
        let is_last = part.is_err();
        // Who has found it does not read on.
        if sender.send(part).await.is_err() || is_last {
            break;
        }
    }
    drop(sender);
    let found = match search.await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Ok(missing(&in_full(&error))),
        Err(error) => return Ok(missing(&error.to_string())),
    };
    let said = cell.map(said).unwrap_or_default();
    Ok(match found.as_slice() {
        [] => missing(match named {
            Some(_) => "its bundle does not hold it",
            None => "no file of its bundle says to be this revision",
        }),
        [(name, text)] => Source::File(file(name, text, &said)),
        [(first, _), others @ ..] => {
            missing(&format!("{} and {} more files of its bundle could be it", first.display(), others.len()))
        }
    })
}

fn missing(why: &str) -> Source {
    Source::Missing(shown(why))
}

fn file(name: &Path, text: &[u8], said: &BTreeMap<u32, Vec<String>>) -> File {
    let all = String::from_utf8_lossy(text);
    let mut shown_lines: Vec<Line> = (1..)
        .zip(lines(&all))
        .take(LINES + 1)
        .map(|(number, text)| Line { number, text, said: said.get(&number).cloned().unwrap_or_default() })
        .collect();
    let cut = shown_lines.len() > LINES || text.len() as u64 >= BYTES;
    shown_lines.truncate(LINES);
    File { name: shown(&name.to_string_lossy()), lines: shown_lines, cut }
}

/// Which file is looked for.
struct Wanted {
    /// As its suite's directory has it.
    file: Option<PathBuf>,
    revision: String,
}

impl Wanted {
    /// The files of a bundle that can be it.
    fn search(&self, archive: impl Read) -> Result<Vec<(PathBuf, Vec<u8>)>, BundleError> {
        let mut found: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        let is_python = |name: &Path| name.extension().is_some_and(|it| it == "py");
        // Where the suite's directory lies in the bundle its settings say, which are not read here.
        let wanted = |name: &Path| match &self.file {
            Some(file) => name.ends_with(file),
            None => is_python(name),
        };
        mrt_bundle::read(archive, Limits::default(), BYTES, wanted, |name, text| {
            if self.file.is_some() || self.is_it(&text) {
                found.push((name.to_owned(), text));
            }
            if found.len() < FILES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        // Suites of a monorepo may have files of one name.
        if found.len() > 1 && found.iter().any(|(_, text)| self.is_it(text)) {
            found.retain(|(_, text)| self.is_it(text));
        }
        Ok(found)
    }

    /// Whether a text has a line that begins as `revision = "…"` does, with or without a type.
    fn is_it(&self, text: &[u8]) -> bool {
        String::from_utf8_lossy(text).lines().any(|line| {
            let value = line.strip_prefix("revision").and_then(|rest| rest.split_once('='));
            value.is_some_and(|(kind, value)| {
                let value = value.trim_start();
                let quoted =
                    ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.split(*quote).next());
                (kind.trim().is_empty() || kind.trim_start().starts_with(':'))
                    && quoted == Some(self.revision.as_str())
            })
        })
    }
}

/// A bundle, as its parts come.
struct Parts {
    receiver: mpsc::Receiver<Result<Vec<u8>, StoreError>>,
    part: Cursor<Vec<u8>>,
}

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.part.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.receiver.blocking_recv() {
                None => return Ok(0),
                Some(Ok(part)) => self.part = Cursor::new(part),
                Some(Err(error)) => return Err(io::Error::other(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: Option<&str>, files: &[(&str, &str)]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let packed = mrt_bundle::pack(directory.path(), Limits::default()).unwrap();
        let wanted = Wanted { file: file.map(PathBuf::from), revision: "a1".to_owned() };
        let found = wanted.search(packed.archive).unwrap();
        found.into_iter().map(|(name, _)| name.display().to_string()).collect()
    }

    #[test]
    fn the_file_is_the_one_that_is_named_or_says_to_be_it() {
        let one = [
            ("versions/a1_x.py", "revision: str = 'a1'\ndown_revision = None\n"),
            ("versions/b2_x.py", "revision = \"b2\"\ndown_revision = 'a1'\n"),
            ("other/a1.txt", "revision = 'a1'\n"),
        ];
        assert_eq!(found(None, &one), ["versions/a1_x.py"]);
        assert_eq!(found(Some("versions/b2_x.py"), &one), ["versions/b2_x.py"]);
        assert_eq!(found(Some("b2_x.py"), &one), ["versions/b2_x.py"]);
        assert!(found(Some("x.py"), &one).is_empty() && found(Some("../versions/a1_x.py"), &one).is_empty());
        let two = [("one/v/x.py", "revision = 'a1'"), ("two/v/x.py", "revision = 'b1'"), ("v/x.py", "")];
        assert_eq!(found(Some("v/x.py"), &two), ["one/v/x.py"]);
        let same = [("one/v/x.py", "revision = 'a1'"), ("two/v/x.py", "revision = 'a1'")];
        assert_eq!(found(Some("v/x.py"), &same).len(), 2);
    }

    #[test]
    fn what_is_said_stands_at_its_line() {
        let said = BTreeMap::from([(2, vec!["data-lost users.phone".to_owned()])]);
        let File { lines, cut, .. } = file(Path::new("x.py"), b"one\n\ttwo\x1b\xff\n", &said);
        let lines: Vec<_> = lines.iter().map(|it| (it.number, it.text.as_str(), it.said.len())).collect();
        assert_eq!(
            (lines.as_slice(), cut),
            ([(1, "one", 0), (2, "    two\\u{1b}\u{fffd}", 1)].as_slice(), false)
        );
        assert!(file(Path::new("x.py"), "\n".repeat(LINES + 1).as_bytes(), &said).cut);
    }
}
