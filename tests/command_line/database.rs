//! Databases with markers that other programs might have written.

use std::future::Future;
use std::path::Path;
use std::sync::OnceLock;

use kumiko_tests::database::{Engine, TestDatabase};
use sqlx::{AssertSqlSafe, Connection, Executor, Postgres, SqliteConnection};
use tokio::runtime::{Builder, Runtime};

/// The table of markers, as the first of all seeds creates it.
pub(crate) const SQLITE_TABLE: &str = "
    CREATE TABLE kumiko_es_operations (
        id TEXT NOT NULL PRIMARY KEY,
        operation_type TEXT NOT NULL,
        applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
        duration_ms INTEGER NOT NULL,
        applied_by TEXT NOT NULL,
        notes TEXT
    );";

/// The same on PostgreSQL.
pub(crate) const POSTGRES_TABLE: &str = "
    CREATE TABLE kumiko_es_operations (
        id text PRIMARY KEY,
        operation_type text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now(),
        duration_ms integer NOT NULL,
        applied_by text NOT NULL,
        notes text
    );";

/// The table of progress, as the first seed of many steps creates it.
pub(crate) const SQLITE_PROGRESS: &str = "
    CREATE TABLE kumiko_es_progress (
        id TEXT NOT NULL PRIMARY KEY,
        operation_type TEXT NOT NULL,
        state TEXT NOT NULL,
        source_hash TEXT,
        cursor TEXT,
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
    );";

/// The same on PostgreSQL.
pub(crate) const POSTGRES_PROGRESS: &str = "
    CREATE TABLE kumiko_es_progress (
        id text PRIMARY KEY,
        operation_type text NOT NULL,
        state text NOT NULL,
        source_hash text,
        cursor text,
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
    );";

/// The statement that lets a seed be under way: in this state, begun with a source of this hash, an eighth of it done.
pub(crate) fn under_way(id: &str, state: &str, source_hash: &str) -> String {
    let (failures, error) = match state {
        "failed" => (3, "'seed failed: no such member'"),
        _ => (0, "NULL"),
    };
    format!(
        "INSERT INTO kumiko_es_progress VALUES
         ('{id}', 'seed-migration', '{state}', '{source_hash}', '12017', 12000, 100000, 12000, 9, 1700, {failures}, {error},
          NULL, 'app:4711', '2026-06-01T09:00:00.000Z', '2026-06-01T09:00:04.100Z', 3529);"
    )
}

/// The statements that mark a seed as applied, from a source that is not known.
pub(crate) fn marker(id: &str) -> String {
    marker_of(id, "")
}

/// The statements that mark a seed as applied, from a source with this hash.
pub(crate) fn marker_of(id: &str, source_hash: &str) -> String {
    format!(
        "{} INSERT INTO kumiko_es_operations (id, operation_type, applied_at, duration_ms, applied_by, notes)
         VALUES ('{id}/source', 'seed-source', '2026-03-01T12:30:00.250Z', 0, 'boot', '{source_hash}');",
        foreign_marker(id)
    )
}

/// The statement with which another service marks a seed as applied.
pub(crate) fn foreign_marker(id: &str) -> String {
    format!(
        "INSERT INTO kumiko_es_operations (id, operation_type, applied_at, duration_ms, applied_by, notes)
         VALUES ('{id}', 'seed-migration', '2026-03-01T12:30:00.250Z', 1500, 'boot', 'As it was told');"
    )
}

/// Runs statements in a SQLite file, which is created where it is missing.
pub(crate) fn sqlite(file: &Path, sql: &str) {
    let url = format!("sqlite:{}?mode=rwc", file.display());
    let sql = sql.to_owned();
    wait(async move {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap();
        connection.close().await.unwrap();
    });
}

/// A new database on the PostgreSQL server of the tests, with these statements run.
pub(crate) fn postgres(sql: &str) -> TestDatabase<Postgres> {
    wait(async {
        let database = Postgres::create().await;
        database.execute(sql).await;
        database
    })
}

/// Waits for something that needs a runtime.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let new = || Builder::new_current_thread().enable_all().build().unwrap();
    RUNTIME.get_or_init(new).block_on(future)
}

/// The first column of each row of a SQLite file, as text.
pub(crate) async fn texts(file: &Path, sql: &str) -> Vec<String> {
    let url = format!("sqlite:{}", file.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let rows = sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    rows
}
