//! What a run did.

use std::fmt;
use std::time::Duration;

use crate::DryRunMigration;
use crate::error::operation;
use crate::seed::is_operation;

/// What a run did. Seeds that were applied before it are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The seeds that this run applied, in order.
    pub applied: Vec<Applied>,
    /// The seeds that a flag skipped. They have no marker and stay pending.
    ///
    /// With `KUMIKO_SKIP_ES_OPS=1` these are all compiled seeds, applied or not, because then
    /// the database is not even asked.
    pub skipped: Vec<Skipped>,
    /// Seeds that were pending when this run began and that another replica applied meanwhile.
    pub applied_elsewhere: Vec<&'static str>,
    /// The pending seeds that the boot leaves to [`SeedRunner::work`](crate::SeedRunner::work): those that say `BACKGROUND`,
    /// and those that wait for one of them.
    pub left_to_background: Vec<&'static str>,
    /// The seeds that are not applied, and for other environments than this one.
    pub not_here: Vec<&'static str>,
    /// What a person should look at, though the run went on.
    pub warnings: Vec<Warning>,
}

/// A seed that a run applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The seed.
    pub id: &'static str,
    /// How long it took, without opening and committing its transaction.
    pub duration: Duration,
    /// How many events it appended.
    pub events: u64,
    /// How often it was tried again after a failure that was nobody's fault, a deadlock for example.
    pub retries: u32,
}

/// What the pending seeds would do, found out by running them and rolling all of it back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DryRun {
    /// The pending seeds in order, with what each did before it was rolled back.
    pub seeds: Vec<DryRunSeed>,
    /// The seeds that a flag would skip.
    pub skipped: Vec<Skipped>,
    /// The seeds that are not applied, and for other environments than this one.
    pub not_here: Vec<&'static str>,
    /// What a person should look at.
    pub warnings: Vec<Warning>,
}

/// A seed that was run and rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DryRunSeed {
    /// The seed.
    pub id: &'static str,
    /// How long it took.
    pub duration: Duration,
    /// The events it appended, in order: of its first steps, if it has many.
    pub events: Vec<AppendedEvent>,
    /// How much all of it will be, if it has many steps.
    pub estimate: Option<Estimate>,
    /// What would become of streams, if it migrates some.
    pub migration: Option<DryRunMigration>,
}

/// How much a seed of many steps will be, after a dry run of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Estimate {
    /// How many items the first steps did.
    pub items: u64,
    /// How many there are in all, if the seed counts them.
    pub total: Option<u64>,
    /// Whether the first steps were all that there are.
    pub is_whole: bool,
    /// How long all of them will take at the rate of the first steps, if the seed counts them.
    pub duration: Option<Duration>,
}

/// An event that was appended, as a dry run lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "events", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AppendedEvent {
    /// The kind of aggregate, `membership`.
    pub aggregate_type: String,
    /// The aggregate.
    pub aggregate_id: String,
    /// The tenant the stream is stored under, where the event store knows tenants.
    pub tenant_id: Option<String>,
    /// The event's position in its stream, counted from 1.
    pub version: i64,
    /// What happened.
    pub event_type: String,
    /// The older event that it is made of, the first of several, where a migration of streams has made it.
    #[cfg_attr(feature = "events", serde(skip_serializing_if = "Option::is_none"))]
    pub made_of: Option<MadeOf>,
}

/// An event that another one is made of, as a dry run lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "events", derive(serde::Serialize))]
#[non_exhaustive]
pub struct MadeOf {
    /// What happened.
    pub event_type: String,
    /// The event's position in the stream that is migrated, counted from 1.
    pub version: i64,
}

impl AppendedEvent {
    /// An event of type `event_type` at position `version` of the stream of an aggregate.
    pub fn new(
        aggregate_type: impl Into<String>,
        aggregate_id: impl Into<String>,
        version: impl Into<i64>,
        event_type: impl Into<String>,
    ) -> Self {
        Self {
            aggregate_type: aggregate_type.into(),
            aggregate_id: aggregate_id.into(),
            tenant_id: None,
            version: version.into(),
            event_type: event_type.into(),
            made_of: None,
        }
    }

