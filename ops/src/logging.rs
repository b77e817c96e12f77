//! What a program tells its operators: a log on standard error, and traces to a collector that the environment names.

mod traces;

use std::io::{self, IsTerminal as _};

use opentelemetry_otlp::ExporterBuildError;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, fmt, registry};

use traces::Traces;

/// Our crates tell what they do, all others what went wrong.
const FILTER: &str = "warn,kube_client=off,tiberius=off,mrt=info";

/// How the log looks. What it tells is said by `MRT_LOG`, `info` or `warn,mrt_worker=debug` for example.
#[derive(Debug, Clone, clap::Args)]
pub struct Logging {
    /// What the log is made for. MRT_LOG says what is told: info, or warn,mrt_worker=debug
    #[arg(long, value_name = "FORMAT", env = "MRT_LOG_FORMAT", default_value = "human")]
    pub log_format: Format,
}

/// For whom a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Lines for people
    Human,
    /// An object a line, for programs
    Json,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is wrong.
    #[error(
        "the log filter in MRT_LOG is wrong; write a level (`info`), or levels of crates (`warn,mrt_worker=debug`)"
    )]
    Filter(#[source] ParseError),
    /// The collector cannot be used.
    #[error(
        "cannot send traces as OTEL_EXPORTER_OTLP_ENDPOINT says; correct it (`http://collector:4317`), or leave it out"
    )]
    Traces(#[source] ExporterBuildError),
    /// No thread for them.
    #[error("cannot start a thread that sends traces; leave OTEL_EXPORTER_OTLP_ENDPOINT out to do without")]
    Thread(#[source] io::Error),
    /// It was started twice.
    #[error("the log has been started before; this is a mistake in the program")]
    Started(#[source] TryInitError),
}

/// Ends the log when it is dropped: what has not been sent by then is sent.
#[derive(Debug)]
#[must_use = "traces end with it"]
pub struct Guard {
    _traces: Option<Traces>,
}

impl Logging {
    /// Starts the log of this process. Traces are those of `service`, where the environment has no `OTEL_SERVICE_NAME`.
    ///
    /// # Errors
    /// When the environment asks for what cannot be, or there is a log.
    pub fn start(&self, service: &'static str) -> Result<Guard, LogError> {
        let filter = match std::env::var("MRT_LOG") {
            Ok(filter) if !filter.is_empty() => EnvFilter::try_new(filter).map_err(LogError::Filter)?,
            _ => EnvFilter::new(FILTER),
        };
        let log = fmt::layer().with_writer(io::stderr);
        let log = match self.log_format {
            Format::Human => log.with_ansi(is_colorful()).boxed(),
            Format::Json => log.json().flatten_event(true).boxed(),
        };
        let traces = Traces::start(service)?;
        let spans = traces.as_ref().map(Traces::layer);
        registry().with(filter).with(log).with(spans).try_init().map_err(LogError::Started)?;
        Ok(Guard { _traces: traces })
    }
}

fn is_colorful() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
