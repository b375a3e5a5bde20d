//! `seed:mark` and `seed:unmark`: what a person does to a marker by hand.

mod arguments;
mod change;
mod operation;
mod unmarking;

use kumiko_seeds::{Backend, SeedRunner};

pub use arguments::ByHandArguments;
pub use change::ByHand;

use crate::app_seeds::AppSeeds;
use crate::database::{find, read_history};
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;

/// `seed:mark` of an app's own ops binary.
pub(crate) async fn mark<DB: Backend>(
    runner: &SeedRunner<DB>,
    arguments: &ByHandArguments,
) -> Result<Exit, Failure> {
    let url = find::<DB>(&arguments.database)?;
    let invocation = Invocation::of_this_process(&arguments.database);
    let change = ByHand::mark(&arguments.id, &AppSeeds::of_runner(runner), &invocation)?;
    change.make::<DB>(&url, arguments, &invocation).await
}

/// `seed:unmark` of an app's own ops binary. The seed need not be one of the binary's.
pub(crate) async fn unmark<DB: Backend>(
    runner: &SeedRunner<DB>,
    arguments: &ByHandArguments,
) -> Result<Exit, Failure> {
    let url = find::<DB>(&arguments.database)?;
    url.check_for_changing()?;
    let history = read_history::<DB>(&url, runner.whose()).await?;
    let invocation = Invocation::of_this_process(&arguments.database);
    let seeds = AppSeeds::of_runner(runner);
    let change = ByHand::unmark(&arguments.id, &seeds, history, &invocation)?;
    change.make::<DB>(&url, arguments, &invocation).await
}
