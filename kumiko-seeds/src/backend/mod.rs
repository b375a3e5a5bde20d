//! What the library asks of a database, and the handful of statements in which PostgreSQL and
//! SQLite differ.
//!
//! Everything above this module is written once, against [`Backend`]; SQL that is the same on both
//! databases stands where it is used.

#[cfg(feature = "postgres")]
mod ascii;
mod carries;
#[cfg(feature = "postgres")]
pub(crate) mod inline;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod reading;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
mod value;

use std::future::Future;

use chrono::{DateTime, Utc};
use sqlx::{Connection, Database, Executor, Transaction};

pub(crate) use carries::{Carries, column};
pub(crate) use value::Value;

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

    /// Creates the table of operations and its index where they are missing.
    #[doc(hidden)]
    const CREATE_OPERATIONS: &'static str;

    /// What is applied: the statements of `reading::applied!`.
    #[doc(hidden)]
    const APPLIED: &'static str;

    /// Whether an operation is in the table: the statements of `reading::look!`.
    #[doc(hidden)]
    const LOOK: &'static str;

    /// All that the table tells of seeds: the statements of `reading::history!`.
    #[doc(hidden)]
    const HISTORY: &'static str;

    /// Makes the open transaction read-only.
    #[doc(hidden)]
    const FORBID_WRITES: &'static str;

    /// Undoes [`Backend::FORBID_WRITES`] inside the same transaction.
    #[doc(hidden)]
    const ALLOW_WRITES: &'static str;

    /// Tries the lock once, in the transaction just opened, and runs `look` with values for `$1`, `$2` …
    /// after it. `None`: somebody else holds the lock, and what was seen means nothing.
    ///
    /// **Invariant:** `look` is a statement of its own, so what it sees is younger than the lock.
    #[doc(hidden)]
    fn take_lock(
        connection: &mut Self::Connection,
        look: &'static str,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<Option<Locked<Self>>>> + Send;

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

    /// Inserts a marker and the hash of its seed's source, if the transaction is still the one of
    /// [`Backend::take_lock`]. The values are those of `insert_marker!`.
    #[doc(hidden)]
    fn insert_marker(
        connection: &mut Self::Connection,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<(), MarkerFault>> + Send;

    /// Does the same, and commits where that costs a round trip less than [`Backend::end`] would.
    #[doc(hidden)]
    fn insert_last_marker(
        connection: &mut Self::Connection,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<(), MarkerFault>> + Send;

    /// Ends the transaction after [`Backend::insert_last_marker`], committed. Where another one has
    /// begun with the commit, gives that: it is as if [`Backend::BEGIN`] had just opened it, and costs
    /// nothing if it is dropped.
    #[doc(hidden)]
    fn end(
        transaction: Transaction<'_, Self>,
    ) -> impl Future<Output = sqlx::Result<Option<Transaction<'_, Self>>>> + Send;

    /// The text in column `index`, in the form in which statements of the library's own give it.
    #[doc(hidden)]
    fn text(row: &Self::Row, index: usize) -> sqlx::Result<Option<String>>;

    /// The time in column `index`, in the form in which statements of the library's own give it.
    #[doc(hidden)]
    fn time(row: &Self::Row, index: usize) -> sqlx::Result<DateTime<Utc>>;

    /// The role from which row level security on `table` may hide rows; none if it sees all. To be asked where
    /// row level security is active, which the first statement of each message that reads says.
    #[doc(hidden)]
    fn blinded_role(
        connection: &mut Self::Connection,
        table: &'static str,
    ) -> impl Future<Output = sqlx::Result<Option<String>>> + Send;

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

    /// Runs statements of the library's own with values for `$1`, `$2` …, and gives their rows.
    ///
    /// Nothing is prepared on PostgreSQL: preparing costs a round trip, and behind a pooler in
    /// transaction mode a prepared statement may be another client's, or gone.
    #[doc(hidden)]
    fn fetch(
        connection: &mut Self::Connection,
        sql: &'static str,
        values: &[Value<'_>],
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
    /// Row level security refuses to hide rows, or to take one.
    RowSecurity,
    /// There is one, but not with the columns that belong to it.
    OtherShape,
    /// Another connection holds the lock that the statement needs.
    Locked,
    /// Anything else.
    Other,
}

/// What is found under the lock.
#[doc(hidden)]
pub struct Locked<DB: Database> {
    /// When the transaction began, which is the time that its marker will say.
    pub since: DateTime<Utc>,
    /// The rows of the look.
    pub rows: Vec<DB::Row>,
}

/// Why there is no marker, or perhaps none.
#[doc(hidden)]
#[derive(Debug)]
pub enum MarkerFault {
    /// The transaction of the lock is over.
    TransactionEnded,
    /// The database refused, and the transaction cannot be committed any more.
    Refused(sqlx::Error),
    /// The connection was lost, before the commit or after it.
    Unanswered(sqlx::Error),
}

impl From<MarkerFault> for sqlx::Error {
    fn from(fault: MarkerFault) -> Self {
        match fault {
            MarkerFault::TransactionEnded => {
                Self::Protocol("the transaction of the lock is over".to_owned())
            }
            MarkerFault::Refused(error) | MarkerFault::Unanswered(error) => error,
        }
    }
}

/// Two statements: the marker, and the hash of the seed's source. That row may be left from before
/// the seed was unmarked; the marker may not be there yet. `$1` id, `$2` duration, `$3` applied by,
/// `$4` notes, `$5` the id of the second row, `$6` the hash, `$7` the time of [`Locked::since`].
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! insert_marker {
    ($applied_at:literal) => {
        concat!(
            "INSERT INTO kumiko_es_operations
                 (id, operation_type, applied_at, duration_ms, applied_by, notes)
             VALUES ($1, 'seed-migration', ",
            $applied_at,
            ", $2, $3, $4);
             INSERT INTO kumiko_es_operations
                 (id, operation_type, applied_at, duration_ms, applied_by, notes)
             VALUES ($5, 'seed-source', ",
            $applied_at,
            ", 0, $3, $6)
             ON CONFLICT (id) DO UPDATE SET notes = excluded.notes
             WHERE kumiko_es_operations.operation_type = 'seed-source'"
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
