//! Reads what `upgrade` and `downgrade` do, without running them: follows calls within the file and into code of the project's own,
//! loops over what is known, and branches on the engine. What cannot be known stays unknown, and makes an operation opaque rather than wrong.
//!
//! A file is read once for each engine, so that `if bind.dialect.name == "postgresql"` is simply true or false.

mod core;
mod evaluate;
mod execute;
mod meaning;
mod modules;
mod operations;
mod schema;
mod strings;
mod types;
mod value;

use std::collections::HashMap;
use std::sync::Arc;

use mrt_chain::settings::EngineKind;
use ruff_python_ast::{ModModule, StmtClassDef, StmtFunctionDef};
use ruff_text_size::TextSize;

pub(crate) use value::{Arguments, Call, HOLE, Home, Value};

use crate::library::Module;
use crate::operation::{Kind, Operation, Refused, Said, Written};
use crate::source::Lines;

/// Statements and expressions that are looked at in one file, at most.
const BUDGET: u32 = 400_000;

type Scope<'a> = HashMap<&'a str, Value<'a>>;

/// What the two functions of a revision do on one engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps {
    /// What `upgrade` does.
    pub upgrade: Vec<Operation>,
    /// What `downgrade` does; `None` where there is no such function.
    pub downgrade: Option<Vec<Operation>>,
    /// What in either of them wants no transaction, and has one.
    pub refused: Vec<Refused>,
}

/// Reads a module.
pub(crate) fn read(module: &ModModule, lines: &Lines, imported: &[Arc<Module>], engine: EngineKind) -> Steps {
    let mut reader = Reader::new(lines, imported, engine);
    reader.block(&module.body);
    let module_names = reader.frames.swap_remove(0);
    reader.names[0] = Some(module_names.clone());
    let mut step = |name: &str| {
        let Some(Value::Function(function, 0)) = module_names.get(name) else { return None };
        reader.frames = vec![module_names.clone()];
        Some(reader.step(function))
    };
    let (upgrade, downgrade) = (step("upgrade").unwrap_or_default(), step("downgrade"));
    Steps { upgrade, downgrade, refused: reader.refused }
}

/// The names of a class, as its body leaves them.
pub(crate) fn class<'a>(
    module: &'a ModModule,
    class: &'a StmtClassDef,
    lines: &'a Lines,
    engine: EngineKind,
) -> HashMap<&'a str, Value<'a>> {
    let mut reader = Reader::new(lines, &[], engine);
    reader.block(&module.body);
    reader.frames.push(Scope::new());
    reader.block(&class.body);
    reader.frames.pop().unwrap_or_default()
}

struct Reader<'a> {
    lines: &'a Lines,
    engine: EngineKind,
    /// The module's names, and those of each function under way.
    frames: Vec<Scope<'a>>,
    out: Vec<Operation>,
    refused: Vec<Refused>,
    /// How many unknown conditions are around.
    conditional: usize,
    /// How many of those last to the end of the function.
    left_early: usize,
    /// What the function may have given before its end.
    given_early: Vec<Value<'a>>,
    autocommit: usize,
    /// The batch under way is told what its table is.
    restated: bool,
    /// SQL has ended the transaction.
    committed: bool,
    call_line: u32,
    budget: u32,
    /// The module from which names come that nobody has named (`from helpers import *`).
    star: Option<String>,
    /// Functions under way that have been called.
    depth: usize,
    /// The module whose code is under way.
    home: Home,
    /// What the file imports of the project's own, and the names of each module that has been needed.
    imported: &'a [Arc<Module>],
    names: Vec<Option<Scope<'a>>>,
}

impl<'a> Reader<'a> {
    fn new(lines: &'a Lines, imported: &'a [Arc<Module>], engine: EngineKind) -> Self {
        Self {
            lines,
            engine,
            frames: vec![Scope::new()],
            out: Vec::new(),
            refused: Vec::new(),
            conditional: 0,
            left_early: 0,
            given_early: Vec::new(),
            autocommit: 0,
            committed: false,
            restated: false,
            call_line: 1,
            budget: BUDGET,
            star: None,
            depth: 0,
            home: 0,
            imported,
            names: vec![None; imported.len() + 1],
        }
    }

    fn step(&mut self, function: &'a StmtFunctionDef) -> Vec<Operation> {
        self.out.clear();
        (self.conditional, self.left_early, self.autocommit, self.committed) = (0, 0, 0, false);
        self.budget = BUDGET;
        self.call_line = self.line_of(&function.name);
        self.invoke(function, 0, &Arguments::default());
        if self.budget == 0 {
            self.emit(Kind::Opaque { what: "too much to follow".to_owned() });
        }
        std::mem::take(&mut self.out)
    }

    /// Counts down; false when the file is too much to follow.
    fn spend(&mut self) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0
    }

    fn line(&self, offset: TextSize) -> u32 {
        self.lines.of(offset.to_usize())
    }

    fn emit(&mut self, kind: Kind) {
        self.emit_as(kind, Written::Call);
    }

    fn emit_as(&mut self, kind: Kind, written: Written) {
        self.emit_said(kind, written, Said::default());
    }

    fn emit_said(&mut self, kind: Kind, written: Written, said: Said) {
        self.out.push(Operation {
            kind,
            line: self.call_line,
            conditional: self.conditional > 0,
            written,
            autocommit: self.autocommit > 0 || self.committed,
            restated: self.restated,
            said,
        });
    }

    /// The line to point at while something runs: within a helper it stays that of the call in `upgrade` or `downgrade`.
    fn at_line<T>(&mut self, line: u32, run: impl FnOnce(&mut Self) -> T) -> T {
        let own = if self.frames.len() > 2 || self.home != 0 { self.call_line } else { line };
        let outer = std::mem::replace(&mut self.call_line, own);
        let value = run(self);
        self.call_line = outer;
        value
    }

    fn locals(&mut self) -> &mut Scope<'a> {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn bind(&mut self, name: &'a str, value: Value<'a>) {
        self.locals().insert(name, value);
    }

    /// A name: of this function, of the module, of a function around it, or a builtin.
    fn look_up(&self, name: &str) -> Value<'a> {
        let own = self.frames.last().and_then(|scope| scope.get(name));
        let module = || self.frames.first().and_then(|scope| scope.get(name));
        let around = || self.frames.iter().rev().find_map(|scope| scope.get(name));
        let found = own.or_else(module).or_else(around);
        found.cloned().unwrap_or_else(|| match &self.star {
            Some(module) if !meaning::is_builtin(name) => Value::Global(format!("{module}.{name}").into()),
            // Where it comes from is not told here.
            None if self.home != 0 && !meaning::is_builtin(name) => Value::Unknown,
            _ => Value::Global(name.into()),
        })
    }

    /// What SQLAlchemy calls the engine. MariaDB is reached by MySQL's URLs.
    fn dialect_name(&self) -> &'static str {
        match self.engine {
            EngineKind::Sqlite => "sqlite",
            EngineKind::Postgres => "postgresql",
            EngineKind::MySql | EngineKind::MariaDb => "mysql",
            EngineKind::SqlServer => "mssql",
            EngineKind::Oracle => "oracle",
        }
    }
}
