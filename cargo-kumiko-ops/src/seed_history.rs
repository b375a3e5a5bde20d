//! `seed:history`: what was done in the database, and when.

use std::io::Write;

use kumiko_seeds_cli::{Exit, Failure, print_history};

use crate::arguments::HistoryArguments;
use crate::{database, package};

/// Prints what the database tells. No seed is read.
pub(crate) async fn run(
    arguments: &HistoryArguments,
    stdout: &mut dyn Write,
) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let member = package::find(
        &arguments.package,
        &current,
        "cargo kumiko-ops seed:history",
    )?;
    let url = database::find(&arguments.history.database, &member, &current)?;
    let history = database::read_history(&url, &member.settings.app()).await?;
    print_history(stdout, &history, &arguments.history)
}
