//! What can go wrong in a test of a seed.

use std::error::Error as StdError;
use std::{fmt, io};

use kumiko_seeds::{ApplyError, error_chain};

/// Why a test cannot go on, or what it has found.
///
/// It debug-prints for people, with its causes and what to do about it, because that is what a test that returns it
/// shows.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no PostgreSQL server to create a database on.
    #[error(
        "there is no PostgreSQL server for this test: TEST_DATABASE_URL is not set, and {reason}"
    )]
    NoServer {
        /// Why none could be started on this machine.
        reason: String,
        /// What to do about that.
        help: Option<String>,
    },
    /// `TEST_DATABASE_URL` is no URL of a PostgreSQL server.
    #[error("TEST_DATABASE_URL is no URL of a PostgreSQL server")]
    Url {
        /// The driver's error.
        source: sqlx::Error,
    },
    /// A database could not be created or removed.
    #[error("could not {step}")]
    Database {
        /// What was being done, to be read after "could not".
        step: String,
        /// The driver's error.
        source: sqlx::Error,
    },
    /// The file of a database could not be created or removed.
    #[error("could not {step}")]
    File {
        /// What was being done, to be read after "could not".
        step: String,
        /// The system's error.
        source: io::Error,
    },
    /// The app's preparation of the database failed.
    #[error(transparent)]
    Prepare {
        /// What happened.
        source: kumiko_seeds::Error,
    },
    /// A seed failed. The error knows which, and what was applied before it.
    #[error(transparent)]
    Apply {
        /// What happened.
        source: Box<ApplyError>,
    },
    /// The marker of a seed could not be taken away or set.
    #[error(transparent)]
    Ledger {
        /// What happened.
        source: kumiko_seeds::Error,
    },
    /// The app has no such seed.
    #[error("the app has no seed {id}; {}", known(seeds))]
    UnknownSeed {
        /// The seed that was asked for.
        id: String,
        /// Those that there are.
        seeds: Vec<&'static str>,
    },
    /// The seed is applied in the test's database, so it would not run.
    #[error("seed {id} is applied in this database already, so it did not run")]
    AlreadyApplied {
        /// The seed.
        id: &'static str,
    },
    /// The seed is not applied in the test's database, so it cannot run a second time.
    #[error("seed {id} is not applied in this database, so it cannot be run a second time")]
    NotApplied {
        /// The seed.
        id: &'static str,
    },
    /// A statement of the test failed.
    #[error("could not run this statement of the test:\n    {sql}")]
    Statement {
        /// The statement.
        sql: String,
        /// The driver's error.
        source: sqlx::Error,
    },
    /// Events could not be appended or read.
    #[cfg(feature = "events")]
    #[error("could not {step}")]
    Events {
        /// What was being done, to be read after "could not".
        step: &'static str,
        /// What happened.
        source: kumiko_seeds::events::EventStoreError,
    },
    /// A seed has appended other events than those that were expected.
    #[cfg(feature = "events")]
    #[error(
        "seed {id} has appended other events than expected (- expected, + appended):{difference}"
    )]
    OtherEvents {
        /// The seed.
        id: &'static str,
        /// Both, an event a line.
        difference: String,
    },
    /// A projection could not be checked.
    #[cfg(feature = "events")]
    #[error(transparent)]
    Projection {
        /// What happened.
        source: kumiko_seeds::events::ProjectionError,
    },
    /// Rows of a projection are not what its events say.
    #[cfg(feature = "events")]
    #[error("{} rows of projection {} are not what its events say:{}", check.wrong(), check.projection, wrong_rows(check))]
    WrongRows {
        /// What was found.
        check: Box<kumiko_seeds::events::ProjectionCheck>,
    },
    /// Snapshots of aggregates are not what the events of their streams say.
    #[cfg(feature = "events")]
    #[error(
        "snapshots of {aggregate_type} are not what the events say, of:{}",
        lines(streams)
    )]
    WrongSnapshots {
        /// The kind of aggregate.
        aggregate_type: String,
        /// The streams.
        streams: Vec<kumiko_seeds::events::Stream>,
    },
    /// A write of the test failed.
    #[cfg(feature = "events")]
    #[error(transparent)]
    Write {
        /// What happened.
        source: kumiko_seeds::events::WriteError,
    },
    /// A query gives other rows than those that were expected.
    #[error("other rows than expected (- expected, + found) for:\n    {sql}{difference}")]
    OtherRows {
        /// The query.
        sql: String,
        /// Both, a row a line.
        difference: String,
    },
    /// The rows that were expected are no array.
    #[error("expected rows are an array of objects, and not {expected}")]
    NotRows {
        /// What was given.
        expected: String,
    },
    /// The app's preparation changes what is there when it runs again, as it may before any pending seed.
    #[error(
        "the app's preparation of the database, run again, has changed what was there (- before, + after):{difference}"
    )]
    PreparationChanged {
        /// What it has changed, by tables.
        difference: String,
    },
    /// A seed changes what it has made itself when it runs again.
    #[error(
        "seed {id}, run a second time, has changed what was there (- before, + after):{difference}"
    )]
    SecondRunChanged {
        /// The seed.
        id: &'static str,
        /// What it has changed, by tables.
        difference: String,
    },
    /// A seed fails when it runs again. Nothing is left of that.
    #[error("seed {id}, run a second time, has changed nothing, but failed")]
    SecondRunFailed {
        /// The seed.
        id: &'static str,
        /// What happened.
        source: Box<ApplyError>,
    },
}

