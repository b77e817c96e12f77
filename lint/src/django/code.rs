//! What the function of a `RunPython` says of itself: the models that it asks for rows, and those whose rows it writes.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ModModule, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged as _;

use super::app;
use super::field::ModelKey;
use crate::python::Value;
use crate::source::Lines;

/// Functions that call each other are followed so far.
const DEEPEST: usize = 8;

/// A function, as far as its text tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Code {
    pub(super) name: String,
    /// It does nothing.
    pub(super) empty: bool,
    /// Models that are imported and asked for rows, and the line where that is done.
    pub(super) imported: Vec<(String, u32)>,
    pub(super) writes: Vec<Write>,
}

/// Rows of a model are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) model: ModelKey,
    /// The fields that are; `None` is all of them, in a new row.
    pub(super) fields: Option<Vec<String>>,
    /// The rows go.
    pub(super) deletes: bool,
}

/// Reads the function that a value is.
pub(super) fn read(value: &Value<'_>, module: &ModModule, lines: &Lines) -> Code {
    match value {
        Value::Global(path) if path.ends_with(".RunPython.noop") => {
            Code { name: "noop".to_owned(), empty: true, ..Code::default() }
        }
        Value::Global(path) => Code { name: path.to_string(), ..Code::default() },
        Value::Function(function, _) => {
            let mut walk = Walk { module, lines, code: Code::default(), models: BTreeMap::new(), depth: 0 };
            walk.imports(&module.body);
            walk.function(function);
            let mut code = walk.code;
            code.name = function.name.to_string();
            code.empty = function.body.iter().all(does_nothing);
            code.imported.sort();
            code.imported.dedup();
            code
        }
        _ => Code { name: "a function".to_owned(), ..Code::default() },
    }
}

fn does_nothing(statement: &Stmt) -> bool {
    match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(expression) => {
            matches!(&*expression.value, Expr::StringLiteral(_) | Expr::EllipsisLiteral(_))
        }
        Stmt::Return(end) => end.value.as_deref().is_none_or(|value| value.is_none_literal_expr()),
        _ => false,
    }
}

/// What a name stands for.
#[derive(Debug, Clone)]
enum Bound {
    /// A model, by `apps.get_model`.
    Model(ModelKey),
    /// A row that was there, and its attributes that are set.
    Row(ModelKey, BTreeSet<String>),
    /// A row that is made.
    New(ModelKey),
    /// A model that is imported, or a module of models.
    Imported,
}

struct Walk<'a, 'l> {
    module: &'a ModModule,
    lines: &'l Lines,
    code: Code,
    models: BTreeMap<&'a str, Bound>,
    depth: usize,
}

