//! What a run is doing, while it does it.

use std::fmt;
use std::time::Duration;

use crate::causes::with_causes;
use crate::error::lock_of;
use crate::holder::Holder;
use crate::report::seconds;
use crate::{Error, SeedProgress};

/// One step of a run, given to [`SeedRunner::observe`](crate::SeedRunner::observe) as it happens.
///
/// The same steps are `tracing` events of the target `kumiko_seeds`, whether anybody observes or not.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// Another process holds the lock. Said at once, and then every five seconds.
    Waiting {
        /// The seed whose steps that process does; none if it has the lock of seeds.
        steps_of: Option<&'static str>,
        /// How long this process has waited since it last saw any progress.
        waited: Duration,
        /// When it will give up.
        limit: Duration,
        /// Who holds the lock, as far as the database tells.
        holder: Option<&'a Holder>,
    },
    /// A seed has the lock and begins.
    Started {
        /// The seed.
        id: &'static str,
    },
    /// A seed is committed with its marker.
    Applied {
        /// The seed.
        id: &'static str,
        /// How long it took.
        duration: Duration,
    },
    /// What other connections did at the same time made a seed fail, and it is tried again.
    Retrying {
        /// The seed; none if it is the app's preparation.
        id: Option<&'static str>,
        /// Which retry comes, counted from 1.
        retry: u32,
        /// How many there will be at most.
        limit: u32,
        /// How long it is until then.
        pause: Duration,
        /// Why it failed.
        error: &'a Error,
    },
    /// A step of a seed is committed.
    Stepped {
        /// The seed.
        id: &'static str,
        /// How many items the step did.
        items: u64,
        /// How long it took.
        duration: Duration,
        /// How far the seed is now.
        progress: &'a SeedProgress,
    },
    /// No step of a seed runs, because somebody has paused it. Said once a pause.
    Paused {
        /// The seed.
        id: &'static str,
    },
    /// No step of a seed runs, because a throttle holds them back. Said once for each reason.
    Throttled {
        /// The seed.
        id: &'static str,
        /// Why.
        reason: &'a str,
    },
    /// A flag skips a seed.
    Skipped {
        /// The seed.
        id: &'static str,
        /// The environment variable.
        flag: &'static str,
    },
    /// Another replica applied a seed that was pending here.
    AppliedElsewhere {
        /// The seed.
        id: &'static str,
    },
    /// A seed failed. The run stops.
    Failed {
        /// The seed.
        id: &'static str,
        /// Why.
        error: &'a Error,
    },
}

impl fmt::Display for Progress<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting {
                steps_of,
                waited,
                limit,
                holder,
            } => {
                write!(formatter, "waiting for {}, held by ", lock_of(*steps_of))?;
                match holder {
                    Some(holder) => write!(formatter, "{holder}")?,
                    None => formatter.write_str("an unknown process")?,
                }
                write!(
                    formatter,
                    " ({} of at most {})",
                    seconds(*waited),
                    seconds(*limit)
                )
            }
            Self::Started { id } => write!(formatter, "applying {id}"),
            Self::Applied { id, duration } => {
                write!(formatter, "applied {id} in {}", seconds(*duration))
            }
            Self::Retrying {
                id,
                retry,
                limit,
                pause,
                error,
            } => {
                let what = id.unwrap_or("the preparation");
                let why = with_causes(*error);
                let pause = seconds(*pause);
                write!(
                    formatter,
                    "retrying {what} in {pause}, {retry} of at most {limit} times: {why}"
                )
            }
            Self::Stepped { id, progress, .. } => write!(formatter, "{id}: {progress}"),
            Self::Paused { id } => write!(formatter, "paused {id}: it goes on once it is resumed"),
            Self::Throttled { id, reason } => write!(formatter, "holding {id} back: {reason}"),
            Self::Skipped { id, flag } => write!(formatter, "skipped {id}, because {flag}=1"),
            Self::AppliedElsewhere { id } => {
                write!(formatter, "applied {id} elsewhere, by another replica")
            }
            Self::Failed { id, .. } => write!(formatter, "failed {id}"),
        }
    }
}

impl Progress<'_> {
    /// Writes the step to the log.
    pub(crate) fn trace(self) {
        match self {
            Self::Waiting {
                steps_of,
                waited,
                limit,
                holder,
            } => {
                let holder = holder.map_or_else(|| "unknown".to_owned(), ToString::to_string);
                tracing::warn!(target: TARGET, steps_of, ?waited, ?limit, %holder, "waiting for the lock");
            }
            Self::Started { id } => tracing::info!(target: TARGET, id, "seed started"),
            Self::Applied { id, duration } => {
                tracing::info!(target: TARGET, id, ?duration, "seed applied");
            }
            Self::Retrying {
                id,
                retry,
                limit,
                pause,
                error,
            } => {
                let error = with_causes(error);
                tracing::warn!(target: TARGET, id, retry, limit, ?pause, error, "trying again");
            }
            Self::Stepped {
                id,
                items,
                duration,
                progress,
            } => {
                let (done, total, events) = (progress.done, progress.total, progress.events);
                tracing::info!(target: TARGET, id, items, ?duration, done, total, events, "step committed");
            }
            Self::Paused { id } => tracing::info!(target: TARGET, id, "seed paused"),
            Self::Throttled { id, reason } => {
                tracing::info!(target: TARGET, id, reason, "seed held back");
            }
            Self::Skipped { id, flag } => {
                tracing::warn!(target: TARGET, id, flag, "seed skipped by its flag");
            }
            Self::AppliedElsewhere { id } => {
                tracing::info!(target: TARGET, id, "seed applied by another replica");
            }
            Self::Failed { id, error } => {
                let error = with_causes(error);
                tracing::error!(target: TARGET, id, error, "seed failed");
            }
        }
    }
}

pub(crate) const TARGET: &str = "kumiko_seeds";
