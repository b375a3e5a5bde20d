//! The statements that only SQLite understands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Executor, Sqlite, Transaction};

use super::{
    Backend, Ended, Fault, Locked, MarkerFault, Restoration, Value, column, insert_marker, reading,
};
use crate::lock::Holder;

/// Primary result codes, from SQLite's documentation; extended codes carry them in the low byte.
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_CONSTRAINT_NOTNULL: i32 = 1299;

/// Texts and times have one form, and every row is seen.
macro_rules! as_it_is {
    ($expression:expr) => {
        $expression
    };
}
#[cfg(feature = "events")]
pub(crate) use as_it_is;

macro_rules! row_security {
    () => {
        "SELECT 0"
    };
}

/// Where the transaction of the lock stands, as SQLite itself says by calling us.
///
/// **Invariant:** nothing is committed on the connection but by the runner. SQLite asks before each commit,
/// also before that of a single statement outside of a transaction, and undoes what is refused.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Watched(Arc<AtomicU8>);

const OPEN: u8 = 0;
/// The runner is about to commit.
const COMMITTING: u8 = 1;
/// SQLite commits for the runner.
const COMMITTED: u8 = 2;
/// Somebody else tried to commit.
const REFUSED: u8 = 3;
/// Somebody else has rolled back, or SQLite has, because of an error.
const UNDONE: u8 = 4;

impl Watched {
    async fn of(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let watched = Self(Arc::new(AtomicU8::new(OPEN)));
        let mut handle = connection.lock_handle().await?;
        let Self(state) = watched.clone();
        handle.set_commit_hook(move || {
            let is_allowed = state.load(Ordering::Acquire) == COMMITTING;
            let next = if is_allowed { COMMITTED } else { REFUSED };
            state.store(next, Ordering::Release);
            is_allowed
        });
        let Self(state) = watched.clone();
        handle.set_rollback_hook(move || {
            // A failure to compare means that it is known already how the transaction ended.
            let _ = state.compare_exchange(OPEN, UNDONE, Ordering::AcqRel, Ordering::Acquire);
        });
        Ok(watched)
    }

