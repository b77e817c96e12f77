//! The operations of Alembic.

use mrt_chain::settings::EngineKind;

use super::Reader;
use super::schema::{self, columns_of};
use super::value::{Arguments, Value};
use crate::operation::{
    Change, Constraint, ConstraintKind, ConstraintRule, Index, Kind, Options, Said, Setting, Written,
};
use crate::undo::Object;

impl<'a> Reader<'a> {
    pub(super) fn operation(&mut self, name: &str, batch: Option<&Arguments<'a>>, arguments: &Arguments<'a>) {
        match name {
            "execute" => {
                if let Some(statement) = arguments.get("sqltext", 0) {
                    self.execute(statement, Written::Sql);
                }
                return;
            }
            "create_table_comment"
            | "drop_table_comment"
            | "f"
            | "get_bind"
            | "get_context"
            | "batch_alter_table"
            | "inline_literal"
            | "run_async"
            | "implementation_for" => return,
            _ => {}
        }
        let written = if batch.is_some() { Written::Batch } else { Written::Call };
        let call = OperationCall { batch, arguments, engine: self.engine };
        let kind = if arguments.open { None } else { call.kind(name) };
        self.restated = batch.is_some_and(|batch| {
            let told = ["copy_from", "table_args", "table_kwargs", "reflect_args"];
            told.iter().any(|name| batch.named(name).is_some())
                || batch.text("recreate", usize::MAX).is_some_and(|when| when == "never")
        });
        if let Some(before) = kind.as_ref().and_then(|kind| call.dropped_before(kind)) {
            self.emit_as(before, written);
        }
        let options = kind.as_ref().and_then(|kind| call.options_of_table(kind));
        let kind = kind.unwrap_or_else(|| Kind::Opaque { what: format!("op.{name}(…)") });
        let is_given = |value: &Value<'_>| !matches!(value, Value::None);
        let has_condition =
            arguments.named.iter().any(|(name, value)| name.ends_with("_where") && is_given(value));
        let is_partial = || schema::predicate(arguments, self.engine) != Setting::None;
        let mut said = Said {
            partial_elsewhere: name == "create_index" && has_condition && !is_partial(),
            ..Said::default()
        };
        fitted(arguments, &mut said.fitted);
        self.emit_said(kind, written, said);
        if let Some(set) = options {
            self.emit_as(set, written);
        }
        self.restated = false;
    }
}

/// The names that `op.f` gives, anywhere in the arguments.
fn fitted(arguments: &Arguments<'_>, out: &mut Vec<String>) {
    let values = arguments.positional.iter().chain(arguments.named.iter().map(|(_, value)| value));
    for call in values.filter_map(Value::call) {
        let is_f = call.function.global() == Some("alembic.op.f")
            || matches!(call.function.method(), Some("f" | "conv"));
        if is_f || call.function.class() == Some("conv") {
            out.extend(call.arguments.positional.first().and_then(Value::name));
        } else {
            fitted(&call.arguments, out);
        }
    }
}

struct OperationCall<'c, 'a> {
    batch: Option<&'c Arguments<'a>>,
    arguments: &'c Arguments<'a>,
    engine: EngineKind,
}

