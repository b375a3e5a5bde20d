//! `diesel_migrations`, whose macro embeds constants.

use diesel::{Connection, PgConnection};
use diesel_migrations::{
    EmbeddedMigration, EmbeddedMigrations, EmbeddedName, MigrationHarness, TomlMetadataWrapper,
};

use crate::Result;
use crate::account::insert_statement;

pub(crate) struct Diesel {
    migrations: &'static [EmbeddedMigration],
    connection: PgConnection,
}

impl Diesel {
    pub(super) fn open(url: &str, count: u64) -> Result<Self> {
        let migration = |number| {
            EmbeddedMigration::new(
                insert_statement(number).leak(),
                None,
                EmbeddedName::new(format!("2026-01-01-{number:06}_open_account").leak()),
                TomlMetadataWrapper::new(true),
            )
        };
        let migrations: Vec<_> = (0..count).map(migration).collect();
        Ok(Self {
            migrations: migrations.leak(),
            connection: PgConnection::establish(url)?,
        })
    }

    pub(super) fn apply(&mut self) -> Result {
        let migrations = EmbeddedMigrations::new(self.migrations);
        self.connection.run_pending_migrations(migrations)?;
        Ok(())
    }
}
