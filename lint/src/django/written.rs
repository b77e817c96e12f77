//! What a file says: its class `Migration`, and the actions that it lists.

use std::collections::BTreeMap;

use mrt_chain::settings::EngineKind;
use ruff_python_ast::{Expr, ModModule, Stmt, StmtClassDef};
use ruff_text_size::Ranged as _;

use super::code::{self, Code};
use super::field::Field;
use crate::python::{self, Arguments, Call, Value};
use crate::source::Lines;

/// A migration as it is written.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) dependencies: Vec<Dependency>,
    /// Migrations before which it runs, in other applications.
    pub(super) run_before: Vec<Dependency>,
    pub(super) replaces: Vec<Dependency>,
    pub(super) atomic: bool,
    pub(super) actions: Vec<Action>,
    /// 1-based line of `class Migration`.
    pub(super) line: u32,
    /// 1-based line of `dependencies`.
    pub(super) dependencies_line: u32,
}

/// A migration that another one names: application and name.
pub(super) type Dependency = (String, String);

/// One operation of the list.
#[derive(Debug, Clone)]
pub(super) struct Action {
    pub(super) line: u32,
    pub(super) kind: ActionKind,
}

#[derive(Debug, Clone)]
pub(super) enum ActionKind {
    CreateModel {
        name: String,
        fields: Vec<(String, Field)>,
        complete: bool,
        options: Options,
    },
    DeleteModel {
        name: String,
    },
    RenameModel {
        from: String,
        to: String,
    },
    AlterTable {
        name: String,
        table: Option<String>,
    },
    /// `managed`, where it is said.
    AlterOptions {
        name: String,
        unmanaged: bool,
    },
    AlterTogether {
        name: String,
        unique: bool,
        sets: Option<Vec<Vec<String>>>,
    },
    AddField {
        model: String,
        name: String,
        field: Field,
    },
    RemoveField {
        model: String,
        name: String,
    },
    AlterField {
        model: String,
        name: String,
        field: Field,
    },
    RenameField {
        model: String,
        from: String,
        to: String,
    },
    AddIndex {
        model: String,
        index: Index,
        concurrently: bool,
    },
    RemoveIndex {
        model: String,
        name: String,
        concurrently: bool,
    },
    RenameIndex {
        model: String,
        from: Option<String>,
        to: String,
    },
    AddConstraint {
        model: String,
        constraint: Constraint,
        validated: bool,
    },
    RemoveConstraint {
        model: String,
        name: String,
    },
    Extension {
        name: String,
    },
    Python {
        forward: Code,
        reverse: Option<Code>,
    },
    Sql {
        forward: Option<Vec<String>>,
        reverse: Reverse,
        state: Vec<Action>,
    },
    Separate {
        database: Vec<Action>,
        state: Vec<Action>,
    },
    /// The database does not see it.
    Nothing,
    Unknown {
        what: String,
    },
}

/// The reverse of a `RunSQL`.
#[derive(Debug, Clone)]
pub(super) enum Reverse {
    None,
    Unknown,
    Sql(Vec<String>),
}

/// What `CreateModel` says beside its fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Options {
    pub(super) table: Option<String>,
    /// Django makes no table: a proxy, or one that somebody else manages.
    pub(super) unmanaged: bool,
    pub(super) unique_together: Vec<Vec<String>>,
    pub(super) index_together: Vec<Vec<String>>,
    pub(super) indexes: Vec<Index>,
    pub(super) constraints: Vec<Constraint>,
}

/// An index, by the names of fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) name: Option<String>,
    /// `None` where there are expressions.
    pub(super) fields: Option<Vec<String>>,
    pub(super) partial: bool,
}

/// A constraint, by the names of fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Constraint {
    pub(super) name: Option<String>,
    pub(super) kind: ConstraintKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ConstraintKind {
    Check,
    /// A unique one over columns alone.
    Unique(Vec<String>),
    /// A unique one with a condition or expressions is an index.
    UniqueIndex {
        fields: Option<Vec<String>>,
        partial: bool,
    },
    Other,
}

/// The class `Migration` of a file.
pub(super) fn class(module: &ModModule) -> Option<&StmtClassDef> {
    let mut classes = module.body.iter().filter_map(Stmt::as_class_def_stmt);
    // Django's own base class has no other.
    classes.find(|class| class.name.as_str() == "Migration" && !class.bases().is_empty())
}

