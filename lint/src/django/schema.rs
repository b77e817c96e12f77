//! Models and fields as tables and columns.

use mrt_chain::settings::EngineKind;

use super::field::{Field, Shape};
use super::state::{Model, State};
use super::written::{self, ConstraintKind};
use crate::operation::{Column, Constraint, ConstraintRule, Index, Kind, Options, Setting, Type};

/// The state of the models, as one engine has it.
pub(super) struct Schema<'s> {
    pub(super) state: &'s State,
    pub(super) engine: EngineKind,
}

impl Schema<'_> {
    /// The tables of a model: its own, and those of its many-to-many fields.
    pub(super) fn tables(&self, app: &str, model: &Model) -> Vec<Kind> {
        let table = self.state.table(app, &model.name);
        let columns: Vec<Column> = model
            .fields
            .iter()
            .filter(|(_, field)| field.has_column())
            .map(|(name, field)| self.column(app, &model.name, name, field))
            .collect();
        let unnamed = |rule, columns| Constraint {
            options: Options::new(),
            name: None,
            rule,
            columns,
            deferred: String::new(),
        };
        let named = |names: &[String]| names.iter().map(|name| model.column(name)).collect::<Vec<_>>();
        let mut constraints: Vec<Constraint> =
            model.unique_together.iter().map(|names| unnamed(ConstraintRule::Unique, named(names))).collect();
        let indexed = model.fields.iter().filter(|(_, field)| is_indexed(field, self.engine));
        let mut indexes: Vec<Index> = indexed
            .map(|(name, _)| std::slice::from_ref(name))
            .chain(model.index_together.iter().map(Vec::as_slice))
            .map(|names| Index {
                options: Options::new(),
                name: None,
                columns: Some(named(names)),
                unique: Some(false),
                predicate: Setting::None,
            })
            .chain(model.indexes.iter().map(|own| index(model, own)))
            .collect();
        for own in &model.constraints {
            match constraint(model, own) {
                Made::Constraint(constraint) => constraints.push(constraint),
                Made::Index(index) => indexes.push(index),
            }
        }
        let own = Kind::CreateTable {
            table,
            columns,
            constraints,
            indexes,
            from_query: None,
            partition_of: None,
            exists_ok: false,
            complete: model.complete,
        };
        let through = model.fields.iter().filter(|(_, field)| field.has_table());
        std::iter::once(own)
            .chain(through.map(|(name, field)| self.through(app, model, name, field)))
            .collect()
    }

    /// A field's column.
    pub(super) fn column(&self, app: &str, model: &str, name: &str, field: &Field) -> Column {
        let column = field.column(name);
        let to = if field.to_itself { Some(super::state::key(app, model)) } else { field.to.clone() };
        let ty = match (&to, field.shape) {
            (Some(to), Shape::ForeignKey) => self.state.key_type(to, self.engine),
            _ => self.state.column_type(field, self.engine),
        };
        let key = Constraint {
            options: Options::new(),
            name: None,
            rule: ConstraintRule::ForeignKey {
                // The tables of models have other names at other times, and what refers to them goes along.
                table: to
                    .as_ref()
                    .filter(|_| field.on_delete != Setting::None)
                    .map(|to| self.state.table_of(to)),
                columns: Vec::new(),
                on_delete: field.on_delete.clone(),
                on_update: Setting::None,
            },
            columns: vec![column.clone()],
            deferred: String::new(),
        };
        let refers = field.shape == Shape::ForeignKey && field.constrained;
        Column {
            options: Options::new(),
            ty,
            nullable: field.null,
            // Django fills older rows in and takes the default away again.
            default: if field.fills { Setting::Unknown } else { Setting::None },
            primary_key: field.primary_key,
            unique: field.unique && !field.primary_key,
            // An index is told apart, by its columns: whether Django or a person has named it makes no difference then.
            index: false,
            foreign_keys: if refers { vec![key] } else { Vec::new() },
            generated: field.generated.then(|| "?".to_owned()),
            automatic: field.is_automatic(),
            client_default: false,
            comment: Setting::Unknown,
            name: column,
        }
    }

    /// The name of a many-to-many field's table.
    pub(super) fn through_name(&self, app: &str, model: &str, name: &str, field: &Field) -> String {
        let own = || format!("{}_{name}", self.state.table(app, model));
        field.db_table.clone().unwrap_or_else(own)
    }

    /// The table of a many-to-many field.
    pub(super) fn through(&self, app: &str, model: &Model, name: &str, field: &Field) -> Kind {
        let own = super::state::key(app, &model.name);
        let to = if field.to_itself { Some(own.clone()) } else { field.to.clone() };
        let (from_column, to_column) = if to.as_ref() == Some(&own) {
            (format!("from_{}_id", own.1), format!("to_{}_id", own.1))
        } else {
            (format!("{}_id", own.1), to.as_ref().map_or("?".to_owned(), |(_, name)| format!("{name}_id")))
        };
        let key = |to: Option<&super::field::ModelKey>, column: &str| Column {
            name: column.to_owned(),
            ty: to.and_then(|to| self.state.key_type(to, self.engine)),
            nullable: Some(false),
            foreign_keys: vec![Constraint {
                options: Options::new(),
                name: None,
                rule: ConstraintRule::ForeignKey {
                    table: None,
                    columns: Vec::new(),
                    on_delete: Setting::None,
                    on_update: Setting::None,
                },
                columns: vec![column.to_owned()],
                deferred: String::new(),
            }],
            ..Column::default()
        };
        let id = Column {
            name: "id".to_owned(),
            ty: Some(Type { text: "BIGINT".to_owned(), enum_name: None, makes_enum: false, collated: false }),
            nullable: Some(false),
            primary_key: true,
            automatic: true,
            ..Column::default()
        };
        Kind::CreateTable {
            table: self.through_name(app, &model.name, name, field),
            columns: vec![id, key(Some(&own), &from_column), key(to.as_ref(), &to_column)],
            constraints: vec![Constraint {
                options: Options::new(),
                name: None,
                rule: ConstraintRule::Unique,
                columns: vec![from_column, to_column],
                deferred: String::new(),
            }],
            indexes: Vec::new(),
            from_query: None,
            partition_of: None,
            exists_ok: false,
            // Which type the key has hangs on the settings, and what is referred to may be another project's.
            complete: to.is_some(),
        }
    }
}

