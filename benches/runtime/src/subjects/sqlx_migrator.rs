//! `sqlx_migrator`, whose migrations are values made at boot.

use sqlx::{PgConnection, Postgres};
use sqlx_migrator::{Info, Migrate, Migration, Migrator, Operation, Plan};

use crate::Result;
use crate::account::insert_statement;

struct OpenAccount {
    name: String,
    number: u64,
}

impl Migration<Postgres> for OpenAccount {
    fn app(&self) -> &'static str {
        "bench"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn parents(&self) -> Vec<Box<dyn Migration<Postgres>>> {
        Vec::new()
    }

    fn operations(&self) -> Vec<Box<dyn Operation<Postgres>>> {
        vec![Box::new(insert_statement(self.number))]
    }
}

pub(super) async fn apply(count: u64, connection: &mut PgConnection) -> Result {
    let migration = |number| -> Box<dyn Migration<Postgres>> {
        let name = format!("open_account_{number:05}");
        Box::new(OpenAccount { name, number })
    };
    let mut migrator = Migrator::default();
    migrator.add_migrations((0..count).map(migration).collect())?;
    migrator.run(connection, &Plan::apply_all()).await?;
    Ok(())
}
