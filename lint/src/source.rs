//! The text of a revision file, and its syntax tree: bounded, whatever lies there.

mod depth;
mod noqa;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use memchr::memchr_iter;
use ruff_python_ast::ModModule;
use ruff_python_parser::Parsed;

pub use noqa::Noqa;

/// Files that are larger are not read: nobody writes such a migration, and generated rows belong elsewhere.
const LARGEST: u64 = 2 << 20;

/// Why a file is not checked.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It could not be read.
    #[error("cannot be read ({0}); make it readable, or take it out of the versions directory")]
    Unreadable(#[from] io::Error),
    /// It is too large.
    #[error("is larger than 2 MiB and is not checked; put its rows into a file of data beside it")]
    TooLarge,
    /// It is no text.
    #[error(
        "is not text in UTF-8 (byte {offset}), and declares no other encoding that is known here; save it in UTF-8"
    )]
    NotText {
        /// Where that is seen.
        offset: usize,
    },
    /// It is nested so deeply that only an attack looks like that.
    #[error("nests deeper than {} levels and is not checked; write it flatter", depth::DEEPEST)]
    TooDeep,
    /// It is not Python.
    #[error("is not Python: {message}; Alembic cannot import it, correct it")]
    Syntax {
        /// 1-based line.
        line: u32,
        /// The parser's words.
        message: String,
    },
}

impl SourceError {
    /// 1-based line; the first where it is the whole file.
    pub fn line(&self) -> u32 {
        match self {
            Self::Syntax { line, .. } => *line,
            Self::Unreadable(_) | Self::TooLarge | Self::NotText { .. } | Self::TooDeep => 1,
        }
    }
}

/// The text of a file.
#[derive(Debug, Clone)]
pub struct Source {
    /// The text, without a byte order mark.
    pub text: String,
    /// Where its lines begin.
    pub lines: Lines,
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is too large or no text.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let file = File::open(path)?;
        let size = file.metadata().map_or(0, |file| file.len()).min(LARGEST);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(SourceError::TooLarge);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(text)),
            Err(error) if is_latin(error.as_bytes()) => {
                Ok(Self::new(error.as_bytes().iter().copied().map(char::from).collect::<String>()))
            }
            Err(error) => Err(SourceError::NotText { offset: error.utf8_error().valid_up_to() }),
        }
    }

    /// A text that is there already.
    pub fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        let lines = Lines::new(&text);
        Self { text, lines }
    }

    /// Its syntax tree.
    ///
    /// # Errors
    /// When it is not Python, or nests too deeply.
    pub fn parse(&self) -> Result<Parsed<ModModule>, SourceError> {
        if depth::is_too_deep(&self.text) {
            return Err(SourceError::TooDeep);
        }
        ruff_python_parser::parse_module(&self.text).map_err(|error| SourceError::Syntax {
            line: self.lines.of(error.location.start().to_usize()),
            message: error.error.to_string(),
        })
    }
}

/// Whether a comment in the first two lines declares an encoding of Western Europe. Those of one byte for each letter are alike in what
/// Python and SQL are made of.
fn is_latin(bytes: &[u8]) -> bool {
    let declares = |line: &[u8]| {
        let line = String::from_utf8_lossy(line).to_lowercase();
        let (_, name) = line.trim_start().strip_prefix('#')?.split_once("coding")?;
        let name = name.strip_prefix([':', '='])?.trim_start().replace('_', "-");
        let names = ["latin-1", "latin1", "iso-8859-1", "iso8859-1", "cp1252", "windows-1252"];
        Some(names.iter().any(|own| name.starts_with(own)))
    };
    bytes.split(|byte| *byte == b'\n').take(2).any(|line| declares(line) == Some(true))
}

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(std::iter::once(0).chain(memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect())
    }

    /// 1-based line of a byte offset.
    pub fn of(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }
}
