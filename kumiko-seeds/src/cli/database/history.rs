//! What a database tells of seeds.

use std::io::Write;

use super::{DatabaseUrl, connect};
use crate::cli::Failure;
use crate::cli::printable::printable;
use crate::cli::style::{Palette, painted};
use crate::{App, Backend, History, SeedRunner};

/// Reads what a database of either kind tells of the seeds of `app`, or nothing if it is yet to be created. Nothing is created.
///
/// # Errors
/// If the database cannot be reached or read, or neither exists nor may be created.
pub async fn read_history(url: &DatabaseUrl, app: &App) -> Result<Option<History>, Failure> {
    #[cfg(feature = "postgres")]
    if url.is_for::<sqlx::Postgres>() {
        return history_of(&runner_of::<sqlx::Postgres>(app), url).await;
    }
    #[cfg(feature = "sqlite")]
    if url.is_for::<sqlx::Sqlite>() {
        return history_of(&runner_of::<sqlx::Sqlite>(app), url).await;
    }
    Err(url.is_for_no_feature())
}

fn runner_of<DB: Backend>(app: &App) -> SeedRunner<DB> {
    SeedRunner::new(&[]).of(app.clone())
}

/// As [`read_history`], with the runner of an app.
pub(in crate::cli) async fn history_of<DB: Backend>(
    runner: &SeedRunner<DB>,
    url: &DatabaseUrl,
) -> Result<Option<History>, Failure> {
    let Some(pool) = connect::<DB>(url).await? else {
        return Ok(None);
    };
    let history = runner.history(&pool).await;
    pool.close().await;
    let history = history.map_err(|error| Failure::of_error(&error, url))?;
    Ok(Some(history))
}

/// The history of a database that is yet to be created: none. It is said on `notes` that there is no database.
pub fn none_yet(url: &DatabaseUrl, notes: &mut dyn Write) -> History {
    say_that_there_is_none(url, notes);
    History::default()
}

pub(super) fn say_that_there_is_none(url: &DatabaseUrl, notes: &mut dyn Write) {
    let word = painted("note:", Palette::of_stderr().heading);
    drop(writeln!(notes, "{word} {}", printable(&url.to_create())));
}