    fn state(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

impl Backend for Sqlite {
    /// A connection has one commit hook, and SQLite does not say which it was.
    const TAKES_FROM_SESSION: bool = true;

    /// Takes the one write lock that a SQLite database has, so it is the lock of a seed as well.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";

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

    const APPLIED: &'static str =
        reading::applied!(row_security!(), as_it_is, "group_concat", "char");

    const LOOK: &'static str = reading::look!(row_security!(), as_it_is, as_it_is);

    const HISTORY: &'static str = reading::history!(row_security!(), as_it_is, as_it_is);

    const FORBID_WRITES: &'static str = "PRAGMA query_only = ON";

    const ALLOW_WRITES: &'static str = "PRAGMA query_only = OFF";

    type Identity = Watched;

    async fn take_lock(
        connection: &mut SqliteConnection,
        look: &'static str,
        values: &[Value<'_>],
    ) -> sqlx::Result<Option<Locked<Self>>> {
        let identity = Watched::of(connection).await?;
        let since = sqlx::query_scalar("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
            .fetch_one(&mut *connection)
            .await?;
        let rows = Self::fetch(connection, look, values).await?;
        Ok(Some(Locked {
            since,
            identity,
            rows,
        }))
    }

    async fn replace_busy_timeout(
        connection: &mut SqliteConnection,
        milliseconds: i64,
    ) -> sqlx::Result<i64> {
        let previous = sqlx::query_scalar("PRAGMA busy_timeout")
            .fetch_one(&mut *connection)
            .await?;
        connection
            .execute(AssertSqlSafe(format!(
                "PRAGMA busy_timeout = {milliseconds}"
            )))
            .await?;
        Ok(previous)
    }

    /// Pragmas and hooks belong to the connection and not to the transaction.
    async fn undo_session_settings(
        connection: &mut SqliteConnection,
        busy_timeout: i64,
    ) -> sqlx::Result<()> {
        let mut handle = connection.lock_handle().await?;
        handle.remove_commit_hook();
        handle.remove_rollback_hook();
        drop(handle);
        connection.execute(Self::ALLOW_WRITES).await?;
        Self::replace_busy_timeout(connection, busy_timeout)
            .await
            .map(drop)
    }

    /// Pragmas, temporary tables and attached files belong to the connection, and SQLite lists only some.
    async fn restoration(connection: &mut SqliteConnection) -> sqlx::Result<Restoration> {
        Ok(match main_file(connection).await? {
            Some(file) if !file.is_empty() => Restoration::Reconnect {
                after_handler: String::new(),
                after_seed: String::new(),
            },
            _ => Restoration::Impossible,
        })
    }

    async fn is_open(_: &mut SqliteConnection, identity: &Watched) -> sqlx::Result<bool> {
        Ok(identity.state() == OPEN)
    }

    /// The driver believes that its transaction is still open, so there has to be one for it to roll back.
    async fn ended(
        connection: &mut SqliteConnection,
        identity: &Watched,
    ) -> sqlx::Result<Option<Ended>> {
        let ended = match identity.state() {
            REFUSED => Ended::Refused,
            UNDONE => Ended::Undone,
            _ => return Ok(None),
        };
        // It may have begun another one itself.
        drop(connection.execute("ROLLBACK").await);
        connection.execute("BEGIN").await?;
        Ok(Some(ended))
    }

    async fn ended_before(_: &mut SqliteConnection, _: &Watched) -> sqlx::Result<Option<Ended>> {
        Ok(None)
    }

    async fn forbid_commit(_: &mut SqliteConnection) -> sqlx::Result<()> {
        Ok(())
    }

    fn is_forbidden_commit(_: &sqlx::Error) -> bool {
        false
    }

    fn allow_commit(Watched(state): &Watched) {
        // A failure to compare means that the transaction has ended.
        let _ = state.compare_exchange(OPEN, COMMITTING, Ordering::AcqRel, Ordering::Acquire);
    }

    async fn restore(
        _: &mut SqliteConnection,
        identity: &Watched,
        _: &str,
    ) -> Result<(), MarkerFault> {
        match identity.state() {
            OPEN | COMMITTING => Ok(()),
            _ => Err(MarkerFault::TransactionEnded),
        }
    }

    async fn insert_marker(
        connection: &mut SqliteConnection,
        identity: &Watched,
        restoring: &str,
        values: &[Value<'_>],
    ) -> Result<(), MarkerFault> {
        Self::restore(connection, identity, restoring).await?;
        let inserted = Self::fetch(connection, insert_marker!("$7"), values).await;
        inserted.map(drop).map_err(MarkerFault::Refused)
    }

    async fn insert_last_marker(
        connection: &mut SqliteConnection,
        identity: &Watched,
        restoring: &str,
        values: &[Value<'_>],
    ) -> Result<(), MarkerFault> {
        Self::insert_marker(connection, identity, restoring, values).await
    }

    /// A seed that leaves a transaction of the driver's open within its own makes the driver end that one
    /// instead, and answer with success.
    async fn end<'c>(
        transaction: Transaction<'c, Self>,
        identity: &Watched,
    ) -> sqlx::Result<Option<Transaction<'c, Self>>> {
        transaction.commit().await?;
        if identity.state() == COMMITTED {
            return Ok(None);
        }
        Err(sqlx::Error::Protocol(
            "the driver has not committed: a transaction that was begun within the seed's was neither \
             committed nor rolled back"
                .to_owned(),
        ))
    }

    fn text(row: &SqliteRow, index: usize) -> sqlx::Result<Option<String>> {
        column::<Sqlite, _>(row, index)
    }

    fn time(row: &SqliteRow, index: usize) -> sqlx::Result<DateTime<Utc>> {
        column::<Sqlite, _>(row, index)
    }

    async fn blinded_role(
        _: &mut SqliteConnection,
        _: &'static str,
    ) -> sqlx::Result<Option<String>> {
        Ok(None)
    }

    async fn holder(connection: &mut SqliteConnection) -> sqlx::Result<Option<Holder>> {
        let path = main_file(connection).await?;
        Ok(path.and_then(|path| writer::of(&path)))
    }

    fn fault(error: &sqlx::Error) -> Fault {
        let Some(error) = error.as_database_error() else {
            return Fault::Other;
        };
        let code: i32 = error
            .code()
            .and_then(|code| code.parse().ok())
            .unwrap_or_default();
        let message = error.message();
        if matches!(code & 0xff, SQLITE_BUSY | SQLITE_LOCKED) {
            Fault::Locked
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

    fn is_transient(error: &sqlx::Error) -> bool {
        Self::fault(error) == Fault::Locked
    }

    /// Whoever creates has the one lock.
    fn is_created_meanwhile(_: &sqlx::Error) -> bool {
        false
    }

    fn role(_: &SqliteConnectOptions) -> Option<&str> {
        None
    }

    async fn fetch(
        connection: &mut SqliteConnection,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<SqliteRow>> {
        let query = values
            .iter()
            .fold(sqlx::query(sql), |query, value| match *value {
                Value::Text(text) => query.bind(text.to_owned()),
                Value::Integer(number) => query.bind(number),
                #[cfg(feature = "events")]
                Value::Uuid(uuid) => query.bind(uuid.hyphenated()),
                #[cfg(feature = "events")]
                Value::Json(json) => query.bind(json.to_owned()),
            });
        query.fetch_all(connection).await
    }

    fn executor(connection: &mut SqliteConnection) -> impl Executor<'_, Database = Self> {
        connection
    }
}

/// The file of the database; empty for one in memory.
async fn main_file(connection: &mut SqliteConnection) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'")
        .fetch_optional(connection)
        .await
}

/// Which process is writing to a database file.
///
/// SQLite itself does not tell, but on Linux the kernel lists the locks it takes. The list is read
/// rather than asked for with `fcntl`, because opening and closing the file in this process
/// would drop the locks this process holds on it.
#[cfg(target_os = "linux")]
mod writer {
    use std::os::unix::fs::MetadataExt;

    use crate::lock::Holder;

    /// Where SQLite's file format puts the lock of the one writer: the reserved byte of the database
    /// file, and the first lock byte of the shared memory file in WAL mode.
    const RESERVED_BYTE: u64 = 0x4000_0001;
    const WAL_WRITE_LOCK: u64 = 120;

    pub(super) fn of(path: &str) -> Option<Holder> {
        let locks = std::fs::read_to_string("/proc/locks").ok()?;
        let inode = |path: &str| std::fs::metadata(path).ok().map(|file| file.ino());
        [
            (inode(path), RESERVED_BYTE),
            (inode(&format!("{path}-shm")), WAL_WRITE_LOCK),
        ]
        .into_iter()
        .find_map(|(inode, byte)| process(&locks, inode?, byte))
        .map(|process_id| Holder {
            process_id: Some(process_id),
            ..Holder::default()
        })
    }

    /// Finds the process with a write lock on `byte` of the file `inode`, in the format of proc(5):
    /// `1: POSIX  ADVISORY  WRITE 4242 fe:00:1234567 120 120`.
    fn process(locks: &str, inode: u64, byte: u64) -> Option<i64> {
        locks.lines().find_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            if fields.next()? != "POSIX" || fields.nth(1)? != "WRITE" {
                return None;
            }
            let process_id: i64 = fields.next()?.parse().ok()?;
            let file: u64 = fields.next()?.rsplit(':').next()?.parse().ok()?;
            let first: u64 = fields.next()?.parse().ok()?;
            let last = match fields.next()? {
                "EOF" => u64::MAX,
                last => last.parse().ok()?,
            };
            (file == inode && process_id > 0 && (first..=last).contains(&byte))
                .then_some(process_id)
        })
    }

    #[cfg(test)]
    mod tests {
        use super::process;

        const LOCKS: &str = "\
            1: POSIX  ADVISORY  READ  900 fe:00:77 1073741826 1073742335\n\
            2: FLOCK  ADVISORY  WRITE 901 fe:00:77 0 EOF\n\
            3: -> POSIX  ADVISORY  WRITE 902 fe:00:77 1073741825 1073741825\n\
            4: POSIX  ADVISORY  WRITE 903 fe:00:77 1073741825 1073741825\n\
            5: POSIX  ADVISORY  WRITE 904 fe:00:78 120 120\n";

        #[test]
        fn only_a_granted_write_lock_on_the_byte_counts() {
            assert_eq!(process(LOCKS, 77, 0x4000_0001), Some(903));
            assert_eq!(process(LOCKS, 78, 120), Some(904));
            assert_eq!(process(LOCKS, 78, 121), None);
            assert_eq!(process(LOCKS, 79, 120), None);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod writer {
    pub(super) fn of(_path: &str) -> Option<crate::lock::Holder> {
        None
    }
}
