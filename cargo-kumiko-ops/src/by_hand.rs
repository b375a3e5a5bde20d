//! `seed:mark` and `seed:unmark`, without compiling anything.

use kumiko_seeds_cli::{ByHand, Exit, Failure, Invocation};

use crate::arguments::ByHandArguments;
use crate::seed_files::app_seeds;
use crate::{database, package};

/// Marks a seed of the package as applied.
pub(crate) async fn mark(arguments: &ByHandArguments) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let invocation = invocation(arguments);
    let command = command(&invocation, "seed:mark", arguments);
    let member = package::find(&arguments.package, &current, &command)?;
    let seeds = app_seeds(&member, &current)?;
    let change = ByHand::mark(&arguments.by_hand.id, &seeds, &invocation)?;
    let url = database::find(&arguments.by_hand.database, &member, &current)?;
    database::change_by_hand(&url, &change, &arguments.by_hand, &invocation).await
}

/// Takes the marker of a seed away, which need not be one of the package's.
pub(crate) async fn unmark(arguments: &ByHandArguments) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let invocation = invocation(arguments);
    let command = command(&invocation, "seed:unmark", arguments);
    let member = package::find(&arguments.package, &current, &command)?;
    let seeds = app_seeds(&member, &current)?;
    let url = database::find(&arguments.by_hand.database, &member, &current)?;
    url.check_for_changing()?;
    let history = database::read_history(&url, &seeds.app).await?;
    let change = ByHand::unmark(&arguments.by_hand.id, &seeds, history, &invocation)?;
    database::change_by_hand(&url, &change, &arguments.by_hand, &invocation).await
}

fn invocation(arguments: &ByHandArguments) -> Invocation {
    let package = arguments.package.repeated();
    let database = arguments.by_hand.database.repeated();
    Invocation::new("cargo kumiko-ops", package + &database)
}

fn command(invocation: &Invocation, command: &str, arguments: &ByHandArguments) -> String {
    invocation.line(command, std::slice::from_ref(&arguments.by_hand.id))
}
