//! Which cells of a suite are to be checked on a target. Pure: settings, a chain and wishes in, positions out.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Chain, ResolveError};
use crate::settings::{Suite, Target};

/// What somebody asks for, beside what the settings say. Names are ids, unambiguous beginnings of ids, labels, `head`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only these revisions; empty means all.
    pub only: Vec<String>,
    /// Only what comes after this revision.
    pub since: Option<String>,
}

/// The cells of one suite on one target, as positions in the chain's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Revisions to judge.
    pub judged: BTreeSet<usize>,
    /// Revisions that are left out on request, with the reason.
    pub skipped: BTreeMap<usize, String>,
}

/// Why a selection cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A name stands for no revision, or for several.
    #[error("{setting}: {problem}")]
    Name {
        /// The option or setting that names it.
        setting: &'static str,
        /// What is wrong.
        problem: ResolveError,
    },
    /// Nothing is left.
    #[error("nothing to check in suite {suite} on {target}: the selection leaves no revision")]
    Nothing {
        /// The suite.
        suite: String,
        /// The target.
        target: String,
    },
}

impl Selection {
    /// Selects what is wanted of a suite's chain on a target.
    ///
    /// # Errors
    /// When a name is not that of one revision, or nothing is left.
    pub fn of(
        suite: &Suite,
        target: &Target,
        chain: &Chain,
        wanted: &Wanted,
    ) -> Result<Self, SelectionError> {
        let find = |setting, name: &str| {
            let revision =
                chain.resolve(name).map_err(|problem| SelectionError::Name { setting, problem })?;
            Ok(revision.id.as_str())
        };
        let mut selected: BTreeSet<usize> = (0..chain.revisions().len()).collect();
        if let Some(floor) = &suite.floor {
            for below in chain.ancestors(find("floor", floor)?) {
                selected.remove(&below);
            }
        }
        if let Some(since) = &wanted.since {
            let later: BTreeSet<usize> = chain.descendants(find("--since", since)?).into_iter().collect();
            selected.retain(|position| later.contains(position));
        }
        if !wanted.only.is_empty() {
            let mut named = BTreeSet::new();
            for name in &wanted.only {
                named.extend(chain.position(find("--only", name)?));
            }
            selected.retain(|position| named.contains(position));
        }
        let mut skipped = BTreeMap::new();
        for skip in &suite.skip {
            let position = chain.position(find("skip", &skip.revision)?);
            if let Some(position) = position.filter(|position| selected.contains(position))
                && target.is_among(&skip.targets)
            {
                skipped.insert(position, skip.reason.clone());
            }
        }
        if selected.is_empty() {
            return Err(SelectionError::Nothing { suite: suite.name.clone(), target: target.name.clone() });
        }
        selected.retain(|position| !skipped.contains_key(position));
        Ok(Self { judged: selected, skipped })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;
    use crate::settings::Project;

    /// a -> b -> c -> d and b -> e, on SQLite and PostgreSQL, with these further settings.
    fn select(settings: &str, target: usize, wanted: &Wanted) -> Result<Selection, SelectionError> {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("migrations/versions")).unwrap();
        let files = [
            ("alembic.ini", "[alembic]\nscript_location = migrations\n".to_owned()),
            ("migrations/env.py", String::new()),
            ("mrt.toml", format!("targets = ['sqlite', 'postgres:16']\n{settings}")),
        ];
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        for (id, down) in [("a", "None"), ("b", "'a'"), ("c", "'b'"), ("d", "'c'"), ("e", "'b'")] {
            let text = format!("revision = '{id}'\ndown_revision = {down}\n");
            fs::write(dir.path().join(format!("migrations/versions/{id}.py")), text).unwrap();
        }
        let mut suite = Project::load(dir.path()).unwrap().suites.remove(0);
        suite.name = "shop".to_owned();
        let target = &suite.targets[target];
        Selection::of(&suite, target, &suite.chain(target.engine).unwrap(), wanted)
    }

    fn judged(settings: &str, only: &[&str], since: Option<&str>) -> Vec<usize> {
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        let wanted = Wanted { only, since: since.map(str::to_owned) };
        select(settings, 0, &wanted).unwrap().judged.into_iter().collect()
    }

    #[test]
    fn everything_is_checked_unless_something_is_asked_for() {
        assert_eq!(judged("", &[], None), [0, 1, 2, 3, 4]);
        assert_eq!(judged("", &[], Some("c")), [3]);
        assert_eq!(judged("", &["e", "a"], None), [0, 4]);
        assert_eq!(judged("", &["d", "e"], Some("c")), [3]);
        assert_eq!(judged("floor = 'c'", &[], None), [2, 3, 4]);
    }

    #[test]
    fn what_is_left_out_is_told_where_it_is() {
        let skip = "[[skip]]\nrevision = 'c'\ntargets = ['postgres']\nreason = 'known'\n";
        let on = |target| select(skip, target, &Wanted::default()).unwrap();
        assert_eq!(on(0).skipped, BTreeMap::new());
        assert_eq!(on(1).skipped, BTreeMap::from([(2, "known".to_owned())]));
        assert_eq!(on(1).judged, BTreeSet::from([0, 1, 3, 4]));
        let only = Wanted { only: vec!["c".to_owned()], since: None };
        assert!(select(skip, 1, &only).unwrap().judged.is_empty(), "asking for it does not undo that");
        let only = Wanted { only: vec!["d".to_owned()], since: None };
        assert!(select(skip, 1, &only).unwrap().skipped.is_empty(), "nobody asked for it");
    }

    #[test]
    fn a_selection_of_nothing_is_an_error() {
        let told = |settings: &str, wanted: Wanted| select(settings, 0, &wanted).unwrap_err().to_string();
        let since = |name: &str| Wanted { only: Vec::new(), since: Some(name.to_owned()) };
        assert_eq!(
            told("", since("d")),
            "nothing to check in suite shop on sqlite: the selection leaves no revision"
        );
        assert_eq!(
            told("", since("zz")),
            "--since: no revision or branch is called `zz`; give a revision's id, or its beginning"
        );
        assert!(told("floor = 'zz'", Wanted::default()).starts_with("floor: no revision"));
    }
}
