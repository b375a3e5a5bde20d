//! SQLite.

mod watched;
#[cfg(target_os = "linux")]
mod writer;

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Executor, SqlStr, Sqlite, Transaction};

use super::{
    Backend, Ended, Fault, Found, Hands, Leaving, Lock, Locked, Next, NotCommitted, Parameter,
    Statement, Taking, Under, column,
};
use crate::holder::Holder;
pub(crate) use watched::Watched;

/// Result codes, from SQLite's documentation; extended codes carry the primary ones in the low byte.
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_CONSTRAINT_NOTNULL: i32 = 1299;

/// Times have one form.
#[cfg(feature = "events")]
macro_rules! as_it_is {
    ($expression:expr) => {
        $expression
    };
}
#[cfg(feature = "events")]
pub(crate) use as_it_is;

/// What a session is like before anybody but the app's pool has had it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Baseline {
    busy_timeout: i64,
    /// The path of the database file; empty for a database in memory.
    file: String,
}

/// The transaction of the lock was over before its record was written. SQLite has no error for that.
#[derive(Debug, thiserror::Error)]
#[error("the transaction is over")]
pub(crate) struct TransactionEnded;

impl Backend for Sqlite {
    type Baseline = Baseline;

    type Identity = Watched;

    /// The driver keeps statements for as long as the connection lives.
    type Prepared = ();

    const CREATE_OPERATIONS: &'static str = "
        CREATE TABLE IF NOT EXISTS kumiko_es_operations (
            id TEXT NOT NULL PRIMARY KEY,
            operation_type TEXT NOT NULL,
            applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            duration_ms INTEGER NOT NULL,
            applied_by TEXT NOT NULL,
            notes TEXT
        );
        CREATE INDEX IF NOT EXISTS kumiko_es_operations_type_idx
            ON kumiko_es_operations (operation_type)";

    const CREATE_PROGRESS: &'static str = "
        CREATE TABLE IF NOT EXISTS kumiko_es_progress (
            id TEXT NOT NULL PRIMARY KEY,
            operation_type TEXT NOT NULL,
            state TEXT NOT NULL,
            source_hash TEXT,
            \"cursor\" TEXT,
            done INTEGER NOT NULL,
            total INTEGER,
            events INTEGER NOT NULL,
            steps INTEGER NOT NULL,
            step_size INTEGER NOT NULL,
            failures INTEGER NOT NULL,
            error TEXT,
            throttled TEXT,
            worker TEXT,
            started_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            worked_ms INTEGER NOT NULL
        )";

    const HAS_PROGRESS: &'static str =
        "(SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'kumiko_es_progress')";

    /// All writers wait for a step.
    const STEP_TIME: Duration = Duration::from_millis(100);

    /// A writer that waits looks every tenth of a second at last.
    const BETWEEN_STEPS: Duration = Duration::from_millis(100);

    const FORBID_WRITES: &'static str = "PRAGMA query_only = ON";

    const ALLOW_WRITES: &'static str = "PRAGMA query_only = OFF";

