//! How far a seed of many steps is, as data. Pure.

use kumiko_seeds::SeedProgress;
use serde::Serialize;
use serde_json::Value;

use crate::printing::Moment;

/// How far a seed of many steps is.
#[derive(Clone, Debug, Serialize)]
pub struct ProgressView<'a> {
    /// Whether it goes on.
    pub state: &'static str,
    /// Where the next step begins; none before the first step.
    pub cursor: Option<Value>,
    /// How many items are done.
    pub done: u64,
    /// How many items there were when it began, if the seed has counted them.
    pub total: Option<u64>,
    /// How much of it is done, from 0 to 100.
    pub percent: Option<u8>,
    /// How many events its steps have appended.
    pub events: u64,
    /// How many steps are committed.
    pub steps: u64,
    /// How many items the next step asks for.
    pub step_size: u32,
    /// How many items a second its steps have done, to a tenth.
    pub items_per_second: Option<f64>,
    /// How long the rest will take at that rate, in whole seconds.
    pub seconds_left: Option<u64>,
    /// How many steps have failed in a row.
    pub failures: u32,
    /// Why the last of them failed.
    pub error: Option<&'a str>,
    /// Why no step runs at the moment, if a throttle holds them back.
    pub throttled: Option<&'a str>,
    /// Which process did the last step, or tried to.
    pub worker: Option<&'a str>,
    /// When the first step began.
    pub started_at: Moment,
    /// When the last step was committed or its state was changed.
    pub updated_at: Moment,
    /// How long its steps took in all.
    pub worked_ms: u128,
}

impl<'a> ProgressView<'a> {
    /// The view of a progress.
    #[must_use]
    pub fn of(progress: &'a SeedProgress) -> Self {
        let tenths = |rate: f64| (rate * 10.0).round() / 10.0;
        Self {
            state: progress.state.as_str(),
            cursor: progress.cursor.as_deref().map(value),
            done: progress.done,
            total: progress.total,
            percent: progress.percent(),
            events: progress.events,
            steps: progress.steps,
            step_size: progress.step_size,
            items_per_second: progress.items_per_second().map(tenths),
            seconds_left: progress.time_left().map(|left| left.as_secs()),
            failures: progress.failures,
            error: progress.error.as_deref(),
            throttled: progress.throttled.as_deref(),
            worker: progress.worker.as_deref(),
            started_at: Moment(progress.started_at),
            updated_at: Moment(progress.updated_at),
            worked_ms: progress.worked.as_millis(),
        }
    }
}

/// A cursor as the JSON that it is. What somebody else has written into the table need not be any, and is a text then.
fn value(cursor: &str) -> Value {
    serde_json::from_str(cursor).unwrap_or_else(|_| Value::String(cursor.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_numbers_and_the_cursor_is_what_it_is() {
        let mut progress = SeedProgress::default();
        progress.done = 1_000;
        progress.total = Some(4_000);
        progress.worked = Duration::from_secs(3);
        for (written, cursor) in [
            (None, json!(null)),
            (Some("17"), json!(17)),
            (Some("[\"a\",{\"b\":2}]"), json!(["a", { "b": 2 }])),
            (Some("no JSON"), json!("no JSON")),
        ] {
            progress.cursor = written.map(str::to_owned);
            assert_eq!(
                serde_json::to_value(ProgressView::of(&progress)).ok(),
                Some(json!({
                    "state": "running", "cursor": cursor, "done": 1000, "total": 4000, "percent": 25, "events": 0,
                    "steps": 0, "step_size": 0, "items_per_second": 333.3, "seconds_left": 9, "failures": 0,
                    "error": null, "throttled": null, "worker": null, "started_at": "1970-01-01T00:00:00+00:00",
                    "updated_at": "1970-01-01T00:00:00+00:00", "worked_ms": 3000
                }))
            );
        }
    }
}
