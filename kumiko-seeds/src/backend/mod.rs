//! What the library asks of a database, and the handful of statements in which PostgreSQL and
//! SQLite differ.
//!
//! Everything above this module is written once, against [`Backend`]; SQL that is the same on both
//! databases stands where it is used.

mod carries;
#[cfg(feature = "postgres")]
mod inline;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use std::future::Future;

use chrono::{DateTime, Utc};
use sqlx::{Connection, Database, Executor};

pub(crate) use carries::{Carries, column};

use crate::lock::Holder;

/// A database that seeds can be applied to: `sqlx::Postgres` or `sqlx::Sqlite`.
///
/// The trait is sealed. Its methods are the differences between the two and are not for callers.
pub trait Backend:
    Database
    + Carries<String>
    + Carries<Option<String>>
    + Carries<i64>
    + Carries<i32>
    + Carries<DateTime<Utc>>
    + sealed::Sealed
{
    /// Opens the transaction of a seed.
    ///
    /// **Invariant:** whatever the database's defaults, the transaction may write, and each of its
    /// statements sees what was committed before that statement began. Otherwise the re-check
    /// of the marker would read a snapshot older than the lock.
    #[doc(hidden)]
    const BEGIN: &'static str;

    /// Inserts a marker and the hash of its seed's source, and returns the id and the time of what
    /// it inserted: two rows, or none if the transaction of [`Backend::take_lock`] is over. `$1` id,
    /// `$2` duration, `$3` applied by, `$4` notes, `$5` the id of the second row, `$6` the hash.
    #[doc(hidden)]
    const INSERT_MARKER: &'static str;

    /// Creates the table of operations and its index where they are missing.
    #[doc(hidden)]
    const CREATE_OPERATIONS: &'static str;

    /// Makes the open transaction read-only.
    #[doc(hidden)]
    const FORBID_WRITES: &'static str;

    /// Undoes [`Backend::FORBID_WRITES`] inside the same transaction.
    #[doc(hidden)]
    const ALLOW_WRITES: &'static str;

    /// Tries the lock once, in the transaction just opened. `false`: somebody else holds it.
    #[doc(hidden)]
    fn take_lock(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Sets how long statements, [`Backend::BEGIN`] among them, wait for another connection's lock,
    /// and gives back what it was. PostgreSQL's `BEGIN` never waits, so there it does nothing.
    #[doc(hidden)]
    fn replace_busy_timeout(
        connection: &mut Self::Connection,
        milliseconds: i64,
    ) -> impl Future<Output = sqlx::Result<i64>> + Send;

    /// Brings a connection whose transaction was rolled back into the state it came in, where
    /// settings outlive the transaction.
    #[doc(hidden)]
    fn undo_session_settings(
        connection: &mut Self::Connection,
        busy_timeout: i64,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Verifies that the seed left its transaction open, as far as [`Backend::INSERT_MARKER`] cannot.
    #[doc(hidden)]
    fn verify_open(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Who holds the lock now, as far as the database tells.
    #[doc(hidden)]
    fn holder(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<Option<Holder>>> + Send;

    /// What an error of a statement on the table of operations means.
    #[doc(hidden)]
    fn fault(error: &sqlx::Error) -> Fault;

    /// The role that connections are opened with, where there are roles.
    #[doc(hidden)]
    fn role(options: &<Self::Connection as Connection>::Options) -> Option<&str>;

    /// Runs statements of the library's own with text for `$1`, `$2` …, and gives their rows.
    ///
    /// Nothing is prepared on PostgreSQL: preparing costs a round trip, and behind a pooler in
    /// transaction mode a prepared statement may be another client's, or gone.
    #[doc(hidden)]
    fn fetch(
        connection: &mut Self::Connection,
        sql: &'static str,
        values: &[&str],
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;

    /// The connection as something statements run on. Generic code cannot know this of
    /// `&mut Self::Connection`, because a trait's bounds on references are not implied.
    #[doc(hidden)]
    fn executor(connection: &mut Self::Connection) -> impl Executor<'_, Database = Self>;
}

/// What an error of a statement on the table of operations means.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no table of operations.
    TableMissing,
    /// The role lacks a privilege on it, or may not create it.
    NotPermitted,
    /// There is one, but not with the columns that belong to it.
    OtherShape,
    /// Another connection holds the lock that the statement needs.
    Locked,
    /// Anything else.
    Other,
}

/// A source row may be left from before its seed was unmarked; a marker may not be there yet.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! insert_marker {
    ($condition:literal) => {
        concat!(
            "INSERT INTO kumiko_es_operations
                 (id, operation_type, duration_ms, applied_by, notes)
             SELECT column1, column2, column3, column4, column5
             FROM (VALUES ($1, 'seed-migration', CAST($2 AS integer), $3, $4),
                          ($5, 'seed-source', 0, $3, $6)) AS operation
             WHERE ",
            $condition,
            " ON CONFLICT (id) DO UPDATE SET notes = excluded.notes
              WHERE kumiko_es_operations.operation_type = 'seed-source'
              RETURNING id, applied_at"
        )
    };
}
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use insert_marker;

mod sealed {
    pub trait Sealed {}
    #[cfg(feature = "postgres")]
    impl Sealed for sqlx::Postgres {}
    #[cfg(feature = "sqlite")]
    impl Sealed for sqlx::Sqlite {}
}
