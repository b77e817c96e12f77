//! SQLAlchemy's columns, constraints and indexes.

use mrt_chain::settings::EngineKind;

use super::types;
use super::value::{Arguments, Call, Value};
use crate::operation::{Column, Constraint, ConstraintRule, Index, Kind, Setting};

/// `op.create_table(name, column, …)`.
pub(super) fn create_table(arguments: &Arguments<'_>, engine: EngineKind, exists_ok: bool) -> Option<Kind> {
    let name = arguments.text("table_name", 0)?;
    let table = match arguments.named("schema") {
        None | Some(Value::None) => name,
        Some(schema) => format!("{}.{name}", schema.name()?),
    };
    let (mut columns, mut constraints, mut indexes, mut complete) =
        (Vec::new(), Vec::new(), Vec::new(), !arguments.open);
    for part in arguments.positional.iter().skip(1) {
        let Some(call) = part.call() else {
            complete = false;
            continue;
        };
        match call.function.class() {
            // Such a key is made by an operation of its own.
            Some("ForeignKeyConstraint") if call.arguments.flag("use_alter", false) => {}
            Some("Index") => match index(call) {
                Some(index) => indexes.push(index),
                None => complete = false,
            },
            Some("Column") => match column(call, engine) {
                Some(column) => columns.push(column),
                None => complete = false,
            },
            Some(_) => match constraint(call) {
                Some(constraint) => constraints.push(constraint),
                None => complete = false,
            },
            None => complete = false,
        }
    }
    let key: Vec<String> = constraints
        .iter()
        .filter(|constraint| constraint.rule == ConstraintRule::PrimaryKey)
        .flat_map(|constraint| constraint.columns.clone())
        .collect();
    for column in &mut columns {
        if column.primary_key || key.contains(&column.name) {
            column.nullable = Some(false);
        }
    }
    Some(Kind::CreateTable {
        table,
        columns,
        constraints,
        indexes,
        from_query: None,
        partition_of: None,
        exists_ok,
        complete,
    })
}

/// `sa.Column(name, type, …)`; `None` where its name is not known.
pub(super) fn column(call: &Call<'_>, engine: EngineKind) -> Option<Column> {
    if call.function.class() != Some("Column") || call.arguments.open {
        return None;
    }
    let arguments = &call.arguments;
    let mut column = Column { name: arguments.text("name", 0)?, ..Column::default() };
    column.primary_key = arguments.flag("primary_key", false);
    column.unique = arguments.flag("unique", false);
    column.index = arguments.flag("index", false);
    column.client_default = arguments.named("default").is_some_and(|value| !matches!(value, Value::None));
    column.nullable = match arguments.named("nullable") {
        Some(Value::Bool(is)) => Some(*is),
        Some(_) => None,
        None => Some(!column.primary_key),
    };
    column.comment = arguments.named("comment").map_or(Setting::None, default);
    column.default = arguments.named("server_default").map_or(Setting::None, default);
    if let Some(Value::Call(default)) = arguments.named("server_default") {
        match default.function.class() {
            Some("Identity") => (column.automatic, column.default) = (true, Setting::None),
            Some("Computed") => (column.generated, column.default) = (Some(computed(default)), Setting::None),
            _ => {}
        }
    }
    for (position, part) in arguments.positional.iter().enumerate().skip(1) {
        match part.call().and_then(|call| Some((call, call.function.class()?))) {
            Some((key, "ForeignKey")) => column.foreign_keys.push(foreign_key(key, &column.name)),
            Some((_, "Identity" | "Sequence")) => column.automatic = true,
            Some((call, "Computed")) => {
                column.generated = Some(self::computed(call));
            }
            Some((_, "CheckConstraint" | "FetchedValue")) => {}
            _ if position == 1 => column.ty = types::of(part, engine),
            _ => {}
        }
    }
    if let Some(ty) = arguments.named("type_") {
        column.ty = types::of(ty, engine);
    }
    Some(column)
}

fn foreign_key(call: &Call<'_>, column: &str) -> Constraint {
    let target = call.arguments.text("column", 0);
    let target = target.as_deref().and_then(|target| target.rsplit_once('.'));
    Constraint {
        name: call.arguments.text("name", usize::MAX),
        columns: vec![column.to_owned()],
        deferred: deferred(&call.arguments),
        rule: ConstraintRule::ForeignKey {
            table: target.map(|(table, _)| table.to_owned()),
            columns: target.map(|(_, column)| vec![column.to_owned()]).unwrap_or_default(),
            on_delete: action(call.arguments.named("ondelete")),
            on_update: action(call.arguments.named("onupdate")),
        },
    }
}

fn constraint(call: &Call<'_>) -> Option<Constraint> {
    let arguments = &call.arguments;
    let name = match arguments.named("name") {
        None | Some(Value::None) => None,
        Some(name) => Some(name.name()?),
    };
    let words = || arguments.positional.iter().map(Value::name).collect::<Option<Vec<String>>>();
    let (rule, columns) = match call.function.class()? {
        "PrimaryKeyConstraint" => (ConstraintRule::PrimaryKey, words()?),
        "UniqueConstraint" => (ConstraintRule::Unique, words()?),
        "CheckConstraint" => {
            (ConstraintRule::Check { condition: arguments.positional.first().and_then(sql_text) }, Vec::new())
        }
        "ForeignKeyConstraint" => {
            let columns = columns_of(arguments.get("columns", 0)?)?;
            let targets = columns_of(arguments.get("refcolumns", 1)?)?;
            let split: Vec<(&str, &str)> =
                targets.iter().filter_map(|target| target.rsplit_once('.')).collect();
            let rule = ConstraintRule::ForeignKey {
                table: split.first().map(|(table, _)| (*table).to_owned()),
                columns: split.iter().map(|(_, column)| (*column).to_owned()).collect(),
                on_delete: action(arguments.named("ondelete")),
                on_update: action(arguments.named("onupdate")),
            };
            (rule, columns)
        }
        "ExcludeConstraint" => (ConstraintRule::Exclude, Vec::new()),
        _ => return None,
    };
    Some(Constraint { name, rule, columns, deferred: deferred(arguments) })
}

