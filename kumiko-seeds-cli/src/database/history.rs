//! What a database tells of seeds.

use std::io::{Write, stderr};

use kumiko_seeds::{App, Backend, History, SeedRunner};

use super::connect::connect;
use super::url::DatabaseUrl;
use crate::failure::Failure;
use crate::printing::{Palette, painted, printable};

/// Reads what a database tells of the seeds of `app`. Of one that is yet to be created it says on stderr that there is
/// none, and nothing is applied there. Nothing is created.
///
/// # Errors
/// If the database cannot be reached or read, is of another kind, or neither exists nor may be created.
pub async fn read_history<DB: Backend>(url: &DatabaseUrl, app: &App) -> Result<History, Failure> {
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
) -> Result<History, Failure> {
    let Some(pool) = connect::<DB>(url).await? else {
        say_that_there_is_none(url);
        return Ok(History::default());
    };
    let history = runner.history(&pool).await;
    pool.close().await;
    history.map_err(|error| url.failure(&error))
}

/// Says on stderr that the database is yet to be created.
pub(crate) fn say_that_there_is_none(url: &DatabaseUrl) {
    let word = painted("note:", Palette::of_stderr().heading);
    drop(writeln!(stderr(), "{word} {}", printable(&url.to_create())));
}
