//! What a seed did to a test's database.

use std::time::Duration;

#[cfg(feature = "events")]
use kumiko_seeds::events::StoredEvent;

/// A seed that a test has applied.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AppliedSeed {
    /// The seed.
    pub id: &'static str,
    /// How long it took, without opening and committing its transaction.
    pub duration: Duration,
    /// The events it appended, in order.
    #[cfg(feature = "events")]
    pub events: Vec<StoredEvent>,
}
