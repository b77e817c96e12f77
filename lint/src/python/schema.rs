//! SQLAlchemy's columns, constraints and indexes.

use mrt_chain::settings::EngineKind;

use super::value::{Arguments, Call, Value};
use super::{core, types};
use crate::operation::{Column, Constraint, ConstraintKind, ConstraintRule, Index, Kind, Options, Setting};

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
            Some("Index") => match index(call, engine) {
                Some(index) => indexes.push(index),
                None => complete = false,
            },
            Some("Column") => match column(call, engine) {
                Some(column) => columns.push(column),
                None => complete = false,
            },
            Some(_) => match constraint(call, engine) {
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
    let refers = |column: &Column| {
        constraints.iter().any(|constraint| {
            constraint.rule.kind() == ConstraintKind::ForeignKey && constraint.columns.contains(&column.name)
        })
    };
    if !columns.iter().any(|column| key_of(column, &key) && refers(column)) {
        counts(&mut columns, &key, arguments, engine);
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

fn key_of(column: &Column, key: &[String]) -> bool {
    column.primary_key || key.contains(&column.name)
}

/// A key of one integer counts by itself, unless that is denied. SQLite has its AUTOINCREMENT for the asking alone.
fn counts(columns: &mut [Column], key: &[String], arguments: &Arguments<'_>, engine: EngineKind) {
    let asked = arguments.flag("sqlite_autoincrement", false);
    if engine == EngineKind::Oracle || (engine == EngineKind::Sqlite && !asked) {
        return;
    }
    let mut key = columns.iter_mut().filter(|column| key_of(column, key));
    if let (Some(column), None) = (key.next(), key.next())
        && column.foreign_keys.is_empty()
        && column.default == Setting::None
        && column.ty.as_ref().is_some_and(|ty| matches!(ty.text.as_str(), "INTEGER" | "BIGINT" | "SMALLINT"))
    {
        column.options.entry("autoincrement").or_insert_with(|| Setting::Is("yes".to_owned()));
    }
}

/// What the arguments for one engine say of a table.
pub(super) fn table_options(arguments: &Arguments<'_>, engine: EngineKind) -> Options {
    const WORDS: &[(&str, &str)] = &[
        ("engine", "engine"),
        ("charset", "character set"),
        ("default_charset", "character set"),
        ("collate", "collation"),
        ("row_format", "row format"),
        ("key_block_size", "key block size"),
        ("partition_by", "partitioning"),
        ("with", "storage"),
        ("tablespace", "tablespace"),
        ("inherits", "inheritance"),
        ("strict", "strictness"),
        ("with_rowid", "row ids"),
    ];
    let said =
        WORDS.iter().filter_map(|(word, option)| Some((*option, of_dialect(arguments, engine, word)?)));
    let mut options: Options = said
        .map(|(option, value)| match (option, value) {
            ("row ids", Value::Bool(false)) => (option, Setting::Is("without".to_owned())),
            ("strictness", Value::Bool(true)) => (option, Setting::Is("strict".to_owned())),
            _ => (option, said_as(option, value)),
        })
        .collect();
    if let Some(comment) = arguments.named("comment") {
        options.insert("comment", default(comment));
    }
    options
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
    let denied = match arguments.named("autoincrement") {
        Some(Value::Bool(false)) => Some(Setting::None),
        Some(Value::Bool(true)) => Some(Setting::Is("yes".to_owned())),
        Some(Value::Str(_)) | None => None,
        Some(_) => Some(Setting::Unknown),
    };
    split_update(&mut column.default, &mut column.options);
    for (position, part) in arguments.positional.iter().enumerate().skip(1) {
        match part.call().and_then(|call| Some((call, call.function.class()?))) {
            Some((key, "ForeignKey")) => column.foreign_keys.push(foreign_key(key, &column.name)),
            Some((_, "Identity" | "Sequence")) => column.automatic = true,
            Some((call, "Computed")) => {
                column.generated = Some(self::computed(call));
            }
            Some((_, "CheckConstraint" | "FetchedValue")) => {}
            _ if position == 1 => {
                column.ty = types::of(part, engine);
                column.options.extend(type_options(Some(part), engine));
            }
            _ => {}
        }
    }
    if let Some(ty) = arguments.named("type_") {
        column.ty = types::of(ty, engine);
        column.options.extend(type_options(Some(ty), engine));
    }
    // SQLite has its AUTOINCREMENT by an argument of the table alone.
    if engine == EngineKind::Sqlite {
        return Some(column);
    }
    if let Some(denied) = denied {
        column.options.insert("autoincrement", denied);
    } else if column.automatic {
        column.options.insert("autoincrement", Setting::Is("yes".to_owned()));
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
        options: Options::new(),
        rule: ConstraintRule::ForeignKey {
            table: target.map(|(table, _)| table.to_owned()),
            columns: target.map(|(_, column)| vec![column.to_owned()]).unwrap_or_default(),
            on_delete: action(call.arguments.named("ondelete")),
            on_update: action(call.arguments.named("onupdate")),
        },
    }
}

fn constraint(call: &Call<'_>, engine: EngineKind) -> Option<Constraint> {
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
    Some(Constraint {
        name,
        rule,
        columns,
        deferred: deferred(arguments),
        options: constraint_options(arguments, engine),
    })
}

fn index(call: &Call<'_>, engine: EngineKind) -> Option<Index> {
    let columns: Option<Vec<String>> = call.arguments.positional.iter().skip(1).map(sql_text).collect();
    Some(Index {
        name: call.arguments.text("name", 0),
        columns: columns.and_then(|columns| with_lengths(columns, &call.arguments, engine)),
        unique: Some(call.arguments.flag("unique", false)),
        predicate: predicate(&call.arguments, engine),
        options: index_options(&call.arguments, engine),
    })
}

/// What `sa.Table(…)` or `sa.Index(…)` does to be there, or to be gone, by its own method.
pub(super) fn made_by_itself(call: &Call<'_>, made: bool, lenient: bool, engine: EngineKind) -> Option<Kind> {
    let Arguments { positional, named, open } = &call.arguments;
    if call.function.class() == Some("Table") {
        if !made {
            return Some(Kind::DropTable {
                table: core::table_of(call)?,
                cascade: false,
                missing_ok: lenient,
            });
        }
        // The metadata stands between the name and the columns.
        let parts = positional.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, part)| part.clone());
        let arguments = Arguments { positional: parts.collect(), named: named.clone(), open: *open };
        return create_table(&arguments, engine, lenient);
    }
    let columns: Option<Vec<&str>> = positional.iter().skip(1).map(Value::method).collect();
    let Value::Attribute(columns_of_table, _) = positional.get(1)? else { return None };
    let Value::Attribute(table, "c" | "columns") = &**columns_of_table else { return None };
    let table = core::table_of(table.call()?)?;
    let columns = columns?.into_iter().map(str::to_owned).collect();
    let index = Index { columns: with_lengths(columns, &call.arguments, engine), ..index(call, engine)? };
    Some(if made {
        Kind::CreateIndex { table, index, concurrently: false, exists_ok: lenient }
    } else {
        Kind::DropIndex { name: index.name?, table: Some(table), concurrently: false, missing_ok: lenient }
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

/// MySQL's ON UPDATE is written behind a default.
pub(super) fn split_update(default: &mut Setting, options: &mut Options) {
    let Setting::Is(text) = default else { return };
    let small = text.to_lowercase();
    if let Some((value, update)) = small.split_once(" on update ") {
        options.insert("on update", Setting::Is(update.trim().to_owned()));
        *default = Setting::Is(value.trim().to_owned());
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

/// The condition of a partial index, where the engine has such.
pub(super) fn predicate(arguments: &Arguments<'_>, engine: EngineKind) -> Setting {
    if matches!(engine, EngineKind::MySql | EngineKind::MariaDb | EngineKind::Oracle) {
        return Setting::None;
    }
    match of_dialect(arguments, engine, "where") {
        None | Some(Value::None) => Setting::None,
        Some(condition) => sql_text(condition).map_or(Setting::Unknown, Setting::Is),
    }
}

/// An argument for one engine: `postgresql_using=`.
fn of_dialect<'v, 'a>(arguments: &'v Arguments<'a>, engine: EngineKind, word: &str) -> Option<&'v Value<'a>> {
    let names: &[&str] = match engine {
        EngineKind::Sqlite => &["sqlite"],
        EngineKind::Postgres => &["postgresql"],
        EngineKind::MySql => &["mysql"],
        EngineKind::MariaDb => &["mariadb", "mysql"],
        EngineKind::SqlServer => &["mssql"],
        EngineKind::Oracle => &["oracle"],
    };
    names.iter().find_map(|dialect| arguments.named(&format!("{dialect}_{word}")))
}

/// What the arguments for one engine say of an index.
pub(super) fn index_options(arguments: &Arguments<'_>, engine: EngineKind) -> Options {
    const WORDS: &[(&str, &str)] = &[
        ("using", "method"),
        ("with", "storage"),
        ("ops", "operator classes"),
        ("include", "included columns"),
        ("nulls_not_distinct", "nulls"),
        ("prefix", "index type"),
        ("clustered", "clustering"),
        ("bitmap", "index type"),
    ];
    let said =
        WORDS.iter().filter_map(|(word, option)| Some((*option, of_dialect(arguments, engine, word)?)));
    said.map(|(option, value)| (option, said_as(option, value))).collect()
}

fn said_as(option: &str, value: &Value<'_>) -> Setting {
    match (option, value) {
        (_, Value::None | Value::Bool(false)) => Setting::None,
        (_, Value::Dict(items)) if items.is_empty() => Setting::None,
        (_, Value::List(items)) if items.is_empty() => Setting::None,
        ("nulls", Value::Bool(true)) => Setting::Is("not distinct".to_owned()),
        ("index type", Value::Bool(true)) => Setting::Is("bitmap".to_owned()),
        ("clustering", Value::Bool(true)) => Setting::Is("clustered".to_owned()),
        (_, Value::Str(_)) => value.name().map_or(Setting::Unknown, Setting::Is),
        (_, Value::List(items)) => {
            let words: Option<Vec<String>> = items.iter().map(sql_text).collect();
            words.map_or(Setting::Unknown, |words| Setting::Is(words.join(", ")))
        }
        (_, Value::Dict(items)) => {
            let between = if option == "storage" { " = " } else { " " };
            let words: Option<Vec<String>> = items
                .iter()
                .map(|(key, value)| match value {
                    Value::Str(_) | Value::Int(_) => {
                        Some(format!("{}{between}{}", key.name()?, value.display()))
                    }
                    _ => None,
                })
                .collect();
            words.map_or(Setting::Unknown, |words| Setting::Is(words.join(", ")))
        }
        _ => Setting::Unknown,
    }
}

/// What the arguments for one engine say of a constraint.
pub(super) fn constraint_options(arguments: &Arguments<'_>, engine: EngineKind) -> Options {
    const WORDS: &[(&str, &str)] = &[
        ("nulls_not_distinct", "nulls"),
        ("include", "included columns"),
        ("clustered", "clustering"),
        ("on_conflict", "on conflict"),
    ];
    let said =
        WORDS.iter().filter_map(|(word, option)| Some((*option, of_dialect(arguments, engine, word)?)));
    said.map(|(option, value)| (option, said_as(option, value))).collect()
}

/// What a type says of its column besides.
pub(super) fn type_options(ty: Option<&Value<'_>>, engine: EngineKind) -> Options {
    let is_variant = |ty: &Value<'_>| ty.call().is_some_and(|call| call.function.global().is_none());
    if ty.is_some_and(|ty| is_variant(ty) || types::of(ty, engine).is_none()) {
        // A type of the project's own may say anything.
        return Options::from([("collation", Setting::Unknown), ("character set", Setting::Unknown)]);
    }
    let Some(call) = ty.and_then(Value::call).filter(|call| call.function.global().is_some()) else {
        return Options::new();
    };
    let words = [("collation", "collation"), ("charset", "character set")];
    let said = words.into_iter().filter_map(|(name, option)| Some((option, call.arguments.named(name)?)));
    said.map(|(option, value)| (option, said_as(option, value))).collect()
}

/// The columns of an index with the lengths of their prefixes, as MySQL writes them: `title(20)`.
pub(super) fn with_lengths(
    columns: Vec<String>,
    arguments: &Arguments<'_>,
    engine: EngineKind,
) -> Option<Vec<String>> {
    if !matches!(engine, EngineKind::MySql | EngineKind::MariaDb) {
        return Some(columns);
    }
    match of_dialect(arguments, engine, "length") {
        None | Some(Value::None) => Some(columns),
        Some(Value::Int(length)) => {
            Some(columns.iter().map(|column| format!("{column}({length})")).collect())
        }
        Some(Value::Dict(items)) => columns
            .into_iter()
            .map(|column| {
                let own = items.iter().find(|(key, _)| key.name().as_ref() == Some(&column));
                match own.map(|(_, length)| length) {
                    None => Some(column),
                    Some(Value::Int(length)) => Some(format!("{column}({length})")),
                    Some(_) => None,
                }
            })
            .collect(),
        Some(_) => None,
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
