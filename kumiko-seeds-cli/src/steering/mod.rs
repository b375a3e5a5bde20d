//! `seed:pause`, `seed:resume`, `seed:cancel` and `seed:retry`: how a person steers a seed of many steps.

mod arguments;
mod change;
mod help;
mod request;
mod view;

use kumiko_seeds::{Backend, SeedRunner};

pub use arguments::{CancelArguments, RetryArguments, SteeringArguments};
pub(crate) use change::say_who_goes_on;
pub(crate) use help::{help, of_operation};
pub use request::SteeringRequest;
pub use view::SteeredView;

use crate::app_seeds::AppSeeds;
use crate::database::find;
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;

/// What is asked of a seed, by an app's own ops binary.
pub(crate) async fn run<DB: Backend>(
    runner: &SeedRunner<DB>,
    request: &SteeringRequest,
) -> Result<Exit, Failure> {
    let database = &request.arguments().database;
    let url = find::<DB>(database)?;
    let invocation = Invocation::of_this_process(database);
    let seeds = AppSeeds::of_runner(runner);
    request.make::<DB>(&url, &seeds, &invocation).await
}
