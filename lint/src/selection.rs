//! What is heard of all that rules find, how heavy it is, and of which revisions: the one place that decides.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use mrt_chain::graph::ResolveError;
use mrt_chain::settings::{CheckSettings, Files, Place, Word};
use mrt_chain::text;

use crate::finding::{Finding, Severity};
use crate::rules::{self, Check};

/// What somebody asks for, beside what the settings say. It wins over them.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// These codes or families (`MRT2`) alone; none is what the settings say.
    pub select: Vec<String>,
    /// Not these.
    pub ignore: Vec<String>,
    /// Also what breaks the version before, which still runs while a new one is rolled out.
    pub rolling: bool,
    /// How heavy findings of these codes or families are, however certain they are.
    pub severity: Vec<(String, Severity)>,
    /// Only the revisions with these ids, or beginnings of ids; none is all.
    pub only: Vec<String>,
    /// Only what comes after this revision.
    pub since: Option<String>,
    /// Only what lies in files that have changed.
    pub changed: Option<Changed>,
    /// The day on which acceptances hold or have expired, `YYYY-MM-DD`; on no day, all of them hold.
    pub today: Option<String>,
}

/// Files that have changed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The directory of which all changes are known. What lies elsewhere may have changed.
    pub root: PathBuf,
    /// Absolute; a directory stands for all that is in it, and what is gone has changed, too.
    pub paths: BTreeSet<PathBuf>,
}

/// A choice that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A code that is none.
    #[error("{}no rule has the code `{code}`; {hint}", place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
    Code {
        /// Where it stands; nowhere when it was asked for.
        place: Option<Place>,
        /// As it is written.
        code: String,
        /// What was probably meant.
        hint: String,
    },
    /// A severity that is none.
    #[error("{place}: {problem}")]
    Severity {
        /// Where it stands.
        place: Place,
        /// What is wrong, and what to write.
        problem: String,
    },
    /// A revision that is none, or several.
    #[error("--since: {0}")]
    Since(ResolveError),
    /// A floor that is none, or several.
    #[error("floor: {0}")]
    Floor(ResolveError),
    /// Nothing is asked for.
    #[error("nothing to check: no revision comes after {since}")]
    Nothing {
        /// The revision.
        since: String,
    },
}

impl Selection {
    /// Whether part of what is found is left out at somebody's wish, so that what is not found need not be gone.
    pub fn is_part(&self) -> bool {
        let Self { select, ignore, rolling: _, severity: _, only, since, changed, today: _ } = self;
        !(select.is_empty() && ignore.is_empty() && only.is_empty() && since.is_none() && changed.is_none())
    }

    /// Whether all codes that are asked for are codes.
    ///
    /// # Errors
    /// When one means no rule.
    pub fn verify(&self) -> Result<(), SelectionError> {
        Hearing::of(&[], self).map(|_| ())
    }
}

impl Changed {
    fn has(&self, file: &Path) -> bool {
        let real = fs::canonicalize(file);
        let real = real.as_deref().unwrap_or(file);
        let is_named = |file: &Path| file.ancestors().any(|above| self.paths.contains(above));
        !real.starts_with(&self.root) || is_named(file) || is_named(real)
    }

    /// Whether a file is gone from one of these directories.
    fn has_lost(&self, locations: &[PathBuf]) -> bool {
        let is_python = |path: &Path| path.extension().is_some_and(|extension| extension == "py");
        let lies_there = |path: &Path| locations.iter().any(|location| path.starts_with(location));
        self.paths.iter().any(|path| is_python(path) && lies_there(path) && !path.exists())
    }
}

/// What is heard, layer by layer; a later one wins over those before it, and in one of them the longer code.
pub(crate) struct Hearing<'a> {
    layers: Vec<Layer<'a>>,
    rolling: bool,
}

struct Layer<'a> {
    files: Option<&'a Files>,
    select: Vec<String>,
    ignore: Vec<String>,
    severity: Vec<(String, Severity)>,
}

