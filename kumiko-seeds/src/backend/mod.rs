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

    /// Whether a connection that had the lock lacks something of the app's afterwards, so that it does not go back to
    /// its pool.
    #[doc(hidden)]
    const TAKES_FROM_SESSION: bool;

    /// Creates the table of operations and its index where they are missing.
    #[doc(hidden)]
    const CREATE_OPERATIONS: &'static str;

    /// What is applied: the statements of `reading::applied!`.
    #[doc(hidden)]
    const APPLIED: &'static str;

    /// Whether a seed is applied: the statements of `reading::look!`.
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

    /// What tells the transaction of the lock from every other.
    #[doc(hidden)]
    type Identity: Clone + Send + Sync + 'static;

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

    /// Takes back what the library itself has set on a connection whose transaction is over.
    #[doc(hidden)]
    fn undo_session_settings(
        connection: &mut Self::Connection,
        busy_timeout: i64,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// How to bring the session back to what it is now, after somebody has run statements of their own
    /// in it.
    #[doc(hidden)]
    fn restoration(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<Restoration>> + Send;

    /// Whether the transaction of [`Backend::take_lock`] is open. An error says nothing of it: a
    /// PostgreSQL transaction in which a statement has failed answers no question.
    #[doc(hidden)]
    fn is_open(
        connection: &mut Self::Connection,
        identity: &Self::Identity,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// What remains of what was written, if somebody else has ended the transaction of
    /// [`Backend::take_lock`]; `None` if nobody has. To be asked right before it is rolled back.
    #[doc(hidden)]
    fn ended(
        connection: &mut Self::Connection,
        identity: &Self::Identity,
    ) -> impl Future<Output = sqlx::Result<Option<Ended>>> + Send;

    /// The same, asked on another connection after the one of the transaction is gone.
    #[doc(hidden)]
    fn ended_before(
        connection: &mut Self::Connection,
        identity: &Self::Identity,
    ) -> impl Future<Output = sqlx::Result<Option<Ended>>> + Send;

    /// Makes the database refuse to commit the open transaction, as far as it and the role's rights
    /// allow that.
    #[doc(hidden)]
    fn forbid_commit(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Whether this is the refusal of a commit that [`Backend::forbid_commit`] asked for.
    #[doc(hidden)]
    fn is_forbidden_commit(error: &sqlx::Error) -> bool;

    /// Says that the next commit is the runner's own, where the others are refused.
    #[doc(hidden)]
    fn allow_commit(identity: &Self::Identity);

    /// Fails unless the transaction is still the one of [`Backend::take_lock`], and restores the session
    /// with these statements of [`Restoration`].
    #[doc(hidden)]
    fn restore(
        connection: &mut Self::Connection,
        identity: &Self::Identity,
        restoring: &str,
    ) -> impl Future<Output = Result<(), MarkerFault>> + Send;

    /// Does what [`Backend::restore`] does, and then inserts a marker and the hash of its seed's source.
    /// The values are those of `insert_marker!`.
    #[doc(hidden)]
    fn insert_marker(
        connection: &mut Self::Connection,
        identity: &Self::Identity,
        restoring: &str,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<(), MarkerFault>> + Send;

    /// Does the same, and commits where that costs a round trip less than [`Backend::end`] would.
    #[doc(hidden)]
    fn insert_last_marker(
        connection: &mut Self::Connection,
        identity: &Self::Identity,
        restoring: &str,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<(), MarkerFault>> + Send;

    /// Ends the transaction after [`Backend::insert_last_marker`], committed. Where another one has
    /// begun with the commit, gives that: it is as if [`Backend::BEGIN`] had just opened it, and costs
    /// nothing if it is dropped.
    #[doc(hidden)]
    fn end<'c>(
        transaction: Transaction<'c, Self>,
        identity: &Self::Identity,
    ) -> impl Future<Output = sqlx::Result<Option<Transaction<'c, Self>>>> + Send;

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

    /// Whether a statement failed because of what other connections did at the same time, so that the same
    /// transaction tried again may well succeed: a deadlock, a lock that somebody had for too long.
    #[doc(hidden)]
    fn is_transient(error: &sqlx::Error) -> bool;

    /// Whether a statement failed that creates something, because somebody else has just created it.
    /// `IF NOT EXISTS` does not help: it looks before it creates.
    #[doc(hidden)]
    fn is_created_meanwhile(error: &sqlx::Error) -> bool;

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
    /// A statement before it has failed, and the transaction takes no other.
    TransactionFailed,
    /// Anything else.
    Other,
}

/// What is found under the lock.
#[doc(hidden)]
pub struct Locked<DB: Backend> {
    /// When the transaction began, which is the time that its marker will say.
    pub since: DateTime<Utc>,
    /// Which transaction has the lock.
    pub identity: DB::Identity,
    /// The rows of the look.
    pub rows: Vec<DB::Row>,
}

/// How a transaction was ended by somebody else than the runner.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is committed.
    Committed,
    /// It is rolled back, and what came after it may be committed.
    RolledBack,
    /// Its commit was refused, as was every one after it.
    Refused,
    /// It is rolled back, and every commit after it was refused.
    Undone,
}

/// Who had the connection in a transaction, and may have done anything with it; the later ones may have done
/// more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hands {
    /// Nobody but the library.
    #[default]
    Library,
    /// A handler: code that the app runs on the connections of its pool all the time.
    #[cfg_attr(
        not(feature = "events"),
        expect(dead_code, reason = "only the write side has handlers")
    )]
    Handler,
    /// A seed or the app's preparation: code that is written to run once.
    Seed,
}

/// How a session comes back to what it was before somebody ran statements of their own in it.
#[doc(hidden)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Restoration {
    /// After a seed, by another connection: what a pool does with a new one nobody else can do. The statements
    /// are for what is left to do in the transaction, and for poolers, which may keep the session.
    Reconnect {
        /// For after a handler.
        after_handler: String,
        /// For after a seed.
        after_seed: String,
    },
    /// There is no way: without this connection there is no database.
    #[default]
    Impossible,
}

impl Restoration {
    /// The statements for after `hands`.
    pub(crate) fn statements(&self, hands: Hands) -> &str {
        match (self, hands) {
            (Self::Impossible, _) | (_, Hands::Library) => "",
            (Self::Reconnect { after_handler, .. }, Hands::Handler) => after_handler,
            (Self::Reconnect { after_seed, .. }, Hands::Seed) => after_seed,
        }
    }

    /// Whether it takes another connection after `hands`.
    pub(crate) fn wants_another(&self, hands: Hands) -> bool {
        hands == Hands::Seed && *self != Self::Impossible
    }
}

/// Why there is no marker, or perhaps none.
#[doc(hidden)]
#[derive(Debug)]
pub enum MarkerFault {
    /// The transaction of the lock is over.
    TransactionEnded,
    /// A statement before this one has failed, and the database refuses all that follow.
    TransactionFailed(sqlx::Error),
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
            MarkerFault::TransactionFailed(error)
            | MarkerFault::Refused(error)
            | MarkerFault::Unanswered(error) => error,
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
             ON CONFLICT (id) DO UPDATE
             SET applied_at = excluded.applied_at, notes = excluded.notes
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
