//! How long something took, as people say it. Pure.

use std::time::Duration;

/// `640ms`, `3.2s`: as the steps of a run have it, which the library words.
pub(super) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{}ms", duration.as_millis())
    } else {
        format!("{:.1}s", duration.as_secs_f64())
    }
}