impl<'a> Hearing<'a> {
    /// Of the settings, and what is asked for.
    pub(crate) fn of(
        settings: &'a [CheckSettings],
        asked: &Selection,
    ) -> Result<Hearing<'a>, SelectionError> {
        let mut layers = Vec::with_capacity(settings.len() + 1);
        for CheckSettings { files, select, ignore, severity } in settings {
            let codes = |words: &[Word]| words.iter().map(written).collect::<Result<_, _>>();
            let graded = |(code, severity): &(Word, Word)| Ok((written(code)?, graded(severity)?));
            layers.push(Layer {
                files: files.as_ref(),
                select: codes(select)?,
                ignore: codes(ignore)?,
                severity: severity.iter().map(graded).collect::<Result<_, _>>()?,
            });
        }
        let codes = |words: &[String]| words.iter().map(|word| code(word, None)).collect::<Result<_, _>>();
        let graded = |(word, severity): &(String, Severity)| Ok((code(word, None)?, *severity));
        layers.push(Layer {
            files: None,
            select: codes(&asked.select)?,
            ignore: codes(&asked.ignore)?,
            severity: asked.severity.iter().map(graded).collect::<Result<_, _>>()?,
        });
        Ok(Self { layers, rolling: asked.rolling })
    }

    /// How heavy a finding of a code is in a file; `None` where nobody wants to hear of it.
    pub(crate) fn severity(&self, code: &str, file: &Path, own: Severity) -> Option<Severity> {
        let on_request = rules::is_on_request(code);
        let (mut heard, mut severity) = (!on_request || self.rolling, own);
        for layer in self.layers.iter().filter(|layer| layer.files.is_none_or(|files| files.contains(file))) {
            let (selected, ignored) = (longest(code, &layer.select), longest(code, &layer.ignore));
            // `MRT` is every rule that looks by itself.
            let selected =
                selected.filter(|length| !on_request || self.rolling || *length > rules::FIRST.len());
            if !layer.select.is_empty() || ignored.is_some() {
                heard = selected > ignored;
            }
            let said = layer.severity.iter().filter(|(family, _)| code.starts_with(family));
            severity = said.max_by_key(|(family, _)| family.len()).map_or(severity, |(_, said)| *said);
        }
        heard.then_some(severity)
    }
}

/// How long the longest family is to which a code belongs.
fn longest(code: &str, families: &[String]) -> Option<usize> {
    families.iter().filter(|family| code.starts_with(family.as_str())).map(String::len).max()
}

fn written(word: &Word) -> Result<String, SelectionError> {
    code(&word.text, Some(&word.place))
}

fn graded(word: &Word) -> Result<Severity, SelectionError> {
    let failed = |problem| SelectionError::Severity { place: word.place.clone(), problem };
    word.text.parse().map_err(failed)
}

/// A code or the beginning of one, as codes are spelled.
fn code(word: &str, place: Option<&Place>) -> Result<String, SelectionError> {
    let code = word.to_uppercase();
    if !code.is_empty() && rules::all().any(|rule| rule.code.starts_with(&code)) {
        return Ok(code);
    }
    let hint = match text::nearest(&code, rules::all().map(|rule| rule.code)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "MRT201 is one, and MRT2 is its family".to_owned(),
    };
    Err(SelectionError::Code { place: place.cloned(), code: word.to_owned(), hint })
}

/// A revision among others.
pub(crate) struct Node<'a> {
    pub(crate) id: &'a str,
    pub(crate) file: &'a Path,
    /// On which it follows directly, by position.
    pub(crate) before: Vec<usize>,
}

