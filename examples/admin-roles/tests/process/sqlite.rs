//! An empty SQLite file.

use sqlx::{Connection, Executor, SqliteConnection};
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

    pub(crate) fn execute(&self, sql: &'static str) {
        wait(async {
            let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
            connection.execute(sql).await.unwrap();
            connection.close().await.unwrap();
        });
    }
}
