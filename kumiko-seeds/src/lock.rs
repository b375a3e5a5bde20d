//! Waiting for the lock: who holds it, how often to try, when to give up.

use std::fmt;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::{Error, Progress};

/// Who holds the lock of seeds, as far as the database tells.
///
/// PostgreSQL tells all of it to a role that may see the session. SQLite tells nothing; on Linux the
/// kernel tells the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// PostgreSQL: the server process of the session. SQLite: the process that is writing.
    pub process_id: Option<i64>,
    /// The session's `application_name`.
    pub application: Option<String>,
    /// The address of the session's client; none over a Unix socket.
    pub client: Option<String>,
    /// When its transaction began, by the database's clock.
    pub since: Option<DateTime<Utc>>,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process_id {
            Some(process_id) => write!(formatter, "process {process_id}")?,
            None => formatter.write_str("an unknown process")?,
        }
        if let Some(application) = &self.application {
            write!(formatter, " ({application:?})")?;
        }
        if let Some(client) = &self.client {
            write!(formatter, " from {client}")?;
        }
        if let Some(since) = &self.since {
            write!(
                formatter,
                " since {}",
                since.format("%Y-%m-%d %H:%M:%S UTC")
            )?;
        }
        Ok(())
    }
}

/// One wait for the lock. It ends when the lock is taken, when the work turns out to be done, or at
/// the limit.
pub(crate) struct Wait {
    began: Instant,
    limit: Duration,
    pause: Duration,
    report_at: Duration,
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
            report_at: Duration::ZERO,
        }
    }

    /// Whether the next pause should be preceded by a question for the holder: at first, every few
    /// seconds, and at the end.
    pub(crate) fn wants_holder(&self) -> bool {
        let waited = self.began.elapsed();
        waited >= self.report_at || waited >= self.limit
    }

    /// Says who is waited for, if it is time to, and pauses; an error once the limit is reached.
    pub(crate) async fn pause(
        &mut self,
        holder: Option<Holder>,
        observe: &(dyn Fn(Progress<'_>) + Send + Sync),
    ) -> Result<(), Error> {
        let waited = self.began.elapsed();
        if waited >= self.limit {
            return Err(Error::LockTimeout { waited, holder });
        }
        if waited >= self.report_at {
            let limit = self.limit;
            observe(Progress::Waiting {
                waited,
                limit,
                holder: holder.as_ref(),
            });
            self.report_at = waited + BETWEEN_REPORTS;
        }
        tokio::time::sleep(self.pause.min(self.limit.saturating_sub(waited))).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