fn index(call: &Call<'_>) -> Option<Index> {
    let columns: Option<Vec<String>> = call.arguments.positional.iter().skip(1).map(sql_text).collect();
    let is_whole =
        ["mysql_length", "mysql_prefix"].iter().all(|option| call.arguments.named(option).is_none());
    Some(Index {
        name: call.arguments.text("name", 0),
        columns: columns.filter(|_| is_whole),
        unique: Some(call.arguments.flag("unique", false)),
        predicate: Setting::Unknown,
    })
}

/// Columns and expressions of a list.
pub(super) fn columns_of(value: &Value<'_>) -> Option<Vec<String>> {
    match value {
        Value::Str(_) => Some(vec![sql_text(value)?]),
        _ => value.items()?.iter().map(sql_text).collect(),
    }
}

/// The text of SQL that is known as a whole: a text, or `sa.text("…")`, with what is chained to it.
pub(super) fn sql_text(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Call(call)
            if matches!(
                call.function.class(),
                Some("text" | "literal_column" | "column" | "quoted_name")
            ) =>
        {
            sql_text(call.arguments.positional.first()?)
        }
        Value::Call(call) => match &call.function {
            // `sa.column("x").desc()` is another index than `x`.
            Value::Attribute(base, direction @ ("desc" | "asc")) => {
                Some(format!("{} {direction}", sql_text(base)?))
            }
            Value::Attribute(base, "isnot" | "is_not") => is_null(base, call, " IS NOT "),
            Value::Attribute(base, "is_") => is_null(base, call, " IS "),
            _ => value.name(),
        },
        value => value.name(),
    }
}

fn is_null(base: &Value<'_>, call: &Call<'_>, operator: &str) -> Option<String> {
    let right = match call.arguments.positional.first()? {
        Value::None => "NULL",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        _ => return None,
    };
    Some(format!("{}{operator}{right}", sql_text(base)?))
}

/// A `server_default`.
pub(super) fn default(value: &Value<'_>) -> Setting {
    match value {
        Value::None => Setting::None,
        Value::Str(_) => value.name().map_or(Setting::Unknown, |text| Setting::Is(literal(&text))),
        Value::Bool(is) => Setting::Is(is.to_string()),
        Value::Int(number) => Setting::Is(number.to_string()),
        Value::Call(call) => match (&call.function, call.function.class()) {
            (_, Some("text" | "literal_column")) => {
                sql_text(value).map_or(Setting::Unknown, |text| Setting::Is(plain(&text)))
            }
            (_, Some("true" | "false" | "null")) => {
                Setting::Is(call.function.class().unwrap_or_default().to_owned())
            }
            (Value::Global(path), _) => match path
                .strip_prefix("sqlalchemy.func.")
                .or_else(|| path.strip_prefix("sqlalchemy.sql.func."))
            {
                Some(function) => Setting::Is(format!("{function}()")),
                None => Setting::Unknown,
            },
            _ => Setting::Unknown,
        },
        _ => Setting::Unknown,
    }
}

/// A text is quoted by SQLAlchemy: `"0"` is `'0'`, which the server takes for the number, too.
fn literal(text: &str) -> String {
    if text.parse::<f64>().is_ok() { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// SQL of a default, so that `'0'` is `0`.
fn plain(text: &str) -> String {
    let text = text.trim();
    match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(inner) if inner.parse::<f64>().is_ok() => inner.to_owned(),
        _ => text.to_owned(),
    }
}

/// ON DELETE or ON UPDATE.
pub(super) fn action(value: Option<&Value<'_>>) -> Setting {
    match value {
        None | Some(Value::None) => Setting::None,
        Some(value) => match value.name().map(|action| action.to_uppercase()) {
            Some(action) if action == "NO ACTION" => Setting::None,
            Some(action) => Setting::Is(action),
            None => Setting::Unknown,
        },
    }
}

/// `deferrable=` and `initially=`.
pub(super) fn deferred(arguments: &Arguments<'_>) -> String {
    match (arguments.flag("deferrable", false), arguments.named("initially").and_then(Value::name)) {
        (false, _) => String::new(),
        (true, Some(when)) if when.eq_ignore_ascii_case("deferred") => {
            "deferrable initially deferred".to_owned()
        }
        (true, _) => "deferrable".to_owned(),
    }
}

/// The expression of `sa.Computed(…)`, and whether it is stored.
fn computed(call: &Call<'_>) -> String {
    let text = call.arguments.get("sqltext", 0).and_then(sql_text);
    let mode = if call.arguments.flag("persisted", false) { "STORED" } else { "VIRTUAL" };
    format!("{} {mode}", text.as_deref().unwrap_or("?"))
}
