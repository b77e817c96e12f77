//! The log: to standard error, above the progress bars.

use std::io::{self, Write};

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;

use crate::error::CliError;

pub(crate) fn start(verbose: u8, quiet: bool, color: bool, bars: &MultiProgress) -> Result<(), CliError> {
    // The driver of SQL Server logs every refusal as an error, and we ask for many.
    let level = match (quiet, verbose) {
        (true, _) => "error,tiberius=off",
        (false, 0) => "warn,tiberius=off",
        (false, 1) => "warn,tiberius=off,mrt_chain=info,mrt_worker=info,mrt_coordinator=info,mrt_cli=info",
        (false, _) => {
            "info,tiberius=off,mrt_chain=debug,mrt_worker=debug,mrt_coordinator=debug,mrt_cli=debug"
        }
    };
    let filter = match std::env::var("MRT_LOG") {
        Ok(filter) if !filter.is_empty() => EnvFilter::try_new(filter).map_err(CliError::LogFilter)?,
        _ => EnvFilter::new(level),
    };
    let bars = bars.clone();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(color)
        .with_writer(move || Above(bars.clone()))
        .init();
    Ok(())
}

/// Hides the bars while a line is written.
struct Above(MultiProgress);

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