/// Whether a field has an index of its own, besides what keeps it unique.
pub(super) fn is_indexed(field: &Field, engine: EngineKind) -> bool {
    // MySQL makes that of a foreign key itself, and Django leaves it to it.
    let is_servers = matches!(engine, EngineKind::MySql | EngineKind::MariaDb)
        && field.shape == Shape::ForeignKey
        && field.constrained;
    field.has_column() && field.index && !field.unique && !field.primary_key && !is_servers
}

/// What a constraint of Django is in the database.
pub(super) enum Made {
    Constraint(Constraint),
    Index(Index),
}

pub(super) fn index(model: &Model, own: &written::Index) -> Index {
    Index {
        options: Options::new(),
        name: own.name.clone(),
        columns: own.fields.as_ref().map(|fields| fields.iter().map(|name| model.column(name)).collect()),
        unique: Some(false),
        predicate: if own.partial { Setting::Unknown } else { Setting::None },
    }
}

pub(super) fn constraint(model: &Model, own: &written::Constraint) -> Made {
    let columns = |fields: &[String]| fields.iter().map(|name| model.column(name)).collect::<Vec<_>>();
    let (rule, columns) = match &own.kind {
        ConstraintKind::Check => (ConstraintRule::Check { condition: None }, Vec::new()),
        ConstraintKind::Unique(fields) => (ConstraintRule::Unique, columns(fields)),
        ConstraintKind::Other => (ConstraintRule::Exclude, Vec::new()),
        ConstraintKind::UniqueIndex { fields, partial } => {
            return Made::Index(Index {
                options: Options::new(),
                name: own.name.clone(),
                columns: fields.as_deref().map(columns),
                unique: Some(true),
                predicate: if *partial { Setting::Unknown } else { Setting::None },
            });
        }
    };
    Made::Constraint(Constraint {
        options: Options::new(),
        name: own.name.clone(),
        rule,
        columns,
        deferred: String::new(),
    })
}
