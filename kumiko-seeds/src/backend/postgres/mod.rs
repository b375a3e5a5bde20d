//! PostgreSQL.

mod ascii;
mod baseline;
mod fault;
mod inline;
mod message;
mod prepared;
pub(crate) mod transaction;

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Executor, Postgres, Transaction};

use super::{
    Backend, Ended, Fault, Hands, Leaving, Lock, Locked, Next, NotCommitted, Parameter, Statement,
    Taking, Under, column,
};
use crate::holder::Holder;
use ascii::decoded;
use baseline::Baseline;
use inline::inline;
use prepared::Prepared;

impl Backend for Postgres {
    type Baseline = Baseline;

    /// The number of the transaction.
    type Identity = String;

    type Prepared = Prepared;

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

    const CREATE_PROGRESS: &'static str = "
        CREATE TABLE IF NOT EXISTS kumiko_es_progress (
            id text PRIMARY KEY,
            operation_type text NOT NULL,
            state text NOT NULL,
            source_hash text,
            \"cursor\" text,
            done bigint NOT NULL,
            total bigint,
            events bigint NOT NULL,
            steps bigint NOT NULL,
            step_size integer NOT NULL,
            failures integer NOT NULL,
            error text,
            throttled text,
            worker text,
            started_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            worked_ms bigint NOT NULL
        )";

    const HAS_PROGRESS: &'static str =
        "CAST(pg_catalog.to_regclass('kumiko_es_progress') IS NOT NULL AS integer)";

    const STEP_TIME: Duration = Duration::from_millis(500);

    const BETWEEN_STEPS: Duration = Duration::ZERO;

    /// Leaving the savepoint restores the access mode, which nothing else inside a transaction can.
    const FORBID_WRITES: &'static str = "SAVEPOINT kumiko_read_only; SET TRANSACTION READ ONLY";

    const ALLOW_WRITES: &'static str = "RELEASE SAVEPOINT kumiko_read_only";

    async fn lock<'c>(
        connection: &'c mut PgConnection,
        baseline: &mut Option<Baseline>,
        taking: &Taking<'_>,
    ) -> sqlx::Result<Option<Locked<'c, Self>>> {
        transaction::lock(connection, baseline, taking).await
    }

    async fn after_busy(_: &mut PgConnection, _: &Baseline) -> sqlx::Result<()> {
        Ok(())
    }

    async fn is_open(connection: &mut PgConnection, identity: &String) -> sqlx::Result<bool> {
        transaction::is_open(connection, identity).await
    }

    async fn record(
        connection: &mut PgConnection,
        under: Under<'_, Self>,
        record: &[Statement<'_>],
    ) -> sqlx::Result<()> {
        transaction::record(connection, under, record).await
    }

    async fn commit<'c>(
        transaction: Transaction<'c, Self>,
        prepared: &mut Prepared,
        under: Under<'_, Self>,
        record: &[Statement<'_>],
        next: Option<&Taking<'_>>,
    ) -> Result<Next<'c, Self>, NotCommitted<'c, Self>> {
        transaction::commit(transaction, prepared, under, record, next).await
    }

    async fn forget(
        transaction: Transaction<'_, Self>,
        prepared: &mut Prepared,
    ) -> sqlx::Result<()> {
        transaction::forget(transaction, prepared).await
    }

    async fn roll_back(
        transaction: Transaction<'_, Self>,
        prepared: &mut Prepared,
        identity: &String,
    ) -> sqlx::Result<Option<Ended>> {
        transaction::roll_back(transaction, prepared, identity).await
    }

    async fn ended_before(
        connection: &mut PgConnection,
        identity: &String,
    ) -> sqlx::Result<Option<Ended>> {
        transaction::ended_before(connection, identity).await
    }

    async fn forbid_commit(connection: &mut PgConnection) -> sqlx::Result<()> {
        connection
            .execute(transaction::FORBID_COMMIT)
            .await
            .map(drop)
    }

    /// The library's own settings end with the transaction.
    async fn leave(_: &mut PgConnection, _: &Baseline, hands: Hands) -> sqlx::Result<Leaving> {
        Ok(match hands {
            Hands::Library | Hands::Handler => Leaving::AsItCame,
            Hands::Seed => Leaving::Spoilt,
        })
    }

    /// All is seen through a policy that says `true`, provided that none restricts it.
    async fn blinded_role(
        connection: &mut PgConnection,
        table: &str,
    ) -> sqlx::Result<Option<String>> {
        let sql = format!(
            "SELECT {} WHERE (
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
             )",
            Self::as_text("current_user::text")
        );
        let rows = Self::fetch(connection, &sql, &[Parameter::Text(table)]).await?;
        rows.first().map_or(Ok(None), |row| Self::text(row, 0))
    }

    async fn holder(connection: &mut PgConnection, lock: Lock) -> sqlx::Result<Option<Holder>> {
        let key = transaction::key_of_lock(lock);
        let sql = format!(
            "SELECT activity.pid, nullif(activity.application_name, ''),
                    host(activity.client_addr), {}
             FROM pg_locks AS held JOIN pg_stat_activity AS activity USING (pid)
             WHERE held.locktype = 'advisory' AND held.granted
               AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND {key}",
            Self::as_time("activity.xact_start")
        );
        let row = sqlx::raw_sql(AssertSqlSafe(sql))
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

    async fn replication_lag(connection: &mut PgConnection) -> sqlx::Result<Option<Duration>> {
        let sql = "SELECT CAST(extract(epoch FROM max(replay_lag)) * 1000 AS bigint) FROM pg_stat_replication \
                   HAVING max(replay_lag) IS NOT NULL";
        let rows = Self::fetch(connection, sql, &[]).await?;
        let lag = rows.first().map(|row| column::<Postgres, i64>(row, 0));
        let lag = lag.transpose()?.and_then(|lag| u64::try_from(lag).ok());
        Ok(lag.map(Duration::from_millis))
    }

    fn fault(error: &sqlx::Error) -> Fault {
        fault::of(error)
    }

    fn role(options: &PgConnectOptions) -> Option<&str> {
        Some(options.get_username())
    }

    fn database(options: &PgConnectOptions) -> String {
        let server = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => options.get_host().to_owned(),
        };
        let name = options.get_database().unwrap_or(options.get_username());
        format!("{server}:{}/{name}", options.get_port())
    }

    fn in_schema(options: PgConnectOptions, schema: &str) -> Option<PgConnectOptions> {
        let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
        Some(options.options([("search_path", quoted)]))
    }

    fn row_security(table: &str) -> String {
        format!("CAST(row_security_active('{table}') AS integer)")
    }

    /// ASCII, which is the same in every `client_encoding`.
    fn as_text(expression: &str) -> String {
        format!("pg_catalog.encode(pg_catalog.convert_to({expression}, 'UTF8'), 'escape')")
    }

    /// The simple protocol has one form for a time, that of the session's `DateStyle` and `TimeZone`, and these are the
    /// app's.
    fn as_time(expression: &str) -> String {
        format!(
            "pg_catalog.to_char({expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        )
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

    async fn fetch(
        connection: &mut PgConnection,
        sql: &str,
        values: &[Parameter<'_>],
    ) -> sqlx::Result<Vec<PgRow>> {
        sqlx::raw_sql(AssertSqlSafe(inline(sql, values)))
            .fetch_all(connection)
            .await
    }

    fn executor(connection: &mut PgConnection) -> impl Executor<'_, Database = Self> {
        connection
    }
}
