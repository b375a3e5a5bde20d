//! The statements that only PostgreSQL understands.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgDatabaseError, PgRow, PgSeverity};
use sqlx::{AssertSqlSafe, Executor, Postgres, Transaction};

use super::ascii::decoded;
use super::inline::inline;
use super::{
    Backend, Ended, Fault, Locked, MarkerFault, Restoration, Value, column, insert_marker, reading,
};
use crate::lock::Holder;

/// SQLSTATE codes, from appendix A of the PostgreSQL manual.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
const UNDEFINED_TABLE: &str = "42P01";
const UNDEFINED_COLUMN: &str = "42703";
/// Among other things, no aggregate of strings for a column of another type.
const UNDEFINED_FUNCTION: &str = "42883";
const IN_FAILED_TRANSACTION: &str = "25P02";
const SERIALIZATION_FAILURE: &str = "40001";
const DEADLOCK_DETECTED: &str = "40P01";
const UNIQUE_VIOLATION: &str = "23505";
const DUPLICATE_TABLE: &str = "42P07";
/// Among other things, the row type of a table.
const DUPLICATE_OBJECT: &str = "42710";
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

macro_rules! row_security {
    () => {
        "SELECT row_security_active('kumiko_es_operations')::integer"
    };
}

/// The number of the transaction is its identity. Only a transaction that has the lock gets one, because
/// fifty replicas that ask for the lock again and again would use up thousands.
///
/// The settings end with the transaction. They let the server notice within half a minute that the
/// client's machine is gone, and on Linux within seconds that its process is, even in the middle of a long
/// statement. By default the first takes it hours and the second as long as the statement, and the lock
/// with it. The last is known from PostgreSQL 14 on.
const LOCK: &str = concat!(
    "WITH lock AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(1702063984) AS is_taken)
    SELECT is_taken, ",
    time!("now()"),
    ",
           CASE WHEN is_taken THEN CAST(pg_current_xact_id() AS text) END,
           set_config('tcp_keepalives_idle', '15', true),
           set_config('tcp_keepalives_interval', '5', true),
           set_config('tcp_keepalives_count', '3', true),
           CASE WHEN current_setting('server_version_num')::integer >= 140000
                     AND version() LIKE '%linux%'
                THEN set_config('client_connection_check_interval', '5s', true) END
    FROM lock"
);

/// An error in every transaction but `$1`, which keeps the statements after it from being executed. A seed or
/// a handler may have committed or rolled back behind our back. Whatever language the server speaks, its error
/// repeats the text that is no number.
const GUARD: &str = "
    SELECT CASE WHEN pg_current_xact_id_if_assigned() IS DISTINCT FROM CAST($1 AS xid8)
                THEN CAST(concat($2, pg_backend_pid()) AS integer) END";
const ANOTHER_TRANSACTION: &str = "kumiko: another transaction in ";

/// What is not a setting and outlives a transaction, and then all settings. Those of [`SETTINGS`] follow.
const RESTORE: &str = "
    CLOSE ALL;
    UNLISTEN *;
    SELECT pg_advisory_unlock_all();
    RESET SESSION AUTHORIZATION;
    RESET ROLE;
    RESET ALL";

