//! `seed:status`: what the files say against what the database says.

use std::io::Write;

use kumiko_seeds::{SkipFlags, Status};
use kumiko_seeds_cli::{Exit, Failure, print_status};

use crate::arguments::StatusArguments;
use crate::seed_files::app_seeds;
use crate::shown::in_repository;
use crate::{database, package};

/// Prints where each seed stands. A file in which something is wrong is refused: its seed would be shown as missing.
pub(crate) async fn run(
    arguments: &StatusArguments,
    stdout: &mut dyn Write,
) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let member = package::find(&arguments.package, &current, "cargo kumiko-ops seed:status")?;
    let seeds = app_seeds(&member, &current)?;
    if let Some(unreadable) = seeds.unreadable {
        return Err(unreadable);
    }
    let environment = arguments.status.environment.of_seeds(seeds.infos())?;
    let targets = &arguments.status.targets;
    if targets.are_given() {
        let places =
            targets.places(|| database::find(&arguments.status.database, &member, &current))?;
        let status = &arguments.status;
        return database::print_status_of_each(stdout, places, status, &seeds, &environment).await;
    }
    let url = database::find(&arguments.status.database, &member, &current)?;
    let history = database::read_history(&url, &seeds.app).await?;
    let flags = SkipFlags::from_environment();
    let status = Status::compare(seeds.infos(), history, &flags, &environment);
    let folder = in_repository(&member.seeds_folder(), &member.workspace_root);
    let file_of = |id: &str| Some(format!("{folder}{id}.rs"));
    print_status(stdout, &status, &arguments.status, &file_of)
}
