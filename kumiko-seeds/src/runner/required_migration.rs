//! The schema migration that a seed waits for.

use super::builder::SeedRunner;
use crate::backend::{Backend, Fault, Parameter, column};
use crate::under_lock::Turn;
use crate::{Error, Seed};

/// Fails unless the migration that the seed names is applied. It is looked for in the seed's own transaction, so that it is there
/// for as long as the seed runs.
pub(super) async fn require_migration<DB: Backend>(
    runner: &SeedRunner<DB>,
    turn: &mut Turn<'_, DB>,
    seed: &Seed<DB>,
) -> Result<(), Error> {
    let Some(version) = seed.after_migration else {
        return Ok(());
    };
    let table = &runner.migrations_table;
    let sql = format!("SELECT CAST(success AS integer) FROM {table} WHERE version = $1");
    let rows = DB::fetch(turn.connection, &sql, &[Parameter::Long(version)]).await;
    let missing = |has_failed| Error::MigrationMissing {
        id: seed.id.to_owned(),
        version,
        table: table.to_string(),
        has_failed,
    };
    let read = "look for the schema migration that the seed waits for";
    let rows = rows.map_err(|error| match DB::fault(&error) {
        Fault::TableMissing => missing(false),
        _ => Error::database(read, error),
    })?;
    let Some(row) = rows.first() else {
        return Err(missing(false));
    };
    let success = column::<DB, i64>(row, 0)
        .or_else(|_| column::<DB, i32>(row, 0).map(i64::from))
        .map_err(|error| Error::database(read, error))?;
    if success == 0 {
        return Err(missing(true));
    }
    Ok(())
}
