//! What every run says of itself, as data. Pure.

use kumiko_seeds::{Applied, Warning};
use serde::Serialize;

/// A seed that a run applied.
#[derive(Clone, Debug, Serialize)]
pub struct AppliedView {
    /// The seed.
    pub id: &'static str,
    /// How long it took.
    pub duration_ms: u128,
    /// How many events it appended.
    pub events: u64,
    /// How often it was tried again.
    pub retries: u32,
}

impl AppliedView {
    pub(crate) fn of(seed: &Applied) -> Self {
        Self {
            id: seed.id,
            duration_ms: seed.duration.as_millis(),
            events: seed.events,
            retries: seed.retries,
        }
    }
}

/// The warnings for people.
pub(crate) fn texts(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(ToString::to_string).collect()
}
