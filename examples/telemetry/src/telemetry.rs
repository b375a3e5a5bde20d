//! Where traces and metrics go.

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

// ANCHOR: telemetry
/// Sends spans and metrics to exporters, some at a time, on threads of their own.
#[derive(Debug)]
pub struct Telemetry {
    /// What takes spans.
    pub spans: SdkTracerProvider,
    /// What takes metrics.
    pub metrics: SdkMeterProvider,
}

impl Telemetry {
    /// Sends them to these.
    pub fn to(spans: impl SpanExporter + 'static, metrics: impl PushMetricExporter) -> Self {
        let resource = Resource::builder()
            .with_service_name("telemetry-example")
            .build();
        Self {
            spans: SdkTracerProvider::builder()
                .with_resource(resource.clone())
                // A boot of many seeds is one span with two events or more for each; the default keeps the first 128.
                .with_max_events_per_span(10_000)
                .with_batch_exporter(spans)
                .build(),
            metrics: SdkMeterProvider::builder()
                .with_resource(resource)
                .with_periodic_exporter(metrics)
                .build(),
        }
    }

    /// What takes the spans of `tracing`, and its events, which become events of the span around them.
    #[must_use]
    pub fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        let tracer = self.spans.tracer("telemetry-example");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        // The driver logs each statement at lower levels.
        tracing_subscriber::registry().with(layer.with_filter(LevelFilter::INFO))
    }

    /// What keeps the metrics of this app.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.metrics.meter("telemetry-example")
    }

    /// Sends what is not sent yet, and ends.
    ///
    /// # Errors
    /// If an exporter fails.
    pub fn end(&self) -> OTelSdkResult {
        let sent = self.spans.shutdown();
        self.metrics.shutdown().and(sent)
    }
}
// ANCHOR_END: telemetry
