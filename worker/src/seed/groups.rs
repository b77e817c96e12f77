//! The choices for each group of columns of one row.

use std::collections::BTreeMap;

use crate::database::catalog::Family;
use crate::database::rows::Value;

use super::compose::{Choice, Group};
use super::edges;
use super::model::{Draft, Model, Rows, Tweak, ordinal};
use super::plan::{Link, Timing};
use super::{Edge, RowKind};

/// Makes the groups of one row.
pub(super) struct Maker<'m, 'a> {
    pub(super) model: &'m Model<'a>,
    pub(super) kind: RowKind,
    pub(super) tweak: &'m Tweak,
    pub(super) wanted: &'m BTreeMap<usize, Value>,
    pub(super) branches: &'m BTreeMap<usize, Vec<Value>>,
    pub(super) rows: &'m Rows,
    pub(super) earlier: &'m [Draft],
    /// How many values are offered for a column that must be new.
    pub(super) breadth: usize,
}

impl Maker<'_, '_> {
    /// Groups that share columns or unique sets first, those that nothing depends on last.
    pub(super) fn groups(&self) -> Vec<Group> {
        let model = self.model;
        let mut groups: Vec<Group> =
            (0..model.components.len()).filter_map(|number| self.component(number)).collect();
        let (own, mut links): (Vec<&Link<'_>>, Vec<&Link<'_>>) =
            model.plan.links.iter().partition(|link| link.timing == Timing::Itself);
        links.sort_by_key(|link| std::cmp::Reverse(link.key.columns.len()));
        groups.extend(links.into_iter().map(|link| self.link(link)));
        let waits = |at: &usize| {
            let name = model.fields.get(*at).map(|field| &field.column.name);
            own.iter().any(|link| {
                name.is_some_and(|name| {
                    link.key.columns.contains(name) && !link.key.parent_columns.contains(name)
                })
            })
        };
        let unique = |at: &usize| model.taken.sets.iter().any(|set| set.columns.contains(at));
        let mut free: Vec<usize> = (0..model.fields.len()).collect();
        free.retain(|at| model.fields.get(*at).is_some_and(|field| !field.column.generated));
        let (late, mut free): (Vec<usize>, Vec<usize>) = free.into_iter().partition(waits);
        free.sort_by_key(|at| !unique(at));
        let singles =
            |free: Vec<usize>| free.into_iter().map(|at| self.single(at, unique(&at))).collect::<Vec<_>>();
        groups.extend(singles(free));
        groups.extend(own.into_iter().map(|link| self.link(link)));
        groups.extend(singles(late));
        groups
    }

    fn edge(&self) -> Option<Edge> {
        match self.kind {
            RowKind::Edge(edge) => Some(edge),
            _ => None,
        }
    }

    fn shift(&self, columns: &[usize]) -> usize {
        columns.iter().filter_map(|at| self.tweak.shift.get(at)).max().copied().unwrap_or(0)
    }

    /// The first ordinary row, which a duplicate repeats.
    fn first(&self, columns: &[usize]) -> Option<Vec<Option<Value>>> {
        let first = self.earlier.iter().find(|draft| draft.kind == RowKind::Ordinary(0))?;
        Some(columns.iter().map(|at| first.row.values.get(*at).cloned().flatten()).collect())
    }

    /// Repeating the first row in these columns is worth a row: none of them has to be new.
    fn repeats(&self, columns: &[usize]) -> bool {
        !self.model.taken.sets.iter().any(|set| set.here && set.columns.iter().any(|at| columns.contains(at)))
    }

    fn component(&self, number: usize) -> Option<Group> {
        let component = self.model.components.get(number)?;
        let columns = &component.columns;
        let full =
            |tuple: &Vec<Value>, edge| Choice { values: tuple.iter().cloned().map(Some).collect(), edge };
        let ordinal = usize::try_from(ordinal(self.kind)).unwrap_or(0);
        let shift = self.shift(columns);
        let (best, rest) = component.ordinary.split_at(component.best.min(component.ordinary.len()));
        let mut ordinary: Vec<Choice> = Vec::new();
        // Rows begin at different tuples; those with more NULLs come last, whatever the row.
        for part in [best, rest] {
            let start = (ordinal + shift * 7) % part.len().max(1);
            ordinary.extend(part.iter().cycle().skip(start).take(part.len()).map(|tuple| full(tuple, false)));
        }
        let mut choices = Vec::new();
        let plain = columns.iter().any(|at| self.tweak.plain.contains(at));
        match self.edge().filter(|_| !plain) {
            Some(Edge::Label(_)) => {
                let wanted: Vec<(usize, &Value)> = columns
                    .iter()
                    .enumerate()
                    .filter_map(|(place, at)| Some((place, self.wanted.get(at)?)))
                    .collect();
                let met = |tuple: &Vec<Value>| {
                    wanted.iter().filter(|(place, value)| tuple.get(*place) == Some(value)).count()
                };
                let mut showing: Vec<&Vec<Value>> =
                    component.here.iter().filter(|tuple| met(tuple) > 0).collect();
                showing.sort_by_key(|tuple| std::cmp::Reverse(met(tuple)));
                choices.extend(self.branches.get(&number).map(|branch| full(branch, true)));
                choices.extend(showing.into_iter().take(200).map(|tuple| full(tuple, true)));
            }
            Some(Edge::Duplicate) => {
                choices
                    .extend(self.first(columns).map(|values| Choice { values, edge: self.repeats(columns) }));
            }
            Some(edge) => choices.extend(
                component.edges.get(&edge).into_iter().flatten().skip(shift).map(|tuple| full(tuple, true)),
            ),
            None => {}
        }
        choices.extend(ordinary);
        Some(Group { columns: columns.clone(), choices, own: None, fallback: false })
    }

