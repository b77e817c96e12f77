//! The rules, in one table: what each is about, an example that it flags and one that it does not, and the function that looks.

mod change;
mod constraints;
mod downgrade;
mod engines;
mod environment;
mod examples;
mod graph;
mod loss;
mod objects;
mod reversal;
mod rolling;

use mrt_chain::graph::Chain;
use mrt_chain::settings::EngineKind;

pub use crate::case::{Case, Findings};
pub use examples::{environment_of, revisions};
pub(crate) use graph::{NO_CHAIN, UNREADABLE};

use crate::environment::Environment;
use crate::finding::Severity;

/// How every code begins.
const FIRST: &str = "MRT";

/// One rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// `MRT201`.
    pub code: &'static str,
    /// A few words.
    pub name: &'static str,
    /// How bad it is at worst; where less is certain, a finding is less.
    pub severity: Severity,
    /// The engines that it is about; none is all.
    pub engines: &'static [EngineKind],
    /// What happens, and what to do.
    pub about: &'static str,
    /// An example that it flags.
    pub bad: &'static str,
    /// The same intention, which no rule flags.
    pub good: &'static str,
    /// The function that looks.
    pub check: Check,
}

/// Who finds it.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// A function over one revision on one engine.
    Migration(fn(&Case<'_>, &mut Findings<'_>)),
    /// A function over the chain; it finds lines of revisions by their position.
    Chain(fn(&Chain) -> Vec<(usize, String)>),
    /// A function over the suite's `env.py`.
    Environment(fn(&Environment, &mut Findings<'_>)),
    /// Whoever reads the files.
    Reader,
}

impl Rule {
    /// Whether it is about an engine.
    pub fn concerns(&self, engine: EngineKind) -> bool {
        self.engines.is_empty() || self.engines.contains(&engine)
    }
}

/// Every rule, by its code.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let families = [
        downgrade::RULES,
        loss::RULES,
        change::RULES,
        constraints::RULES,
        objects::RULES,
        rolling::RULES,
        reversal::RULES,
        engines::RULES,
        engines::names::RULES,
        engines::types::RULES,
        engines::keys::RULES,
        engines::commits::RULES,
        environment::RULES,
        graph::RULES,
    ];
    families.into_iter().flatten()
}

/// Whether a rule looks only where it is asked for: what it finds is wrong in one way of deploying, and right in others.
pub fn is_on_request(code: &str) -> bool {
    code.starts_with(rolling::FAMILY)
}

/// Whether a code or its family is among others, by name: `MRT` is every rule that looks by itself.
pub fn is_by_name(code: &str, others: &[String]) -> bool {
    others.iter().any(|other| other.len() > FIRST.len() && code.starts_with(&other.to_uppercase()))
}

/// The rule of a code.
pub fn find(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

/// Whether a code is among others, each of which may be the beginning of a family (`MRT2`).
pub fn is_among(code: &str, others: &[String]) -> bool {
    others.iter().any(|other| code.starts_with(&other.to_uppercase()))
}
