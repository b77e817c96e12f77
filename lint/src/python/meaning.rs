//! What a call is for.

use super::Reader;
use super::core;
use super::value::{Arguments, Call, Value};
use crate::operation::{Kind, Written};

/// Modules whose functions write nothing to a database by being called.
const HARMLESS: &[&str] = &[
    "sqlalchemy",
    "alembic",
    "logging",
    "warnings",
    "time",
    "datetime",
    "os",
    "sys",
    "json",
    "re",
    "uuid",
    "typing",
    "enum",
    "collections",
    "itertools",
    "functools",
    "textwrap",
    "pathlib",
    "hashlib",
    "random",
    "secrets",
    "string",
    "decimal",
    "math",
    "copy",
    "operator",
    "inspect",
    "contextlib",
    "base64",
    "zlib",
    "pickle",
    "io",
    "struct",
    "unicodedata",
    "sqlmodel",
    "geoalchemy2",
    "pgvector",
    "sqlalchemy_utils",
    "citext",
    "__future__",
    "traceback",
    "packaging",
    "pytz",
    "zoneinfo",
];

/// Methods that change no database, or only end what others have begun.
const QUIET: &[&str] = &[
    "commit",
    "flush",
    "close",
    "begin",
    "begin_nested",
    "expunge_all",
    "expire_all",
    "rollback",
    "info",
    "debug",
    "warning",
    "warn",
    "error",
    "exception",
    "log",
    "update_progress",
    "write",
    "sleep",
    "append",
    "extend",
    "add_argument",
    "setLevel",
    "reflect",
    "fetchall",
    "fetchone",
    "refresh",
    "get_bind",
    "get_context",
    "split",
    "strip",
    "setdefault",
    "sort",
];

/// Functions and classes that are there without an import.
const BUILTINS: &[&str] = &[
    "abs",
    "all",
    "any",
    "bool",
    "bytes",
    "callable",
    "chr",
    "dict",
    "dir",
    "enumerate",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "locals",
    "map",
    "max",
    "min",
    "next",
    "object",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "vars",
    "zip",
];

/// Whether a name is there without an import.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name)
        || name.starts_with("__")
        || name.ends_with("Error")
        || name.ends_with("Exception")
}

pub(super) enum Meaning<'c, 'a> {
    /// An operation of Alembic, in a batch or alone.
    Operation(&'c str, Option<&'c Arguments<'a>>),
    Execute(Written),
    /// `create` or `drop` of an object of SQLAlchemy, called by its own method.
    Object {
        object: &'c Call<'a>,
        made: bool,
    },
    /// Nothing is done by calling it.
    Harmless,
    /// Code that is not in this file.
    Elsewhere,
    Unknown,
}

pub(super) fn of<'c, 'a>(call: &'c Call<'a>) -> Meaning<'c, 'a> {
    match &call.function {
        Value::Global(path) => {
            if let Some(name) = path.strip_prefix("alembic.op.") {
                return Meaning::Operation(name, None);
            }
            if &**path == "alembic.context.execute" {
                return Meaning::Execute(Written::Connection);
            }
            let root = path.split('.').next().unwrap_or(path);
            let is_builtin = !path.contains('.');
            if is_builtin || HARMLESS.contains(&root) { Meaning::Harmless } else { Meaning::Elsewhere }
        }
        // One that is not followed.
        Value::Function(..) => Meaning::Elsewhere,
        Value::Attribute(base, name) => {
            if let Value::Call(object) = &**base {
                if object.function.global() == Some("alembic.op.batch_alter_table") {
                    return Meaning::Operation(name, Some(&object.arguments));
                }
                if matches!(*name, "create" | "drop") && core::is_object(object) {
                    return Meaning::Object { object, made: *name == "create" };
                }
            }
            match *name {
                "execute" | "exec_driver_sql" | "scalar" | "scalars"
                    if !call.arguments.positional.is_empty() =>
                {
                    Meaning::Execute(Written::Connection)
                }
                name if QUIET.contains(&name) => Meaning::Harmless,
                _ => Meaning::Unknown,
            }
        }
        _ => Meaning::Unknown,
    }
}

impl<'a> Reader<'a> {
    /// Notes what a call does.
    pub(super) fn effect(&mut self, call: &Call<'a>) {
        match of(call) {
            Meaning::Operation(name, batch) => self.operation(name, batch, &call.arguments),
            Meaning::Execute(written) => {
                if let Some(statement) = call.arguments.positional.first() {
                    self.execute(statement, written);
                }
            }
            Meaning::Object { object, made } => self.object(object, made, &call.arguments),
            // A value that is made elsewhere is only unknown; what is given the database may do anything to it.
            Meaning::Elsewhere if call.arguments.positional.iter().any(is_database) => self.elsewhere(call),
            Meaning::Harmless | Meaning::Elsewhere | Meaning::Unknown => {}
        }
    }

    fn elsewhere(&mut self, call: &Call<'a>) {
        let what = match &call.function {
            Value::Function(function, _) => function.name.as_str(),
            function => function.global().unwrap_or_default(),
        };
        self.emit(Kind::Opaque { what: format!("{what}(…)") });
    }

    /// A call whose value nobody takes.
    pub(super) fn called_for_its_effect(&mut self, call: &Call<'a>) {
        match of(call) {
            Meaning::Elsewhere if !call.arguments.positional.iter().any(is_database) => self.elsewhere(call),
            Meaning::Unknown => {
                let what = match call.function.method() {
                    Some(name) => format!("….{name}(…)"),
                    None => "a call of what only running the migration tells".to_owned(),
                };
                self.emit(Kind::Opaque { what });
            }
            _ => {}
        }
    }
}

/// `op`, or a connection.
fn is_database(value: &Value<'_>) -> bool {
    match value {
        Value::Global(path) => &**path == "alembic.op",
        Value::Call(call) => {
            matches!(call.function.global(), Some("alembic.op.get_bind" | "alembic.op.get_context"))
        }
        _ => false,
    }
}
