//! The migrator of sqlx. `migrate!` computes names and checksums when the app is compiled.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use crate::account::insert_statement;

pub(super) fn migrator(count: u64) -> Migrator {
    let migrations = (1..).zip(0..count).map(|(version, number)| {
        Migration::new(
            version,
            format!("open account {number}").into(),
            MigrationType::Simple,
            AssertSqlSafe(insert_statement(number)).into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}
