//! A database for each test, on PostgreSQL and on SQLite.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};

use kumiko_seeds::events::EventBackend;
use kumiko_seeds_testing::URL_VARIABLE;
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, Pool, Postgres, Row, Sqlite};
use tempfile::TempDir;

/// A database of one test's own.
pub struct TestDatabase<DB: Engine> {
    /// Its URL, for other processes.
    pub url: String,
    /// A pool of a few connections.
    pub pool: Pool<DB>,
    cleanup: Cleanup,
}

enum Cleanup {
    Folder(TempDir),
    Database { server_url: String, name: String },
}

/// A database engine that tests run on, with the little SQL that tests need.
pub trait Engine: EventBackend {
    /// Lists the tables, one a row.
    const TABLES: &'static str;

    /// Creates an empty database.
    fn create() -> impl Future<Output = TestDatabase<Self>>;

    /// Runs statements.
    fn execute(pool: &Pool<Self>, sql: &str) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Runs statements on one connection.
    fn run(
        connection: &mut Self::Connection,
        sql: &str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// The first column of each row, as text.
    fn texts(pool: &Pool<Self>, sql: &str) -> impl Future<Output = Vec<String>> + Send;
}

impl<DB: Engine> TestDatabase<DB> {
    /// Runs statements.
    pub async fn execute(&self, sql: &str) {
        DB::execute(&self.pool, sql).await.unwrap();
    }

    /// The first column of each row, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        DB::texts(&self.pool, sql).await
    }

    /// The one value of the one row, as text.
    pub async fn text(&self, sql: &str) -> String {
        let texts = self.texts(sql).await;
        assert_eq!(texts.len(), 1, "{sql}: {texts:?}");
        texts.into_iter().next().unwrap()
    }

    /// The ids with a marker, in the order in which the markers were written.
    pub async fn markers(&self) -> Vec<String> {
        self.texts(
            "SELECT id FROM kumiko_es_operations WHERE operation_type = 'seed-migration'
             ORDER BY applied_at, id",
        )
        .await
    }

    /// The payloads of all events, in the order in which they were appended.
    pub async fn payloads(&self) -> Vec<String> {
        self.texts("SELECT CAST(payload AS text) FROM kumiko_events ORDER BY id")
            .await
    }

    /// The numbers that the app's counter was at, in the order in which it came to them.
    pub async fn counted(&self) -> Vec<String> {
        self.texts(
            "SELECT CAST(payload->>'number' AS text) FROM kumiko_events
             WHERE type = 'counted' ORDER BY id",
        )
        .await
    }

    /// A pool with at most `connections`.
    pub async fn pool_of(&self, connections: u32) -> Pool<DB> {
        PoolOptions::new()
            .max_connections(connections)
            .connect(&self.url)
            .await
            .unwrap()
    }

    /// Removes the database. A test that fails leaves it for a look.
    pub async fn remove(self) {
        self.pool.close().await;
        match self.cleanup {
            Cleanup::Folder(folder) => folder.close().unwrap(),
            Cleanup::Database { server_url, name } => {
                let mut server = sqlx::PgConnection::connect(&server_url).await.unwrap();
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                server.execute(AssertSqlSafe(drop)).await.unwrap();
            }
        }
    }
}

impl TestDatabase<Postgres> {
    /// An empty database on a server of the caller's choice.
    pub async fn on(server_url: &str) -> Self {
        Self::created(server_url, "").await
    }

    /// An empty database whose texts are in `encoding`.
    pub async fn in_encoding(encoding: &str) -> Self {
        let options = format!("ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        Self::created(&server_url(), &options).await
    }

    async fn created(server_url: &str, options: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("kumiko_test_{}_{number}", std::process::id());
        let mut server = sqlx::PgConnection::connect(server_url).await.unwrap();
        // From 15 on a server copies the template through its log by default, which takes it twice the time.
        let is_choice = server
            .server_version_num()
            .is_some_and(|version| version >= 150_000);
        let strategy = if is_choice { "STRATEGY file_copy" } else { "" };
        let creation = format!("CREATE DATABASE {name} {options} {strategy}");
        server.execute(AssertSqlSafe(creation)).await.unwrap();
        let (server, _) = server_url.rsplit_once('/').unwrap();
        let url = format!("{server}/{name}");
        let pool = PoolOptions::new()
            .max_connections(5)
            .connect(&url)
            .await
            .unwrap();
        Self {
            url,
            pool,
            cleanup: Cleanup::Database {
                server_url: server_url.to_owned(),
                name,
            },
        }
    }
}

/// The URL of the server that `cargo xtask test` starts.
///
/// # Panics
/// Without one: a test on PostgreSQL that runs on nothing proves nothing.
#[must_use]
pub fn server_url() -> String {
    std::env::var(URL_VARIABLE)
        .expect("no KUMIKO_TEST_POSTGRES_URL; run `cargo xtask test`, or `cargo xtask postgres` beside this")
}

/// What is the same on both engines but for the type of the connection.
macro_rules! statements {
    ($connection:ty) => {
        async fn execute(pool: &Pool<Self>, sql: &str) -> sqlx::Result<()> {
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(pool)
                .await
                .map(drop)
        }

        async fn run(connection: &mut $connection, sql: &str) -> sqlx::Result<()> {
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(connection)
                .await
                .map(drop)
        }

        async fn texts(pool: &Pool<Self>, sql: &str) -> Vec<String> {
            let rows = sqlx::query(AssertSqlSafe(sql))
                .fetch_all(pool)
                .await
                .unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
    };
}

impl Engine for Postgres {
    const TABLES: &'static str = "SELECT CAST(tablename AS text) FROM pg_tables";

    async fn create() -> TestDatabase<Self> {
        TestDatabase::on(&server_url()).await
    }

    statements!(sqlx::PgConnection);
}

impl Engine for Sqlite {
    const TABLES: &'static str = "SELECT name FROM sqlite_master WHERE type = 'table'";

    async fn create() -> TestDatabase<Self> {
        let folder = tempfile::tempdir().unwrap();
        let url = format!(
            "sqlite:{}?mode=rwc",
            folder.path().join("test.db").display()
        );
        let pool = PoolOptions::new()
            .max_connections(5)
            .connect(&url)
            .await
            .unwrap();
        TestDatabase {
            url,
            pool,
            cleanup: Cleanup::Folder(folder),
        }
    }

    statements!(sqlx::SqliteConnection);
}

/// Defines each function as a test on PostgreSQL and as one on SQLite, each with a database of its own.
///
/// The functions are generic in `DB`; the test modules are named after the engines.
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$note:meta])* async fn $name:ident($database:ident: &TestDatabase<DB>) $body:block)+) => {
        $($(#[$note])* async fn $name<DB: $crate::database::Engine>(
            $database: &$crate::database::TestDatabase<DB>
        ) $body)+

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let database = <sqlx::Postgres as $crate::database::Engine>::create().await;
                super::$name(&database).await;
                database.remove().await;
            })+
        }

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let database = <sqlx::Sqlite as $crate::database::Engine>::create().await;
                super::$name(&database).await;
                database.remove().await;
            })+
        }
    };
}