impl<'a> Walk<'a, '_> {
    fn function(&mut self, function: &'a StmtFunctionDef) {
        if self.depth < DEEPEST {
            self.depth += 1;
            function.body.iter().for_each(|statement| self.visit_stmt(statement));
            self.depth -= 1;
        }
    }

    /// Names that stand for models of the code as it is now, and not as it was at this migration.
    fn imports(&mut self, body: &'a [Stmt]) {
        for import in body.iter().filter_map(Stmt::as_import_from_stmt) {
            let module = import.module.as_ref().map_or("", |module| module.as_str());
            let of_models =
                module.split('.').any(|part| part == "models") && !module.starts_with("django.db");
            for alias in &import.names {
                let is_module = alias.name.as_str() == "models"
                    && module != "django.db"
                    && module != "django.contrib.gis.db";
                if of_models || is_module {
                    self.models
                        .insert(alias.asname.as_ref().unwrap_or(&alias.name).as_str(), Bound::Imported);
                }
            }
        }
    }

    /// What an expression comes from: the first name of it.
    fn root(&self, expression: &'a Expr) -> Option<(Option<&'a str>, Bound)> {
        match expression {
            Expr::Name(name) => {
                let name = name.id.as_str();
                Some((Some(name), self.models.get(name)?.clone()))
            }
            Expr::Attribute(attribute) => self.root(&attribute.value),
            Expr::Subscript(subscript) => self.root(&subscript.value),
            Expr::Call(call) => match model(expression) {
                Some(key) => Some((None, Bound::Model(key))),
                None => self.root(&call.func),
            },
            _ => None,
        }
    }

    fn bind(&mut self, target: &'a Expr, value: &'a Expr, iterated: bool) {
        let Expr::Name(name) = target else { return };
        let name = name.id.as_str();
        let bound = match self.root(value) {
            Some((_, Bound::Model(key))) => {
                let makes = matches!(value, Expr::Call(call) if call.func.is_name_expr());
                match value {
                    _ if iterated => Bound::Row(key, BTreeSet::new()),
                    value if model(value).is_some() => Bound::Model(key),
                    _ if makes => Bound::New(key),
                    // A query: its rows, or what its last method gives.
                    _ => Bound::Row(key, BTreeSet::new()),
                }
            }
            Some((_, bound)) => bound,
            None => {
                self.models.remove(name);
                return;
            }
        };
        self.models.insert(name, bound);
    }

    fn method(&mut self, base: &'a Expr, method: &str, call: &'a ruff_python_ast::ExprCall) {
        let named = || {
            let keywords = call.arguments.keywords.iter();
            keywords.map(|keyword| keyword.arg.as_ref().map(ToString::to_string)).collect::<Option<Vec<_>>>()
        };
        let Some((_, bound)) = self.root(base) else { return };
        let (Bound::Model(model) | Bound::Row(model, _) | Bound::New(model)) = &bound else { return };
        let fields = match (method, &bound) {
            ("create" | "bulk_create" | "get_or_create" | "update_or_create", _)
            | ("save", Bound::New(_)) => None,
            ("update", _) => named(),
            ("save", Bound::Row(_, set)) => Some(set.iter().cloned().collect()),
            ("bulk_update", _) => match call.arguments.find_argument_value("fields", 1) {
                Some(Expr::List(list)) => list
                    .elts
                    .iter()
                    .map(|field| field.as_string_literal_expr().map(|text| text.value.to_str().to_owned()))
                    .collect(),
                _ => Some(Vec::new()),
            },
            ("delete", _) => Some(Vec::new()),
            _ => return,
        };
        let write = Write { model: model.clone(), fields, deletes: method == "delete" };
        if !self.code.writes.contains(&write) {
            self.code.writes.push(write);
        }
    }
}

/// The model of `apps.get_model("shop", "Order")`.
fn model(expression: &Expr) -> Option<ModelKey> {
    let call = expression.as_call_expr()?;
    let is_it = match &*call.func {
        Expr::Attribute(attribute) => attribute.attr.as_str() == "get_model",
        _ => false,
    };
    let text = |name, position| {
        let value = call.arguments.find_argument_value(name, position)?;
        Some(value.as_string_literal_expr()?.value.to_str())
    };
    let label = text("app_label", 0).filter(|_| is_it)?;
    match text("model_name", 1) {
        Some(name) => Some((label.to_owned(), name.to_lowercase())),
        None => label.contains('.').then(|| app::key("", label)),
    }
}

impl<'a> Visitor<'a> for Walk<'a, '_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::ImportFrom(_) => self.imports(std::slice::from_ref(statement)),
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    if let Expr::Attribute(attribute) = target
                        && let Expr::Name(row) = &*attribute.value
                        && let Some(Bound::Row(_, set)) = self.models.get_mut(row.id.as_str())
                    {
                        set.insert(attribute.attr.to_string());
                    }
                }
                walk_stmt(self, statement);
                assign.targets.iter().for_each(|target| self.bind(target, &assign.value, false));
                return;
            }
            Stmt::For(repeat) => self.bind(&repeat.target, &repeat.iter, true),
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) => match &*call.func {
                Expr::Name(name) => {
                    let mut functions = self.module.body.iter().filter_map(Stmt::as_function_def_stmt);
                    let called = functions.find(|function| function.name.as_str() == name.id.as_str());
                    if let Some(function) = called {
                        self.function(function);
                    }
                }
                Expr::Attribute(attribute) => self.method(&attribute.value, attribute.attr.as_str(), call),
                _ => {}
            },
            Expr::Attribute(attribute)
                if matches!(attribute.attr.as_str(), "objects" | "_default_manager") =>
            {
                if let Some((Some(name), Bound::Imported)) = self.root(&attribute.value) {
                    let line = self.lines.of(expression.start().to_usize());
                    let model = match &*attribute.value {
                        Expr::Attribute(model) => model.attr.as_str(),
                        _ => name,
                    };
                    self.code.imported.push((model.to_owned(), line));
                }
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}
