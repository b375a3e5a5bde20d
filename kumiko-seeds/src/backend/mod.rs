//! What the library asks of a database, and how PostgreSQL and SQLite do it.
//!
//! Everything above this module is written once, against [`Backend`]; SQL that is the same on both
//! databases stands where it is used.

mod carries;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
mod statement;

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, Database, Executor, Transaction};

pub(crate) use carries::{Carries, column};
pub(crate) use statement::{Parameter, Statement};

use crate::holder::Holder;

/// A database that seeds can be applied to: `sqlx::Postgres` or `sqlx::Sqlite`.
///
/// The trait is sealed. Its methods are what a transaction under the lock needs, from taking the lock to
/// giving the session back, and are not for callers.
///
/// **Invariant:** whatever the database's defaults, the transaction of [`Backend::lock`] may write, and each of its
/// statements sees what was committed before that statement began. Otherwise the re-check of a marker would read a
/// snapshot older than the lock.
pub trait Backend:
    Database
    + Carries<String>
    + Carries<Option<String>>
    + Carries<i64>
    + Carries<i32>
    + Carries<DateTime<Utc>>
    + sealed::Sealed
{
    /// What a session is like before anybody has run statements of their own in it.
    #[doc(hidden)]
    type Baseline: Send + Sync + 'static;

    /// What tells the transaction of the lock from every other.
    #[doc(hidden)]
    type Identity: Clone + Send + Sync + 'static;

    /// What transactions that follow one another have prepared for one another. It is empty where the first begins, and
    /// where no other follows.
    #[doc(hidden)]
    type Prepared: Default + Send + Sync + 'static;

    /// Creates the table of operations and its index where they are missing.
    #[doc(hidden)]
    const CREATE_OPERATIONS: &'static str;

    /// Creates the table of progress where it is missing.
    #[doc(hidden)]
    const CREATE_PROGRESS: &'static str;

    /// An expression: not 0 if the table of progress exists.
    #[doc(hidden)]
    const HAS_PROGRESS: &'static str;

    /// How long a step should take where nobody says.
    #[doc(hidden)]
    const STEP_TIME: Duration;

    /// What is left to others after a step beside the running app.
    #[doc(hidden)]
    const BETWEEN_STEPS: Duration;

    /// Makes the open transaction read-only.
    #[doc(hidden)]
    const FORBID_WRITES: &'static str;

    /// Undoes [`Backend::FORBID_WRITES`] inside the same transaction.
    #[doc(hidden)]
    const ALLOW_WRITES: &'static str;

    /// Begins a transaction, takes a lock in it without waiting, and looks. `None` if somebody else holds the
    /// lock: then no transaction is open.
    ///
    /// The first call on a session also notes its baseline, which the later methods take.
    ///
    /// **Invariant:** the look is a statement of its own, so what it sees is younger than the lock.
    #[doc(hidden)]
    fn lock<'c>(
        connection: &'c mut Self::Connection,
        baseline: &mut Option<Self::Baseline>,
        taking: &Taking<'_>,
    ) -> impl Future<Output = sqlx::Result<Option<Locked<'c, Self>>>> + Send;

    /// Takes back what [`Backend::lock`] has set, after somebody else had the lock.
    #[doc(hidden)]
    fn after_busy(
        connection: &mut Self::Connection,
        baseline: &Self::Baseline,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Whether the transaction of [`Backend::lock`] is open. An error says nothing of it: a PostgreSQL transaction in
    /// which a statement has failed answers no question.
    #[doc(hidden)]
    fn is_open(
        connection: &mut Self::Connection,
        identity: &Self::Identity,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Brings the session back to its baseline after `hands`, as far as that can be done in the open transaction, and
    /// then runs `record`. Fails with [`Fault::TransactionEnded`] if that transaction is not the one of
    /// [`Backend::lock`].
    #[doc(hidden)]
    fn record(
        connection: &mut Self::Connection,
        under: Under<'_, Self>,
        record: &[Statement<'_>],
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Does what [`Backend::record`] does, and commits. Given what is to be taken next, it does with it what
    /// [`Backend::lock`] does, if that costs less than beginning anew.
    #[doc(hidden)]
    fn commit<'c>(
        transaction: Transaction<'c, Self>,
        prepared: &mut Self::Prepared,
        under: Under<'_, Self>,
        record: &[Statement<'_>],
        next: Option<&Taking<'_>>,
    ) -> impl Future<Output = Result<Next<'c, Self>, NotCommitted<'c, Self>>> + Send;

    /// Rolls a transaction back in which nothing was done that matters, and no statement has failed.
    #[doc(hidden)]
    fn forget(
        transaction: Transaction<'_, Self>,
        prepared: &mut Self::Prepared,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Rolls the transaction back. If somebody else has ended it before, the answer is what remains of it.
    #[doc(hidden)]
    fn roll_back(
        transaction: Transaction<'_, Self>,
        prepared: &mut Self::Prepared,
        identity: &Self::Identity,
    ) -> impl Future<Output = sqlx::Result<Option<Ended>>> + Send;

    /// What remains of a transaction that somebody else has ended, asked on another connection after its own is gone.
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

    /// Takes back what the library itself has set on a session in which `hands` have worked and no transaction is open,
    /// and says what is to become of it.
    #[doc(hidden)]
    fn leave(
        connection: &mut Self::Connection,
        baseline: &Self::Baseline,
        hands: Hands,
    ) -> impl Future<Output = sqlx::Result<Leaving>> + Send;

    /// The role from which row level security on `table` may hide rows; none if it sees all. To be asked where
    /// [`Backend::row_security`] says that it is active.
    #[doc(hidden)]
    fn blinded_role(
        connection: &mut Self::Connection,
        table: &str,
    ) -> impl Future<Output = sqlx::Result<Option<String>>> + Send;

    /// Who holds a lock now, as far as the database tells.
    #[doc(hidden)]
    fn holder(
        connection: &mut Self::Connection,
        lock: Lock,
    ) -> impl Future<Output = sqlx::Result<Option<Holder>>> + Send;

    /// How far the replica that is furthest behind is behind, as far as the database tells.
    #[doc(hidden)]
    fn replication_lag(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<Option<Duration>>> + Send;

    /// What an error of the database means.
    #[doc(hidden)]
    fn fault(error: &sqlx::Error) -> Fault;

    /// The role that connections are opened with, where there are roles.
    #[doc(hidden)]
    fn role(options: &<Self::Connection as Connection>::Options) -> Option<&str>;

    /// Which database it is that connections are opened to: its file, or its server and name.
    #[doc(hidden)]
    fn database(options: &<Self::Connection as Connection>::Options) -> String;

    /// The same options, for connections in which this schema and no other counts; none where there are no schemas.
    #[doc(hidden)]
    fn in_schema(
        options: <Self::Connection as Connection>::Options,
        schema: &str,
    ) -> Option<<Self::Connection as Connection>::Options>;

    /// An expression of SQL: not 0 if row level security is active on `table`.
    #[doc(hidden)]
    fn row_security(table: &str) -> String;

    /// A text of SQL in the form in which [`Backend::text`] reads it, which no setting of a session changes.
    #[doc(hidden)]
    fn as_text(expression: &str) -> String;

    /// A time of SQL in the form in which [`Backend::time`] reads it, which no setting of a session changes.
    #[doc(hidden)]
    fn as_time(expression: &str) -> String;

    /// The text in column `index`.
    #[doc(hidden)]
    fn text(row: &Self::Row, index: usize) -> sqlx::Result<Option<String>>;

    /// The time in column `index`.
    #[doc(hidden)]
    fn time(row: &Self::Row, index: usize) -> sqlx::Result<DateTime<Utc>>;

    /// Runs statements of the library's own with values for `$1`, `$2` …, and gives their rows.
    ///
    /// Nothing is prepared on PostgreSQL by this, and the values become part of the text: so a look or a marker is one round
    /// trip on every connection, also behind a pooler. It is not for what users wrote.
    #[doc(hidden)]
    fn fetch(
        connection: &mut Self::Connection,
        sql: &str,
        values: &[Parameter<'_>],
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;

    /// The connection as something statements run on. Generic code cannot know this of
    /// `&mut Self::Connection`, because a trait's bounds on references are not implied.
    #[doc(hidden)]
    fn executor(connection: &mut Self::Connection) -> impl Executor<'_, Database = Self>;
}

/// What an error of the database means to this library.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such table.
    TableMissing,
    /// The role lacks a privilege on the table, or may not create it.
    NotPermitted,
    /// Row level security refuses to hide rows, or to take one.
    RowSecurity,
    /// There is such a table, but not with the columns that belong to it.
    OtherShape,
    /// Other connections did something at the same time, and the same transaction tried again may well succeed: a
    /// deadlock, a lock that somebody had for too long.
    Passing,
    /// A bound of the session's was reached: for a statement, or for a wait.
    TookTooLong,
    /// The server has ended the session, or takes none at the moment.
    SessionEnded,
    /// What is being created was created by somebody else a moment ago. `IF NOT EXISTS` does not help: it looks before
    /// it creates.
    CreatedMeanwhile,
    /// A statement before it has failed, and the transaction takes no other.
    TransactionFailed,
    /// Somebody else has ended the transaction of [`Backend::lock`].
    TransactionEnded,
    /// It is the refusal of a commit that [`Backend::forbid_commit`] asked for.
    CommitForbidden,
    /// Anything else.
    Other,
}

/// A lock. One transaction at a time has it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// That of all seeds, which the original takes as well.
    Seeds,
    /// That of the steps of one operation, or of two whose ids come to the same number.
    Operation(i32),
}

/// What a transaction begins with.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Taking<'a> {
    pub lock: Lock,
    /// What is looked for under the lock.
    pub look: Option<Statement<'a>>,
}

/// A transaction that has the lock.
#[doc(hidden)]
pub struct Locked<'c, DB: Backend> {
    pub transaction: Transaction<'c, DB>,
    pub found: Found<DB>,
}

/// What is found with the lock.
#[doc(hidden)]
pub struct Found<DB: Backend> {
    /// When the transaction began, which is the time that its marker will say.
    pub since: DateTime<Utc>,
    /// Which transaction has the lock.
    pub identity: DB::Identity,
    /// The rows of the look.
    pub rows: Vec<DB::Row>,
}

/// The circumstances in which something is recorded.
#[doc(hidden)]
pub struct Under<'a, DB: Backend> {
    pub baseline: &'a DB::Baseline,
    pub identity: &'a DB::Identity,
    /// Who had the connection in the transaction.
    pub hands: Hands,
}

// By hand, because deriving would ask for a `DB` that is `Copy`.
impl<DB: Backend> Copy for Under<'_, DB> {}

impl<DB: Backend> Clone for Under<'_, DB> {
    fn clone(&self) -> Self {
        *self
    }
}

/// What comes after a commit.
#[doc(hidden)]
pub enum Next<'c, DB: Backend> {
    /// The next transaction, which has the lock.
    Locked(Locked<'c, DB>),
    /// Another transaction of the same session.
    Begin,
    /// Another session: not all that was done to this one can be undone.
    Reconnect,
}

/// Why a transaction is not committed, or perhaps not.
#[doc(hidden)]
pub enum NotCommitted<'c, DB: Backend> {
    /// The database refused. The transaction is to be rolled back.
    Refused(Transaction<'c, DB>, sqlx::Error),
    /// The database has rolled back instead, because of what it checks at the commit.
    RolledBack(sqlx::Error),
    /// There was no answer, so that nobody knows.
    Unanswered(sqlx::Error),
}

/// What is to become of a session.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It is as it was, and the app's pool can have it back.
    AsItCame,
    /// It is to be closed, because something in it cannot be undone.
    Spoilt,
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

/// Who had the connection, and may have done anything with it; the later ones may have done more.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hands {
    /// Nobody but the library.
    #[default]
    Library,
    /// A handler: code that the app runs on the connections of its pool all the time.
    Handler,
    /// A seed or the app's preparation: code that is written to run once.
    Seed,
}

mod sealed {
    pub trait Sealed {}
    #[cfg(feature = "postgres")]
    impl Sealed for sqlx::Postgres {}
    #[cfg(feature = "sqlite")]
    impl Sealed for sqlx::Sqlite {}
}
