//! What one revision file says, read from its syntax tree.

use std::collections::BTreeMap;
use std::path::Path;

use ruff_python_ast::{ExceptHandler, Expr, ModModule, Operator, Stmt};
use ruff_text_size::Ranged;

use super::{GraphError, Revision, RevisionFile};
use crate::text;

/// A revision whose `down` and `depends_on` are still as the file writes them.
#[derive(Debug, Clone)]
pub struct Draft {
    pub(super) revision: Revision,
    pub(super) revision_line: u32,
    pub(super) down_line: u32,
    pub(super) depends_on_line: u32,
}

/// Reads a revision file's text.
pub(super) fn read(file: &RevisionFile, source: &str) -> Result<Draft, GraphError> {
    let parsed = ruff_python_parser::parse_module(source).map_err(|error| {
        let (line, column) = text::line_column(source, error.location.start().to_usize());
        GraphError::Syntax { file: file.display.clone(), line, column, message: error.error.to_string() }
    })?;
    understand(file, source, parsed.syntax())
}

/// Reads a revision file's syntax tree.
fn understand(file: &RevisionFile, source: &str, module: &ModModule) -> Result<Draft, GraphError> {
    let RevisionFile { path: file, display: display_file } = file;
    let body = &module.body;
    let mut names = Names::default();
    names.run(body, false);

    let reader = Reader { display_file, source, names: &names };
    let (id, revision_line) = match reader.value("revision")? {
        Some((Constant::Text(id), line)) => (id, line),
        Some((_, line)) => return Err(reader.not_constant("revision", line)),
        None => (id_of_file_name(file).ok_or_else(|| reader.missing("revision"))?, 1),
    };
    let (down, down_line) = reader.value("down_revision")?.ok_or_else(|| reader.missing("down_revision"))?;
    let (depends_on, depends_on_line) = reader.value("depends_on")?.unwrap_or((Constant::None, 1));
    // A label that only running the file tells is a name less for people, and no reason to refuse the chain.
    let labels = names.bound.get("branch_labels").and_then(|binding| binding.value.clone());
    Ok(Draft {
        revision: Revision {
            id,
            down: down.into_words(),
            depends_on: depends_on.into_words(),
            labels: labels.map(Constant::into_words).unwrap_or_default(),
            title: title(body),
            file: file.to_owned(),
            display_file: display_file.to_owned(),
            upgrade_line: reader.line_of("upgrade").unwrap_or(1),
            downgrade_line: reader.line_of("downgrade"),
        },
        revision_line,
        down_line,
        depends_on_line,
    })
}

impl Draft {
    /// What the syntax tree of a revision file says. `source` is the text that it was made of.
    ///
    /// # Errors
    /// When Alembic would not take the file for a revision, or only running it tells which one it is.
    pub fn new(file: &RevisionFile, source: &str, module: &ModModule) -> Result<Self, GraphError> {
        understand(file, source, module)
    }

    /// The revision, with the names of its parents as the file writes them.
    pub fn as_revision(&self) -> &Revision {
        &self.revision
    }
}

/// Before Alembic 0.2 a file's name alone was its id: hexadecimal digits and nothing else.
fn id_of_file_name(file: &Path) -> Option<String> {
    let stem = file.file_name()?.to_str()?.strip_suffix(".py")?;
    let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    (!stem.is_empty() && stem.chars().all(hexadecimal)).then(|| stem.to_owned())
}

