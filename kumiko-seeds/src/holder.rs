//! Who holds the lock.

use std::fmt;

use chrono::{DateTime, Utc};

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
