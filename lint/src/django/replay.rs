//! From actions to operations: what each comes to on the models before it, and what Django does to reverse it.

use mrt_chain::settings::EngineKind;

use super::both::{
    self, Both, change, constraint_as, create_unknown, drop_table, index_as, index_over, made, rename_column,
    rename_index, rename_table, unique_over,
};
use super::code::{Code, Write};
use super::field::{Field, Shape};
use super::schema::{self, Made, Schema};
use super::state::{Model, State, key};
use super::written::{self, Action, ActionKind, Options, Reverse};
use super::{Python, Step, What};
use crate::operation::{self, Column, Index, Kind, ObjectKind, Operation, Said, Setting, Written};
use crate::sql;

/// What a migration comes to.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    pub(super) upgrade: Vec<Operation>,
    pub(super) downgrade: Vec<Operation>,
    pub(super) steps: Vec<Step>,
}

/// Goes through a migration's actions, on the models before it; the models are then those after it.
pub(super) fn migration(
    actions: &[Action],
    app: &str,
    state: &mut State,
    engine: EngineKind,
    atomic: bool,
) -> Replayed {
    let mut replay =
        Replay { app, engine, state, out: Replayed::default(), backwards: Vec::new(), autocommit: !atomic };
    actions.iter().for_each(|action| replay.action(action));
    let mut out = replay.out;
    out.downgrade = replay.backwards.into_iter().rev().flatten().collect();
    out
}

struct Replay<'r> {
    app: &'r str,
    engine: EngineKind,
    state: &'r mut State,
    out: Replayed,
    /// The reverse of each step.
    backwards: Vec<Vec<Operation>>,
    autocommit: bool,
}

