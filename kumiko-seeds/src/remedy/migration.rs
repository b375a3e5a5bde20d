//! What to do where seeds and schema migrations do not go together.

use crate::Error;

pub(super) fn remedy(error: &Error) -> Option<String> {
    match error {
        Error::MigrationMissing {
            has_failed: true,
            table,
            ..
        } => Some(format!(
            "repair what the migration has left, take its row out of {table}, and run the app's schema migrations"
        )),
        Error::MigrationMissing { .. } => Some(
            "run the app's schema migrations first, or give them to the runner: SeedRunner::migrations; if sqlx.toml names \
             another table, SeedRunner::migrations_table"
                .to_owned(),
        ),
        Error::MigrationWithoutDate { .. } => Some(
            "give the runner the migrations with SeedRunner::migrations, which runs all of them before the first seed"
                .to_owned(),
        ),
        _ => None,
    }
}