impl<'a> OperationCall<'_, 'a> {
    /// `None` where a name is not known.
    fn kind(&self, name: &str) -> Option<Kind> {
        let arguments = self.arguments;
        let missing_ok = arguments.flag("if_exists", false);
        let exists_ok = arguments.flag("if_not_exists", false);
        Some(match name {
            "create_table" => schema::create_table(arguments, self.engine, exists_ok)?,
            "drop_table" => Kind::DropTable {
                table: self.qualified(&arguments.text("table_name", 0)?)?,
                cascade: false,
                missing_ok,
            },
            "rename_table" => Kind::RenameTable {
                from: self.qualified(&arguments.text("old_table_name", 0)?)?,
                to: self.qualified(&arguments.text("new_table_name", 1)?)?,
            },
            "add_column" => {
                let column = self.own("column", 0)?.call()?;
                Kind::AddColumn {
                    table: self.table(0)?,
                    column: schema::column(column, self.engine)?,
                    exists_ok,
                }
            }
            "drop_column" => {
                Kind::DropColumn { table: self.table(0)?, column: self.text("column_name", 0)?, missing_ok }
            }
            "alter_column" => Kind::AlterColumn {
                table: self.table(0)?,
                column: self.text("column_name", 0)?,
                change: self.change(),
            },
            "create_index" => {
                // In a batch the table is not named: (name, columns) instead of (name, table, columns).
                let columns = if self.batch.is_some() {
                    arguments.get("columns", 1)
                } else {
                    arguments.get("columns", 2)
                };
                let unique = match arguments.named("unique") {
                    None => Some(false),
                    Some(Value::Bool(is)) => Some(*is),
                    Some(_) => None,
                };
                Kind::CreateIndex {
                    table: self.table(1)?,
                    index: Index {
                        name: arguments.text("index_name", 0),
                        columns: columns
                            .and_then(columns_of)
                            .and_then(|columns| schema::with_lengths(columns, arguments, self.engine)),
                        unique,
                        predicate: schema::predicate(arguments, self.engine),
                        options: schema::index_options(arguments, self.engine),
                    },
                    concurrently: arguments.flag("postgresql_concurrently", false),
                    exists_ok,
                }
            }
            "drop_index" => Kind::DropIndex {
                name: arguments.text("index_name", 0)?,
                table: if self.batch.is_some() || arguments.get("table_name", 1).is_some() {
                    Some(self.table(1)?)
                } else {
                    None
                },
                concurrently: arguments.flag("postgresql_concurrently", false),
                missing_ok,
            },
            "create_unique_constraint" => self.constraint(ConstraintRule::Unique, "columns")?,
            "create_primary_key" => self.constraint(ConstraintRule::PrimaryKey, "columns")?,
            "create_exclude_constraint" => self.constraint(ConstraintRule::Exclude, "")?,
            "create_check_constraint" => {
                let condition = arguments.get("condition", if self.batch.is_some() { 1 } else { 2 });
                let condition = condition.and_then(schema::sql_text);
                self.constraint(ConstraintRule::Check { condition }, "")?
            }
            "create_foreign_key" => self.foreign_key()?,
            "drop_constraint" => {
                let kind = match arguments
                    .named("type_")
                    .or_else(|| arguments.positional.get(if self.batch.is_some() { 1 } else { 2 }))
                {
                    Some(Value::Str(kind)) => match &**kind {
                        "foreignkey" => Some(ConstraintKind::ForeignKey),
                        "primary" => Some(ConstraintKind::PrimaryKey),
                        "unique" => Some(ConstraintKind::Unique),
                        "check" => Some(ConstraintKind::Check),
                        _ => None,
                    },
                    None | Some(Value::None) => None,
                    Some(_) => return None,
                };
                let name = match arguments.get("constraint_name", 0) {
                    Some(Value::None) => None,
                    Some(name) => Some(name.name()?),
                    None => return None,
                };
                Kind::DropConstraint { table: self.table(1)?, name, kind, missing_ok }
            }
            "bulk_insert" => Kind::Insert {
                table: super::core::table_of(arguments.get("table", 0)?.call()?)?,
                columns: Vec::new(),
                sources: Vec::new(),
                bulk: true,
                lenient: false,
            },
            _ => return None,
        })
    }

    /// The table: the batch's, or the argument at this position.
    fn table(&self, position: usize) -> Option<String> {
        match self.batch {
            Some(batch) => qualified(batch, &batch.text("table_name", 0)?),
            None => {
                let name = ["table_name", "source_table"].iter().find_map(|name| self.arguments.named(name));
                self.qualified(&name.or_else(|| self.arguments.positional.get(position))?.name()?)
            }
        }
    }

    /// What Alembic looks for and drops before a column, when it is asked to.
    fn dropped_before(&self, kind: &Kind) -> Option<Kind> {
        let Kind::DropColumn { table, column, .. } = kind else { return None };
        let asked = self.engine == EngineKind::SqlServer
            && ["mssql_drop_default", "mssql_drop_check", "mssql_drop_foreign_key"]
                .iter()
                .any(|name| self.arguments.named(name).is_some());
        let change = Change { default: Some(Setting::None), ..Change::default() };
        asked.then(|| Kind::AlterColumn { table: table.clone(), column: column.clone(), change })
    }

    /// What a new table is said to be besides.
    fn options_of_table(&self, kind: &Kind) -> Option<Kind> {
        let Kind::CreateTable { table, .. } = kind else { return None };
        let options = schema::table_options(self.arguments, self.engine);
        (!options.is_empty()).then(|| Kind::Set { object: Object::table(table), options })
    }

    fn qualified(&self, table: &str) -> Option<String> {
        qualified(self.arguments, table)
    }

    /// An argument that stands one place further left in a batch, which knows the table.
    fn own(&self, name: &str, position: usize) -> Option<&Value<'a>> {
        self.arguments.get(name, if self.batch.is_some() { position } else { position + 1 })
    }

    fn text(&self, name: &str, position: usize) -> Option<String> {
        self.own(name, position)?.name()
    }

    fn change(&self) -> Change {
        let arguments = self.arguments;
        let ty = |name| arguments.named(name).filter(|value| !matches!(value, Value::None));
        let flag = |name| match arguments.named(name) {
            Some(Value::Bool(is)) => Some(*is),
            _ => None,
        };
        let default = |name| match arguments.named(name) {
            None | Some(Value::Bool(false)) => None,
            Some(value) => Some(schema::default(value)),
        };
        let mut change = Change {
            ty: ty("type_").map(|value| super::types::of(value, self.engine)),
            nullable: flag("nullable"),
            default: default("server_default"),
            name: arguments
                .text("new_column_name", usize::MAX)
                .or_else(|| arguments.text("name", usize::MAX)),
            existing_type: ty("existing_type").and_then(|value| super::types::of(value, self.engine)),
            typed: ty("type_").or_else(|| ty("existing_type")).is_some(),
            existing_nullable: flag("existing_nullable"),
            existing_default: default("existing_server_default"),
            comment: default("comment"),
            restated: false,
            using: arguments.named("postgresql_using").map(|text| schema::sql_text(text).unwrap_or_default()),
            fills: false,
            options: self.column_options(),
        };
        if let Some(default) = &mut change.default {
            schema::split_update(default, &mut change.options);
        }
        if let Some(default) = &mut change.existing_default {
            schema::split_update(default, &mut change.options);
        }
        let restates = change.ty.is_some()
            || change.nullable.is_some()
            || change.name.is_some()
            || change.comment.is_some();
        if restates && matches!(self.engine, EngineKind::MySql | EngineKind::MariaDb) {
            // It becomes MODIFY or CHANGE, which says the whole column anew.
            change.nullable = change.nullable.or(change.existing_nullable).or(Some(true));
            change.default =
                change.default.or_else(|| change.existing_default.clone()).or(Some(Setting::None));
            change.comment = change.comment.or_else(|| default("existing_comment")).or(Some(Setting::None));
            if change.ty.is_none() {
                change.ty = change.existing_type.clone().map(Some);
            }
            change.restated = true;
        }
        change
    }

    fn column_options(&self) -> Options {
        let named = |name| self.arguments.named(name).filter(|value| !matches!(value, Value::None));
        let ty = named("type_").or_else(|| named("existing_type"));
        let mut options = schema::type_options(ty, self.engine);
        // The others have no ALTER for it.
        if matches!(self.engine, EngineKind::MySql | EngineKind::MariaDb)
            && let Some(counts) = named("autoincrement").or_else(|| named("existing_autoincrement"))
        {
            let is = matches!(counts, Value::Bool(true));
            options.insert("autoincrement", if is { Setting::Is("yes".to_owned()) } else { Setting::None });
        }
        options
    }

    fn constraint(&self, rule: ConstraintRule, columns: &str) -> Option<Kind> {
        let position = if self.batch.is_some() { 1 } else { 2 };
        let columns = if columns.is_empty() { None } else { self.arguments.get(columns, position) };
        Some(Kind::CreateConstraint {
            table: self.table(1)?,
            constraint: Constraint {
                name: self.arguments.text("constraint_name", 0),
                rule,
                columns: columns.and_then(columns_of).unwrap_or_default(),
                deferred: schema::deferred(self.arguments),
                options: schema::constraint_options(self.arguments, self.engine),
            },
            validated: !self.arguments.flag("postgresql_not_valid", false),
        })
    }

    fn foreign_key(&self) -> Option<Kind> {
        let arguments = self.arguments;
        let shift = usize::from(self.batch.is_none());
        let referent = arguments.text("referent_table", 1 + shift);
        let referent = referent.map(|table| match arguments.text("referent_schema", usize::MAX) {
            Some(schema) => format!("{schema}.{table}"),
            None => table,
        });
        let columns = |name, position| arguments.get(name, position).and_then(columns_of).unwrap_or_default();
        Some(Kind::CreateConstraint {
            table: self.table(1)?,
            constraint: Constraint {
                name: arguments.text("constraint_name", 0),
                columns: columns("local_cols", 2 + shift),
                deferred: schema::deferred(arguments),
                options: Options::new(),
                rule: ConstraintRule::ForeignKey {
                    table: referent,
                    columns: columns("remote_cols", 3 + shift),
                    on_delete: schema::action(arguments.named("ondelete")),
                    on_update: schema::action(arguments.named("onupdate")),
                },
            },
            validated: !arguments.flag("postgresql_not_valid", false),
        })
    }
}

/// A table's name with the schema that the arguments give it.
fn qualified(arguments: &Arguments<'_>, table: &str) -> Option<String> {
    let schema = arguments.named("schema").or_else(|| arguments.named("source_schema"));
    match schema {
        None | Some(Value::None) => Some(table.to_owned()),
        Some(schema) => Some(format!("{}.{table}", schema.name()?)),
    }
}