    /// `BEGIN IMMEDIATE` takes the one write lock that a SQLite database has, so it is every lock at once.
    async fn lock<'c>(
        connection: &'c mut SqliteConnection,
        baseline: &mut Option<Baseline>,
        taking: &Taking<'_>,
    ) -> sqlx::Result<Option<Locked<'c, Self>>> {
        let busy_timeout = match baseline {
            Some(baseline) => baseline.busy_timeout,
            None => {
                baseline
                    .insert(Baseline::of(connection).await?)
                    .busy_timeout
            }
        };
        set_busy_timeout(connection, 0).await?;
        let begin = SqlStr::from_static("BEGIN IMMEDIATE");
        let mut transaction = match connection.begin_with(begin).await {
            Ok(transaction) => transaction,
            Err(error) if Self::fault(&error) == Fault::Passing => return Ok(None),
            Err(error) => return Err(error),
        };
        set_busy_timeout(&mut transaction, busy_timeout).await?;
        let identity = Watched::of(&mut transaction).await?;
        let since = sqlx::query_scalar("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
            .fetch_one(&mut *transaction)
            .await?;
        let rows = match &taking.look {
            Some(look) => Self::fetch(&mut transaction, &look.sql, &look.values).await?,
            None => Vec::new(),
        };
        Ok(Some(Locked {
            transaction,
            found: Found {
                since,
                identity,
                rows,
            },
        }))
    }

    /// Whoever reads waits for a writer, other than whoever tries the lock.
    async fn after_busy(
        connection: &mut SqliteConnection,
        baseline: &Baseline,
    ) -> sqlx::Result<()> {
        set_busy_timeout(connection, baseline.busy_timeout).await
    }

    async fn is_open(connection: &mut SqliteConnection, identity: &Watched) -> sqlx::Result<bool> {
        if identity.is_watched() {
            return Ok(identity.is_open());
        }
        // SQLite tells in no other way in which SQL could ask.
        if connection.execute("BEGIN").await.is_err() {
            return Ok(true);
        }
        connection.execute("ROLLBACK").await?;
        Ok(false)
    }

    async fn record(
        connection: &mut SqliteConnection,
        under: Under<'_, Self>,
        record: &[Statement<'_>],
    ) -> sqlx::Result<()> {
        if !under.identity.is_open() {
            return Err(sqlx::Error::AnyDriverError(Box::new(TransactionEnded)));
        }
        for Statement { sql, values } in record {
            Self::fetch(connection, sql, values).await?;
        }
        Ok(())
    }

    /// A seed that leaves a transaction of the driver's open within its own makes the driver end that one
    /// instead, and answer with success.
    async fn commit<'c>(
        mut transaction: Transaction<'c, Self>,
        (): &mut (),
        under: Under<'_, Self>,
        record: &[Statement<'_>],
        _: Option<&Taking<'_>>,
    ) -> Result<Next<'c, Self>, NotCommitted<'c, Self>> {
        if let Err(error) = Self::record(&mut transaction, under, record).await {
            return Err(NotCommitted::Refused(transaction, error));
        }
        under.identity.allow_commit();
        transaction
            .commit()
            .await
            .map_err(NotCommitted::Unanswered)?;
        if !under.identity.is_committed() {
            return Err(NotCommitted::Unanswered(sqlx::Error::Protocol(
                "the driver has not committed: a transaction that was begun within the seed's was neither \
                 committed nor rolled back"
                    .to_owned(),
            )));
        }
        Ok(if under.hands == Hands::Seed && under.baseline.has_file() {
            Next::Reconnect
        } else {
            Next::Begin
        })
    }

    async fn forget(transaction: Transaction<'_, Self>, (): &mut ()) -> sqlx::Result<()> {
        transaction.rollback().await
    }

    /// The driver believes that its transaction is still open, so there has to be one for it to roll back.
    async fn roll_back(
        mut transaction: Transaction<'_, Self>,
        (): &mut (),
        identity: &Watched,
    ) -> sqlx::Result<Option<Ended>> {
        let is_over = !identity.is_watched() && !Self::is_open(&mut transaction, identity).await?;
        // Nobody knows how, but what was done may be committed.
        let ended = is_over.then_some(Ended::Committed).or(identity.ended());
        if ended.is_some() {
            // It may have begun another one itself.
            drop(transaction.execute("ROLLBACK").await);
            transaction.execute("BEGIN").await?;
        }
        transaction.rollback().await?;
        Ok(ended)
    }

    async fn ended_before(_: &mut SqliteConnection, _: &Watched) -> sqlx::Result<Option<Ended>> {
        Ok(None)
    }

    /// The hook refuses every commit that is not allowed.
    async fn forbid_commit(_: &mut SqliteConnection) -> sqlx::Result<()> {
        Ok(())
    }

    /// A connection has one commit hook, and SQLite does not say which it was before ours; and it lists only some of
    /// what a seed can do to a session. Without its connection a database in memory is gone.
    async fn leave(
        connection: &mut SqliteConnection,
        baseline: &Baseline,
        _: Hands,
    ) -> sqlx::Result<Leaving> {
        if baseline.has_file() {
            return Ok(Leaving::Spoilt);
        }
        let mut handle = connection.lock_handle().await?;
        handle.remove_commit_hook();
        handle.remove_rollback_hook();
        drop(handle);
        connection.execute(Self::ALLOW_WRITES).await?;
        set_busy_timeout(connection, baseline.busy_timeout).await?;
        Ok(Leaving::AsItCame)
    }

    async fn blinded_role(_: &mut SqliteConnection, _: &str) -> sqlx::Result<Option<String>> {
        Ok(None)
    }

    #[cfg(target_os = "linux")]
    async fn holder(connection: &mut SqliteConnection, _: Lock) -> sqlx::Result<Option<Holder>> {
        Ok(writer::of(&main_file(connection).await?))
    }

    #[cfg(not(target_os = "linux"))]
    async fn holder(_: &mut SqliteConnection, _: Lock) -> sqlx::Result<Option<Holder>> {
        Ok(None)
    }

    async fn replication_lag(_: &mut SqliteConnection) -> sqlx::Result<Option<Duration>> {
        Ok(None)
    }

    fn fault(error: &sqlx::Error) -> Fault {
        if let sqlx::Error::AnyDriverError(error) = error
            && error.is::<TransactionEnded>()
        {
            return Fault::TransactionEnded;
        }
        let Some(error) = error.as_database_error() else {
            return Fault::Other;
        };
        let code: i32 = error
            .code()
            .and_then(|code| code.parse().ok())
            .unwrap_or_default();
        let message = error.message();
        if matches!(code & 0xff, SQLITE_BUSY | SQLITE_LOCKED) {
            Fault::Passing
        } else if message.starts_with("no such table") {
            Fault::TableMissing
        } else if message.starts_with("no such column")
            || message.contains("has no column named")
            || message.starts_with("ON CONFLICT clause does not match")
            || code == SQLITE_CONSTRAINT_NOTNULL
        {
            Fault::OtherShape
        } else {
            Fault::Other
        }
    }

    fn role(_: &SqliteConnectOptions) -> Option<&str> {
        None
    }

    fn database(options: &SqliteConnectOptions) -> String {
        options.get_filename().display().to_string()
    }

    fn in_schema(_: SqliteConnectOptions, _: &str) -> Option<SqliteConnectOptions> {
        None
    }

    fn row_security(_: &str) -> String {
        "0".to_owned()
    }

    fn as_text(expression: &str) -> String {
        expression.to_owned()
    }

    fn as_time(expression: &str) -> String {
        expression.to_owned()
    }

    fn text(row: &SqliteRow, index: usize) -> sqlx::Result<Option<String>> {
        column::<Sqlite, _>(row, index)
    }

    fn time(row: &SqliteRow, index: usize) -> sqlx::Result<DateTime<Utc>> {
        column::<Sqlite, _>(row, index)
    }

    async fn fetch(
        connection: &mut SqliteConnection,
        sql: &str,
        values: &[Parameter<'_>],
    ) -> sqlx::Result<Vec<SqliteRow>> {
        let query = values.iter().fold(
            sqlx::query(AssertSqlSafe(sql.to_owned())),
            |query, value| match *value {
                Parameter::Text(text) => query.bind(text.to_owned()),
                Parameter::Integer(number) => query.bind(number),
                Parameter::Long(number) => query.bind(number),
                Parameter::Null => query.bind(None::<i64>),
                Parameter::Time(time) => {
                    query.bind(time.to_rfc3339_opts(SecondsFormat::Millis, true))
                }
                #[cfg(feature = "events")]
                Parameter::Uuid(uuid) => query.bind(uuid.hyphenated()),
            },
        );
        query.fetch_all(connection).await
    }

    fn executor(connection: &mut SqliteConnection) -> impl Executor<'_, Database = Self> {
        connection
    }
}

impl Baseline {
    async fn of(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        Ok(Self {
            busy_timeout: sqlx::query_scalar("PRAGMA busy_timeout")
                .fetch_one(&mut *connection)
                .await?,
            file: main_file(connection).await?,
        })
    }

    fn has_file(&self) -> bool {
        !self.file.is_empty()
    }
}

async fn set_busy_timeout(
    connection: &mut SqliteConnection,
    milliseconds: i64,
) -> sqlx::Result<()> {
    let pragma = format!("PRAGMA busy_timeout = {milliseconds}");
    connection.execute(AssertSqlSafe(pragma)).await.map(drop)
}

/// The path of the database file; empty for a database in memory.
async fn main_file(connection: &mut SqliteConnection) -> sqlx::Result<String> {
    let file = sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'")
        .fetch_optional(connection)
        .await?;
    Ok(file.unwrap_or_default())
}
