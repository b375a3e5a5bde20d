//! The statements that only PostgreSQL understands.

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgDatabaseError, PgRow, PgSeverity};
use sqlx::{AssertSqlSafe, Executor, Postgres, Transaction};

use super::ascii::decoded;
use super::inline::inline;
use super::{Backend, Fault, Locked, MarkerFault, Value, column, insert_marker, reading};
use crate::lock::Holder;

/// SQLSTATE codes, from appendix A of the PostgreSQL manual.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
const UNDEFINED_TABLE: &str = "42P01";
const UNDEFINED_COLUMN: &str = "42703";
/// Among other things, no aggregate of strings for a column of another type.
const UNDEFINED_FUNCTION: &str = "42883";
/// A setting that this session never had, or one that a transaction before had.
const UNDEFINED_OBJECT: &str = "42704";
const INVALID_TEXT_REPRESENTATION: &str = "22P02";
const DATATYPE_MISMATCH: &str = "42804";
const NOT_NULL_VIOLATION: &str = "23502";
/// Among other things, no unique index where `ON CONFLICT` needs one.
const INVALID_COLUMN_REFERENCE: &str = "42P10";

/// A text in a form that arrives as it is whatever the session's `client_encoding` is.
macro_rules! text {
    ($expression:expr) => {
        concat!(
            "pg_catalog.encode(pg_catalog.convert_to(",
            $expression,
            ", 'UTF8'), 'escape')"
        )
    };
}

