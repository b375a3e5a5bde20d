//! Databases on the server, each with the table of events and nothing else.

use kumiko_seeds::events::create_event_tables;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Postgres};

use crate::Result;

/// The server, with a database that others are copied from.
pub(crate) struct Server {
    url: String,
}

const TEMPLATE: &str = "bench_template";

impl Server {
    pub(crate) async fn from_environment() -> Result<Self> {
        let url = std::env::var("KUMIKO_TEST_POSTGRES_URL")
            .map_err(|_| "no KUMIKO_TEST_POSTGRES_URL; run `cargo xtask bench`")?;
        let server = Self { url };
        server.order(&format!("CREATE DATABASE {TEMPLATE}")).await?;
        let mut connection = PgConnection::connect(&server.url_of(TEMPLATE)?).await?;
        create_event_tables::<Postgres>(&mut connection).await?;
        connection.close().await?;
        Ok(server)
    }

    /// The version, as PostgreSQL tells it.
    pub(crate) async fn version(&self) -> Result<String> {
        let mut server = PgConnection::connect(&self.url).await?;
        let version = sqlx::query_scalar("SHOW server_version")
            .fetch_one(&mut server)
            .await?;
        Ok(version)
    }

    /// The URL of a new database. What was there under its name is gone.
    pub(crate) async fn fresh(&self, name: &str) -> Result<String> {
        self.remove(name).await?;
        self.order(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
            .await?;
        self.url_of(name)
    }

    pub(crate) async fn remove(&self, name: &str) -> Result {
        self.order(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await
    }

    /// Writes out what is left of earlier measurements, so that it does not fall into the next.
    pub(crate) async fn settle(&self) -> Result {
        self.order("CHECKPOINT").await
    }

    async fn order(&self, statement: &str) -> Result {
        let mut server = PgConnection::connect(&self.url).await?;
        server.execute(AssertSqlSafe(statement)).await?;
        Ok(server.close().await?)
    }

    /// All clients are told not to ask for encryption, which some would ask for and others not.
    fn url_of(&self, name: &str) -> Result<String> {
        let (server, _) = self
            .url
            .rsplit_once('/')
            .ok_or("a URL without a database")?;
        Ok(format!("{server}/{name}?sslmode=disable"))
    }
}

/// How many events there are.
pub(crate) async fn count_events(url: &str) -> Result<u64> {
    let mut connection = PgConnection::connect(url).await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM kumiko_events")
        .fetch_one(&mut connection)
        .await?;
    Ok(u64::try_from(count)?)
}
