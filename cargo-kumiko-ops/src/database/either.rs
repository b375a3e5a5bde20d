//! What is done with a database of either kind: the URL says which it is.

use kumiko_seeds::{App, History};
use kumiko_seeds_cli::{ByHand, ByHandArguments, DatabaseUrl, Exit, Failure};
use sqlx::{Postgres, Sqlite};

/// What the database tells of the seeds of `app`; nothing if it is yet to be created.
pub(crate) async fn read_history(url: &DatabaseUrl, app: &App) -> Result<Option<History>, Failure> {
    if url.is_for::<Postgres>() {
        kumiko_seeds_cli::read_history::<Postgres>(url, app).await
    } else {
        kumiko_seeds_cli::read_history::<Sqlite>(url, app).await
    }
}

/// Changes the marker of a seed of `app`, after asking.
pub(crate) async fn change_by_hand(
    url: &DatabaseUrl,
    app: &App,
    change: ByHand<'_>,
    arguments: &ByHandArguments,
    command: &str,
) -> Result<Exit, Failure> {
    if url.is_for::<Postgres>() {
        kumiko_seeds_cli::change_by_hand::<Postgres>(url, app, change, arguments, command).await
    } else {
        kumiko_seeds_cli::change_by_hand::<Sqlite>(url, app, change, arguments, command).await
    }
}
