//! Statements: SQL in texts, SQLAlchemy's `insert`, `update` and `delete`, and objects that make or drop themselves.

use super::value::{Arguments, Call, HOLE, Value};
use super::{Reader, schema, types};
use crate::operation::{Assigned, Kind, ObjectKind, Refused, Written};
use crate::sql;

impl<'a> Reader<'a> {
    /// What a statement does, given to `op.execute` or to a connection.
    pub(super) fn execute(&mut self, statement: &Value<'a>, written: Written) {
        match statement {
            Value::Str(text) => {
                for statement in sql::read(text, self.engine) {
                    self.committed = statement.commits.unwrap_or(self.committed);
                    let in_transaction = self.autocommit == 0 && !self.committed;
                    self.refused.extend(statement.alone.clone().filter(|_| in_transaction).map(|what| {
                        let line = self.call_line;
                        Refused { what, line }
                    }));
                    for (kind, said) in statement.into_said() {
                        self.emit_said(kind, written, said);
                    }
                }
            }
            Value::List(items) => {
                for item in items.iter() {
                    self.execute(item, written);
                }
            }
            Value::Call(call) => match (&call.function, call.function.class()) {
                (_, Some("text" | "DDL")) => {
                    if let Some(text) = call.arguments.positional.first() {
                        self.execute(text, written);
                    }
                }
                (Value::Attribute(base, "bindparams" | "execution_options" | "columns"), _) => {
                    self.execute(base, written)
                }
                (_, Some(verb)) if let Some(made) = makes_or_drops(verb) => {
                    match call.arguments.positional.first().and_then(Value::call) {
                        Some(object) if is_object(object) => self.object(object, made, &Arguments::default()),
                        _ => self.opaque_statement(written),
                    }
                }
                _ => match core(statement) {
                    Core::Writes(kind) => self.emit_as(*kind, written),
                    Core::Reads => {}
                    Core::Unknown => self.opaque_statement(written),
                },
            },
            _ => self.opaque_statement(written),
        }
    }

    fn opaque_statement(&mut self, written: Written) {
        self.emit_as(
            Kind::Opaque { what: "a statement that only running the migration tells".to_owned() },
            written,
        );
    }

    /// `sa.Enum(…).create(bind)` and the like.
    pub(super) fn object(&mut self, object: &Call<'a>, made: bool, arguments: &Arguments<'a>) {
        let lenient = arguments.flag("checkfirst", object.function.class() == Some("ENUM"));
        let (kind, name) = match object.function.class() {
            Some("Sequence") => (ObjectKind::Sequence, object.arguments.text("name", 0)),
            Some("Table" | "Index") => {
                let kind = schema::made_by_itself(object, made, lenient, self.engine);
                let what = || "a table or index that is made or dropped by its own method".to_owned();
                return self.emit(kind.unwrap_or_else(|| Kind::Opaque { what: what() }));
            }
            _ => {
                let ty = types::enumeration(object, self.engine);
                if ty.enum_name.is_none() {
                    // Elsewhere such a type is part of its column.
                    if self.engine != mrt_chain::settings::EngineKind::Postgres {
                        return;
                    }
                }
                (ObjectKind::Type, ty.enum_name)
            }
        };
        let kind = match name {
            None => Kind::Opaque { what: format!("a {kind} that is made or dropped by its own method") },
            Some(name) if made => Kind::Create {
                object: kind,
                name,
                table: None,
                definition: None,
                replaces: false,
                exists_ok: lenient,
            },
            Some(name) => Kind::Drop { object: kind, name, table: None, missing_ok: lenient, cascade: false },
        };
        self.emit(kind);
    }
}

/// Whether a call makes an object that can make itself in a database.
pub(super) fn is_object(call: &Call<'_>) -> bool {
    matches!(call.function.class(), Some("Enum" | "ENUM" | "Sequence" | "Table" | "Index"))
}

/// Whether an element of SQLAlchemy's DDL makes (`CreateIndex`) or drops (`DropIndex`) the object that it is given.
fn makes_or_drops(element: &str) -> Option<bool> {
    match element {
        "CreateTable" | "CreateIndex" | "CreateSequence" => Some(true),
        "DropTable" | "DropIndex" | "DropSequence" => Some(false),
        _ => None,
    }
}

enum Core {
    Writes(Box<Kind>),
    Reads,
    Unknown,
}

