//! Closes cycles of foreign keys: what had to be NULL at first is set once every table has its rows.

use std::collections::BTreeSet;

use crate::database::rows::{NewRow, Value};
use crate::database::{DatabaseError, Session};

use super::insert::Filling;
use super::model::{Placed, ordinal};
use super::plan::{Link, TablePlan, Timing};
use super::{Edge, RowKind};

/// How many parents are tried for one row.
const ATTEMPTS: usize = 3;

impl Filling<'_> {
    /// Sets the foreign keys of a table that were left for later, in all rows but the one that shows NULLs.
    pub(super) async fn close_cycles(
        &mut self,
        session: &mut dyn Session,
        plan: &TablePlan<'_>,
    ) -> Result<(), DatabaseError> {
        for link in plan.links.iter().filter(|link| link.timing == Timing::Afterwards) {
            let mut used: BTreeSet<Vec<Value>> = BTreeSet::new();
            let parents = self.rows.get(&link.key.parent).map_or(&[][..], Vec::as_slice);
            let open = |kind: RowKind| kind != RowKind::Edge(Edge::Nulls);
            for seeded in &mut self.seeded.rows {
                if seeded.row.table != *plan.name || !open(seeded.kind) {
                    continue;
                }
                let mut choices = choices(link, seeded.kind, &seeded.row, parents);
                // Parents that no row has yet come first: the columns may be unique.
                choices.sort_by_key(|(tuple, _)| used.contains(tuple));
                for (tuple, set) in choices.into_iter().take(ATTEMPTS) {
                    if session.update(&seeded.row, &set).await?.is_ok() {
                        used.insert(tuple);
                        for (name, value) in set {
                            if let Some(slot) =
                                seeded.row.values.iter_mut().find(|(column, _)| *column == name)
                            {
                                slot.1 = value;
                            }
                        }
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A parent's key, and what has to be set in the child.
type Choice = (Vec<Value>, Vec<(String, Value)>);

/// Parents that a row can refer to.
fn choices(link: &Link<'_>, kind: RowKind, row: &NewRow, parents: &[Placed]) -> Vec<Choice> {
    let is_edge = |kind: RowKind| matches!(kind, RowKind::Edge(_));
    let (edges, ordinary): (Vec<&Placed>, Vec<&Placed>) =
        parents.iter().partition(|parent| is_edge(parent.kind));
    // Ordinary rows are the same whichever edge rows are asked for.
    let edges = if is_edge(kind) || ordinary.is_empty() { edges } else { Vec::new() };
    let start = usize::try_from(ordinal(kind)).unwrap_or(0) % ordinary.len().max(1);
    let turned = ordinary.iter().cycle().skip(start).take(ordinary.len());

    let current =
        |name: &String| row.values.iter().find(|(column, _)| column == name).map(|(_, value)| value);
    let choice = |parent: &&Placed| {
        let (mut tuple, mut set) = (Vec::new(), Vec::new());
        for (name, of) in link.key.columns.iter().zip(&link.key.parent_columns) {
            let value = parent.values.get(of).filter(|value| **value != Value::Null)?;
            match current(name) {
                // Another foreign key has set this column; the parents must agree in it.
                Some(current) if *current != Value::Null => {
                    if current != value {
                        return None;
                    }
                }
                _ => set.push((name.clone(), value.clone())),
            }
            tuple.push(value.clone());
        }
        (!set.is_empty()).then_some((tuple, set))
    };
    turned.chain(&edges).filter_map(choice).collect()
}
