//! What is done with a database of either kind: the URL says which it is.

use std::io::Write;

use kumiko_seeds::{App, Environment, History};
use kumiko_seeds_cli::{
    AppSeeds, ByHand, ByHandArguments, DatabaseUrl, Exit, Failure, Invocation, Places,
    StatusArguments, SteeringRequest,
};
use sqlx::{Postgres, Sqlite};

/// What the database tells of the seeds of `app`.
pub(crate) async fn read_history(url: &DatabaseUrl, app: &App) -> Result<History, Failure> {
    if url.is_for::<Postgres>() {
        kumiko_seeds_cli::read_history::<Postgres>(url, app).await
    } else {
        kumiko_seeds_cli::read_history::<Sqlite>(url, app).await
    }
}

/// Prints where the seeds stand in each of many databases.
pub(crate) async fn print_status_of_each(
    out: &mut dyn Write,
    places: Places,
    arguments: &StatusArguments,
    seeds: &AppSeeds,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let infos: Vec<_> = seeds.infos().collect();
    let (app, infos) = (&seeds.app, &infos);
    if places.are_for::<Postgres>() {
        kumiko_seeds_cli::print_status_of_each::<Postgres>(
            out,
            places,
            arguments,
            app,
            infos,
            environment,
        )
        .await
    } else {
        kumiko_seeds_cli::print_status_of_each::<Sqlite>(
            out,
            places,
            arguments,
            app,
            infos,
            environment,
        )
        .await
    }
}

/// Changes the marker of a seed, after asking.
pub(crate) async fn change_by_hand(
    url: &DatabaseUrl,
    change: &ByHand,
    arguments: &ByHandArguments,
    invocation: &Invocation,
) -> Result<Exit, Failure> {
    if url.is_for::<Postgres>() {
        change.make::<Postgres>(url, arguments, invocation).await
    } else {
        change.make::<Sqlite>(url, arguments, invocation).await
    }
}

/// Steers a seed that is under way, after asking where that cannot be taken back.
pub(crate) async fn steer(
    url: &DatabaseUrl,
    request: &SteeringRequest,
    seeds: &AppSeeds,
    invocation: &Invocation,
) -> Result<Exit, Failure> {
    if url.is_for::<Postgres>() {
        request.make::<Postgres>(url, seeds, invocation).await
    } else {
        request.make::<Sqlite>(url, seeds, invocation).await
    }
}