impl Replay<'_> {
    fn action(&mut self, action: &Action) {
        match &action.kind {
            ActionKind::Python { forward, reverse } => self.python(action.line, forward, reverse.as_ref()),
            ActionKind::Sql { forward, reverse, state } => {
                self.sql(action.line, forward.as_deref(), reverse);
                self.unseen(state);
            }
            ActionKind::Separate { database, state } => {
                // What the database does is nothing that the models remember.
                let before = self.state.clone();
                database.iter().for_each(|action| self.action(action));
                *self.state = before;
                self.unseen(state);
            }
            ActionKind::Unknown { what } => {
                let both =
                    Both::one(Kind::Opaque { what: what.clone() }, Kind::Opaque { what: what.clone() });
                self.step(action.line, both, What::Other);
            }
            _ => {
                let (both, what) = self.schema(action);
                self.step(action.line, both, what);
            }
        }
    }

    /// Actions that only the models see.
    fn unseen(&mut self, actions: &[Action]) {
        for action in actions {
            match &action.kind {
                ActionKind::Separate { state, .. } | ActionKind::Sql { state, .. } => self.unseen(state),
                ActionKind::Python { .. } | ActionKind::Unknown { .. } => {}
                _ => {
                    self.schema(action);
                }
            }
        }
    }

    fn step(&mut self, line: u32, both: Both, what: What) {
        let silent = |kinds: Vec<Kind>| kinds.into_iter().map(|kind| (kind, Said::default())).collect();
        self.step_as(line, [silent(both.up), silent(both.down)], what, Written::Django);
    }

    fn step_as(&mut self, line: u32, [up, down]: [Vec<(Kind, Said)>; 2], what: What, written: Written) {
        let (autocommit, engine) = (self.autocommit, self.engine);
        let operation = |(kind, said)| Operation {
            kind: both::on_engine(kind, engine),
            line,
            conditional: false,
            written,
            autocommit,
            restated: false,
            said,
        };
        let start = self.out.upgrade.len();
        self.out.upgrade.extend(up.into_iter().map(operation));
        self.out.steps.push(Step { line, upgrade: start..self.out.upgrade.len(), what });
        self.backwards.push(down.into_iter().map(operation).collect());
    }

    fn python(&mut self, line: u32, forward: &Code, reverse: Option<&Code>) {
        let opaque = |code: &Code| Kind::Opaque { what: format!("RunPython({})", code.name) };
        let up = if forward.empty { Vec::new() } else { vec![opaque(forward)] };
        let down = match reverse {
            None => vec![Kind::Raise],
            Some(code) if code.empty => Vec::new(),
            Some(code) => vec![opaque(code)],
        };
        let mut writes: Vec<String> = forward
            .writes
            .iter()
            .filter(|write| self.waits(write))
            .map(|write| self.state.table_of(&write.model))
            .collect();
        writes.sort();
        writes.dedup();
        let what = What::RunPython(Python {
            name: forward.name.clone(),
            reversible: reverse.is_some(),
            empty: forward.empty,
            imported: forward.imported.clone(),
            writes,
        });
        self.step(line, Both { up, down }, what);
    }

    /// Whether the rows that are written have foreign keys that PostgreSQL looks at when the transaction ends.
    fn waits(&self, write: &Write) -> bool {
        let refers = |field: &Field| field.shape == Shape::ForeignKey && field.constrained;
        let Some(model) = self.state.models.get(&write.model) else { return false };
        if write.deletes {
            let mut fields = self.state.models.values().flat_map(|model| &model.fields);
            return fields.any(|(_, field)| refers(field) && field.to.as_ref() == Some(&write.model));
        }
        let is_written = |name: &str| {
            write.fields.as_ref().is_none_or(|fields| {
                fields.iter().any(|field| field == name || field.strip_suffix("_id") == Some(name))
            })
        };
        model.fields.iter().any(|(name, field)| refers(field) && is_written(name))
    }

    fn sql(&mut self, line: u32, forward: Option<&[String]>, reverse: &Reverse) {
        let unknown = || {
            let kind = Kind::Opaque { what: "SQL that only running the file tells".to_owned() };
            vec![(kind, Said::default())]
        };
        let engine = self.engine;
        let read = |texts: &[String]| {
            let statements = texts.iter().flat_map(|text| sql::read(text, engine));
            statements.flat_map(sql::Statement::into_said).collect::<Vec<_>>()
        };
        let up = forward.map_or_else(unknown, read);
        let down = match reverse {
            Reverse::None => vec![(Kind::Raise, Said::default())],
            Reverse::Unknown => unknown(),
            Reverse::Sql(texts) => read(texts),
        };
        let what = What::RunSql { reversible: !matches!(reverse, Reverse::None) };
        self.step_as(line, [up, down], what, Written::Sql);
    }

    /// A change of the models, and what it is in the database.
    fn schema(&mut self, action: &Action) -> (Both, What) {
        let app = self.app;
        let both = match &action.kind {
            ActionKind::CreateModel { name, fields, complete, options } => {
                self.create_model(name, fields, *complete, options)
            }
            ActionKind::DeleteModel { name } => match self.state.model(app, name).cloned() {
                Some(model) => {
                    let dropped = made(self.look().tables(app, &model), model.unmanaged).turned();
                    self.state.models.remove(&key(app, name));
                    dropped
                }
                None => {
                    let table = self.state.table(app, name);
                    Both::one(drop_table(&table), create_unknown(&table))
                }
            },
            ActionKind::RenameModel { from, to } => return self.rename_model(from, to),
            ActionKind::AlterTable { name, table } => self.alter_table(name, table.as_deref()),
            ActionKind::AlterOptions { name, unmanaged } => {
                // The database sees nothing of it, and nothing of what follows either.
                if let Some(model) = self.state.model_mut(app, name) {
                    model.unmanaged = *unmanaged;
                }
                Both::default()
            }
            ActionKind::AlterTogether { name, unique, sets } => self.together(name, *unique, sets.as_deref()),
            ActionKind::AddField { model, name, field } => return self.add_field(model, name, field),
            ActionKind::RemoveField { model, name } => self.remove_field(model, name),
            ActionKind::AlterField { model, name, field } => return self.alter_field(model, name, field),
            ActionKind::RenameField { model, from, to } => self.rename_field(model, from, to),
            ActionKind::AddIndex { model, index, concurrently } => {
                let both = self.index(model, index, *concurrently);
                if let Some(model) = self.state.model_mut(app, model) {
                    model.indexes.push(index.clone());
                }
                return (both, What::AddIndex);
            }
            ActionKind::RemoveIndex { model, name, concurrently } => {
                let is_it = |index: &written::Index| index.name.as_deref() == Some(name);
                let known = self
                    .state
                    .model(app, model)
                    .and_then(|model| model.indexes.iter().find(|index| is_it(index)));
                let unknown = written::Index { name: Some(name.clone()), fields: None, partial: true };
                let index = known.cloned().unwrap_or(unknown);
                let both = self.index(model, &index, *concurrently).turned();
                if let Some(model) = self.state.model_mut(app, model) {
                    model.indexes.retain(|index| !is_it(index));
                }
                both
            }
            ActionKind::RenameIndex { model, from, to } => {
                let table = self.state.table(app, model);
                let found = self.state.model_mut(app, model).and_then(|model| {
                    model.indexes.iter_mut().find(|index| index.name.is_some() && index.name == *from)
                });
                if let Some(index) = found {
                    index.name = Some(to.clone());
                }
                match from {
                    Some(from) if self.is_managed(model) => {
                        Both::one(rename_index(&table, from, to), rename_index(&table, to, from))
                    }
                    _ => Both::default(),
                }
            }
            ActionKind::AddConstraint { model, constraint, validated } => {
                let both = self.constraint(model, constraint, *validated);
                if let Some(model) = self.state.model_mut(app, model) {
                    model.constraints.push(constraint.clone());
                }
                both
            }
            ActionKind::RemoveConstraint { model, name } => {
                let is_it = |own: &written::Constraint| own.name.as_deref() == Some(name);
                let known = self
                    .state
                    .model(app, model)
                    .and_then(|model| model.constraints.iter().find(|own| is_it(own)));
                let both = match known.cloned() {
                    Some(constraint) => self.constraint(model, &constraint, true).turned(),
                    None => Both::default(),
                };
                if let Some(model) = self.state.model_mut(app, model) {
                    model.constraints.retain(|own| !is_it(own));
                }
                both
            }
            ActionKind::Extension { name } if self.engine == EngineKind::Postgres => {
                let (object, name) = (ObjectKind::Extension, name.clone());
                let create = Kind::Create {
                    object,
                    name: name.clone(),
                    table: None,
                    definition: None,
                    replaces: false,
                    exists_ok: true,
                };
                Both::one(create, Kind::Drop { object, name, table: None, missing_ok: true, cascade: false })
            }
            _ => Both::default(),
        };
        (both, What::Other)
    }

    fn look(&self) -> Schema<'_> {
        Schema { state: self.state, engine: self.engine }
    }

    /// Whether Django makes the table; of a model that is not known it is taken to.
    fn is_managed(&self, model: &str) -> bool {
        self.state.model(self.app, model).is_none_or(|model| !model.unmanaged)
    }

    fn create_model(
        &mut self,
        name: &str,
        fields: &[(String, Field)],
        complete: bool,
        options: &Options,
    ) -> Both {
        let model = Model {
            name: name.to_owned(),
            db_table: options.table.clone(),
            unmanaged: options.unmanaged,
            complete,
            fields: fields.to_vec(),
            unique_together: options.unique_together.clone(),
            index_together: options.index_together.clone(),
            indexes: options.indexes.clone(),
            constraints: options.constraints.clone(),
        };
        self.state.models.insert(key(self.app, name), model.clone());
        made(self.look().tables(self.app, &model), model.unmanaged)
    }

    fn rename_model(&mut self, from: &str, to: &str) -> (Both, What) {
        let app = self.app;
        let before = self.state.model(app, from).cloned();
        let tables = |replay: &Self, model: &str| {
            let own = vec![replay.state.table(app, model)];
            let fields = replay.state.model(app, model).map(|model| &model.fields[..]).unwrap_or_default();
            let through = fields.iter().filter(|(_, field)| field.has_table());
            let through = through.map(|(name, field)| replay.look().through_name(app, model, name, field));
            own.into_iter().chain(through).collect::<Vec<_>>()
        };
        let old = tables(self, from);
        self.state.rename(app, from, to);
        let new = tables(self, to);
        let mut both = Both::default();
        if before.as_ref().is_none_or(|model| !model.unmanaged) {
            for (old, new) in old.iter().zip(&new).filter(|(old, new)| !old.eq_ignore_ascii_case(new)) {
                both = both.and(rename_table(old, new));
            }
            // Their column is called after the model.
            for table in &new[1..] {
                let (old, new) = (format!("{}_id", from.to_lowercase()), format!("{}_id", to.to_lowercase()));
                if old != new {
                    both = both.and(rename_column(table, &old, &new));
                }
            }
        }
        let what = What::RenameModel {
            from: from.to_owned(),
            to: to.to_owned(),
            tables: old.into_iter().skip(1).collect(),
        };
        (both, what)
    }

    fn alter_table(&mut self, name: &str, table: Option<&str>) -> Both {
        let old = self.state.table(self.app, name);
        let new = table.map_or_else(|| super::state::default_table(self.app, name), str::to_owned);
        let managed = self.is_managed(name);
        if let Some(model) = self.state.model_mut(self.app, name) {
            model.db_table = table.map(str::to_owned);
        }
        if old == new || !managed { Both::default() } else { rename_table(&old, &new) }
    }

    fn together(&mut self, name: &str, unique: bool, sets: Option<&[Vec<String>]>) -> Both {
        let (app, table, managed) = (self.app, self.state.table(self.app, name), self.is_managed(name));
        let Some(sets) = sets else { return Both::default() };
        let Some(model) = self.state.model_mut(app, name) else { return Both::default() };
        let own = if unique { &mut model.unique_together } else { &mut model.index_together };
        let old = std::mem::replace(own, sets.to_vec());
        let model = model.clone();
        let columns = |set: &[String]| set.iter().map(|name| model.column(name)).collect::<Vec<_>>();
        let made = |set: &Vec<String>| {
            if unique { unique_over(&table, columns(set)) } else { index_over(&table, columns(set)) }
        };
        let gone = old.iter().filter(|set| !sets.contains(set)).map(|set| made(set).turned());
        let new = sets.iter().filter(|set| !old.contains(set)).map(made);
        if managed { gone.chain(new).fold(Both::default(), Both::and) } else { Both::default() }
    }

    fn add_field(&mut self, model: &str, name: &str, field: &Field) -> (Both, What) {
        let app = self.app;
        let both = self.field(model, name, field);
        if let Some(model) = self.state.model_mut(app, model) {
            model.fields.retain(|(own, _)| own != name);
            model.fields.push((name.to_owned(), field.clone()));
        }
        let what = match field.has_column() && !both.up.is_empty() {
            true => What::AddField {
                unique: field.unique,
                fills: field.fills || field.null != Some(false) || field.generated || field.primary_key,
                default: field.default,
                nullable: field.null != Some(false),
            },
            false => What::Other,
        };
        (both, what)
    }

    /// The column or table that a new field is.
    fn field(&self, model: &str, name: &str, field: &Field) -> Both {
        let app = self.app;
        if !self.is_managed(model) {
            return Both::default();
        }
        if field.has_table() {
            let owner = match self.state.model(app, model) {
                Some(model) => self.look().through(app, model, name, field),
                None => create_unknown(&self.look().through_name(app, model, name, field)),
            };
            return made(vec![owner], false);
        }
        if !field.has_column() {
            return Both::default();
        }
        let table = self.state.table(app, model);
        let column = self.look().column(app, model, name, field);
        let drop = Kind::DropColumn { table: table.clone(), column: column.name.clone(), missing_ok: false };
        let index =
            schema::is_indexed(field, self.engine).then(|| index_over(&table, vec![column.name.clone()]));
        let mut both = Both::one(Kind::AddColumn { table, column, exists_ok: false }, drop);
        // It goes with its column.
        both.up.extend(index.into_iter().flat_map(|index| index.up));
        both
    }

    fn remove_field(&mut self, model: &str, name: &str) -> Both {
        let app = self.app;
        let field = self.state.model(app, model).and_then(|model| model.field(name)).cloned();
        let both = match &field {
            Some(field) => self.field(model, name, field).turned(),
            None if self.is_managed(model) => {
                let table = self.state.table(app, model);
                let column =
                    Column { name: name.to_owned(), default: Setting::Unknown, ..Default::default() };
                let drop =
                    Kind::DropColumn { table: table.clone(), column: name.to_owned(), missing_ok: false };
                Both::one(drop, Kind::AddColumn { table, column, exists_ok: false })
            }
            None => Both::default(),
        };
        if let Some(model) = self.state.model_mut(app, model) {
            model.fields.retain(|(own, _)| own != name);
        }
        both
    }

    fn alter_field(&mut self, model: &str, name: &str, field: &Field) -> (Both, What) {
        let (app, table) = (self.app, self.state.table(self.app, model));
        let old = self.state.model(app, model).and_then(|model| model.field(name)).cloned();
        let managed = self.is_managed(model);
        if let Some(own) = self
            .state
            .model_mut(app, model)
            .and_then(|model| model.fields.iter_mut().find(|(own, _)| own == name))
        {
            own.1 = field.clone();
        }
        let mut what = What::Other;
        let both = match old {
            _ if !managed => Both::default(),
            Some(old) if old.has_column() && field.has_column() => {
                let old_column = self.look().column(app, model, name, &old);
                let new_column = self.look().column(app, model, name, field);
                let mut both = Both::default();
                if old_column.name != new_column.name {
                    both = both.and(rename_column(&table, &old_column.name, &new_column.name));
                }
                let up = change(&old, &old_column, field, &new_column);
                let down = change(field, &new_column, &old, &old_column);
                let column = &new_column.name;
                let alter =
                    |change| Kind::AlterColumn { table: table.clone(), column: column.clone(), change };
                if let (Some(up), Some(down)) = (up, down) {
                    both = both.and(Both::one(alter(up), alter(down)));
                }
                let parts = [
                    (
                        old_column.unique,
                        new_column.unique,
                        unique_over(&table, vec![column.clone()]),
                        What::Other,
                    ),
                    (
                        schema::is_indexed(&old, self.engine),
                        schema::is_indexed(field, self.engine),
                        index_over(&table, vec![column.clone()]),
                        What::AddIndex,
                    ),
                ];
                for (was, is, part, builds) in parts {
                    if is && !was {
                        both = both.and(part);
                        what = builds;
                    } else if was && !is {
                        both = both.and(part.turned());
                    }
                }
                both
            }
            // A field without a column; or one that nobody has made, of which it is not known what becomes of it.
            Some(_) | None => Both::default(),
        };
        (both, what)
    }

    fn rename_field(&mut self, model: &str, from: &str, to: &str) -> Both {
        let (app, table) = (self.app, self.state.table(self.app, model));
        let field = self.state.model(app, model).and_then(|model| model.field(from)).cloned();
        let managed = self.is_managed(model);
        let both = match &field {
            _ if !managed => Both::default(),
            Some(field) if field.has_table() => {
                let name = |name| self.look().through_name(app, model, name, field);
                let (old, new) = (name(from), name(to));
                if old == new { Both::default() } else { rename_table(&old, &new) }
            }
            Some(field) if field.has_column() => {
                let (old, new) = (field.column(from), field.column(to));
                if old == new { Both::default() } else { rename_column(&table, &old, &new) }
            }
            Some(_) => Both::default(),
            None => rename_column(&table, from, to),
        };
        if let Some(model) = self.state.model_mut(app, model) {
            model.rename_field(from, to);
        }
        both
    }

    /// Makes an index of a model.
    fn index(&self, model: &str, own: &written::Index, concurrently: bool) -> Both {
        if !self.is_managed(model) {
            return Both::default();
        }
        let table = self.state.table(self.app, model);
        let index = match self.state.model(self.app, model) {
            Some(model) => schema::index(model, own),
            None => Index {
                options: operation::Options::new(),
                name: own.name.clone(),
                columns: own.fields.clone(),
                unique: Some(false),
                predicate: if own.partial { Setting::Unknown } else { Setting::None },
            },
        };
        index_as(&table, index, concurrently)
    }

    fn constraint(&self, model: &str, own: &written::Constraint, validated: bool) -> Both {
        let Some(known) = self.state.model(self.app, model).filter(|model| !model.unmanaged) else {
            return Both::default();
        };
        let table = self.state.table(self.app, model);
        match schema::constraint(known, own) {
            Made::Index(index) => index_as(&table, index, false),
            Made::Constraint(constraint) => constraint_as(&table, constraint, validated),
        }
    }
}
