//! `seed:mark` and `seed:unmark`, without compiling anything.

use kumiko_seeds_cli::{ByHand, Exit, Failure, Unmarking, find_seed};

use crate::arguments::{ByHandArguments, repeated_database, shell_word};
use crate::seed_files::{readable_seeds, seed_info};
use crate::{database, package};

/// Marks a seed of the package as applied.
pub(crate) async fn mark(arguments: &ByHandArguments) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let command = command(arguments, "mark");
    let member = package::find(&arguments.package, &current, &command)?;
    let (seeds, problems) = readable_seeds(&member, &current)?;
    let ids: Vec<&str> = seeds.iter().map(|seed| seed.id.as_str()).collect();
    // A seed that cannot be read is no reason to refuse another one.
    let id =
        find_seed(&arguments.by_hand.id, &ids).map_err(|unknown| problems.unwrap_or(unknown))?;
    let seed = seeds.iter().find(|seed| seed.id == id);
    let seed = seed.ok_or_else(|| Failure::new(format!("there is no seed {id}")))?;
    let url = database::find(&arguments.by_hand.database, &member, &current)?;
    let change = ByHand::Mark(seed_info(seed));
    let app = member.settings.app();
    database::change_by_hand(&url, &app, change, &arguments.by_hand, &command).await
}

/// Takes the marker of a seed away, which need not be one of the package's.
pub(crate) async fn unmark(arguments: &ByHandArguments) -> Result<Exit, Failure> {
    let current = package::current_folder()?;
    let command = command(arguments, "unmark");
    let member = package::find(&arguments.package, &current, &command)?;
    let (seeds, _) = readable_seeds(&member, &current)?;
    let url = database::find(&arguments.by_hand.database, &member, &current)?;
    let history = database::read_history(&url, &member.settings.app()).await?;
    let history = history.ok_or_else(|| url.not_created())?;
    let infos = seeds.iter().map(seed_info);
    let unmarking = Unmarking::of(&arguments.by_hand.id, infos, history)?;
    let (app, change) = (member.settings.app(), ByHand::Unmark(&unmarking));
    database::change_by_hand(&url, &app, change, &arguments.by_hand, &command).await
}

fn command(arguments: &ByHandArguments, verb: &str) -> String {
    let id = shell_word(&arguments.by_hand.id);
    let package = arguments.package.repeated();
    let database = repeated_database(&arguments.by_hand.database);
    format!("cargo kumiko-ops seed:{verb} {id}{package}{database}")
}
