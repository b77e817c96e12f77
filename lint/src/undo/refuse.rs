//! What a server refuses whatever the rows are: types that do not go together, and what others hang on.

use mrt_chain::settings::EngineKind;

use super::trial::Trial;
use super::{Facts, Object, Part, Problem, State};
use crate::operation::{
    Assigned, Change, Constraint, ConstraintKind, ConstraintRule, Kind, ObjectKind, Type,
};

/// Kinds of types that are not compared with one another, and not made of one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Text,
    Integer,
    Number,
    Boolean,
    Uuid,
    Json,
    Time,
    LongText,
}

fn class(ty: &str) -> Option<Class> {
    let word = ty.split(['(', ' ']).next().unwrap_or(ty);
    Some(match word {
        "VARCHAR" | "CHAR" | "TEXT" | "NVARCHAR" | "CITEXT" => Class::Text,
        "SMALLINT" | "INTEGER" | "BIGINT" => Class::Integer,
        "NUMERIC" | "NUMBER" | "REAL" | "FLOAT" => Class::Number,
        "BOOLEAN" => Class::Boolean,
        "UUID" => Class::Uuid,
        "JSON" | "JSONB" => Class::Json,
        "DATE" | "TIMESTAMP" | "DATETIME" => Class::Time,
        "CLOB" | "NCLOB" => Class::LongText,
        _ => return None,
    })
}

/// An array is not of the class of what it holds.
fn is_scalar(ty: &str) -> bool {
    !ty.contains('[')
}

