//! One revision: what its two functions do, and what its file says besides.

use mrt_chain::graph::{Draft, GraphError, RevisionFile};
use mrt_chain::settings::EngineKind;

use crate::django::Django;
use crate::library::Library;
use crate::operation::{Kind, Operation, Refused};
use crate::python::{self, Steps};
use crate::source::{Noqa, Source, SourceError};

/// A revision as one engine sees it.
#[derive(Debug, Clone)]
pub struct Migration {
    /// Its id; empty where only running the file tells.
    pub revision: String,
    /// The file, as people see it.
    pub file: String,
    /// What `upgrade` does.
    pub upgrade: Vec<Operation>,
    /// What `downgrade` does; `None` where there is no such function.
    pub downgrade: Option<Vec<Operation>>,
    /// What in either of them wants no transaction, and has one.
    pub refused: Vec<Refused>,
    /// 1-based line of `def upgrade`.
    pub upgrade_line: u32,
    /// 1-based line of `def downgrade`, or of `def upgrade` where there is none.
    pub downgrade_line: u32,
    /// What it says beside, where it is one of Django's; its functions are then what Django makes of its operations.
    pub django: Option<Django>,
}

/// A file, read once and for every engine that has it.
#[derive(Debug)]
pub struct Read {
    /// What Alembic's graph needs of it.
    pub draft: Result<Draft, GraphError>,
    /// What it does on each engine.
    pub steps: Vec<(EngineKind, Steps)>,
    /// Lines that ask for silence.
    pub noqa: Noqa,
}

/// Reads a file's text, with what it imports of the library.
///
/// # Errors
/// When it is not Python, or more than anybody should look at.
pub fn read(
    file: &RevisionFile,
    source: &Source,
    engines: &[EngineKind],
    library: &Library,
) -> Result<Read, SourceError> {
    let parsed = source.parse()?;
    let module = parsed.syntax();
    let imported = library.imported(module);
    let steps = |engine| python::read(module, &source.lines, &imported, engine);
    Ok(Read {
        draft: Draft::new(file, &source.text, module),
        steps: engines.iter().map(|engine| (*engine, steps(*engine))).collect(),
        noqa: Noqa::of(source, &parsed),
    })
}

impl Migration {
    /// Operations that happen in `downgrade`; none where there is no such function.
    pub fn down(&self) -> &[Operation] {
        self.downgrade.as_deref().unwrap_or_default()
    }

    /// Whether the downgrade can only end with an exception.
    pub fn refuses(&self) -> bool {
        self.down().iter().any(|operation| operation.kind == Kind::Raise && !operation.conditional)
    }

    /// Whether everything that the upgrade does is known.
    pub fn upgrade_is_clear(&self) -> bool {
        self.upgrade.iter().all(|operation| !operation.kind.is_opaque())
    }

    /// Whether everything that the downgrade does is known.
    pub fn downgrade_is_clear(&self) -> bool {
        self.down().iter().all(|operation| !operation.kind.is_opaque())
    }
}
