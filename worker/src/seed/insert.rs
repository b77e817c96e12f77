//! Puts rows in, and tries again with what the database refused.

use std::collections::BTreeMap;

use crate::database::catalog::{Catalog, Family, TableName};
use crate::database::rows::{NewRow, Reason, Rejection};
use crate::database::{DatabaseError, Dialect, Session};

use super::model::{Draft, Model, Placed, Rows, canonical_key};
use super::plan::{TablePlan, Timing};
use super::{Request, RowKind, Seeded, SeededRow};

/// How often an ordinary row is tried.
const ATTEMPTS: usize = 6;

/// What is in so far.
pub(super) struct Filling<'a> {
    dialect: &'a dyn Dialect,
    request: &'a Request<'a>,
    pub(super) rows: Rows,
    pub(super) seeded: Seeded,
    refusals: BTreeMap<TableName, String>,
}

impl<'a> Filling<'a> {
    pub(super) fn new(dialect: &'a dyn Dialect, request: &'a Request<'a>) -> Self {
        Self { dialect, request, rows: Rows::new(), seeded: Seeded::default(), refusals: BTreeMap::new() }
    }

    /// Fills one table.
    pub(super) async fn table(
        &mut self,
        session: &mut dyn Session,
        plan: &TablePlan<'_>,
    ) -> Result<(), DatabaseError> {
        let mut model = Model::new(session, self.dialect, self.request, plan, &self.rows).await?;
        let mut waiting = model.drafts(&self.rows);
        if waiting.is_empty() {
            self.refusals.insert(plan.name.clone(), self.nothing(plan));
        }
        let mut done: Vec<Draft> = Vec::new();
        for attempt in 1..=ATTEMPTS {
            if waiting.is_empty() {
                break;
            }
            let new: Vec<NewRow> = waiting.iter().map(|draft| model.new_row(draft)).collect();
            let answers = session.insert(&new, false).await?;
            let mut refused = Vec::new();
            for ((draft, row), answer) in waiting.into_iter().zip(new).zip(answers) {
                match answer {
                    Ok(()) => {
                        self.accept(plan, &draft, row);
                        done.push(draft);
                    }
                    Err(rejection) => refused.push((draft, rejection)),
                }
            }
            waiting = Vec::new();
            for (mut draft, rejection) in refused {
                tracing::debug!(table = %plan.name, kind = ?draft.kind, attempt, message = rejection.message, "a row was refused");
                self.refusals.entry(plan.name.clone()).or_insert_with(|| rejection.message.clone());
                // A value that is taken in the database stays taken for us.
                if rejection.reason != Reason::Unique {
                    model.taken.remove(&draft.row.values);
                }
                if attempt < ATTEMPTS
                    && repair(&model, &mut draft, &rejection, attempt)
                    && model.redo(&mut draft, &self.rows, &done)
                {
                    waiting.push(draft);
                }
            }
        }
        Ok(())
    }

