//! From what rules find to what is told: of that which is asked for, as heavy as somebody wants it, less what is silenced or accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mrt_chain::graph::{ResolveError, RevisionFile};
use mrt_chain::settings::{Accept, CheckSettings, EngineKind, Skip, Suite, Target};

use crate::accepted::{Acceptances, Accepted};
use crate::finding::Finding;
use crate::project::Checked;
use crate::selection::{Hearing, Node, Scope, Selection, SelectionError};
use crate::source::Noqa;

/// What a suite says of its findings.
#[derive(Default)]
pub(crate) struct Wishes<'a> {
    check: &'a [CheckSettings],
    accept: &'a [Accept],
    targets: &'a [Target],
    floor: Option<&'a str>,
    skip: &'a [Skip],
    /// Where its revisions lie.
    locations: Vec<PathBuf>,
}

impl<'a> Wishes<'a> {
    pub(crate) fn by(suite: &'a Suite, locations: Vec<PathBuf>) -> Self {
        let Suite { check, accept, targets, floor, skip, .. } = suite;
        Self { check, accept, targets, floor: floor.as_deref(), skip, locations }
    }

    /// Whether a revision is left out on every target of an engine.
    fn skips(&self, revision: &str, engine: EngineKind) -> bool {
        let mut targets = self.targets.iter().filter(|target| target.engine == engine).peekable();
        let skips = |target: &Target| {
            self.skip.iter().any(|skip| skip.revision == revision && target.is_among(&skip.targets))
        };
        targets.peek().is_some() && targets.all(skips)
    }
}

/// A file whose findings are told.
pub(crate) struct Looked {
    pub(crate) file: RevisionFile,
    /// The revision that it holds; empty where it tells none.
    pub(crate) revision: String,
    /// How many engines have it.
    pub(crate) engines: usize,
    pub(crate) noqa: Option<Noqa>,
    pub(crate) text: String,
}

/// Takes what is found.
pub(crate) struct Telling<'a> {
    wishes: &'a Wishes<'a>,
    selection: &'a Selection,
    hearing: Hearing<'a>,
    scope: Scope<'a>,
    paths: BTreeMap<String, PathBuf>,
    /// With the engines that it is found on; none is all.
    found: BTreeMap<Finding, BTreeSet<EngineKind>>,
}

impl<'a> Telling<'a> {
    /// For the findings in these files.
    pub(crate) fn of<'f>(
        files: impl IntoIterator<Item = &'f RevisionFile>,
        wishes: &'a Wishes<'a>,
        selection: &'a Selection,
    ) -> Result<Self, SelectionError> {
        Ok(Self {
            wishes,
            selection,
            hearing: Hearing::of(wishes.check, selection)?,
            scope: Scope::new(selection, &wishes.locations, wishes.floor),
            paths: files.into_iter().map(|file| (file.display.clone(), file.path.clone())).collect(),
            found: BTreeMap::new(),
        })
    }

    /// Takes a finding, as its rule has it.
    pub(crate) fn add(&mut self, finding: Finding, engine: Option<EngineKind>) {
        if engine.is_some_and(|engine| self.wishes.skips(&finding.revision, engine)) {
            return;
        }
        let path = self.paths.get(&finding.file).map_or(Path::new(""), PathBuf::as_path);
        if let Some(severity) = self.hearing.severity(finding.code, path, finding.severity) {
            self.found.entry(Finding { severity, ..finding }).or_default().extend(engine);
        }
    }

    /// Takes in which revisions follow on which; see [`Scope::learn`].
    pub(crate) fn learn(
        &mut self,
        revisions: &[Node<'_>],
        resolve: impl Fn(&str) -> Result<usize, ResolveError>,
    ) {
        self.scope.learn(revisions, resolve);
    }

    /// Keeps what is asked for, says on which engines a finding is, where not on all; leaves out what files ask to be silent about;
    /// sorts; sets apart what is accepted. `beside` is a file that holds no revision.
    pub(crate) fn finish(
        self,
        files: Vec<Looked>,
        beside: Option<Looked>,
    ) -> Result<Checked, SelectionError> {
        let Self { wishes, selection, scope, found, .. } = self;
        scope.verify()?;
        let mut acceptances = Acceptances::of(wishes.accept, wishes.targets, selection.today.as_deref());
        let by_name: BTreeMap<&str, &Looked> =
            files.iter().chain(&beside).map(|looked| (looked.file.display.as_str(), looked)).collect();
        let mut checked = Checked { files: files.len(), ..Checked::default() };
        for Looked { file, revision, .. } in &files {
            let is_asked_for = scope.has(revision, &file.path);
            checked.asked += usize::from(is_asked_for);
            if !revision.is_empty() {
                checked.revisions.insert(revision.clone(), is_asked_for);
            }
        }
        let mut told = Vec::with_capacity(found.len());
        for (mut finding, engines) in found {
            let Some(looked) = by_name.get(finding.file.as_str()) else { continue };
            let silenced = looked.noqa.as_ref().is_some_and(|noqa| noqa.silences(finding.line, finding.code));
            if silenced || !scope.concerns(&finding, &looked.file.path) {
                continue;
            }
            if !engines.is_empty() && engines.len() < looked.engines {
                let names: Vec<&str> = engines.iter().map(|engine| engine.title()).collect();
                finding.message = format!("{} (on {})", finding.message, names.join(", "));
            }
            checked.sources.entry(finding.file.clone()).or_insert_with(|| looked.text.clone());
            told.push((finding, engines));
        }
        told.sort_by(|(a, _), (b, _)| {
            (&a.file, a.line, a.code, &a.message).cmp(&(&b.file, b.line, b.code, &b.message))
        });
        for (mut finding, engines) in told {
            match acceptances.take(&mut finding, &engines) {
                Some(by) => checked.accepted.push(Accepted { finding, by }),
                None => checked.findings.push(finding),
            }
        }
        Ok(checked)
    }
}