/// Of which revisions is heard. All of them are read, and what earlier ones say of the schema counts for the others.
pub(crate) struct Scope<'a> {
    asked: &'a Selection,
    /// A revision is gone, and with it what it may have joined.
    lost: bool,
    /// What comes after the revision that is asked for, once a chain knows it.
    later: Option<BTreeSet<String>>,
    unknown: Option<ResolveError>,
    /// The oldest revision that the settings want to hear of, and what comes before it, once a chain knows it.
    floor: Option<&'a str>,
    below: Option<BTreeSet<String>>,
    unknown_floor: Option<ResolveError>,
    /// The revisions that follow directly on one, and their files.
    children: BTreeMap<String, BTreeMap<String, PathBuf>>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(asked: &'a Selection, locations: &[PathBuf], floor: Option<&'a str>) -> Self {
        let lost = asked.changed.as_ref().is_some_and(|changed| changed.has_lost(locations));
        let (later, unknown, below, unknown_floor) = (None, None, None, None);
        Self { asked, lost, later, unknown, floor, below, unknown_floor, children: BTreeMap::new() }
    }

    /// Takes in revisions, and which of them follow on which; `resolve` finds one by what somebody calls it.
    pub(crate) fn learn(
        &mut self,
        revisions: &[Node<'_>],
        resolve: impl Fn(&str) -> Result<usize, ResolveError>,
    ) {
        let mut behind = vec![Vec::new(); revisions.len()];
        for (at, revision) in revisions.iter().enumerate() {
            let known = revision.before.iter().filter(|before| **before < revisions.len());
            for before in known {
                behind[*before].push(at);
                let children = self.children.entry(revisions[*before].id.to_owned()).or_default();
                children.insert(revision.id.to_owned(), revision.file.to_owned());
            }
        }
        let before: Vec<Vec<usize>> = revisions.iter().map(|revision| revision.before.clone()).collect();
        let reached = |links: &[Vec<usize>], from: usize, ids: &mut BTreeSet<String>| {
            let mut next = links.get(from).cloned().unwrap_or_default();
            while let Some(at) = next.pop() {
                if revisions.get(at).is_some_and(|revision| ids.insert(revision.id.to_owned())) {
                    next.extend(&links[at]);
                }
            }
        };
        match self.asked.since.as_deref().map(&resolve) {
            Some(Ok(since)) => reached(&behind, since, self.later.get_or_insert_default()),
            Some(Err(problem)) => self.unknown = Some(problem),
            None => {}
        }
        match self.floor.map(&resolve) {
            Some(Ok(floor)) => reached(&before, floor, self.below.get_or_insert_default()),
            Some(Err(problem)) => self.unknown_floor = Some(problem),
            None => {}
        }
    }

    /// Whether what is asked for is there. Where there is no chain nothing comes after anything, and everything is told.
    pub(crate) fn verify(&self) -> Result<(), SelectionError> {
        if let (None, Some(problem)) = (&self.below, &self.unknown_floor) {
            return Err(SelectionError::Floor(problem.clone()));
        }
        match (&self.asked.since, &self.later, &self.unknown) {
            (_, None, Some(problem)) => Err(SelectionError::Since(problem.clone())),
            (Some(since), Some(later), _) if later.is_empty() => {
                Err(SelectionError::Nothing { since: since.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Whether a file's revision is asked for; it has no id where the file cannot be read.
    pub(crate) fn has(&self, revision: &str, file: &Path) -> bool {
        self.is_named(revision) && self.is_new(revision, file)
    }

    /// Whether a finding concerns what is asked for. One of the graph does where it comes from a revision that follows.
    pub(crate) fn concerns(&self, finding: &Finding, file: &Path) -> bool {
        let is_of_the_graph =
            rules::find(finding.code).is_some_and(|rule| matches!(rule.check, Check::Chain(_)));
        let follows = || {
            let mut children = self.children.get(&finding.revision).into_iter().flatten();
            self.lost || children.any(|(child, file)| self.is_new(child, file))
        };
        self.is_named(&finding.revision)
            && (self.is_new(&finding.revision, file)
                || finding.code == rules::NO_CHAIN
                || (is_of_the_graph && follows()))
    }

    fn is_named(&self, revision: &str) -> bool {
        let only = &self.asked.only;
        let begins = |beginning: &String| !revision.is_empty() && revision.starts_with(beginning.as_str());
        only.is_empty() || only.iter().any(begins)
    }

    fn is_new(&self, revision: &str, file: &Path) -> bool {
        let is_later =
            self.later.as_ref().is_none_or(|later| revision.is_empty() || later.contains(revision));
        let is_below = self.below.as_ref().is_some_and(|below| below.contains(revision));
        is_later && !is_below && self.asked.changed.as_ref().is_none_or(|changed| changed.has(file))
    }
}
