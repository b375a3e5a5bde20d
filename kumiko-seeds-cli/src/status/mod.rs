//! `seed:status`: where each seed stands.

mod arguments;
mod check;
mod each;
mod github;
mod next_run;
mod table;
mod view;

use std::io::{Write, stdout};

use kumiko_seeds::{Backend, SeedRunner, SkipFlags, Status};

pub use arguments::StatusArguments;
use arguments::StatusFormat;
pub use each::{StatusOfEachView, TargetStatusView, print_status_of_each};
pub use view::{SeedView, StatusView};

use crate::database::{find, read_history};
use crate::failure::{Exit, Failure};
use crate::printing::{Terminal, print_json, print_text, printable};

/// `seed:status` of an app's own ops binary.
pub(crate) async fn run<DB: Backend>(
    runner: SeedRunner<DB>,
    arguments: &StatusArguments,
) -> Result<Exit, Failure> {
    let runner = arguments.environment.set(runner)?;
    if arguments.targets.are_given() {
        let places = arguments
            .targets
            .places(|| find::<DB>(&arguments.database))?;
        let infos: Vec<_> = runner.infos().collect();
        let out = &mut stdout();
        let environment = runner.runs_in();
        let app = runner.whose();
        return print_status_of_each::<DB>(out, places, arguments, app, &infos, &environment).await;
    }
    let url = find::<DB>(&arguments.database)?;
    let history = read_history::<DB>(&url, runner.whose()).await?;
    let (flags, environment) = (SkipFlags::from_environment(), runner.runs_in());
    let status = Status::compare(runner.infos(), history, &flags, &environment);
    // The binary carries its seeds without the paths they came from.
    print_status(&mut stdout().lock(), &status, arguments, &|_| None)
}

/// Prints where each seed stands, and a line that sums it up; or what else the arguments ask for.
///
/// `file_of` gives the file of a seed from the root of its repository, where there is one. The exit code is what
/// `--check` makes of it.
///
/// # Errors
/// If `out` cannot be written to.
pub fn print_status(
    out: &mut dyn Write,
    status: &Status,
    arguments: &StatusArguments,
    file_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Exit, Failure> {
    let view = StatusView::of(status);
    match arguments.format {
        _ if arguments.pending => print_text(out, &pending(status))?,
        StatusFormat::Json => print_json(out, &view)?,
        StatusFormat::Table => print_text(out, &table::table(&view, Terminal::of_stdout()))?,
        StatusFormat::Github => print_text(out, &github::annotations(&view, file_of))?,
    }
    Ok(if arguments.check {
        check::exit(status, arguments)
    } else {
        Exit::Fine
    })
}

/// The ids of the seeds that the next run takes up, one a line.
fn pending(status: &Status) -> String {
    let ids = next_run::ids(status).into_iter();
    ids.map(|id| printable(id) + "\n").collect()
}