/// Reads a file's class. What its functions do hangs on no engine as far as it is read.
pub(super) fn read(module: &ModModule, class: &StmtClassDef, lines: &Lines, app: &str) -> Written {
    let names = python::class(module, class, lines, EngineKind::Postgres);
    let reader = Reader { app, module, lines };
    let line = lines.of(class.name.start().to_usize());
    let list = |name: &str| names.get(name).and_then(Value::items).unwrap_or_default();
    let actions = match names.get("operations") {
        None => Vec::new(),
        Some(Value::List(items)) => items.iter().map(|item| reader.action(item, line)).collect(),
        Some(_) => {
            let what = "a list of operations that only running the file tells".to_owned();
            vec![Action { line, kind: ActionKind::Unknown { what } }]
        }
    };
    Written {
        dependencies: pairs(list("dependencies")),
        run_before: pairs(list("run_before")),
        replaces: pairs(list("replaces")),
        atomic: !matches!(names.get("atomic"), Some(Value::Bool(false))),
        actions,
        line,
        dependencies_line: line_of("dependencies", class, lines).unwrap_or(line),
    }
}

fn line_of(name: &str, class: &StmtClassDef, lines: &Lines) -> Option<u32> {
    let target = |statement: &Stmt| match statement {
        Stmt::Assign(assign) => match assign.targets.first()? {
            Expr::Name(own) if own.id.as_str() == name => Some(lines.of(own.start().to_usize())),
            _ => None,
        },
        _ => None,
    };
    class.body.iter().find_map(target)
}