/// The settings of a session that are not those it began with: a pool may make some on each new connection. And
/// the one that says where the table of operations is: the marker goes where the lock and the re-check
/// looked, whatever a handler has set. The role comes last, because it may not be allowed to set the others.
///
/// PostgreSQL lists no setting of an extension or of the app's own that nobody has declared.
const SETTINGS: &str = "
    SELECT name, setting FROM (
        SELECT 0 AS rank, 'session_authorization' AS name, CAST(session_user AS text) AS setting
        UNION ALL
        SELECT 1, name, setting FROM pg_settings
        WHERE (source = 'session' AND context IN ('user', 'superuser') AND setting IS NOT NULL
               AND name NOT IN
                   ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable'))
              OR name = 'search_path'
        UNION ALL
        SELECT 2, 'role', current_setting('role')
    ) AS settings
    ORDER BY rank";

/// Drops the temporary tables of a seed. Constraints are checked first, as the commit would: a table with
/// a check to come cannot be dropped. Not for a dry run, which has the table of [`FORBID_COMMIT`].
const DISCARD: &str = "SET CONSTRAINTS ALL IMMEDIATE; DISCARD TEMP";

/// Checked with the commit, and cannot be fulfilled. Where the role may not create temporary tables, nothing
/// is done.
const FORBID_COMMIT: &str = "
    DO $$
    BEGIN
        CREATE TEMPORARY TABLE kumiko_dry_run (
            kept integer CONSTRAINT a_dry_run_keeps_nothing UNIQUE DEFERRABLE INITIALLY DEFERRED
        );
        INSERT INTO kumiko_dry_run VALUES (1), (1);
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END
    $$";

/// What became of the transaction `$1`.
const STATUS: &str = "SELECT pg_xact_status(CAST($1 AS xid8))";

fn marker_fault(error: sqlx::Error) -> MarkerFault {
    let answer = error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    match answer {
        // A fatal error ends the session, perhaps after the commit.
        Some(answer) if matches!(answer.severity(), PgSeverity::Error) => match answer.code() {
            INVALID_TEXT_REPRESENTATION if answer.message().contains(ANOTHER_TRANSACTION) => {
                MarkerFault::TransactionEnded
            }
            IN_FAILED_TRANSACTION => MarkerFault::TransactionFailed(error),
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

fn code(error: &sqlx::Error) -> Option<std::borrow::Cow<'_, str>> {
    error.as_database_error()?.code()
}

/// Runs the guard and what follows it, as one message.
async fn guarded(
    connection: &mut PgConnection,
    identity: &str,
    statements: &[&str],
) -> Result<(), MarkerFault> {
    let mut sql = inline(
        GUARD,
        &[Value::Text(identity), Value::Text(ANOTHER_TRANSACTION)],
    );
    for statement in statements.iter().filter(|statement| !statement.is_empty()) {
        sql.push_str("; ");
        sql.push_str(statement);
    }
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.map(drop).map_err(marker_fault)
}

async fn status(connection: &mut PgConnection, identity: &str) -> sqlx::Result<Option<String>> {
    let rows = Postgres::fetch(connection, STATUS, &[Value::Text(identity)]).await?;
    rows.first()
        .map_or(Ok(None), |row| column::<Postgres, _>(row, 0))
}

impl Backend for Postgres {
    const TAKES_FROM_SESSION: bool = false;

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

    /// The number of the transaction.
    type Identity = String;

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
        let identity = column::<Postgres, Option<String>>(&locked, 2)?;
        Ok(identity.map(|identity| Locked {
            since,
            identity,
            rows,
        }))
    }

    async fn replace_busy_timeout(_: &mut PgConnection, milliseconds: i64) -> sqlx::Result<i64> {
        Ok(milliseconds)
    }

    async fn undo_session_settings(_: &mut PgConnection, _: i64) -> sqlx::Result<()> {
        Ok(())
    }

    async fn restoration(connection: &mut PgConnection) -> sqlx::Result<Restoration> {
        let rows = sqlx::raw_sql(SETTINGS).fetch_all(connection).await?;
        let mut after_seed = RESTORE.to_owned();
        let mut after_handler = String::new();
        for row in &rows {
            let name: String = column::<Postgres, _>(row, 0)?;
            let value: String = column::<Postgres, _>(row, 1)?;
            let set = "SELECT set_config($1, $2, false)";
            let set = inline(set, &[Value::Text(&name), Value::Text(&value)]);
            after_seed.extend(["; ", &set]);
            if name == "search_path" {
                after_handler = set;
            }
        }
        Ok(Restoration::Reconnect {
            after_handler,
            after_seed,
        })
    }

    async fn is_open(connection: &mut PgConnection, identity: &String) -> sqlx::Result<bool> {
        match guarded(connection, identity, &[]).await {
            Ok(()) => Ok(true),
            Err(MarkerFault::TransactionEnded) => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }

    /// In a transaction in which a statement has failed nothing can be asked. It is left for one in which
    /// that is possible; what was written in it is lost in any case.
    async fn ended(
        connection: &mut PgConnection,
        identity: &String,
    ) -> sqlx::Result<Option<Ended>> {
        match Self::is_open(connection, identity).await {
            Ok(true) => Ok(None),
            Ok(false) => match status(connection, identity).await?.as_deref() {
                Some("committed") => Ok(Some(Ended::Committed)),
                _ => Ok(Some(Ended::RolledBack)),
            },
            Err(error) if Self::fault(&error) == Fault::TransactionFailed => {
                connection.execute("ROLLBACK AND CHAIN").await?;
                Self::ended_before(connection, identity).await
            }
            Err(error) => Err(error),
        }
    }

    /// A transaction that is still in progress has lost its client, so the server is about to roll it back,
    /// unless the client's last statement is a COMMIT on its way.
    async fn ended_before(
        connection: &mut PgConnection,
        identity: &String,
    ) -> sqlx::Result<Option<Ended>> {
        const ATTEMPTS: usize = 20;
        const PAUSE: Duration = Duration::from_millis(50);
        for _ in 0..ATTEMPTS {
            match status(connection, identity).await?.as_deref() {
                Some("committed") => return Ok(Some(Ended::Committed)),
                Some("in progress") => tokio::time::sleep(PAUSE).await,
                _ => break,
            }
        }
        Ok(None)
    }

    async fn forbid_commit(connection: &mut PgConnection) -> sqlx::Result<()> {
        connection.execute(FORBID_COMMIT).await.map(drop)
    }

    fn is_forbidden_commit(error: &sqlx::Error) -> bool {
        let error = error.as_database_error();
        error.is_some_and(|error| error.constraint() == Some("a_dry_run_keeps_nothing"))
    }

    fn allow_commit(_: &String) {}

    async fn restore(
        connection: &mut PgConnection,
        identity: &String,
        restoring: &str,
    ) -> Result<(), MarkerFault> {
        guarded(connection, identity, &[restoring]).await
    }

    async fn insert_marker(
        connection: &mut PgConnection,
        identity: &String,
        restoring: &str,
        values: &[Value<'_>],
    ) -> Result<(), MarkerFault> {
        let insert = inline(insert_marker!("now()"), values);
        guarded(connection, identity, &[restoring, &insert]).await
    }

    /// The commit goes with the marker, and `AND CHAIN` opens the next seed's transaction. It has the
    /// isolation level and the access mode of this one, and a seed cannot have changed them: the first
    /// is settled by the statement that takes the lock, and without the second there is no marker.
    /// After the last seed sqlx ends it with a ROLLBACK, sent with its next statement and so at no cost.
    async fn insert_last_marker(
        connection: &mut PgConnection,
        identity: &String,
        restoring: &str,
        values: &[Value<'_>],
    ) -> Result<(), MarkerFault> {
        let insert = inline(insert_marker!("now()"), values);
        let discard = if restoring.starts_with(RESTORE) {
            DISCARD
        } else {
            ""
        };
        let statements = [restoring, discard, &insert, "COMMIT AND CHAIN"];
        guarded(connection, identity, &statements).await
    }

    /// What sqlx still takes for the transaction it began is the one after it.
    async fn end<'c>(
        transaction: Transaction<'c, Self>,
        _: &String,
    ) -> sqlx::Result<Option<Transaction<'c, Self>>> {
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
            Some(IN_FAILED_TRANSACTION) => Fault::TransactionFailed,
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

    fn is_transient(error: &sqlx::Error) -> bool {
        matches!(
            code(error).as_deref(),
            Some(SERIALIZATION_FAILURE | DEADLOCK_DETECTED)
        )
    }

    fn is_created_meanwhile(error: &sqlx::Error) -> bool {
        match code(error).as_deref() {
            Some(DUPLICATE_TABLE | DUPLICATE_OBJECT) => true,
            // A row of the catalogue: a table, its type, an index.
            Some(UNIQUE_VIOLATION) => error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::constraint)
                .is_some_and(|name| name.starts_with("pg_")),
            _ => false,
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
