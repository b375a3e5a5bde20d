//! `seed:show`: all that is known of one seed.

mod arguments;
mod table;
mod view;

use std::io::{Write, stdout};

use kumiko_seeds::{Backend, History, SeedRunner, SkipFlags, Status};

pub use arguments::ShowArguments;
pub use view::{MarkerView, ShownSeed};

use crate::app_seeds::AppSeeds;
use crate::arguments::Format;
use crate::database::{Look, read_history};
use crate::failure::{Exit, Failure};
use crate::operation_id::is_operation;
use crate::printing::{Palette, print_json, print_text};

/// `seed:show` of an app's own ops binary.
pub(crate) async fn run<DB: Backend>(
    runner: SeedRunner<DB>,
    arguments: &ShowArguments,
) -> Result<Exit, Failure> {
    let runner = arguments.environment.set(runner)?;
    let history = match Look::at_both(&arguments.database)? {
        Ok(url) => Some(read_history::<DB>(&url, runner.whose()).await?),
        Err(_) => None,
    };
    let seeds = AppSeeds::of_runner(&runner);
    show_seed(&mut stdout().lock(), &seeds, history, arguments)
}

/// Prints all that is known of the seed that the arguments name, which may be one of the database alone.
///
/// Without a `history` it prints what the source says, and that no database was asked.
///
/// # Errors
/// If the arguments name no seed or several, or if `out` cannot be written to.
pub fn show_seed(
    out: &mut dyn Write,
    seeds: &AppSeeds,
    history: Option<History>,
    arguments: &ShowArguments,
) -> Result<Exit, Failure> {
    let is_asked = history.is_some();
    let flags = SkipFlags::from_environment();
    let history = history.unwrap_or_default();
    let status = Status::compare(seeds.infos(), history, &flags, &seeds.environment);
    let seed = seeds.find_in(&status, &arguments.id)?;
    // Another operation has no source of which there is anything to show.
    let source = seeds.get(&seed.id).filter(|_| !is_operation(&seed.id));
    let view = if is_asked {
        ShownSeed::of(seed, source)
    } else {
        ShownSeed::of_source(seed, source)
    };
    match arguments.format {
        Format::Json => print_json(out, &view)?,
        Format::Table => print_text(out, &table::table(&view, Palette::of_stdout()))?,
    }
    Ok(Exit::Fine)
}
