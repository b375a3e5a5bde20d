//! Waiting for the lock: how often to try, when to give up.

use std::time::{Duration, Instant};

use crate::holder::Holder;
use crate::observer::Observer;
use crate::{Error, Progress};

/// How long to wait for the lock where nobody says.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_mins(5);

/// One wait for the lock. It ends when the lock is taken, when the work turns out to be done, or at
/// the limit.
pub(crate) struct Wait {
    began: Instant,
    limit: Duration,
    pause: Duration,
    reported: Option<Instant>,
    /// The seed whose steps others do; none if it is the lock of seeds.
    steps_of: Option<&'static str>,
}

/// The first pause is about one short seed, the longest what nobody notices at a boot.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
const BETWEEN_REPORTS: Duration = Duration::from_secs(5);

impl Wait {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            began: Instant::now(),
            limit,
            pause: FIRST_PAUSE,
            reported: None,
            steps_of: None,
        }
    }

    /// The same, for the lock of the steps of the seed `id`.
    pub(crate) fn for_steps_of(self, id: &'static str) -> Self {
        Self {
            steps_of: Some(id),
            ..self
        }
    }

    /// Starts the clock anew, because something moved, here or in the process that has the lock.
    ///
    /// The pauses stay as long as they are: of fifty processes that wait only one is needed next, and
    /// the others would be in its way.
    pub(crate) fn restart(&mut self) {
        self.began = Instant::now();
    }

    /// Whether the next pause should be preceded by a question for the holder: at first, every few
    /// seconds, and at the end.
    pub(crate) fn wants_holder(&self) -> bool {
        self.is_time_to_report() || self.began.elapsed() >= self.limit
    }

    fn is_time_to_report(&self) -> bool {
        self.reported
            .is_none_or(|reported| reported.elapsed() >= BETWEEN_REPORTS)
    }

    /// Says who is waited for, if it is time to, and pauses; an error once the limit is reached.
    pub(crate) async fn pause(
        &mut self,
        holder: Option<Holder>,
        observer: &Observer,
    ) -> Result<(), Error> {
        let waited = self.began.elapsed();
        if waited >= self.limit {
            return Err(Error::LockTimeout {
                steps_of: self.steps_of,
                waited,
                holder,
            });
        }
        if self.is_time_to_report() {
            let limit = self.limit;
            observer.notify(Progress::Waiting {
                steps_of: self.steps_of,
                waited,
                limit,
                holder: holder.as_ref(),
            });
            self.reported = Some(Instant::now());
        }
        tokio::time::sleep(self.pause.min(self.limit.saturating_sub(waited))).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn progress_of_others_is_no_reason_to_say_again_who_is_waited_for() {
        let said = Arc::new(AtomicUsize::new(0));
        let counted = said.clone();
        let observer = Observer::new(move |_: Progress<'_>| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let mut wait = Wait::new(Duration::from_mins(1));
        assert!(wait.wants_holder());
        for _ in 0..3 {
            assert!(wait.pause(None, &observer).await.is_ok());
            wait.restart();
        }
        assert!(!wait.wants_holder());
        assert_eq!(said.load(Ordering::Relaxed), 1);
        assert_eq!(wait.pause, FIRST_PAUSE * 8);
    }
}
