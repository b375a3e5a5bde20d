//! Who hears what a run does.

use std::fmt;
use std::io::{Write, stderr};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::Progress;
use crate::progress::TARGET;

/// Somebody who hears of each step, if anybody does.
#[derive(Clone, Default)]
pub(crate) struct Observer {
    observe: Option<Arc<Observe>>,
}

type Observe = dyn Fn(Progress<'_>) + Send + Sync;

impl Observer {
    pub(crate) fn new(observe: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        Self {
            observe: Some(Arc::new(observe)),
        }
    }

    /// Says what happens, to `tracing` in any case.
    pub(crate) fn notify(&self, progress: Progress<'_>) {
        progress.trace();
        match &self.observe {
            Some(observe) => observe(progress),
            None => say(progress),
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Observer").finish_non_exhaustive()
    }
}

/// Which report of a wait is the one to be said: the second, about five seconds after the first.
const SAID: Range<Duration> = Duration::from_secs(5)..Duration::from_secs(10);

/// Says on stderr that the run waits for the lock, once in a wait of some seconds, where no `tracing` subscriber
/// does. A boot that stands still without a word looks broken, and a person may end the very process
/// that is at work.
fn say(progress: Progress<'_>) {
    if let Progress::Waiting { waited, .. } = progress
        && SAID.contains(&waited)
        && !tracing::enabled!(target: TARGET, tracing::Level::WARN)
    {
        // With stderr closed there is nobody to tell.
        drop(writeln!(stderr().lock(), "kumiko-seeds: {progress}"));
    }
}
