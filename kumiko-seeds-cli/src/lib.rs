//! The commands of an app's own ops binary, and the pieces that `cargo kumiko-ops` shares with it.
//!
//! ```no_run
//! # mod example {
//! # fn seeds() -> kumiko_seeds::sqlite::SeedRunner { kumiko_seeds::sqlite::SeedRunner::new(&[]) }
//! fn main() -> std::process::ExitCode {
//!     kumiko_seeds_cli::main(seeds())
//! }
//! # }
//! ```
//!
//! The binary knows `seed:status`, `seed:show`, `seed:apply`, `seed:verify`, `seed:mark` and
//! `seed:unmark`. stdout carries the result, stderr
//! everything else, also what a seed prints to stdout. Exit codes: 0 fine; 1 a seed failed, or is pending under `--check`; 2 could not run;
//! 3 drift under `--check`; 130 interrupted by Ctrl-C, 143 by SIGTERM.

mod apply;
mod apply_failure;
mod apply_output;
mod arguments;
mod by_hand;
mod carried;
mod color;
mod database;
mod dry_run_output;
mod duration;
mod failure;
mod failure_output;
mod given_arguments;
mod interrupt;
mod invocation;
mod kept_stdout;
mod live_line;
mod output;
mod panic_output;
mod printable;
mod progress_display;
mod question;
mod seed_choice;
mod seed_selection;
mod show;
mod show_output;
mod shown_seed;
mod shown_url;
mod status_annotations;
mod status_output;
mod status_table;
mod style;
mod terminal;
mod two_words;
mod unmarking;
mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

pub use arguments::{
    ApplyArguments, ByHandArguments, DatabaseArguments, Format, ShowArguments, StatusArguments,
    StatusFormat, VerifyArguments,
};
pub use by_hand::{ByHand, change_by_hand};
pub use carried::{CARRIED_COMMAND, Carried, CarriedSeed, carried};
pub use color::color_arguments;
pub use database::{DatabaseUrl, Look, none_yet, read_history};
pub use failure::{Exit, Failure};
pub use given_arguments::{repeated_database, shell_word};
pub use invocation::Invocation;
pub use printable::{printable, printable_lines};
pub use question::{can_be_asked, is_confirmed};
pub use seed_choice::find_seed;
pub use show_output::write_seed;
pub use shown_seed::{SeedSource, ShownHandlerCall, ShownSeed, Standing};
pub use status_output::{check, write_status};
pub use style::Palette;
pub use terminal::Terminal;
pub use unmarking::Unmarking;

use arguments::{Arguments, Command};
use kumiko_seeds::{Backend, SeedRunner, SkipFlags, Status};

/// Runs the command in this process's arguments with the app's seeds.
///
/// Give it the runner that the app itself boots with, so that both apply seeds the same way. The
/// database is the one of `--database-url`, or of the variable `DATABASE_URL`.
#[must_use]
pub fn main<DB: Backend>(runner: SeedRunner<DB>) -> ExitCode {
    let arguments: Arguments = match parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(exit) => return exit.into(),
    };
    panic_output::make_printable();
    block_on(async {
        match arguments.command {
            Command::Status(arguments) => status(&runner, &arguments).await,
            Command::Apply(arguments) => apply::run(runner, &arguments).await,
            Command::Verify(arguments) => verify::run(&runner, &arguments),
            Command::Show(arguments) => show::show(&runner, &arguments).await,
            Command::Mark(arguments) => by_hand::mark(&runner, &arguments).await,
            Command::Unmark(arguments) => by_hand::unmark(&runner, &arguments).await,
            Command::Carried => carried::run(&runner, &mut std::io::stdout().lock()),
        }
    })
}

/// Reads the arguments of a process, or prints what clap has to say instead and gives the exit code.
/// The name of a command may be given in two words: `seed status`.
pub fn parse<A: Parser>(arguments: impl IntoIterator<Item = OsString>) -> Result<A, Exit> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    color::set(color::choice(&arguments));
    let mut command = command::<A>();
    let commands = command.get_subcommands().map(clap::Command::get_name);
    let arguments = two_words::in_one_word(arguments, &commands.collect::<Vec<_>>());
    let parsed = command.try_get_matches_from_mut(&arguments);
    let parsed = parsed.and_then(|matches| A::from_arg_matches(&matches));
    parsed.map_err(|error| {
        // clap knows which stream a message belongs to: help to stdout, errors to stderr.
        let error = printable_error(&mut command, &arguments).unwrap_or(error);
        drop(error.print());
        if error.use_stderr() {
            Exit::CouldNotRun
        } else {
            Exit::Fine
        }
    })
}

/// What clap says of the arguments as they can be printed, if they cannot be as they are: what is typed may come
/// from a list of files, and clap repeats it.
fn printable_error(command: &mut clap::Command, arguments: &[OsString]) -> Option<clap::Error> {
    let printable = |argument: &OsString| OsString::from(printable(&argument.to_string_lossy()));
    let printable: Vec<OsString> = arguments.iter().map(printable).collect();
    if printable == arguments {
        return None;
    }
    command.try_get_matches_from_mut(printable).err()
}

/// The command line that [`parse`] reads, with the options that every command has.
#[must_use]
pub fn command<A: CommandFactory>() -> clap::Command {
    A::command().arg(color::argument())
}

/// Runs a command to its end on a runtime of its own, and prints its failure if it fails.
pub fn block_on<T: Into<ExitCode>>(command: impl Future<Output = Result<T, Failure>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let finished = match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(Failure::new("could not start").caused_by(&error)),
    };
    match finished {
        Ok(exit) => exit.into(),
        Err(failure) => {
            // With stderr closed there is nobody left to tell.
            let text = failure_output::colored(&failure, Palette::of_stderr());
            drop(write!(std::io::stderr().lock(), "{text}"));
            failure.exit.into()
        }
    }
}

fn database_url<DB: Backend>(arguments: &DatabaseArguments) -> Result<DatabaseUrl, Failure> {
    Look::at_both(arguments)?.map_err(database::none_found::<DB>)
}

async fn status<DB: Backend>(
    runner: &SeedRunner<DB>,
    arguments: &StatusArguments,
) -> Result<Exit, Failure> {
    let url = database_url::<DB>(&arguments.database)?;
    let history = database::history_of(runner, &url).await?;
    let history = history.unwrap_or_else(|| none_yet(&url, &mut std::io::stderr()));
    let seeds = runner.seeds().iter().map(kumiko_seeds::Seed::info);
    let status = Status::compare(seeds, history, &SkipFlags::from_environment());
    // The binary carries its seeds without the paths they came from.
    let file_of = |_: &str| None;
    write_status(
        &mut std::io::stdout().lock(),
        &status,
        arguments,
        Terminal::of_stdout(),
        &file_of,
    )?;
    Ok(check(&status, arguments))
}
