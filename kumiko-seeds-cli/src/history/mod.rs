//! `seed:history`: what was done in a database, and when.

mod arguments;
mod table;
mod view;

use std::io::{Write, stdout};

use kumiko_seeds::{Backend, History, SeedRunner};

pub use arguments::HistoryArguments;
pub use view::{HistoryView, OperationView};

use crate::arguments::Format;
use crate::database::{find, read_history};
use crate::failure::{Exit, Failure};
use crate::printing::{Terminal, print_json, print_text};

/// `seed:history` of an app's own ops binary.
pub(crate) async fn run<DB: Backend>(
    runner: &SeedRunner<DB>,
    arguments: &HistoryArguments,
) -> Result<Exit, Failure> {
    let url = find::<DB>(&arguments.database)?;
    let history = read_history::<DB>(&url, runner.whose()).await?;
    print_history(&mut stdout().lock(), &history, arguments)
}

/// Prints what was done in a database, as far as the arguments ask for it: oldest first, so that the newest stands above
/// the prompt, and last of all what is under way.
///
/// # Errors
/// If `out` cannot be written to.
pub fn print_history(
    out: &mut dyn Write,
    history: &History,
    arguments: &HistoryArguments,
) -> Result<Exit, Failure> {
    let view = HistoryView::of(history, arguments);
    match arguments.format {
        Format::Json => print_json(out, &view)?,
        Format::Table => print_text(out, &table::table(&view, Terminal::of_stdout()))?,
    }
    Ok(Exit::Fine)
}
