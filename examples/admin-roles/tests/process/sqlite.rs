//! An empty SQLite file.

use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use tempfile::TempDir;

use super::wait;

pub(crate) struct TestDatabase {
    folder: TempDir,
}

impl TestDatabase {
    pub(crate) fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    pub(crate) fn url(&self) -> String {
        format!(
            "sqlite:{}?mode=rwc",
            self.folder.path().join("app.db").display()
        )
    }

    pub(crate) fn execute(&self, sql: impl Into<String>) {
        wait(async {
            let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
            let sql = AssertSqlSafe(sql.into());
            connection.execute(sql).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    #[allow(dead_code, reason = "not every test asks for one")]
    pub(crate) fn number(&self, sql: &'static str) -> i64 {
        wait(async {
            let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
            let number = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
            connection.close().await.unwrap();
            number.unwrap()
        })
    }
}
