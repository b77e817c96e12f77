//! Spans to a collector, by OTLP over gRPC.

use std::env;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::{Builder, Runtime};
use tonic::transport::ClientTlsConfig;
use tracing::Subscriber;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::LogError;

/// Where a collector is, the more special one first.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// What sends spans. It has a runtime of its own: the program's may be busy, or gone when the last spans are to be sent.
#[derive(Debug)]
pub(super) struct Traces {
    provider: SdkTracerProvider,
    runtime: Option<Runtime>,
}

impl Traces {
    /// None where the environment names no collector.
    pub(super) fn start(service: &'static str) -> Result<Option<Self>, LogError> {
        let named = |name| env::var(name).ok().filter(|endpoint| !endpoint.is_empty());
        let Some(endpoint) = ENDPOINTS.into_iter().find_map(named) else { return Ok(None) };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("mrt-traces")
            .enable_all()
            .build()
            .map_err(LogError::Thread)?;
        let entered = runtime.enter();
        let mut exporter = SpanExporter::builder().with_tonic();
        if endpoint.starts_with("https:") {
            exporter = exporter.with_tls_config(ClientTlsConfig::new().with_native_roots());
        }
        let exporter = exporter.build().map_err(LogError::Traces)?;
        let mut resource = Resource::builder();
        if env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(service);
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        drop(entered);
        Ok(Some(Self { provider, runtime: Some(runtime) }))
    }

    /// Of our own spans: with those of the libraries that send spans there would be no end.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("mrt"))
            .with_filter(filter_fn(|metadata| metadata.target().starts_with("mrt")))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::warn!("the last traces could not be sent: {error}");
        }
        // To drop it is not allowed where tasks run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
