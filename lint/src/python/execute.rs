//! Statements.

use std::collections::HashMap;

use ruff_python_ast::{ExceptHandler, Expr, MatchCase, Pattern, Singleton, Stmt, StmtFunctionDef, StmtIf};
use ruff_text_size::Ranged;

use super::evaluate::iterate;
use super::value::{Arguments, Home, Value};
use super::{Reader, Scope};
use crate::operation::Kind;

/// How deep functions of the file may call each other.
const DEEPEST: usize = 24;

/// How a block ends.
pub(super) enum Flow<'a> {
    Next,
    /// `break` or `continue`.
    Loop,
    Return(Value<'a>),
    Raise,
}

impl<'a> Reader<'a> {
    pub(super) fn block(&mut self, body: &'a [Stmt]) -> Flow<'a> {
        for statement in body {
            match self.statement(statement) {
                Flow::Next => {}
                end => return end,
            }
        }
        Flow::Next
    }

    fn statement(&mut self, statement: &'a Stmt) -> Flow<'a> {
        if !self.spend() {
            return Flow::Next;
        }
        match statement {
            Stmt::Expr(expression) => self.expression(&expression.value),
            Stmt::Assign(assign) => {
                let value = self.evaluate(&assign.value);
                for target in &assign.targets {
                    self.assign(target, value.clone());
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.evaluate(value);
                    self.assign(&assign.target, value);
                }
            }
            Stmt::AugAssign(assign) => {
                let (old, more) = (self.evaluate(&assign.target), self.evaluate(&assign.value));
                let value = match (old, more) {
                    (Value::Str(old), Value::Str(more)) => Value::str(format!("{old}{more}")),
                    (Value::List(old), Value::List(more)) => {
                        Value::List(old.iter().chain(more.iter()).cloned().collect())
                    }
                    _ => Value::Unknown,
                };
                self.assign(&assign.target, value);
            }
            Stmt::FunctionDef(function) => {
                self.bind(function.name.as_str(), Value::Function(function, self.home));
            }
            Stmt::ClassDef(class) => self.bind(class.name.as_str(), Value::Unknown),
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = alias.name.as_str();
                    match &alias.asname {
                        Some(own) => self.bind(own.as_str(), Value::Global(name.into())),
                        None => {
                            let root = name.split('.').next().unwrap_or(name);
                            self.bind(root, Value::Global(root.into()));
                        }
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let module = self.absolute(import.level, module);
                for alias in &import.names {
                    let name = alias.name.as_str();
                    if name == "*" {
                        self.star = Some(module.clone());
                    }
                    let own = alias.asname.as_ref().map_or(name, |own| own.as_str());
                    self.bind(own, Value::Global(format!("{module}.{name}").into()));
                }
            }
            Stmt::Return(end) => {
                let value = end.value.as_ref().map_or(Value::None, |value| self.evaluate(value));
                return Flow::Return(value);
            }
            Stmt::Raise(_) => return Flow::Raise,
            Stmt::Break(_) | Stmt::Continue(_) => return Flow::Loop,
            Stmt::If(choice) => return self.branch(choice),
            Stmt::With(with) => {
                let mut autocommit = 0;
                let mut suppressed = false;
                for item in &with.items {
                    let value = self.evaluate(&item.context_expr);
                    if value.call().is_some_and(|call| call.function.last_word() == Some("autocommit_block"))
                    {
                        autocommit += 1;
                    }
                    suppressed |= value
                        .call()
                        .is_some_and(|call| call.function.global() == Some("contextlib.suppress"));
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, value);
                    }
                }
                self.autocommit += autocommit;
                let flow = if suppressed {
                    self.maybe(|reader| reader.block(&with.body))
                } else {
                    self.block(&with.body)
                };
                self.autocommit -= autocommit;
                return flow;
            }
            Stmt::For(repeat) => {
                let iterated = self.evaluate(&repeat.iter);
                match iterate(&iterated) {
                    Some(values) => {
                        for value in values {
                            self.assign(&repeat.target, value);
                            match self.block(&repeat.body) {
                                Flow::Next | Flow::Loop => {}
                                end => return end,
                            }
                        }
                    }
                    None => {
                        self.assign(&repeat.target, Value::Unknown);
                        self.maybe(|reader| reader.block(&repeat.body));
                    }
                }
                return self.block(&repeat.orelse);
            }
            Stmt::While(repeat) => {
                self.maybe(|reader| reader.block(&repeat.body));
            }
            Stmt::Try(attempt) => {
                let tried = if attempt.handlers.is_empty() {
                    self.block(&attempt.body)
                } else {
                    self.maybe(|reader| reader.block(&attempt.body))
                };
                for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    self.maybe(|reader| reader.block(&handler.body));
                }
                if matches!(tried, Flow::Next) {
                    self.block(&attempt.orelse);
                }
                let last = self.block(&attempt.finalbody);
                return if matches!(last, Flow::Next) { tried } else { last };
            }
            Stmt::Match(choice) => {
                let subject = self.evaluate(&choice.subject);
                return self.cases(&subject, &choice.cases);
            }
            _ => {}
        }
        Flow::Next
    }

    /// An expression whose value nobody takes: what it does is all that it is for.
    fn expression(&mut self, expression: &'a Expr) {
        let value = self.evaluate(expression);
        let line = self.line_of(expression);
        self.at_line(line, |reader| reader.effect_alone(expression, &value));
    }

    fn effect_alone(&mut self, expression: &'a Expr, value: &Value<'a>) {
        let Value::Call(call) = value else { return };
        let Value::Attribute(base, name) = &call.function else {
            self.called_for_its_effect(call);
            return;
        };
        let target = match expression {
            Expr::Call(call) => match call.func.as_ref() {
                Expr::Attribute(attribute) => attribute.value.as_ref(),
                _ => return,
            },
            _ => return,
        };
        let changed = match (&**base, *name) {
            (Value::List(items), "append") => match call.arguments.positional.first() {
                Some(item) => Value::List(items.iter().chain([item]).cloned().collect()),
                None => Value::Unknown,
            },
            (Value::List(items), "extend") => match call.arguments.positional.first().and_then(iterate) {
                Some(more) => Value::List(items.iter().cloned().chain(more).collect()),
                None => Value::Unknown,
            },
            (Value::List(_) | Value::Dict(_), _) => Value::Unknown,
            _ => {
                self.called_for_its_effect(call);
                return;
            }
        };
        self.assign(target, changed);
    }

    fn branch(&mut self, choice: &'a StmtIf) -> Flow<'a> {
        let mut clauses: Vec<(Option<&'a Expr>, &'a [Stmt])> = vec![(Some(&choice.test), &choice.body)];
        clauses
            .extend(choice.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body[..])));
        self.clauses(&clauses)
    }

    fn clauses(&mut self, clauses: &[(Option<&'a Expr>, &'a [Stmt])]) -> Flow<'a> {
        let Some(((test, body), rest)) = clauses.split_first() else { return Flow::Next };
        let truth = test.map_or(Some(true), |test| self.evaluate(test).truth());
        self.either(truth, |reader| reader.block(body), |reader| reader.clauses(rest))
    }

    /// One of two ways, or both where it cannot be known which.
    fn either(
        &mut self,
        truth: Option<bool>,
        one: impl FnOnce(&mut Self) -> Flow<'a>,
        other: impl FnOnce(&mut Self) -> Flow<'a>,
    ) -> Flow<'a> {
        match truth {
            Some(true) => one(self),
            Some(false) => other(self),
            None => {
                let before = self.locals().clone();
                self.conditional += 1;
                let taken = one(self);
                let after = std::mem::replace(self.locals(), before);
                let other = other(self);
                self.conditional -= 1;
                join(self.locals(), after);
                self.meet(taken, other)
            }
        }
    }

    fn cases(&mut self, subject: &Value<'a>, cases: &'a [MatchCase]) -> Flow<'a> {
        let Some((case, rest)) = cases.split_first() else { return Flow::Next };
        let mut truth = self.matches(subject, &case.pattern);
        if let (Some(true) | None, Some(guard)) = (truth, &case.guard) {
            let holds = self.evaluate(guard).truth();
            truth = if truth.is_none() && holds != Some(false) { None } else { holds };
        }
        self.either(truth, |reader| reader.block(&case.body), |reader| reader.cases(subject, rest))
    }

    /// Whether a value is what a pattern asks for. What the pattern binds is bound.
    fn matches(&mut self, subject: &Value<'a>, pattern: &'a Pattern) -> Option<bool> {
        match pattern {
            Pattern::MatchValue(wanted) => {
                let wanted = self.evaluate(&wanted.value);
                subject.equals(&wanted)
            }
            Pattern::MatchSingleton(wanted) => {
                let wanted = match wanted.value {
                    Singleton::None => Value::None,
                    Singleton::True => Value::Bool(true),
                    Singleton::False => Value::Bool(false),
                };
                subject.equals(&wanted)
            }
            Pattern::MatchOr(either) => {
                let found = either.patterns.iter().map(|pattern| self.matches(subject, pattern));
                let found: Vec<Option<bool>> = found.collect();
                if found.contains(&Some(true)) {
                    Some(true)
                } else {
                    found.iter().all(Option::is_some).then_some(false)
                }
            }
            Pattern::MatchAs(named) => {
                let truth = named.pattern.as_ref().map_or(Some(true), |inner| self.matches(subject, inner));
                if let Some(name) = &named.name {
                    self.bind(name.as_str(), subject.clone());
                }
                truth
            }
            _ => None,
        }
    }

    /// How it goes on behind two branches of which one was taken.
    fn meet(&mut self, taken: Flow<'a>, other: Flow<'a>) -> Flow<'a> {
        match (taken, other) {
            (Flow::Next, Flow::Next | Flow::Raise) | (Flow::Raise, Flow::Next) => Flow::Next,
            (Flow::Raise, Flow::Raise) => Flow::Raise,
            (Flow::Next, left) | (left, Flow::Next) => {
                // One of them has left the function or the loop: what follows may not happen.
                if let Flow::Return(value) = left {
                    self.given_early.push(value);
                }
                self.conditional += 1;
                self.left_early += 1;
                Flow::Next
            }
            (Flow::Return(one), Flow::Return(two)) if one.equals(&two) == Some(true) => Flow::Return(one),
            (Flow::Loop, Flow::Loop) => Flow::Loop,
            _ => Flow::Return(Value::Unknown),
        }
    }

    /// Statements that may not run, or run several times.
    fn maybe(&mut self, run: impl FnOnce(&mut Self) -> Flow<'a>) -> Flow<'a> {
        let before = self.locals().clone();
        self.conditional += 1;
        let flow = run(self);
        self.conditional -= 1;
        let after = std::mem::replace(self.locals(), before);
        join(self.locals(), after);
        match flow {
            Flow::Return(value) => {
                self.given_early.push(value);
                self.conditional += 1;
                self.left_early += 1;
                Flow::Next
            }
            _ => Flow::Next,
        }
    }

    /// Calls a function.
    pub(super) fn invoke(
        &mut self,
        function: &'a StmtFunctionDef,
        home: Home,
        arguments: &Arguments<'a>,
    ) -> Value<'a> {
        self.depth += 1;
        let value = self.at_home(home, |reader| reader.invoke_here(function, arguments));
        self.depth -= 1;
        value
    }

    fn invoke_here(&mut self, function: &'a StmtFunctionDef, arguments: &Arguments<'a>) -> Value<'a> {
        if self.depth > DEEPEST {
            self.emit(Kind::Opaque { what: format!("{}(…), called too deep", function.name.as_str()) });
            return Value::Unknown;
        }
        let mut scope = Scope::new();
        let parameters = &function.parameters;
        let mut positional = arguments.positional.iter();
        for parameter in parameters.posonlyargs.iter().chain(&parameters.args) {
            let name = parameter.parameter.name.as_str();
            let given = positional.next().or_else(|| arguments.named(name)).cloned();
            let value = match (given, &parameter.default) {
                (Some(value), _) => value,
                (None, _) if arguments.open => Value::Unknown,
                (None, Some(default)) => self.evaluate(default),
                (None, None) => Value::Unknown,
            };
            scope.insert(name, value);
        }
        for parameter in &parameters.kwonlyargs {
            let name = parameter.parameter.name.as_str();
            let value = match (arguments.named(name), &parameter.default) {
                (Some(value), _) => value.clone(),
                (None, Some(default)) if !arguments.open => self.evaluate(default),
                (None, _) => Value::Unknown,
            };
            scope.insert(name, value);
        }
        if let Some(rest) = &parameters.vararg {
            let value =
                if arguments.open { Value::Unknown } else { Value::list(positional.cloned().collect()) };
            scope.insert(rest.name.as_str(), value);
        }
        if let Some(rest) = &parameters.kwarg {
            let is_parameter = |name: &str| {
                let own = parameters.args.iter().chain(&parameters.kwonlyargs);
                own.into_iter().any(|parameter| parameter.parameter.name.as_str() == name)
            };
            let named = arguments.named.iter().filter(|(name, _)| !is_parameter(name));
            let named = named.map(|(name, value)| (Value::str(name), value.clone())).collect();
            scope
                .insert(rest.name.as_str(), if arguments.open { Value::Unknown } else { Value::Dict(named) });
        }
        self.frames.push(scope);
        let left_early = std::mem::take(&mut self.left_early);
        let given_early = std::mem::take(&mut self.given_early);
        // What stands around a function may keep it from being run; Alembic runs the two of a revision in any case.
        let wrapped = usize::from(self.depth > 1 && self.is_wrapped(function));
        self.conditional += wrapped;
        let flow = self.block(&function.body);
        self.conditional -= wrapped;
        self.conditional -= std::mem::replace(&mut self.left_early, left_early);
        self.frames.pop();
        let given = std::mem::replace(&mut self.given_early, given_early);
        let may_be_another = |last: &Value<'a>| given.iter().any(|value| value.equals(last) != Some(true));
        match flow {
            Flow::Return(value) if may_be_another(&value) => Value::Unknown,
            Flow::Return(value) => value,
            Flow::Next if may_be_another(&Value::None) => Value::Unknown,
            Flow::Next => Value::None,
            Flow::Loop => Value::Unknown,
            Flow::Raise => {
                self.emit(Kind::Raise);
                Value::Unknown
            }
        }
    }

    /// Whether a function has a decorator that is not known to run it.
    fn is_wrapped(&mut self, function: &'a StmtFunctionDef) -> bool {
        const RUNS: &[&str] = &["contextmanager", "cache", "lru_cache", "staticmethod", "wraps"];
        function.decorator_list.iter().any(|decorator| {
            let value = self.evaluate(&decorator.expression);
            let name = value.call().map_or(&value, |call| &call.function).last_word();
            !name.is_some_and(|name| RUNS.contains(&name))
        })
    }

    pub(super) fn assign(&mut self, target: &'a Expr, value: Value<'a>) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), value),
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, &value),
            Expr::List(list) => self.unpack(&list.elts, &value),
            Expr::Starred(starred) => self.assign(&starred.value, Value::Unknown),
            // A part of something: the whole is not what it was.
            Expr::Subscript(subscript) => self.assign(&subscript.value, Value::Unknown),
            _ => {}
        }
    }

    fn unpack(&mut self, targets: &'a [Expr], value: &Value<'a>) {
        match value {
            Value::List(items) if items.len() == targets.len() => {
                for (target, item) in targets.iter().zip(items.iter()) {
                    self.assign(target, item.clone());
                }
            }
            _ => {
                for target in targets {
                    self.assign(target, Value::Unknown);
                }
            }
        }
    }

    pub(super) fn line_of(&self, node: &impl Ranged) -> u32 {
        self.line(node.start())
    }
}

/// The names after one of two branches was taken.
fn join<'a>(names: &mut Scope<'a>, other: HashMap<&'a str, Value<'a>>) {
    for (name, value) in other {
        match names.get(name) {
            Some(own) if own.is_same(&value) => {}
            _ => {
                names.insert(name, Value::Unknown);
            }
        }
    }
}
