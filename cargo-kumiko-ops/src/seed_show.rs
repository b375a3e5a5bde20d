//! `seed:show`: all that a seed's file and the database say of it.

use std::io::Write;

use kumiko_seeds_cli::{Exit, Failure, shell_word, show_seed};

use crate::arguments::ShowArguments;
use crate::seed_files::app_seeds;
use crate::{database, package};

/// Prints one seed. Without a database it prints what the file says, and that nobody was asked.
pub(crate) async fn run(
    arguments: &ShowArguments,
    stdout: &mut dyn Write,
) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let command = format!(
        "cargo kumiko-ops seed:show {}",
        shell_word(&arguments.show.id)
    );
    let member = package::find(&arguments.package, &current, &command)?;
    let mut seeds = app_seeds(&member, &current)?;
    seeds.environment = arguments.show.environment.of_seeds(seeds.infos())?;
    let history = match database::find_configured(&arguments.show.database, &member, &current)? {
        Some(url) => Some(database::read_history(&url, &seeds.app).await?),
        None => None,
    };
    show_seed(stdout, &seeds, history, &arguments.show)
}
