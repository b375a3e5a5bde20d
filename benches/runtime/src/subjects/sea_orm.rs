//! sea-orm-migration, whose migrations are values made at boot.

use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseConnection, SqlxPostgresConnector};

use crate::Result;
use crate::account::insert_statement;

/// How many migrations there are, which the migrator has no other way to be told.
static COUNT: AtomicU64 = AtomicU64::new(0);

pub(crate) struct SeaOrm {
    count: u64,
    pub(super) connection: DatabaseConnection,
}

impl SeaOrm {
    pub(super) async fn open(url: &str, count: u64) -> Result<Self> {
        let pool = super::pool(url).await?;
        let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
        Ok(Self { count, connection })
    }

    pub(super) async fn apply(&self) -> Result {
        COUNT.store(self.count, Ordering::Relaxed);
        Migrator::up(&self.connection, None).await?;
        Ok(())
    }
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let migration = |number| -> Box<dyn MigrationTrait> {
            let name = format!("m20260101_000000_open_account_{number:05}");
            Box::new(OpenAccount { name, number })
        };
        (0..COUNT.load(Ordering::Relaxed)).map(migration).collect()
    }
}

struct OpenAccount {
    name: String,
    number: u64,
}

impl MigrationName for OpenAccount {
    fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for OpenAccount {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        let statement = insert_statement(self.number);
        let connection = manager.get_connection();
        connection.execute_unprepared(&statement).await.map(drop)
    }
}
