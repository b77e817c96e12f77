//! The rules, in one table: what each is about, an example that it flags and one that it does not, and the function that looks.

mod change;
mod constraints;
mod django;
mod downgrade;
mod engines;
mod environment;
mod examples;
mod graph;
mod loss;
mod objects;
mod reversal;
mod rolling;

use std::sync::LazyLock;

use mrt_chain::graph::Chain;
use mrt_chain::settings::EngineKind;

pub use crate::case::{Case, Findings};
pub use examples::{files, files_of_environment, is_of_django};
pub(crate) use graph::{HEADS, NO_CHAIN, UNREADABLE};

use crate::environment::Environment;
use crate::finding::Severity;

/// Rules about what Django does by itself, or has rules of its own for.
const NOT_OF_DJANGO: &[&str] = &["MRT101", "MRT202"];

/// How every code begins.
pub(crate) const FIRST: &str = "MRT";

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
    /// What a run on a database shows where a finding of it is true, any one of these. Empty where no run could tell: how long a
    /// lock is held is seen by nobody who has a hundred rows.
    pub shows: &'static [Shows],
    /// What happens, and what to do.
    pub about: &'static str,
    /// An example that it flags.
    pub bad: &'static str,
    /// The same intention, which no rule flags.
    pub good: &'static str,
    /// The function that looks.
    pub check: Check,
}

/// What a run shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Rows or values are lost, changed or left behind.
    Rows,
    /// The schema does not come back, or something stays behind in it.
    Schema,
    /// A step fails.
    Failure,
    /// There is no way back, or it refuses.
    NoWayBack,
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

    /// Whether it is about migrations of Django, or otherwise about those of Alembic.
    pub fn is_of(&self, django: bool) -> bool {
        if django { !NOT_OF_DJANGO.contains(&self.code) } else { !self.is_of_django_alone() }
    }

    /// Whether it is about nothing but migrations of Django.
    pub fn is_of_django_alone(&self) -> bool {
        django::RULES.iter().any(|own| own.code == self.code)
    }
}

/// Every rule, by its code.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    static ALL: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
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
            django::RULES,
        ];
        let mut rules: Vec<&Rule> = families.into_iter().flatten().collect();
        rules.sort_by_key(|rule| rule.code);
        rules
    });
    ALL.iter().copied()
}

/// Whether a rule looks only where it is asked for: what it finds is wrong in one way of deploying, and right in others.
pub fn is_on_request(code: &str) -> bool {
    code.starts_with(rolling::FAMILY)
}

/// The rule of a code.
pub fn find(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code.eq_ignore_ascii_case(code))
}
