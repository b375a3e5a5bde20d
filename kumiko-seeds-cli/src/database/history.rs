//! What a database tells of seeds.

use std::io::Write;

use super::{DatabaseUrl, connect};
use crate::Failure;
use crate::printable::printable;
use crate::style::{Palette, painted};
use kumiko_seeds::{App, Backend, History, SeedRunner};

/// Reads what a database tells of the seeds of `app`, or nothing if it is yet to be created. Nothing is created.
///
/// # Errors
/// If the database cannot be reached or read, is of another kind, or neither exists nor may be created.
pub async fn read_history<DB: Backend>(
    url: &DatabaseUrl,
    app: &App,
) -> Result<Option<History>, Failure> {
    history_of(&runner_of::<DB>(app), url).await
}

/// A runner without seeds, for what a database can be asked about the seeds of `app`.
pub(crate) fn runner_of<DB: Backend>(app: &App) -> SeedRunner<DB> {
    let runner = SeedRunner::new(&[]);
    match app.name() {
        Some(name) => runner.app(name),
        None => runner,
    }
}

/// As [`read_history`], with the runner of an app.
pub(crate) async fn history_of<DB: Backend>(
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