/// The migrations that a list names. What is not written out (`swappable_dependency`) is another project's affair.
fn pairs(items: &[Value<'_>]) -> Vec<Dependency> {
    items
        .iter()
        .filter_map(|item| match item.items()? {
            [app, name] => Some((app.name()?, name.name()?)),
            _ => None,
        })
        .collect()
}

struct Reader<'r, 'a> {
    app: &'r str,
    module: &'a ModModule,
    lines: &'r Lines,
}

impl<'a> Reader<'_, 'a> {
    fn actions(&self, value: Option<&Value<'a>>, line: u32) -> Vec<Action> {
        match value {
            None | Some(Value::None) => Vec::new(),
            Some(Value::List(items)) => items.iter().map(|item| self.action(item, line)).collect(),
            Some(_) => {
                let what = "a list of operations that only running the file tells".to_owned();
                vec![Action { line, kind: ActionKind::Unknown { what } }]
            }
        }
    }

    /// One operation; `line` is that of what is around it.
    fn action(&self, value: &Value<'a>, line: u32) -> Action {
        let Some(call) = value.call() else {
            let what = "an operation that only running the file tells".to_owned();
            return Action { line, kind: ActionKind::Unknown { what } };
        };
        let class = call.function.class().unwrap_or_default().to_owned();
        let kind = self.kind(&class, call).unwrap_or_else(|| {
            let what = if class.is_empty() {
                "an operation of the project's own".to_owned()
            } else {
                format!("{class}(…)")
            };
            ActionKind::Unknown { what }
        });
        Action { line: call.line, kind }
    }

    /// What an operation does; `None` where that cannot be read.
    fn kind(&self, class: &str, call: &Call<'a>) -> Option<ActionKind> {
        let arguments = &call.arguments;
        let text = |name, position| arguments.text(name, position);
        let is_django = call.function.global().is_some_and(|path| {
            path.starts_with("django.db.migrations.")
                || path.starts_with("django.contrib.postgres.operations.")
        });
        if !is_django || arguments.open {
            return None;
        }
        let field = |position| {
            let field = Field::of(arguments.get("field", position)?, self.app)?;
            Some((text("model_name", 0)?, text("name", 1)?, field))
        };
        Some(match class {
            "CreateModel" => {
                let fields = arguments.get("fields", 1);
                let (fields, complete) = self.fields(fields);
                let options = arguments.get("options", 2);
                ActionKind::CreateModel {
                    name: text("name", 0)?,
                    fields,
                    complete,
                    options: self.options(options),
                }
            }
            "DeleteModel" => ActionKind::DeleteModel { name: text("name", 0)? },
            "RenameModel" => ActionKind::RenameModel { from: text("old_name", 0)?, to: text("new_name", 1)? },
            "AlterModelTable" => ActionKind::AlterTable { name: text("name", 0)?, table: text("table", 1) },
            "AlterUniqueTogether" | "AlterIndexTogether" => {
                let unique = class == "AlterUniqueTogether";
                let name = if unique { "unique_together" } else { "index_together" };
                ActionKind::AlterTogether {
                    name: text("name", 0)?,
                    unique,
                    sets: arguments.get(name, 1).map_or(Some(Vec::new()), together),
                }
            }
            "AddField" => {
                let (model, name, field) = field(2)?;
                ActionKind::AddField { model, name, field }
            }
            "AlterField" => {
                let (model, name, field) = field(2)?;
                ActionKind::AlterField { model, name, field }
            }
            "RemoveField" => {
                ActionKind::RemoveField { model: text("model_name", 0)?, name: text("name", 1)? }
            }
            "RenameField" => ActionKind::RenameField {
                model: text("model_name", 0)?,
                from: text("old_name", 1)?,
                to: text("new_name", 2)?,
            },
            "AddIndex" | "AddIndexConcurrently" => ActionKind::AddIndex {
                model: text("model_name", 0)?,
                index: index(arguments.get("index", 1)?)?,
                concurrently: class == "AddIndexConcurrently",
            },
            "RemoveIndex" | "RemoveIndexConcurrently" => ActionKind::RemoveIndex {
                model: text("model_name", 0)?,
                name: text("name", 1)?,
                concurrently: class == "RemoveIndexConcurrently",
            },
            "RenameIndex" => ActionKind::RenameIndex {
                model: text("model_name", 0)?,
                to: text("new_name", 1)?,
                from: text("old_name", 2),
            },
            "AddConstraint" | "AddConstraintNotValid" => ActionKind::AddConstraint {
                model: text("model_name", 0)?,
                constraint: constraint(arguments.get("constraint", 1)?)?,
                validated: class == "AddConstraint",
            },
            "RemoveConstraint" => {
                ActionKind::RemoveConstraint { model: text("model_name", 0)?, name: text("name", 1)? }
            }
            "RunPython" => ActionKind::Python {
                forward: self.code(arguments.get("code", 0)?),
                reverse: match arguments.get("reverse_code", 1) {
                    None | Some(Value::None) => None,
                    Some(value) => Some(self.code(value)),
                },
            },
            "RunSQL" => ActionKind::Sql {
                forward: statements(arguments.get("sql", 0)?),
                reverse: match arguments.get("reverse_sql", 1) {
                    None | Some(Value::None) => Reverse::None,
                    Some(value) => statements(value).map_or(Reverse::Unknown, Reverse::Sql),
                },
                state: self.actions(arguments.get("state_operations", 2), call.line),
            },
            "SeparateDatabaseAndState" => ActionKind::Separate {
                database: self.actions(arguments.get("database_operations", 0), call.line),
                state: self.actions(arguments.get("state_operations", 1), call.line),
            },
            "CreateExtension" => ActionKind::Extension { name: text("name", 0)? },
            "BloomExtension" => extension("bloom"),
            "BtreeGinExtension" => extension("btree_gin"),
            "BtreeGistExtension" => extension("btree_gist"),
            "CITextExtension" => extension("citext"),
            "CryptoExtension" => extension("pgcrypto"),
            "HStoreExtension" => extension("hstore"),
            "TrigramExtension" => extension("pg_trgm"),
            "UnaccentExtension" => extension("unaccent"),
            "AlterModelOptions" => match arguments.get("options", 1) {
                Some(Value::Dict(items)) => {
                    let managed = items.iter().find(|(key, _)| key.name().as_deref() == Some("managed"));
                    match managed {
                        Some((_, Value::Bool(is))) => {
                            ActionKind::AlterOptions { name: text("name", 0)?, unmanaged: !is }
                        }
                        _ => ActionKind::Nothing,
                    }
                }
                _ => ActionKind::Nothing,
            },
            "AlterModelManagers"
            | "AlterOrderWithRespectTo"
            | "AlterModelTableComment"
            | "AlterConstraint"
            | "ValidateConstraint"
            | "CreateCollation"
            | "RemoveCollation" => ActionKind::Nothing,
            _ => return None,
        })
    }

    /// The fields of a list, and whether these are all.
    fn fields(&self, value: Option<&Value<'a>>) -> (Vec<(String, Field)>, bool) {
        let Some(items) = value.and_then(Value::items) else { return (Vec::new(), false) };
        let field = |item: &Value<'a>| match item.items()? {
            [name, field] => Some((name.name()?, Field::of(field, self.app)?)),
            _ => None,
        };
        let fields: Vec<_> = items.iter().filter_map(field).collect();
        let complete = fields.len() == items.len();
        (fields, complete)
    }

    fn options(&self, value: Option<&Value<'a>>) -> Options {
        let Some(Value::Dict(items)) = value else { return Options::default() };
        let items: BTreeMap<String, &Value<'a>> =
            items.iter().filter_map(|(key, value)| Some((key.name()?, value))).collect();
        let sets = |name| items.get(name).and_then(|value| together(value)).unwrap_or_default();
        let list = |name| items.get(name).and_then(|value| value.items()).unwrap_or_default();
        Options {
            table: items.get("db_table").and_then(|table| table.name()),
            unmanaged: matches!(items.get("managed"), Some(Value::Bool(false)))
                || matches!(items.get("proxy"), Some(Value::Bool(true))),
            unique_together: sets("unique_together"),
            index_together: sets("index_together"),
            indexes: list("indexes").iter().filter_map(index).collect(),
            constraints: list("constraints").iter().filter_map(constraint).collect(),
        }
    }

    fn code(&self, value: &Value<'a>) -> Code {
        code::read(value, self.module, self.lines)
    }
}

