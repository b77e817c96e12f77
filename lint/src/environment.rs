//! What a suite's `env.py` tells Alembic: the options of each `context.configure(…)`, as far as the file says them.

use std::collections::{BTreeMap, BTreeSet};

use mrt_chain::graph::RevisionFile;
use mrt_chain::settings::EngineKind;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall, ModModule, Stmt};

use crate::source::{Lines, Noqa, Source, SourceError};

/// The file, in the script directory.
pub(crate) const FILE: &str = "env.py";

/// An `env.py`, and what of its suite matters to it.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The calls of `context.configure`, in the order of the file.
    pub configures: Vec<Configure>,
    /// Lines where a connection is put into AUTOCOMMIT.
    pub autocommits: Vec<u32>,
    /// The suite's engines.
    pub engines: BTreeSet<EngineKind>,
    /// Some revision leaves its transaction (`autocommit_block`).
    pub leaves_transactions: bool,
}

/// One `context.configure(…)`.
#[derive(Debug, Clone)]
pub struct Configure {
    /// 1-based line.
    pub line: u32,
    /// Its options; the line is that of the value.
    pub options: BTreeMap<String, (Given, u32)>,
    /// `**options` that are not known here: any may be among them.
    pub open: bool,
}

/// What an option is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// `None`.
    Nothing,
    /// `True` or `False`.
    Bool(bool),
    /// A text.
    Text(String),
    /// Something that only running the file tells.
    Unknown,
}

/// The file and what is in it.
#[derive(Debug)]
pub(crate) struct EnvironmentFile {
    /// Where it is.
    pub(crate) file: RevisionFile,
    /// Its text.
    pub(crate) text: String,
    /// What is in it, and the lines that ask for silence.
    pub(crate) read: Result<(Environment, Noqa), SourceError>,
}

impl EnvironmentFile {
    /// Reads a text that is used on these engines.
    pub(crate) fn new(
        file: RevisionFile,
        source: Result<Source, SourceError>,
        engines: BTreeSet<EngineKind>,
    ) -> Self {
        match source {
            Ok(source) => Self { file, read: read(&source, engines), text: source.text },
            Err(error) => Self { file, read: Err(error), text: String::new() },
        }
    }
}

fn read(source: &Source, engines: BTreeSet<EngineKind>) -> Result<(Environment, Noqa), SourceError> {
    let parsed = source.parse()?;
    let mut reader = Reader {
        lines: &source.lines,
        names: names(parsed.syntax()),
        environment: Environment {
            configures: Vec::new(),
            autocommits: Vec::new(),
            engines,
            leaves_transactions: false,
        },
    };
    reader.visit_body(&parsed.syntax().body);
    Ok((reader.environment, Noqa::of(source, &parsed)))
}

/// The module's names that are given a value once.
fn names(module: &ModModule) -> BTreeMap<&str, Option<&Expr>> {
    let mut names = BTreeMap::new();
    for statement in &module.body {
        let (target, value) = match statement {
            Stmt::Assign(assign) => match assign.targets.as_slice() {
                [target] => (target, Some(&*assign.value)),
                _ => continue,
            },
            Stmt::AnnAssign(assign) => (&*assign.target, assign.value.as_deref()),
            _ => continue,
        };
        if let Expr::Name(name) = target {
            names.entry(name.id.as_str()).and_modify(|own| *own = None).or_insert(value);
        }
    }
    names
}

struct Reader<'a> {
    lines: &'a Lines,
    names: BTreeMap<&'a str, Option<&'a Expr>>,
    environment: Environment,
}

impl<'a> Visitor<'a> for Reader<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            if is_configure(call) {
                let configure = self.configure(call);
                self.environment.configures.push(configure);
            }
            let level = call
                .arguments
                .keywords
                .iter()
                .find(|keyword| is_named(keyword.arg.as_ref(), "isolation_level"));
            if let Some(level) = level
                && matches!(self.given(&level.value), Given::Text(text) if text.eq_ignore_ascii_case("autocommit"))
            {
                self.environment.autocommits.push(self.line(level));
            }
        }
        visitor::walk_expr(self, expression);
    }
}

impl<'a> Reader<'a> {
    fn configure(&self, call: &'a ExprCall) -> Configure {
        let mut configure = Configure { line: self.line(call), options: BTreeMap::new(), open: false };
        for keyword in &call.arguments.keywords {
            match &keyword.arg {
                Some(name) => {
                    let given = (self.given(&keyword.value), self.line(keyword));
                    configure.options.insert(name.as_str().to_owned(), given);
                }
                None => configure.open = true,
            }
        }
        configure
    }

    fn given(&self, value: &Expr) -> Given {
        let value = match value {
            Expr::Name(name) => self.names.get(name.id.as_str()).copied().flatten().unwrap_or(value),
            value => value,
        };
        match value {
            Expr::NoneLiteral(_) => Given::Nothing,
            Expr::BooleanLiteral(literal) => Given::Bool(literal.value),
            Expr::StringLiteral(literal) => Given::Text(literal.value.to_str().to_owned()),
            _ => Given::Unknown,
        }
    }

    fn line(&self, node: &impl ruff_text_size::Ranged) -> u32 {
        self.lines.of(node.range().start().to_usize())
    }
}

/// `context.configure(…)`, whatever the context is called.
fn is_configure(call: &ExprCall) -> bool {
    let Expr::Attribute(method) = &*call.func else { return false };
    let base = match &*method.value {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return false,
    };
    method.attr.as_str() == "configure" && base.to_lowercase().ends_with("context")
}

fn is_named(name: Option<&ruff_python_ast::Identifier>, wanted: &str) -> bool {
    name.is_some_and(|name| name.as_str() == wanted)
}

impl Environment {
    /// The calls that work on a database, and do not write SQL for somebody else to run.
    pub fn online(&self) -> impl Iterator<Item = &Configure> {
        self.configures.iter().filter(|configure| !configure.is_offline())
    }

    /// Those that compare it with models (autogenerate, `alembic check`).
    pub fn comparing(&self) -> impl Iterator<Item = &Configure> {
        self.online().filter(|configure| {
            let models = configure.options.get("target_metadata").map(|(given, _)| given);
            models.is_some_and(|given| *given != Given::Nothing)
        })
    }
}

impl Configure {
    /// SQL is written, and no database asked.
    pub fn is_offline(&self) -> bool {
        let has = |name: &str| self.options.contains_key(name);
        (has("url") || has("literal_binds")) && !has("connection")
    }

    /// An option and its line; `None` where it is not given, or may be given where it cannot be seen.
    pub fn get(&self, option: &str) -> Option<&(Given, u32)> {
        self.options.get(option)
    }

    /// Whether an option is surely left at Alembic's own value.
    pub fn lacks(&self, option: &str) -> bool {
        !self.open && self.options.get(option).is_none_or(|(given, _)| *given == Given::Nothing)
    }

    /// The line of an option that is `True` or `False`.
    pub fn line_of(&self, option: &str, value: bool) -> Option<u32> {
        self.options.get(option).filter(|(given, _)| *given == Given::Bool(value)).map(|(_, line)| *line)
    }
}
