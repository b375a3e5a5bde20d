//! What a run says where nobody listens.

use std::io::{Write, stderr};
use std::ops::Range;
use std::time::Duration;

use crate::Progress;
use crate::progress::TARGET;

/// Which report of a wait is the one to be said: the second, about five seconds after the first.
const SAID: Range<Duration> = Duration::from_secs(5)..Duration::from_secs(10);

/// Says on stderr that the run waits for the lock, once in a wait of some seconds, where no `tracing` subscriber
/// does. A boot that stands still without a word looks broken, and a person may end the very process
/// that is at work.
pub(crate) fn say(progress: Progress<'_>) {
    if let Progress::Waiting { waited, .. } = progress
        && SAID.contains(&waited)
        && !tracing::enabled!(target: TARGET, tracing::Level::WARN)
    {
        // With stderr closed there is nobody to tell.
        drop(writeln!(stderr().lock(), "kumiko-seeds: {progress}"));
    }
}
