//! `seed:status`: what the files say against what the database says.

use std::io::{Write, stderr};

use kumiko_seeds::{SkipFlags, Status};
use kumiko_seeds_cli::{Exit, Failure, Terminal, check, none_yet, write_status};

use crate::arguments::StatusArguments;
use crate::seed_files::{seed_files, seed_info};
use crate::shown::in_repository;
use crate::{database, package};

/// Prints where each seed stands.
pub(crate) async fn run(
    arguments: &StatusArguments,
    stdout: &mut dyn Write,
) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let member = package::find(&arguments.package, &current, "cargo kumiko-ops seed:status")?;
    let seeds = seed_files(&member, &current)?;
    let url = database::find(arguments.database(), &member, &current)?;
    let history = database::read_history(&url, &member.settings.app()).await?;
    let history = history.unwrap_or_else(|| none_yet(&url, &mut stderr()));
    let seeds = seeds.iter().map(seed_info);
    let status = Status::compare(seeds, history, &SkipFlags::from_environment());
    let folder = in_repository(&member.seeds_folder(), &member.workspace_root);
    let file_of = |id: &str| Some(format!("{folder}{id}.rs"));
    let terminal = Terminal::of_stdout();
    write_status(stdout, &status, &arguments.status, terminal, &file_of)?;
    Ok(check(&status, &arguments.status))
}
