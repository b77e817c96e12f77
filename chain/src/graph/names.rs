//! Revisions that settings name.

use super::{Chain, ResolveError};
use crate::settings::Suite;
use crate::text;

/// A revision that the settings name and the chain does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{setting}` of suite `{suite}` names revision `{revision}`, which its chain does not have; {}",
    help(hint)
)]
pub struct UnknownRevision {
    /// `floor`, `skip`, `accept` or `seed`.
    pub setting: &'static str,
    /// The suite.
    pub suite: String,
    /// The revision as the settings name it.
    pub revision: String,
    /// The nearest id.
    pub hint: Option<String>,
}

fn help(hint: &Option<String>) -> String {
    match hint {
        Some(hint) => format!("did you mean `{hint}`?"),
        None => "write a full id, or remove the entry".to_owned(),
    }
}

impl Suite {
    /// The revisions that the settings name and that none of these chains (the suite's, one for each engine) has.
    /// `floor` may be anything that [`Chain::resolve`] knows; the others are full ids.
    pub fn unknown_revisions(&self, chains: &[&Chain]) -> Vec<UnknownRevision> {
        let resolves = |name: &str| {
            chains.iter().any(|chain| !matches!(chain.resolve(name), Err(ResolveError::Unknown { .. })))
        };
        let exists = |id: &str| chains.iter().any(|chain| chain.get(id).is_some());
        let unknown = |setting, revision: &str| {
            let ids = chains.iter().flat_map(|chain| chain.revisions()).map(|revision| revision.id.as_str());
            let hint = text::nearest(revision, ids).map(str::to_owned);
            UnknownRevision { setting, suite: self.name.clone(), revision: revision.to_owned(), hint }
        };
        let floor = self.floor.iter().filter(|name| !resolves(name)).map(|name| unknown("floor", name));
        let skip = self.skip.iter().map(|skip| ("skip", &skip.revision));
        let accept = self.accept.iter().map(|accept| ("accept", &accept.revision));
        let seeds =
            self.seeds.iter().flat_map(|seed| seed.from.iter().chain(&seed.to)).map(|id| ("seed", id));
        let ids = skip.chain(accept).chain(seeds).filter(|(_, id)| !exists(id));
        floor.chain(ids.map(|(setting, id)| unknown(setting, id))).collect()
    }
}
