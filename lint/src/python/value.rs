//! What a Python expression stands for, as far as that can be known without running it.

use std::borrow::Cow;
use std::rc::Rc;

use ruff_python_ast::{Expr, StmtFunctionDef};

/// Stands in a text for a part that only running the migration tells. A letter, so that SQL with holes still parses; one
/// that nobody uses.
pub(crate) const HOLE: char = 'ʘ';

/// A module, by its place: the file that is read, and behind it those that it imports.
pub(crate) type Home = usize;

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Unknown,
    None,
    Bool(bool),
    Int(i64),
    /// May have [`HOLE`]s.
    Str(Rc<str>),
    List(Rc<[Value<'a>]>),
    Dict(Rc<[(Value<'a>, Value<'a>)]>),
    /// Something of another module, or a builtin, by its full name (`sqlalchemy.Column`).
    Global(Rc<str>),
    /// An attribute of something that is not looked into.
    Attribute(Rc<Value<'a>>, &'a str),
    /// What a call gives that is not looked into.
    Call(Rc<Call<'a>>),
    /// A function, and the module that it is of.
    Function(&'a StmtFunctionDef, Home),
    /// A lambda without arguments, and the module that it is of.
    Lambda(&'a Expr, Home),
}

/// A call that stands for its result.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) function: Value<'a>,
    pub(crate) arguments: Arguments<'a>,
    /// 1-based line.
    pub(crate) line: u32,
}

/// The arguments of a call.
#[derive(Debug, Default)]
pub(crate) struct Arguments<'a> {
    pub(crate) positional: Vec<Value<'a>>,
    pub(crate) named: Vec<(Cow<'a, str>, Value<'a>)>,
    /// `*rest` or `**rest` that is not known: any argument may be there.
    pub(crate) open: bool,
}

impl<'a> Arguments<'a> {
    /// An argument by its name or position; `None` where it is not given.
    pub(crate) fn get(&self, name: &str, position: usize) -> Option<&Value<'a>> {
        self.named(name).or_else(|| self.positional.get(position))
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Value<'a>> {
        self.named.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Whether there is a function among them.
    pub(crate) fn has_code(&self) -> bool {
        let named = self.named.iter().map(|(_, value)| value);
        self.positional
            .iter()
            .chain(named)
            .any(|value| matches!(value, Value::Function(..) | Value::Lambda(..)))
    }

    /// A flag; `default` where it is not given or not known.
    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        match self.named(name) {
            Some(Value::Bool(is)) => *is,
            _ => default,
        }
    }

    /// A text that is known as a whole.
    pub(crate) fn text(&self, name: &str, position: usize) -> Option<String> {
        self.get(name, position)?.name()
    }
}

impl<'a> Value<'a> {
    pub(crate) fn str(text: impl AsRef<str>) -> Self {
        Self::Str(text.as_ref().into())
    }

    pub(crate) fn list(items: Vec<Self>) -> Self {
        Self::List(items.into())
    }

    /// The text of a name: without holes. `op.f("…")` and `quoted_name("…")` are their first argument.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Str(text) if !text.contains(HOLE) => Some(text.to_string()),
            Self::Call(call) => {
                let wraps = matches!(
                    call.function.global(),
                    Some(
                        "alembic.op.f"
                            | "sqlalchemy.sql.quoted_name"
                            | "sqlalchemy.sql.elements.quoted_name"
                            | "sqlalchemy.quoted_name"
                    )
                ) || call.function.method() == Some("f");
                wraps.then(|| call.arguments.positional.first())?.and_then(Value::name)
            }
            _ => None,
        }
    }

    /// The full name of something of another module.
    pub(crate) fn global(&self) -> Option<&str> {
        match self {
            Self::Global(path) => Some(path),
            _ => None,
        }
    }

    /// The last part of a full name: `Column` of `sqlalchemy.Column`.
    pub(crate) fn class(&self) -> Option<&str> {
        self.global().map(|path| path.rsplit_once('.').map_or(path, |(_, last)| last))
    }

    pub(crate) fn method(&self) -> Option<&'a str> {
        match self {
            Self::Attribute(_, name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn call(&self) -> Option<&Call<'a>> {
        match self {
            Self::Call(call) => Some(call),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> Option<&[Value<'a>]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Whether it counts as true, where that can be known.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::Bool(is) => Some(*is),
            Self::Int(number) => Some(*number != 0),
            Self::Str(text) if text.contains(HOLE) => None,
            Self::Str(text) => Some(!text.is_empty()),
            Self::List(items) => Some(!items.is_empty()),
            Self::Dict(items) => Some(!items.is_empty()),
            Self::Function(..) | Self::Lambda(..) => Some(true),
            Self::Unknown | Self::Global(_) | Self::Attribute(..) | Self::Call(_) => None,
        }
    }

    /// Whether two values are the same, where that can be known.
    pub(crate) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Str(a), Self::Str(b)) if a.contains(HOLE) || b.contains(HOLE) => None,
            (Self::Str(a), Self::Str(b)) => Some(a == b),
            (Self::Int(a), Self::Int(b)) => Some(a == b),
            (Self::Bool(a), Self::Bool(b)) => Some(a == b),
            (Self::None, Self::None) => Some(true),
            (Self::Unknown | Self::Global(_) | Self::Attribute(..) | Self::Call(_), _)
            | (_, Self::Unknown | Self::Global(_) | Self::Attribute(..) | Self::Call(_)) => None,
            (Self::List(a), Self::List(b)) if a.len() == b.len() => {
                a.iter().zip(b.iter()).try_fold(true, |all, (a, b)| Some(all && a.equals(b)?))
            }
            (Self::Dict(_), Self::Dict(_)) => None,
            _ => Some(false),
        }
    }

    /// Whether both are surely the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown, Self::Unknown) => true,
            (Self::Global(a), Self::Global(b)) => a == b,
            (Self::Attribute(a, name), Self::Attribute(b, other)) => name == other && a.is_same(b),
            (Self::Call(a), Self::Call(b)) => Rc::ptr_eq(a, b),
            (Self::Function(a, _), Self::Function(b, _)) => std::ptr::eq(*a, *b),
            (Self::Dict(a), Self::Dict(b)) => Rc::ptr_eq(a, b),
            (Self::List(a), Self::List(b)) if Rc::ptr_eq(a, b) => true,
            (a, b) => a.equals(b) == Some(true),
        }
    }

    /// As it stands in a formatted text.
    pub(crate) fn display(&self) -> String {
        match self {
            Self::Str(text) => text.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Bool(is) => if *is { "True" } else { "False" }.to_owned(),
            Self::None => "None".to_owned(),
            _ => HOLE.to_string(),
        }
    }
}
