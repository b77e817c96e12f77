//! The JSON interface.

use serde::Serialize;

use crate::{Age, Cell, Digest, RenderError, Report, SCHEMA_VERSION, Summary};

/// The report as JSON: pretty, in a stable order, with a line end after the last brace.
pub fn json(report: &Report) -> Result<String, RenderError> {
    pretty("JSON", report)
}

/// The same, with the ages of its findings where it was compared with a previous one.
///
/// # Errors
/// When it cannot be written as JSON, which would be a mistake of ours.
pub fn json_with_ages(digest: &Digest<'_>) -> Result<String, RenderError> {
    /// As a [`Report`].
    #[derive(Serialize)]
    struct Document<'a> {
        schema_version: u32,
        summary: &'a Summary,
        cells: &'a [Cell],
        #[serde(skip_serializing_if = "Option::is_none")]
        ages: Option<Vec<Age>>,
    }
    let Report { schema_version, summary, cells, ages } = digest.report;
    let ages = digest.ages().or_else(|| ages.clone());
    pretty("JSON", &Document { schema_version: *schema_version, summary, cells, ages })
}

/// The same for whatever is written as JSON.
pub(crate) fn pretty(format: &'static str, value: &impl Serialize) -> Result<String, RenderError> {
    let mut text = serde_json::to_string_pretty(value).map_err(|source| RenderError::new(format, source))?;
    text.push('\n');
    Ok(text)
}

/// A JSON report could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not a report.
    #[error("this is not a JSON report of mrt")]
    Malformed(#[source] serde_json::Error),
    /// It is a report of another version.
    #[error("this report has schema version {found}; this mrt reads {SCHEMA_VERSION}")]
    Version {
        /// The version that it has.
        found: u32,
    },
}

/// Reads back what [`json`] wrote.
pub fn from_json(text: &str) -> Result<Report, ReadError> {
    // The version is read alone first: a newer shape may not parse, and "wrong version" is the better message.
    #[derive(serde::Deserialize)]
    struct Versioned {
        schema_version: u32,
    }
    let Versioned { schema_version } = serde_json::from_str(text).map_err(ReadError::Malformed)?;
    if schema_version != SCHEMA_VERSION {
        return Err(ReadError::Version { found: schema_version });
    }
    serde_json::from_str(text).map_err(ReadError::Malformed)
}
