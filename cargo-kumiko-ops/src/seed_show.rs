//! `seed:show`: all that a seed's file and the database say of it.

use std::io::{Write, stderr};

use kumiko_seeds::{History, SkipFlags, Status};
use kumiko_seeds_build::{HandlerCall, SeedFile};
use kumiko_seeds_cli::{
    Exit, Failure, SeedSource, ShownHandlerCall, ShownSeed, Terminal, find_seed, none_yet,
    write_seed,
};

use crate::arguments::{ShowArguments, shell_word};
use crate::seed_files::{readable_seeds, seed_info};
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
    let (seeds, problems) = readable_seeds(&member, &current)?;
    let url = database::find_configured(&arguments.show.database, &member, &current)?;
    let history = match &url {
        Some(url) => database::read_history(url, &member.settings.app())
            .await?
            .unwrap_or_else(|| none_yet(url, &mut stderr())),
        None => History::default(),
    };
    let infos = seeds.iter().map(seed_info);
    let status = Status::compare(infos, history, &SkipFlags::from_environment());
    let ids: Vec<&str> = status.seeds.iter().map(|seed| seed.id.as_str()).collect();
    // A seed that cannot be read is no reason to say nothing about another one.
    let id = find_seed(&arguments.show.id, &ids).map_err(|unknown| problems.unwrap_or(unknown))?;
    let source = seeds.iter().find(|seed| seed.id == id).map(source);
    let shown = ShownSeed::of_status(&status, id, source)
        .ok_or_else(|| Failure::new(format!("there is no seed {id}")))?;
    let shown = if url.is_some() {
        shown
    } else {
        shown.without_database()
    };
    write_seed(stdout, &shown, arguments.show.format, Terminal::of_stdout())?;
    Ok(Exit::Fine)
}

fn source(seed: &SeedFile) -> SeedSource {
    SeedSource {
        file: Some(seed.path.display().to_string()),
        skip_flag: seed.skippable.then(|| seed.skip_flag.clone()),
        handler_calls: seed.handler_calls.iter().map(handler_call).collect(),
    }
}

fn handler_call(call: &HandlerCall) -> ShownHandlerCall {
    ShownHandlerCall {
        handler: call.handler.clone(),
        roles: call.roles.clone(),
        line: call.line,
    }
}