    /// Fills tables that need each other: their rows go in together, constraints are checked at the end.
    pub(super) async fn together(
        &mut self,
        session: &mut dyn Session,
        plans: &[TablePlan<'_>],
    ) -> Result<(), DatabaseError> {
        // A first draft tells the keys; with them known, the second one can refer to any of the tables.
        let mut known = self.rows.clone();
        for plan in plans {
            let mut model = Model::new(session, self.dialect, self.request, plan, &known).await?;
            let drafts = model.drafts(&known);
            known.insert(
                plan.name.clone(),
                drafts.iter().map(|draft| placed(draft.kind, model.new_row(draft))).collect(),
            );
        }
        let mut drafts = Vec::new();
        for plan in plans {
            let mut model = Model::new(session, self.dialect, self.request, plan, &known).await?;
            let rows = model.drafts(&known);
            drafts.extend(rows.into_iter().map(|draft| (plan, model.new_row(&draft), draft)));
        }
        // Ordinary rows refer to ordinary rows only, so they can do without the others.
        for edges in [true, false] {
            let chosen: Vec<_> = drafts
                .iter()
                .filter(|(_, _, draft)| edges || !matches!(draft.kind, RowKind::Edge(_)))
                .collect();
            let new: Vec<NewRow> = chosen.iter().map(|(_, row, _)| row.clone()).collect();
            let answers = session.insert(&new, true).await?;
            let mut any = false;
            for ((plan, row, draft), answer) in chosen.into_iter().zip(answers) {
                match answer {
                    Ok(()) => {
                        any = true;
                        self.accept(plan, draft, row.clone());
                    }
                    Err(rejection) => {
                        self.refusals.entry(plan.name.clone()).or_insert(rejection.message);
                    }
                }
            }
            if any {
                break;
            }
        }
        for plan in plans {
            if !self.rows.contains_key(plan.name) {
                let nothing = self.nothing(plan);
                self.refusals.entry(plan.name.clone()).or_insert(nothing);
            }
        }
        Ok(())
    }

    /// Moves counters past the keys, and tells what came of it.
    pub(super) async fn finish(mut self, session: &mut dyn Session) -> Result<Seeded, DatabaseError> {
        let filled: Vec<TableName> = self.rows.keys().cloned().collect();
        if !filled.is_empty() {
            session.advance_counters(&filled).await?;
        }
        let empty = |name: &TableName| self.request.tables.contains(name) && !self.rows.contains_key(name);
        let refused: BTreeMap<TableName, String> =
            self.refusals.into_iter().filter(|(name, _)| empty(name)).collect();
        if !refused.is_empty() {
            // A table that migrations have filled to the brim is as good as seeded.
            let named = self.request.here.tables.iter().filter(|(name, _)| refused.contains_key(*name));
            let tables = named.map(|(name, table)| (name.clone(), table.clone())).collect();
            let there = session.contents(&Catalog { tables, ..Catalog::default() }).await?;
            let holds = |name: &TableName| there.tables.contains_key(name);
            self.seeded.not_seeded = refused.into_iter().filter(|(name, _)| !holds(name)).collect();
        }
        Ok(self.seeded)
    }

    fn accept(&mut self, plan: &TablePlan<'_>, draft: &Draft, row: NewRow) {
        self.rows.entry(plan.name.clone()).or_default().push(placed(draft.kind, row.clone()));
        let key = canonical_key(plan.table, &row);
        self.seeded.rows.push(SeededRow { row, kind: draft.kind, key });
    }

    /// Why there was nothing to insert.
    fn nothing(&self, plan: &TablePlan<'_>) -> String {
        let orphan = plan.links.iter().find(|link| {
            link.timing == Timing::Before && !link.nullable && !self.rows.contains_key(&link.key.parent)
        });
        match orphan {
            Some(link) => {
                let parent = &link.key.parent;
                let why = self.refusals.get(parent).map_or(String::new(), |why| format!(": {why}"));
                format!("no row of {parent} could be inserted to refer to{why}")
            }
            None => "no combination of values meets its unique constraints and conditions".to_owned(),
        }
    }
}

fn placed(kind: RowKind, row: NewRow) -> Placed {
    Placed { kind, values: row.values.into_iter().collect() }
}

/// Says how the next attempt differs; `false` when there is nothing left to try.
fn repair(model: &Model<'_>, draft: &mut Draft, rejection: &Rejection, attempt: usize) -> bool {
    let named = refused_columns(model, rejection);
    let columns: Vec<usize> = if named.is_empty() {
        // A trigger, say: anything but the key may be the reason.
        (0..model.fields.len())
            .filter(|at| model.fields.get(*at).is_some_and(|field| !field.primary))
            .collect()
    } else {
        named.clone()
    };
    if matches!(draft.kind, RowKind::Edge(_)) {
        match rejection.reason {
            Reason::Unique | Reason::ForeignKey => shift(draft, &columns, 1),
            // Nobody says what was too much: less of everything, then one half of the columns, then the other.
            _ if named.is_empty() => {
                let text = |at: &usize| {
                    model
                        .fields
                        .get(*at)
                        .is_some_and(|field| matches!(field.column.ty.family, Family::Text { .. }))
                };
                match attempt {
                    1 => shift(draft, &columns, 1),
                    2 => draft.tweak.plain = columns.into_iter().filter(|at| !text(at)).collect(),
                    3 => draft.tweak.plain = columns.into_iter().filter(text).collect(),
                    _ => return false,
                }
            }
            _ => draft.tweak.plain.extend(columns),
        }
        return attempt < ATTEMPTS - 1;
    }
    shift(draft, &columns, 1);
    draft.tweak.lean = attempt + 2 >= ATTEMPTS;
    true
}

fn shift(draft: &mut Draft, columns: &[usize], by: usize) {
    for at in columns {
        *draft.tweak.shift.entry(*at).or_insert(0) += by;
    }
}

/// The columns that a refusal is about: those that the server names, or those of the constraint that it names.
fn refused_columns(model: &Model<'_>, rejection: &Rejection) -> Vec<usize> {
    let mut names: Vec<String> = rejection.columns.clone();
    let table = model.plan.table;
    if let Some(constraint) = &rejection.constraint {
        let is = |name: &Option<String>| name.as_ref() == Some(constraint);
        names.extend(
            table.checks.iter().filter(|check| is(&check.name)).flat_map(|check| check.columns.clone()),
        );
        names.extend(
            table
                .uniques
                .iter()
                .filter(|unique| unique.name == *constraint)
                .flat_map(|unique| unique.columns.clone()),
        );
        names.extend(
            table.foreign_keys.iter().filter(|key| is(&key.name)).flat_map(|key| key.columns.clone()),
        );
    }
    if names.is_empty() {
        match rejection.reason {
            Reason::ForeignKey => names.extend(table.foreign_keys.iter().flat_map(|key| key.columns.clone())),
            Reason::Exclusion => names.extend(table.exclusions.iter().flatten().cloned()),
            Reason::Check => names.extend(table.checks.iter().flat_map(|check| check.columns.clone())),
            Reason::Unique => names.extend(table.uniques.iter().flat_map(|unique| unique.columns.clone())),
            _ => {}
        }
    }
    let mut places = model.places(&names);
    places.sort_unstable();
    places.dedup();
    // A computed column is as good as its parts, which nobody names.
    if places.iter().any(|at| model.fields.get(*at).is_some_and(|field| field.column.generated)) {
        places.clear();
    }
    places
}