/// First line of the docstring.
fn title(body: &[Stmt]) -> String {
    match body.first() {
        Some(Stmt::Expr(statement)) => match statement.value.as_ref() {
            Expr::StringLiteral(docstring) => {
                docstring.value.to_str().trim().lines().next().unwrap_or_default().trim_end().to_owned()
            }
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// A value of the kinds that Alembic understands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Constant {
    None,
    Text(String),
    Many(Vec<String>),
}

impl Constant {
    /// The words, each once, in the order of the file.
    fn into_words(self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Text(word) => vec![word],
            Self::Many(words) => {
                let mut unique = Vec::with_capacity(words.len());
                for word in words {
                    if !unique.contains(&word) {
                        unique.push(word);
                    }
                }
                unique
            }
        }
    }
}

/// The module's names after its statements ran, as far as that can be known without running them.
#[derive(Debug, Default)]
struct Names {
    bound: BTreeMap<String, Binding>,
    /// Byte offset of a `from … import *`, which can bind anything.
    star: Option<usize>,
}

#[derive(Debug)]
struct Binding {
    offset: usize,
    /// `None` when only running the file tells.
    value: Option<Constant>,
}

impl Names {
    /// `uncertain`: these statements may not run, or run several times.
    fn run(&mut self, body: &[Stmt], uncertain: bool) {
        for statement in body {
            match statement {
                Stmt::Assign(assign) => {
                    for target in &assign.targets {
                        self.assign(target, &assign.value, uncertain);
                    }
                }
                Stmt::AnnAssign(assign) => {
                    if let Some(value) = &assign.value {
                        self.assign(&assign.target, value, uncertain);
                    }
                }
                Stmt::AugAssign(assign) => {
                    if let Expr::Name(name) = assign.target.as_ref() {
                        let old = self.bound.get(name.id.as_str()).and_then(|binding| binding.value.clone());
                        let value = match (old, assign.op) {
                            (Some(old), Operator::Add) if !uncertain => {
                                self.constant(&assign.value).and_then(|more| sum(old, more))
                            }
                            _ => None,
                        };
                        self.bind(name.id.as_str(), statement.start().to_usize(), value);
                    }
                }
                Stmt::FunctionDef(function) => {
                    self.bind(function.name.as_str(), function.name.start().to_usize(), None);
                }
                Stmt::ClassDef(class) => self.bind(class.name.as_str(), class.name.start().to_usize(), None),
                Stmt::Import(import) => {
                    for alias in &import.names {
                        let name = alias.asname.as_ref().unwrap_or(&alias.name);
                        self.bind(name.as_str(), alias.start().to_usize(), None);
                    }
                }
                Stmt::ImportFrom(import) => {
                    for alias in &import.names {
                        let offset = alias.start().to_usize();
                        if alias.name.as_str() == "*" {
                            self.star = Some(offset);
                        } else {
                            self.bind(alias.asname.as_ref().unwrap_or(&alias.name).as_str(), offset, None);
                        }
                    }
                }
                Stmt::If(branch) => {
                    self.run(&branch.body, true);
                    for clause in &branch.elif_else_clauses {
                        self.run(&clause.body, true);
                    }
                }
                Stmt::Try(attempt) => {
                    self.run(&attempt.body, true);
                    for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                        self.run(&handler.body, true);
                    }
                    self.run(&attempt.orelse, true);
                    self.run(&attempt.finalbody, true);
                }
                Stmt::With(with) => self.run(&with.body, uncertain),
                Stmt::For(repeat) => self.run(&repeat.body, true),
                Stmt::While(repeat) => self.run(&repeat.body, true),
                Stmt::Match(choice) => {
                    for case in &choice.cases {
                        self.run(&case.body, true);
                    }
                }
                _ => {}
            }
        }
    }

    fn assign(&mut self, target: &Expr, value: &Expr, uncertain: bool) {
        match (target, elements(target), elements(value)) {
            (Expr::Name(name), ..) => {
                let constant = if uncertain { None } else { self.constant(value) };
                self.bind(name.id.as_str(), target.start().to_usize(), constant);
            }
            (_, Some(targets), Some(values)) if targets.len() == values.len() => {
                for (target, value) in targets.iter().zip(values) {
                    self.assign(target, value, uncertain);
                }
            }
            (_, Some(targets), _) => {
                for target in targets {
                    if let Expr::Name(name) = target {
                        self.bind(name.id.as_str(), target.start().to_usize(), None);
                    }
                }
            }
            _ => {}
        }
    }

    fn bind(&mut self, name: &str, offset: usize, value: Option<Constant>) {
        self.bound.insert(name.to_owned(), Binding { offset, value });
    }

    fn constant(&self, expression: &Expr) -> Option<Constant> {
        match expression {
            Expr::NoneLiteral(_) => Some(Constant::None),
            Expr::StringLiteral(string) => Some(Constant::Text(string.value.to_str().to_owned())),
            Expr::Name(name) => self.bound.get(name.id.as_str())?.value.clone(),
            Expr::BinOp(sum_of) if sum_of.op == Operator::Add => {
                sum(self.constant(&sum_of.left)?, self.constant(&sum_of.right)?)
            }
            _ => {
                let mut words = Vec::new();
                for element in elements(expression)? {
                    match element {
                        Expr::Starred(starred) => words.extend(self.constant(&starred.value)?.into_words()),
                        element => match self.constant(element)? {
                            Constant::Text(word) => words.push(word),
                            Constant::None | Constant::Many(_) => return None,
                        },
                    }
                }
                Some(Constant::Many(words))
            }
        }
    }
}

fn elements(expression: &Expr) -> Option<&[Expr]> {
    match expression {
        Expr::Tuple(tuple) => Some(&tuple.elts),
        Expr::List(list) => Some(&list.elts),
        Expr::Set(set) => Some(&set.elts),
        _ => None,
    }
}

fn sum(left: Constant, right: Constant) -> Option<Constant> {
    match (left, right) {
        (Constant::Text(left), Constant::Text(right)) => Some(Constant::Text(left + &right)),
        (Constant::Many(mut left), Constant::Many(right)) => {
            left.extend(right);
            Some(Constant::Many(left))
        }
        _ => None,
    }
}

struct Reader<'a> {
    display_file: &'a str,
    source: &'a str,
    names: &'a Names,
}

impl Reader<'_> {
    /// A variable's value and line; `None` when the file does not assign it.
    fn value(&self, variable: &'static str) -> Result<Option<(Constant, u32)>, GraphError> {
        match (self.names.bound.get(variable), self.names.star) {
            (Some(Binding { offset, value }), _) => {
                let line = text::line(self.source, *offset);
                let value = value.clone().ok_or_else(|| self.not_constant(variable, line))?;
                Ok(Some((value, line)))
            }
            // Only the two variables that each revision has can be missed; the others are seldom there.
            (None, Some(star)) if matches!(variable, "revision" | "down_revision") => {
                Err(self.not_constant(variable, text::line(self.source, star)))
            }
            (None, _) => Ok(None),
        }
    }

    fn line_of(&self, function: &str) -> Option<u32> {
        let offset = self.names.bound.get(function).map(|binding| binding.offset).or(self.names.star)?;
        Some(text::line(self.source, offset))
    }

    fn not_constant(&self, variable: &'static str, line: u32) -> GraphError {
        GraphError::NotConstant { file: self.display_file.to_owned(), line, variable }
    }

    fn missing(&self, variable: &'static str) -> GraphError {
        GraphError::NoVariable { file: self.display_file.to_owned(), variable }
    }
}