fn extension(name: &str) -> ActionKind {
    ActionKind::Extension { name: name.to_owned() }
}

/// `{("a", "b")}`, or `("a", "b")` alone.
fn together(value: &Value<'_>) -> Option<Vec<Vec<String>>> {
    let names = |value: &Value<'_>| value.items()?.iter().map(Value::name).collect::<Option<Vec<String>>>();
    match value {
        Value::None => Some(Vec::new()),
        value => match value.items()? {
            [] => Some(Vec::new()),
            items if items.iter().all(|item| matches!(item, Value::Str(_))) => Some(vec![names(value)?]),
            items => {
                let mut sets: Vec<Vec<String>> = items.iter().map(names).collect::<Option<_>>()?;
                sets.sort();
                Some(sets)
            }
        },
    }
}

fn index(value: &Value<'_>) -> Option<Index> {
    let call = value.call()?;
    let arguments = &call.arguments;
    Some(Index {
        name: arguments.text("name", usize::MAX),
        fields: if arguments.positional.is_empty() { columns(arguments) } else { None },
        partial: arguments.named("condition").is_some(),
    })
}

/// The fields that an index or a constraint names.
fn columns(arguments: &Arguments<'_>) -> Option<Vec<String>> {
    let names = arguments.named("fields")?.items()?.iter().map(Value::name).collect::<Option<Vec<_>>>()?;
    Some(names.into_iter().map(|name| name.trim_start_matches('-').to_owned()).collect())
}

fn constraint(value: &Value<'_>) -> Option<Constraint> {
    let call = value.call()?;
    let arguments = &call.arguments;
    let has = |name: &str| arguments.named(name).is_some_and(|value| !matches!(value, Value::None));
    let kind = match call.function.class()? {
        "CheckConstraint" => ConstraintKind::Check,
        "UniqueConstraint" => match columns(arguments) {
            Some(fields) if arguments.positional.is_empty() && !has("condition") => {
                ConstraintKind::Unique(fields)
            }
            fields => ConstraintKind::UniqueIndex {
                fields: fields.filter(|_| arguments.positional.is_empty()),
                partial: has("condition"),
            },
        },
        _ => ConstraintKind::Other,
    };
    Some(Constraint { name: arguments.text("name", usize::MAX), kind })
}

/// The texts of a `RunSQL`; `None` where one is not known.
fn statements(value: &Value<'_>) -> Option<Vec<String>> {
    match value {
        Value::Str(text) => Some(vec![text.to_string()]),
        // `migrations.RunSQL.noop`
        Value::Global(path) if path.ends_with(".RunSQL.noop") => Some(Vec::new()),
        Value::List(items) => {
            let statement = |item: &Value<'_>| match item {
                Value::Str(text) => Some(text.to_string()),
                // A statement and its parameters.
                Value::List(pair) => match pair.first()? {
                    Value::Str(text) => Some(text.to_string()),
                    _ => None,
                },
                _ => None,
            };
            items.iter().map(statement).collect()
        }
        _ => None,
    }
}

/// Whether a file without the class has the name, from another file or by an assignment.
pub(super) fn mentions_migration(module: &ModModule) -> bool {
    module.body.iter().any(|statement| match statement {
        Stmt::ImportFrom(import) => import
            .names
            .iter()
            .any(|alias| matches!(alias.asname.as_ref().unwrap_or(&alias.name).as_str(), "Migration" | "*")),
        Stmt::Assign(assign) => assign
            .targets
            .iter()
            .any(|target| matches!(target, Expr::Name(name) if name.id.as_str() == "Migration")),
        _ => false,
    })
}