    fn link(&self, link: &Link<'_>) -> Group {
        let model = self.model;
        let columns = model.places(&link.key.columns);
        let null = |edge| Choice {
            values: columns
                .iter()
                .map(|at| model.fields.get(*at).filter(|field| field.column.nullable).map(|_| Value::Null))
                .collect(),
            edge,
        };
        let full = |tuple: Vec<Value>| Choice { values: tuple.into_iter().map(Some).collect(), edge: false };
        let mut choices: Vec<Choice> = Vec::new();
        let mut own = None;
        let later = matches!(link.timing, Timing::Afterwards | Timing::Never);
        if later {
            choices.push(null(self.edge() == Some(Edge::Nulls) && link.timing == Timing::Afterwards));
        } else {
            let start = usize::try_from(ordinal(self.kind)).unwrap_or(0) + self.shift(&columns);
            let mut tuples = Vec::new();
            if link.timing == Timing::Itself {
                let of = model.places(&link.key.parent_columns);
                let earlier =
                    self.earlier.iter().rev().filter(|draft| matches!(draft.kind, RowKind::Ordinary(_)));
                let tuple = |draft: &Draft| -> Option<Vec<Value>> {
                    of.iter().map(|at| draft.row.values.get(*at).cloned().flatten()).collect()
                };
                tuples.extend(earlier.filter_map(tuple).filter(|tuple| !tuple.contains(&Value::Null)));
                if !link.optional && tuples.is_empty() {
                    own = Some(of);
                }
            }
            if link.timing != Timing::Itself || self.rows.contains_key(&link.key.parent) {
                tuples.extend(model.parents(link, self.rows, start, self.edge().is_some()));
            }
            choices.extend(tuples.into_iter().map(full));
            let root = link.timing == Timing::Itself && link.optional && self.kind == RowKind::Ordinary(0);
            if link.timing == Timing::Together && choices.is_empty() {
                // The first draft of rows that need each other: only their keys count.
                choices.push(Choice { values: vec![None; columns.len()], edge: false });
            }
            match self.edge() {
                _ if root => choices.insert(0, null(false)),
                Some(Edge::Nulls)
                    if link.nullable && self.tweak.plain.is_disjoint(&columns.iter().copied().collect()) =>
                {
                    choices.insert(0, null(true));
                }
                Some(Edge::Duplicate) => {
                    let same = self.first(&columns).filter(|values| !values.contains(&None));
                    if let Some(values) = same {
                        choices.insert(0, Choice { values, edge: false });
                    }
                }
                _ => {}
            }
            if link.nullable && !root {
                choices.push(null(false));
            }
        }
        Group { columns, choices, own, fallback: false }
    }

    fn single(&self, at: usize, unique: bool) -> Group {
        let mut group = Group { columns: vec![at], choices: Vec::new(), own: None, fallback: true };
        let Some(field) = self.model.fields.get(at) else { return group };
        let column = field.column;
        let ordinal = ordinal(self.kind);
        let shift = self.shift(&[at]);
        let choice = |value: Option<Value>, edge| Choice { values: vec![value], edge };
        let extreme = |edge: Edge| -> Vec<Choice> {
            let values = edges::values(field, edge, ordinal, self.model.dialect).into_iter().skip(shift);
            // Both truth values are in ordinary rows already.
            let counts = column.ty.family != Family::Boolean;
            values.map(|value| choice(Some(value), counts)).collect()
        };
        if !self.tweak.plain.contains(&at) {
            group.choices = match self.edge() {
                Some(Edge::Nulls) if column.nullable && !field.primary => {
                    vec![choice(Some(Value::Null), true)]
                }
                Some(Edge::Nulls) | None => Vec::new(),
                Some(Edge::Duplicate) => {
                    let edge = self.repeats(&[at]);
                    self.first(&[at]).into_iter().map(|values| Choice { values, edge }).collect()
                }
                Some(Edge::Label(_)) => {
                    self.wanted.get(&at).map(|label| choice(Some(label.clone()), true)).into_iter().collect()
                }
                Some(edge) => extreme(edge),
            };
        }
        if self.tweak.lean && !unique {
            if column.default.is_some() {
                group.choices.push(choice(None, false));
            } else if column.nullable {
                group.choices.push(choice(Some(Value::Null), false));
            }
        }
        let count = if unique { self.breadth } else { 1 };
        let ordinary = field.choices(ordinal, count + shift);
        let skip = if shift < ordinary.len() { shift } else { 0 };
        for value in ordinary.into_iter().skip(skip) {
            // A type of which nothing is known.
            let left_out = value == Value::Null && !column.nullable;
            group.choices.push(choice((!left_out).then_some(value), false));
        }
        group
    }
}
