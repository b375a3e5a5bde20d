//! `seed:show` of an app's own ops binary.

use super::database::history_of;
use super::shown_seed::{SeedSource, ShownSeed};
use super::{Exit, Failure, Look, ShowArguments, Terminal, find_seed, none_yet, write_seed};
use kumiko_seeds::{Backend, History, Seed, SeedRunner, SkipFlags, Status};

/// Prints all that the binary and the database know of a seed.
pub(super) async fn show<DB: Backend>(
    runner: &SeedRunner<DB>,
    arguments: &ShowArguments,
) -> Result<Exit, Failure> {
    let url = Look::at_both(&arguments.database)?.ok();
    let history = match &url {
        Some(url) => history_of(runner, url)
            .await?
            .unwrap_or_else(|| none_yet(url, &mut std::io::stderr())),
        None => History::default(),
    };
    let seeds = runner.seeds();
    let infos = seeds.iter().map(Seed::info);
    let status = Status::compare(infos, history, &SkipFlags::from_environment());
    let ids: Vec<&str> = status.seeds.iter().map(|seed| seed.id.as_str()).collect();
    let id = find_seed(&arguments.id, &ids)?;
    let source = seeds.iter().find(|seed| seed.id == id).map(source);
    let shown = ShownSeed::of_status(&status, id, source)
        .ok_or_else(|| Failure::new(format!("there is no seed {id}")))?;
    let shown = if url.is_some() {
        shown
    } else {
        shown.without_database()
    };
    let mut stdout = std::io::stdout().lock();
    write_seed(&mut stdout, &shown, arguments.format, Terminal::of_stdout())?;
    Ok(Exit::Fine)
}

/// What was compiled in. The path of the file was not.
fn source<DB: Backend>(seed: &Seed<DB>) -> SeedSource {
    SeedSource {
        file: None,
        skip_flag: seed.info().skip_flag.map(ToOwned::to_owned),
        handler_calls: seed.handler_calls.iter().map(Into::into).collect(),
    }
}
