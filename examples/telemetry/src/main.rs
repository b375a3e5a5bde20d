//! Applies the app's seeds to a database in memory, and prints what a trace backend and a store of metrics would get.

use std::error::Error;

use opentelemetry_stdout::{MetricExporter, SpanExporter};
use sqlx::sqlite::SqlitePoolOptions;
use telemetry_example::{Telemetry, observe, seeds};

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // An app that sends them to a collector uses the crate opentelemetry-otlp here:
    // opentelemetry_otlp::SpanExporter::builder().with_http().build()?, and the same of its MetricExporter.
    let telemetry = Telemetry::to(SpanExporter::default(), MetricExporter::default());
    tracing::subscriber::set_global_default(telemetry.subscriber())?;

    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await?;
    let runner = seeds().observe(observe(&telemetry.meter()));
    let report = runner.apply(&pool).await;
    // Also after a failure, which is what somebody will look for.
    telemetry.end()?;
    report?;
    Ok(())
}
// ANCHOR_END: main
