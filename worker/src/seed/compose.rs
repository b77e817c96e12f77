//! Puts a row together: one choice for each group of columns, so that groups agree where they overlap and no unique
//! set repeats.

use crate::database::rows::Value;

use super::keys::{Strictness, Taken};

/// How many choices are tried for one row.
const STEPS: usize = 6_000;

/// Values for the columns of a group; `None` leaves a column to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) values: Vec<Option<Value>>,
    /// It makes the row an edge row.
    pub(super) edge: bool,
}

/// Columns that get their values together.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) columns: Vec<usize>,
    pub(super) choices: Vec<Choice>,
    /// Before all choices: the values of these columns in the same row (a row that refers to itself).
    pub(super) own: Option<Vec<usize>>,
    /// Skipped when another group has set its column.
    pub(super) fallback: bool,
}

/// A row, by column; columns without a value are left to their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Composed {
    pub(super) values: Vec<Option<Value>>,
    /// How many choices were edges.
    pub(super) edges: usize,
}

/// The first row that fits, by backtracking; groups that share unique sets should be neighbours.
pub(super) fn compose(
    width: usize,
    groups: &[Group],
    taken: &Taken,
    strictness: Strictness,
    both: bool,
) -> Option<Composed> {
    let mut search = Search { groups, taken, strictness, both, steps: 0 };
    let mut row = Composed { values: vec![None; width], edges: 0 };
    search.step(0, &mut row).then_some(row)
}

struct Search<'a> {
    groups: &'a [Group],
    taken: &'a Taken,
    strictness: Strictness,
    /// Unique sets of the other side count too.
    both: bool,
    steps: usize,
}

impl Search<'_> {
    fn step(&mut self, depth: usize, row: &mut Composed) -> bool {
        let Some(group) = self.groups.get(depth) else { return true };
        let is_set = |row: &Composed, at: &usize| row.values.get(*at).is_some_and(Option::is_some);
        if group.fallback && group.columns.iter().all(|at| is_set(row, at)) {
            return self.step(depth + 1, row);
        }
        let own = group.own.as_ref().map(|of| Choice {
            values: of.iter().map(|at| row.values.get(*at).cloned().flatten()).collect(),
            edge: false,
        });
        let own = own.filter(|own| own.values.iter().all(Option::is_some));
        for choice in own.iter().chain(&group.choices) {
            self.steps += 1;
            if self.steps > STEPS {
                return false;
            }
            let mut set = Vec::new();
            let mut agrees = true;
            for (at, value) in group.columns.iter().zip(&choice.values) {
                let (Some(value), Some(slot)) = (value, row.values.get_mut(*at)) else { continue };
                match slot {
                    Some(there) => agrees &= there == value,
                    None => {
                        *slot = Some(value.clone());
                        set.push(*at);
                    }
                }
            }
            if agrees && !self.conflicts(&set, row) {
                row.edges += usize::from(choice.edge);
                if self.step(depth + 1, row) {
                    return true;
                }
                row.edges -= usize::from(choice.edge);
            }
            for at in set {
                if let Some(slot) = row.values.get_mut(at) {
                    *slot = None;
                }
            }
        }
        false
    }

    /// A unique set that the new columns complete repeats.
    fn conflicts(&self, new: &[usize], row: &Composed) -> bool {
        self.taken.sets.iter().enumerate().any(|(at, set)| {
            (self.both || set.here)
                && set.columns.iter().any(|column| new.contains(column))
                && self.taken.conflicts(at, &row.values, self.strictness)
        })
    }
}