    /// The event in a stream of this tenant.
    #[must_use]
    pub fn in_tenant(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant_id.into());
        self
    }

    /// The event made of one of type `event_type` at position `version` of the stream that is migrated.
    #[must_use]
    pub fn made_of(mut self, event_type: impl Into<String>, version: impl Into<i64>) -> Self {
        self.made_of = Some(MadeOf {
            event_type: event_type.into(),
            version: version.into(),
        });
        self
    }
}

/// A seed that a flag skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The seed.
    pub id: &'static str,
    /// The environment variable that skipped it.
    pub flag: &'static str,
}

/// Something a person should look at, though the run went on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A skip flag is set for a seed that does not say `SKIPPABLE`. It changes nothing.
    FlagOnUnskippable {
        /// The environment variable.
        flag: String,
        /// The seed.
        id: &'static str,
    },
    /// A skip flag is set that belongs to no seed. It changes nothing.
    FlagWithoutSeed {
        /// The environment variable.
        flag: String,
    },
    /// The flag that skips everything is set, but this run is not a boot. It changes nothing.
    FlagAtBootOnly {
        /// The environment variable.
        flag: &'static str,
    },
    /// A skip flag has another value than `1`. It changes nothing.
    FlagValue {
        /// The environment variable.
        flag: String,
        /// Its value.
        value: String,
    },
    /// A pending seed is run although a later one is applied.
    OutOfOrder {
        /// The seed.
        id: &'static str,
        /// The greatest id that is applied.
        after: String,
    },
    /// The connection was lost while a seed was being committed. The database was asked on another
    /// one, and the seed is applied.
    CommitUnanswered {
        /// The seed.
        id: &'static str,
    },
    /// Seeds are applied from other source texts than this binary's. They do not run.
    OtherSource {
        /// The seeds.
        ids: Vec<String>,
        /// The name of the app. Without one the markers may be another app's.
        app: Option<String>,
    },
    /// A seed of many steps is cancelled. Later seeds go on without it.
    Cancelled {
        /// The seed.
        id: &'static str,
        /// How many items are done.
        done: u64,
    },
    /// A seed is applied that this binary does not contain.
    Missing {
        /// The seed.
        id: String,
    },
}

impl Warning {
    /// Whether somebody has set a skip flag that changes nothing.
    pub(crate) fn is_about_a_flag(&self) -> bool {
        matches!(
            self,
            Self::FlagOnUnskippable { .. }
                | Self::FlagWithoutSeed { .. }
                | Self::FlagAtBootOnly { .. }
                | Self::FlagValue { .. }
        )
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FlagOnUnskippable { flag, id } => write!(
                formatter,
                "{flag}=1 has no effect: seed {id} does not say `pub const SKIPPABLE: bool = true;`"
            ),
            Self::FlagWithoutSeed { flag } => {
                write!(formatter, "{flag}=1 has no effect: no seed has this flag")
            }
            Self::FlagAtBootOnly { flag } => write!(
                formatter,
                "{flag}=1 has no effect here: it skips seeds only when an app boots"
            ),
            Self::FlagValue { flag, value } => {
                write!(formatter, "{flag}={value:?} has no effect: only 1 counts")
            }
            Self::OutOfOrder { id, after } => {
                write!(
                    formatter,
                    "seed {id} is out of order: {after} is already applied"
                )
            }
            Self::CommitUnanswered { id } => write!(
                formatter,
                "the connection was lost while seed {id} was being committed; it is applied"
            ),
            Self::OtherSource { ids, app } => {
                let ids = ids.join(", ");
                write!(
                    formatter,
                    "applied from other source text than this binary's, and not run again: {ids}; "
                )?;
                formatter.write_str(match app {
                    Some(_) => "edited since",
                    None => {
                        "edited since, or of another app in this database that has seeds of the same ids, and then \
                         this app's were never run: apps that share a database need names (`SeedRunner::app`)"
                    }
                })
            }
            Self::Cancelled { id, done } => write!(
                formatter,
                "{} is cancelled ({done} items are done); later seeds go on without it",
                operation(id)
            ),
            Self::Missing { id } if is_operation(id) => write!(
                formatter,
                "{id} was done by a newer release, and this one writes an older version of the rows"
            ),
            Self::Missing { id } => {
                write!(
                    formatter,
                    "seed {id} is applied, but missing from this binary"
                )
            }
        }
    }
}

/// A duration as people say it: `640ms`, `3.2s`.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{}ms", duration.as_millis())
    } else {
        format!("{:.1}s", duration.as_secs_f64())
    }
}
