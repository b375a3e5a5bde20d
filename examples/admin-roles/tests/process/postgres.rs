//! An empty database on the PostgreSQL server that `TEST_DATABASE_URL` names.

use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::wait;

pub(crate) struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    pub(crate) fn create() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let server = std::env::var("TEST_DATABASE_URL").expect(
            "set TEST_DATABASE_URL to a PostgreSQL server on which databases may be created",
        );
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("admin_roles_{}_{number}", std::process::id());
        execute(&server, format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    pub(crate) fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    pub(crate) fn execute(&self, sql: impl Into<String>) {
        execute(&self.url(), sql.into());
    }

    #[allow(dead_code, reason = "not every test asks for one")]
    pub(crate) fn number(&self, sql: &'static str) -> i64 {
        wait(async {
            let mut connection = PgConnection::connect(&self.url()).await.unwrap();
            let number = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
            connection.close().await.unwrap();
            number.unwrap()
        })
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        execute(
            &self.server,
            format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}

fn execute(url: &str, sql: String) {
    wait(async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
        connection.close().await.unwrap();
    });
}