/// The line that names a server.
pub(crate) const EXPORT: &str =
    "export TEST_DATABASE_URL=postgres://user:password@localhost/postgres";

impl Error {
    pub(crate) fn database(step: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        |source| Self::Database {
            step: step.into(),
            source,
        }
    }

    /// What to do about it, where more can be said than the message does.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::NoServer { help, .. } => {
                let named = format!("name a server on which databases may be created:\n    {EXPORT}");
                let remedies: Vec<&str> = [&*named].into_iter().chain(help.as_deref()).collect();
                Some(remedies.join("\nhelp: "))
            }
            Self::Url { .. } => Some(format!("write it like this:\n    {EXPORT}")),
            Self::Prepare { source } | Self::Ledger { source } => source.remedy(),
            Self::Apply { source } => source.error.remedy(),
            Self::AlreadyApplied { .. } => Some(
                "apply it once; `check_second_run` runs it a second time without its marker"
                    .to_owned(),
            ),
            Self::NotApplied { id } => {
                Some(format!("apply it first:\n    database.apply({id:?}).await?;"))
            }
            #[cfg(feature = "events")]
            Self::WrongRows { .. } => Some(
                "let `apply` depend on nothing but the event and the row as it is: `n = n + 1`, an upsert, or a read FOR UPDATE; \
                 and take the time from the event"
                    .to_owned(),
            ),
            #[cfg(feature = "events")]
            Self::WrongSnapshots { .. } => {
                Some("raise SNAPSHOT_VERSION of the aggregate".to_owned())
            }
            Self::SecondRunFailed { .. } => Some(
                "let the seed pass over what is done already; or, if it is meant to refuse, let the test say so:\n    \
                 let again = database.check_second_run(SEED).await;\n    \
                 assert!(matches!(again, Err(kumiko_seeds_testing::Error::SecondRunFailed { .. })));"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error: &(dyn StdError + 'static) = self;
        formatter.write_str(&error_chain(error).join("\ncaused by: "))?;
        match self.remedy() {
            Some(remedy) => write!(formatter, "\nhelp: {remedy}"),
            None => Ok(()),
        }
    }
}

/// A row a line.
#[cfg(feature = "events")]
fn wrong_rows(check: &kumiko_seeds::events::ProjectionCheck) -> String {
    let rows = check.rows.iter().map(|row| {
        let columns = match row.columns.as_slice() {
            [] => String::new(),
            columns => format!(" ({})", columns.join(", ")),
        };
        let (table, key, wrong) = (&row.table, row.key.join(", "), row.wrong.as_str());
        format!("\n    {table} {key}: {wrong}{columns}")
    });
    rows.collect()
}

/// A stream a line.
#[cfg(feature = "events")]
fn lines(streams: &[kumiko_seeds::events::Stream]) -> String {
    let line = |stream: &kumiko_seeds::events::Stream| {
        let (aggregate, tenant) = (stream.aggregate_id, stream.tenant_id);
        format!("\n    {aggregate} of tenant {tenant}")
    };
    streams.iter().map(line).collect()
}

fn known(seeds: &[&str]) -> String {
    if seeds.is_empty() {
        return "it has none, so seeds() of the app gives a runner without seeds".to_owned();
    }
    format!("it has:\n    {}", seeds.join("\n    "))
}
