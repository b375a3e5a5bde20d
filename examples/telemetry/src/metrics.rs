//! What a run does, as metrics.

use std::time::Duration;

use kumiko_seeds::Progress;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

// ANCHOR: observe
/// An observer for [`SeedRunner::observe`](kumiko_seeds::sqlite::SeedRunner::observe) that keeps metrics with `meter`.
pub fn observe(meter: &Meter) -> impl Fn(Progress<'_>) + Send + Sync + 'static {
    let seconds = |name: &'static str| {
        let histogram = meter.f64_histogram(name).with_unit("s");
        histogram.with_boundaries(BOUNDARIES.into()).build()
    };
    let count = |name: &'static str, unit: &'static str| {
        let counter = meter.u64_counter(name);
        counter.with_unit(unit).build()
    };
    let seed_duration = seconds("kumiko.seed.duration");
    let seed_failures = count("kumiko.seed.failures", "{failure}");
    let seed_retries = count("kumiko.seed.retries", "{retry}");
    let step_duration = seconds("kumiko.step.duration");
    let step_items = count("kumiko.step.items", "{item}");
    let lock_wait = meter.f64_gauge("kumiko.lock.wait").with_unit("s").build();

    move |progress| {
        let mut waited = Duration::ZERO;
        match progress {
            Progress::Waiting { waited: so_far, .. } => waited = so_far,
            Progress::Applied { id, duration } => {
                seed_duration.record(duration.as_secs_f64(), &of(id));
            }
            Progress::Failed { id, .. } => seed_failures.add(1, &of(id)),
            Progress::Retrying { id, .. } => seed_retries.add(1, &of(id.unwrap_or("preparation"))),
            Progress::Stepped {
                id,
                items,
                duration,
                ..
            } => {
                step_duration.record(duration.as_secs_f64(), &of(id));
                step_items.add(items, &of(id));
            }
            _ => {}
        }
        // Whatever else happens, the wait is over.
        lock_wait.record(waited.as_secs_f64(), &[]);
    }
}

/// From a seed that changes a row to one that takes an hour.
const BOUNDARIES: [f64; 12] = [
    0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0,
];

/// There are only as many ids as an app has seeds and other operations, so they may be an attribute.
fn of(id: &'static str) -> [KeyValue; 1] {
    [KeyValue::new("kumiko.seed.id", id)]
}
// ANCHOR_END: observe