/// A time as text in a form of its own. The simple protocol has one form for a time, that of the session's
/// `DateStyle` and `TimeZone`, and these are the app's.
macro_rules! time {
    ($expression:expr) => {
        concat!(
            "pg_catalog.to_char(",
            $expression,
            " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        )
    };
}
#[cfg(feature = "events")]
pub(crate) use time;

macro_rules! row_security {
    () => {
        "SELECT row_security_active('kumiko_es_operations')::integer"
    };
}

/// The settings end with the transaction. The first two are for [`MARKER`]. The others let the server
/// notice within half a minute that the client's machine is gone, and on Linux within seconds that its
/// process is, even in the middle of a long statement. By default the first takes it hours and the
/// second as long as the statement, and the lock with it. The last is known from PostgreSQL 14 on.
const LOCK: &str = concat!(
    "SELECT pg_try_advisory_xact_lock(1702063984), ",
    time!("now()"),
    ",
           set_config('kumiko_seeds.transaction', '1', true),
           set_config('kumiko_seeds.search_path', current_setting('search_path'), true),
           set_config('tcp_keepalives_idle', '15', true),
           set_config('tcp_keepalives_interval', '5', true),
           set_config('tcp_keepalives_count', '3', true),
           CASE WHEN current_setting('server_version_num')::integer >= 140000
                     AND version() LIKE '%linux%'
                THEN set_config('client_connection_check_interval', '5s', true) END"
);

/// The setting of [`LOCK`] is gone once a handler has committed or rolled back behind our back, and then
/// reading it as a number is an error, which keeps the statements after it from being executed.
///
/// A seed or a handler may have set another `search_path`, in which there may be another table of
/// operations. The marker goes where the lock and the re-check looked. That takes a statement of its
/// own because names are looked up before a statement runs.
macro_rules! concat_marker {
    ($then:literal) => {
        concat!(
            "SELECT CASE
                 WHEN current_setting('kumiko_seeds.transaction')::integer <> 1 THEN NULL
                 WHEN current_setting('kumiko_seeds.search_path') <> current_setting('search_path')
                 THEN set_config('search_path', current_setting('kumiko_seeds.search_path'), false)
             END;
             ",
            insert_marker!("now()"),
            $then
        )
    };
}

const MARKER: &str = concat_marker!("");

fn marker_fault(error: sqlx::Error) -> MarkerFault {
    let answer = error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    match answer {
        // A fatal error ends the session, perhaps after the commit.
        Some(answer) if matches!(answer.severity(), PgSeverity::Error) => match answer.code() {
            UNDEFINED_OBJECT | INVALID_TEXT_REPRESENTATION => MarkerFault::TransactionEnded,
            _ => MarkerFault::Refused(error),
        },
        _ => MarkerFault::Unanswered(error),
    }
}

/// The code of such an error is that of a missing privilege, and its message is in the server's language. Only
/// the function in the server's source tells.
fn is_of_row_security(error: &PgDatabaseError) -> bool {
    let routine = error.routine().unwrap_or_default();
    ["check_enable_rls", "ExecWithCheckOptions"].contains(&routine)
}

impl Backend for Postgres {
    const BEGIN: &'static str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

    const CREATE_OPERATIONS: &'static str = "
        CREATE TABLE IF NOT EXISTS kumiko_es_operations (
            id text PRIMARY KEY,
            operation_type text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now(),
            duration_ms integer NOT NULL,
            applied_by text NOT NULL,
            notes text
        );
        CREATE INDEX IF NOT EXISTS kumiko_es_operations_type_idx
            ON kumiko_es_operations (operation_type)";

    const APPLIED: &'static str = reading::applied!(row_security!(), text, "string_agg", "chr");

    const LOOK: &'static str = reading::look!(row_security!(), text, time);

    const HISTORY: &'static str = reading::history!(row_security!(), text, time);

    /// Leaving the savepoint restores the access mode, which nothing else inside a transaction can.
    const FORBID_WRITES: &'static str = "SAVEPOINT kumiko_read_only; SET TRANSACTION READ ONLY";

    const ALLOW_WRITES: &'static str = "RELEASE SAVEPOINT kumiko_read_only";

    /// The key is the original's, 'esop' in ASCII, so that services in either language exclude each
    /// other. The lock belongs to the transaction: no end of it, however violent, leaves it behind,
    /// and a pooler in transaction mode cannot separate it from the statements it protects.
    async fn take_lock(
        connection: &mut PgConnection,
        look: &'static str,
        values: &[Value<'_>],
    ) -> sqlx::Result<Option<Locked<Self>>> {
        let sql = format!("{LOCK}; {}", inline(look, values));
        let mut rows = sqlx::raw_sql(AssertSqlSafe(sql))
            .fetch_all(connection)
            .await?;
        if rows.is_empty() {
            return Err(sqlx::Error::RowNotFound);
        }
        let locked = rows.remove(0);
        let since = Self::time(&locked, 1)?;
        let is_taken: bool = sqlx::Row::try_get(&locked, 0)?;
        Ok(is_taken.then_some(Locked { since, rows }))
    }

    async fn replace_busy_timeout(_: &mut PgConnection, milliseconds: i64) -> sqlx::Result<i64> {
        Ok(milliseconds)
    }

    async fn undo_session_settings(_: &mut PgConnection, _: i64) -> sqlx::Result<()> {
        Ok(())
    }

    async fn insert_marker(
        connection: &mut PgConnection,
        values: &[Value<'_>],
    ) -> Result<(), MarkerFault> {
        let inserted = Self::fetch(connection, MARKER, values).await;
        inserted.map(drop).map_err(marker_fault)
    }

    /// The commit goes with the marker, and `AND CHAIN` opens the next seed's transaction. It has the
    /// isolation level and the access mode of this one, and a seed cannot have changed them: the first
    /// is settled by the statement that takes the lock, and without the second there is no marker.
    /// After the last seed sqlx ends it with a ROLLBACK, sent with its next statement and so at no cost.
    async fn insert_last_marker(
        connection: &mut PgConnection,
        values: &[Value<'_>],
    ) -> Result<(), MarkerFault> {
        let sql = concat_marker!("; COMMIT AND CHAIN");
        let committed = Self::fetch(connection, sql, values).await;
        committed.map(drop).map_err(marker_fault)
    }

    /// What sqlx still takes for the transaction it began is the one after it.
    async fn end(
        transaction: Transaction<'_, Self>,
    ) -> sqlx::Result<Option<Transaction<'_, Self>>> {
        Ok(Some(transaction))
    }

    fn text(row: &PgRow, index: usize) -> sqlx::Result<Option<String>> {
        let Some(escaped) = column::<Postgres, Option<String>>(row, index)? else {
            return Ok(None);
        };
        match decoded(escaped) {
            Some(text) => Ok(Some(text)),
            None => Err(sqlx::Error::Decode("a text is not UTF-8".into())),
        }
    }

    fn time(row: &PgRow, index: usize) -> sqlx::Result<DateTime<Utc>> {
        let text = column::<Postgres, String>(row, index)?;
        let time = DateTime::parse_from_rfc3339(&text);
        time.map(|time| time.to_utc())
            .map_err(|error| sqlx::Error::Decode(error.into()))
    }

    /// All is seen through a policy that says `true`, provided that none restricts it.
    async fn blinded_role(
        connection: &mut PgConnection,
        table: &'static str,
    ) -> sqlx::Result<Option<String>> {
        let sql = concat!(
            "SELECT ",
            text!("current_user::text"),
            " WHERE (
                 SELECT (count(*) FILTER (WHERE polpermissive AND shows_all) = 0)
                        OR (count(*) FILTER (WHERE NOT polpermissive AND NOT shows_all) > 0)
                 FROM (
                     SELECT polpermissive, pg_get_expr(polqual, polrelid) = 'true' AS shows_all
                     FROM pg_policy
                     WHERE polrelid = CAST($1 AS regclass) AND polcmd IN ('*', 'r')
                       AND EXISTS (
                           SELECT FROM unnest(polroles) AS role
                           WHERE CASE role WHEN 0 THEN true ELSE pg_has_role(role, 'USAGE') END
                       )
                 ) AS policy
             )"
        );
        let rows = Self::fetch(connection, sql, &[Value::Text(table)]).await?;
        rows.first().map_or(Ok(None), |row| Self::text(row, 0))
    }

    async fn holder(connection: &mut PgConnection) -> sqlx::Result<Option<Holder>> {
        let row = sqlx::raw_sql(concat!(
            "SELECT activity.pid, nullif(activity.application_name, ''),
                    host(activity.client_addr), ",
            time!("activity.xact_start"),
            " FROM pg_locks AS held JOIN pg_stat_activity AS activity USING (pid)
             WHERE held.locktype = 'advisory' AND held.granted
               AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND held.classid = 0 AND held.objid = 1702063984 AND held.objsubid = 1"
        ))
        .fetch_optional(connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Holder {
            process_id: Some(i64::from(column::<Postgres, i32>(&row, 0)?)),
            application: column::<Postgres, Option<String>>(&row, 1)?,
            client: column::<Postgres, Option<String>>(&row, 2)?,
            // Not every role is told.
            since: Self::time(&row, 3).ok(),
        }))
    }

    fn fault(error: &sqlx::Error) -> Fault {
        let error = error
            .as_database_error()
            .and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
        match error.map(PgDatabaseError::code) {
            Some(INSUFFICIENT_PRIVILEGE) if error.is_some_and(is_of_row_security) => {
                Fault::RowSecurity
            }
            Some(INSUFFICIENT_PRIVILEGE) => Fault::NotPermitted,
            Some(UNDEFINED_TABLE) => Fault::TableMissing,
            Some(
                UNDEFINED_COLUMN
                | UNDEFINED_FUNCTION
                | DATATYPE_MISMATCH
                | NOT_NULL_VIOLATION
                | INVALID_COLUMN_REFERENCE,
            ) => Fault::OtherShape,
            _ => Fault::Other,
        }
    }

    fn role(options: &PgConnectOptions) -> Option<&str> {
        Some(options.get_username())
    }

    async fn fetch(
        connection: &mut PgConnection,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<PgRow>> {
        sqlx::raw_sql(AssertSqlSafe(inline(sql, values)))
            .fetch_all(connection)
            .await
    }

    fn executor(connection: &mut PgConnection) -> impl Executor<'_, Database = Self> {
        connection
    }
}
