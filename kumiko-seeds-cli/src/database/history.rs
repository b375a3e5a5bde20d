//! What a database tells of seeds.

use std::io::{Write, stderr};

use kumiko_seeds::{App, Backend, History, Ledger};

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
    let Some(pool) = connect::<DB>(url).await? else {
        say_that_there_is_none(url);
        return Ok(History::default());
    };
    let history = Ledger::new(&pool).app(app.clone()).history().await;
    pool.close().await;
    history.map_err(|error| url.failure(&error))
}

/// Says on stderr that the database is yet to be created.
pub(crate) fn say_that_there_is_none(url: &DatabaseUrl) {
    let word = painted("note:", Palette::of_stderr().heading);
    drop(writeln!(stderr(), "{word} {}", printable(&url.to_create())));
}