/// A statement that is built by SQLAlchemy's functions: `users.update().where(…).values(tier="x")`.
fn core(statement: &Value<'_>) -> Core {
    let (mut columns, mut whole, mut sources, mut reads) = (Vec::new(), true, Vec::new(), Vec::new());
    let (mut values, mut lenient) = (Vec::new(), false);
    let mut at = statement;
    loop {
        let Some(call) = at.call() else { return Core::Unknown };
        let verb = match &call.function {
            Value::Attribute(_, verb) => *verb,
            Value::Global(path) => path.rsplit('.').next().unwrap_or(path),
            _ => return Core::Unknown,
        };
        let base = match &call.function {
            Value::Attribute(base, _) => Some(&**base),
            _ => None,
        };
        match verb {
            "values" => {
                columns.extend(call.arguments.named.iter().map(|(name, _)| name.to_string()));
                for (name, value) in &call.arguments.named {
                    words(value, &mut reads);
                    values.push((name.to_string(), assigned(value)));
                }
                match call.arguments.positional.first() {
                    Some(Value::Dict(items)) => {
                        for (key, value) in items.iter() {
                            let name = key.name().or_else(|| column_name(key));
                            values.extend(name.clone().map(|name| (name, assigned(value))));
                            columns.extend(name);
                            words(value, &mut reads);
                        }
                    }
                    Some(_) => columns.push(HOLE.to_string()),
                    None => {}
                }
            }
            "on_conflict_do_nothing"
            | "on_conflict_do_update"
            | "on_duplicate_key_update"
            | "prefix_with" => {
                lenient = true;
            }
            "where" | "filter" | "filter_by" => whole = false,
            "from_select" => {
                columns.extend(
                    call.arguments.positional.first().and_then(schema::columns_of).unwrap_or_default(),
                );
                if let Some(query) = call.arguments.positional.get(1) {
                    words(query, &mut sources);
                }
            }
            "select" | "union" | "union_all" | "exists" => return Core::Reads,
            "update" | "insert" | "delete" => {
                let table_of = |value: &Value<'_>| value.call().and_then(table_of);
                let named = call.arguments.positional.first().and_then(table_of);
                let Some(table) = base.and_then(table_of).or(named) else { return Core::Unknown };
                let kind = match verb {
                    "update" => Kind::Update { table, columns, reads, values, whole },
                    "insert" => Kind::Insert { table, columns, sources, bulk: false, lenient },
                    _ => Kind::Delete { table, whole },
                };
                return Core::Writes(Box::new(kind));
            }
            _ => {}
        }
        match base {
            Some(base) => at = base,
            None => return Core::Unknown,
        }
    }
}

fn assigned(value: &Value<'_>) -> Assigned {
    match value {
        Value::None => Assigned::Literal(None),
        Value::Str(_) => value.name().map_or(Assigned::Other, |text| Assigned::Literal(Some(text))),
        Value::Int(number) => Assigned::Literal(Some(number.to_string())),
        Value::Bool(is) => Assigned::Literal(Some(is.to_string())),
        Value::Attribute(_, name) => Assigned::Column((*name).to_owned()),
        _ => Assigned::Other,
    }
}

/// Names that a value of SQLAlchemy mentions.
fn words(value: &Value<'_>, out: &mut Vec<String>) {
    match value {
        Value::Str(text) => out.push(text.to_string()),
        Value::Attribute(base, name) => {
            out.push((*name).to_owned());
            words(base, out);
        }
        Value::Call(call) => {
            words(&call.function, out);
            call.arguments.positional.iter().for_each(|value| words(value, out));
        }
        Value::List(items) => items.iter().for_each(|value| words(value, out)),
        Value::Dict(items) => items.iter().for_each(|(_, value)| words(value, out)),
        _ => {}
    }
}

fn column_name(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Attribute(_, name) => Some((*name).to_owned()),
        _ => None,
    }
}

/// The table that `sa.table("users", …)` or `sa.Table("users", …)` stands for.
pub(super) fn table_of(call: &Call<'_>) -> Option<String> {
    match call.function.class() {
        Some("table" | "Table" | "TableClause") => {
            let name = call.arguments.text("name", 0)?;
            Some(match call.arguments.text("schema", usize::MAX) {
                Some(schema) => format!("{schema}.{name}"),
                None => name,
            })
        }
        // `op.create_table(…)` gives the table that it makes.
        Some("create_table") => call.arguments.text("table_name", 0),
        _ => None,
    }
}