impl Trial<'_> {
    fn type_of(&self, column: &Object) -> Option<String> {
        let state = self.look(column).filter(|state| state.sure)?;
        let ty = state.facts?.get("type")?.to_owned();
        is_scalar(&ty).then_some(ty)
    }

    /// Whether what is known of an object is more than what the author says of it in passing.
    fn is_told(&self, object: &Object) -> bool {
        let own =
            self.now.get(object).and_then(|state| state.facts.as_ref()).is_some_and(|facts| !facts.original);
        own || self.base.get(object).is_some()
    }

    /// A foreign key between columns that the server does not compare.
    pub(super) fn check_types(&mut self, table: &str, constraint: &Constraint) {
        let ConstraintRule::ForeignKey { table: Some(referred), columns, .. } = &constraint.rule else {
            return;
        };
        if self.engine == EngineKind::Sqlite {
            return;
        }
        for (own, other) in constraint.columns.iter().zip(columns) {
            let (own, other) = (Object::column(table, own), Object::column(referred, other));
            if !self.is_told(&own) || !self.is_told(&other) {
                continue;
            }
            let (Some(one), Some(two)) = (self.type_of(&own), self.type_of(&other)) else { continue };
            let unlike = match (class(&one), class(&two)) {
                (Some(Class::Integer), Some(Class::Integer)) => {
                    let exact = matches!(
                        self.engine,
                        EngineKind::MySql | EngineKind::MariaDb | EngineKind::SqlServer
                    );
                    exact && one != two && !one.contains('(') && !two.contains('(')
                }
                (Some(Class::Integer), Some(Class::Number)) | (Some(Class::Number), Some(Class::Integer)) => {
                    false
                }
                (Some(Class::Uuid), _) | (_, Some(Class::Uuid)) => {
                    class(&one) != class(&two) && self.engine == EngineKind::Postgres
                }
                (
                    Some(Class::Text | Class::Integer | Class::Number),
                    Some(Class::Text | Class::Integer | Class::Number),
                ) => class(&one) != class(&two),
                _ => false,
            };
            if unlike {
                self.clash(&own, Problem::Unlike);
            }
        }
    }

    /// A type that the server does not make of the old one by itself.
    pub(super) fn check_cast(&mut self, column: &Object, to: &str, using: bool) {
        if !self.is_told(column) || !is_scalar(to) {
            return;
        }
        let Some(from) = self.type_of(column) else { return };
        let (Some(from), Some(to)) = (class(&from), class(to)) else { return };
        let refuses = match self.engine {
            EngineKind::Postgres if !using => match from {
                Class::Text => to != Class::Text,
                Class::Integer | Class::Number => {
                    matches!(to, Class::Boolean | Class::Uuid | Class::Json | Class::Time)
                }
                Class::Boolean => !matches!(to, Class::Boolean | Class::Text),
                Class::Uuid => !matches!(to, Class::Uuid | Class::Text),
                Class::Time => !matches!(to, Class::Time | Class::Text),
                Class::Json => !matches!(to, Class::Json | Class::Text),
                Class::LongText => false,
            },
            EngineKind::Oracle => {
                (from == Class::LongText) != (to == Class::LongText)
                    && matches!(from, Class::Text | Class::LongText)
                    && matches!(to, Class::Text | Class::LongText)
            }
            _ => false,
        };
        if refuses {
            self.clash(column, Problem::NotCast);
        }
    }

    /// An enum that a column of an older table has, which only a new table makes along.
    pub(super) fn check_enum(&mut self, table: &str, ty: Option<&Type>) {
        let Some(name) = ty.and_then(|ty| ty.enum_name.as_ref()) else { return };
        let ty = Object::other(ObjectKind::Type, name);
        let in_schema = format!(".{}", ty.name);
        let is_it = |object: &Object| object.part == ty.part && object.name.ends_with(&in_schema);
        match self.look(&ty) {
            Some(State { facts: None, sure: true }) => self.clash(&ty, Problem::Missing),
            // It may be older than what the revisions say.
            None if self.base.is_clear()
                && self.is_told(&Object::table(table))
                && self.others(is_it).is_empty() =>
            {
                self.clash(&ty, Problem::Unmade);
            }
            _ => {}
        }
    }

    /// Whether a column becomes one that may be NULL, though it is part of the primary key. MariaDB takes no notice.
    pub(super) fn is_kept_by_key(&mut self, column: &Object, change: &Change) -> bool {
        if change.nullable != Some(true) || self.engine == EngineKind::Sqlite {
            return false;
        }
        let key = Object::constraint(&column.table, ConstraintKind::PrimaryKey.as_str());
        let known = self.look(&key).filter(|state| state.sure).and_then(|state| state.facts);
        let is_kept = known.is_some_and(|facts| facts.columns.contains(&column.name));
        if is_kept && self.engine != EngineKind::MariaDb {
            self.clash(column, Problem::InKey);
        }
        is_kept
    }

    /// A view reads what a step takes away or changes.
    pub(super) fn check_views(&mut self, table: &str, column: Option<&str>) {
        let (table, column) = (table.to_lowercase(), column.map(str::to_lowercase));
        let reads = |object: &Object| {
            let facts = self.look(object).filter(|state| state.sure).and_then(|state| state.facts);
            facts.is_some_and(|facts| reads(&facts, &table, column.as_deref()))
        };
        let view = self.others(|object| object.part == Part::Other(ObjectKind::View) && reads(object));
        if !view.is_empty() {
            let object =
                column.map_or_else(|| Object::table(&table), |column| Object::column(&table, &column));
            self.clash(&object, Problem::Viewed);
        }
    }

    /// A foreign key of another table refers to one that is dropped. MySQL can be told to take no notice.
    pub(super) fn check_referrers(&mut self, table: &str) {
        let refuses =
            matches!(self.engine, EngineKind::Postgres | EngineKind::SqlServer | EngineKind::Oracle);
        // Who refers to a table that gets another name, nobody follows.
        if !refuses || !self.renamed.is_empty() {
            return;
        }
        let object = Object::table(table);
        let refers = |key: &Object| {
            let state = self.look(key).filter(|state| state.sure && !self.base.is_stale(key));
            let facts = state.and_then(|state| state.facts);
            facts.is_some_and(|facts| facts.get("references") == Some(object.table.as_str()))
                && self.look(&Object::table(&key.table)).is_none_or(|state| state.facts.is_some())
        };
        let is_referred = if self.now.contains_key(&object) {
            self.now
                .keys()
                .any(|key| key.part == Part::Constraint && key.table != object.table && refers(key))
        } else {
            self.base.referrers(&object.table).any(refers)
        };
        if is_referred {
            self.clash(&object, Problem::Referred);
        }
    }

    /// SQL Server keeps a default as a constraint that hangs on its column.
    pub(super) fn check_default(&mut self, column: &Object) {
        if self.engine != EngineKind::SqlServer {
            return;
        }
        // One that has been dropped by its name may have been the default.
        let dropped = self.now.iter().any(|(object, state)| {
            object.table == column.table && object.part == Part::Constraint && state.facts.is_none()
        });
        let known = self.look(column).filter(|state| state.sure).and_then(|state| state.facts);
        let has = known.is_some_and(|facts| facts.get("default").is_some_and(|default| default != "none"));
        if has && !dropped {
            self.clash(column, Problem::Defaulted);
        }
    }

    /// A text that is longer than the column into which it is written.
    pub(super) fn check_lengths(&mut self, kind: &Kind) {
        let Kind::Update { table, values, whole: true, .. } = kind else { return };
        if self.engine == EngineKind::Sqlite {
            return;
        }
        for (column, value) in values {
            let Assigned::Literal(Some(text)) = value else { continue };
            let object = Object::column(table, column);
            let Some(ty) = self.type_of(&object).filter(|_| self.is_told(&object)) else { continue };
            let Some((word, size)) = ty.split_once('(') else { continue };
            let room = size.trim_end_matches(')').parse::<usize>();
            if matches!(word, "VARCHAR" | "NVARCHAR" | "CHAR")
                && room.is_ok_and(|room| text.chars().count() > room)
            {
                self.clash(&object, Problem::TooLong);
            }
        }
    }

    /// Whether a column is another one than that which is known here, by the case of its name alone. PostgreSQL tells them apart.
    pub(super) fn is_of_other_case(&self, table: &str, column: &str) -> bool {
        let known = || self.look(&Object::column(table, column)).and_then(|state| state.facts);
        self.engine == EngineKind::Postgres
            && column.contains(char::is_lowercase)
            && known().is_some_and(|facts| facts.get("spelling").is_some_and(|spelling| spelling != column))
    }

    /// A table that is called by another case than it has. Names without quotes reach here in the case that the server gives them.
    pub(super) fn check_case(&mut self, table: &str) {
        let object = Object::table(table);
        let Some(State { facts: Some(facts), sure: true }) = self.look(&object) else { return };
        let Some(spelling) = facts.get("spelling") else { return };
        let differs = match self.engine {
            EngineKind::Postgres => spelling != table && table == table.to_lowercase(),
            EngineKind::MySql | EngineKind::MariaDb => spelling != table,
            _ => false,
        };
        if differs {
            self.clash(&object, Problem::OtherCase);
        }
    }
}

/// Whether a view reads a table, or one of its columns. One of several tables may have the column.
fn reads(view: &Facts, table: &str, column: Option<&str>) -> bool {
    let Some(definition) = view.get("definition") else { return false };
    let words: Vec<&str> = definition.split(' ').collect();
    let places = words.iter().filter(|word| **word == "from").count();
    let behind =
        |table: &str| words.windows(2).any(|pair| matches!(pair[0], "from" | "join") && pair[1] == table);
    // The name may be that of a query within.
    if !behind(table) || words.first() == Some(&"with") {
        return false;
    }
    match column {
        None => true,
        Some(column) => places == 1 && !words.contains(&"join") && words.contains(&column),
    }
}
