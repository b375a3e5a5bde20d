//! The commands of an app's own ops binary, and the pieces that `cargo kumiko-ops` shares with it.
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")]
//! # mod example {
//! # fn seeds() -> kumiko_seeds::sqlite::SeedRunner { kumiko_seeds::sqlite::SeedRunner::new(&[]) }
//! fn main() -> std::process::ExitCode {
//!     kumiko_seeds::cli::main(seeds())
//! }
//! # }
//! ```
//!
//! The binary knows `seed:status`, `seed:apply` and `seed:verify`. stdout carries the result, stderr
//! everything else. Exit codes: 0 fine; 1 a seed failed, or is pending under `--check`; 2 could not run;
//! 3 drift under `--check`; 130 interrupted by Ctrl-C, 143 by SIGTERM.

mod apply;
mod apply_failure;
mod apply_output;
mod arguments;
mod database;
mod dry_run_output;
mod failure;
mod given_arguments;
mod interrupt;
mod invocation;
mod live_line;
mod output;
mod progress_display;
mod seed_choice;
mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

pub use arguments::{ApplyArguments, DatabaseArguments, Format, StatusArguments, VerifyArguments};
pub use database::{DatabaseUrl, read_history};
pub use failure::{Exit, Failure};
pub use given_arguments::{repeated_database, shell_word};
pub use invocation::Invocation;
pub use output::{check, write_status};

use crate::{SeedRunner, SkipFlags, Status};
use arguments::{Arguments, Command};
use database::Open;

/// Runs the command in this process's arguments with the app's seeds.
///
/// Give it the runner that the app itself boots with, so that both apply seeds the same way. The
/// database is the one of `--database-url`, or of the variable `DATABASE_URL`.
#[must_use]
pub fn main<DB: Open>(runner: SeedRunner<DB>) -> ExitCode {
    let arguments: Arguments = match parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(exit) => return exit.into(),
    };
    block_on(async {
        match arguments.command {
            Command::Status(arguments) => status(&runner, &arguments).await,
            Command::Apply(arguments) => apply::run(runner, &arguments).await,
            Command::Verify(arguments) => verify::run(&runner, &arguments),
        }
    })
}

/// Reads the arguments of a process, or prints what clap has to say instead and gives the exit code.
pub fn parse<A: Parser>(arguments: impl IntoIterator<Item = OsString>) -> Result<A, Exit> {
    A::try_parse_from(arguments).map_err(|error| {
        // clap knows which stream a message belongs to: help to stdout, errors to stderr.
        drop(error.print());
        if error.use_stderr() {
            Exit::CouldNotRun
        } else {
            Exit::Fine
        }
    })
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
            drop(write!(std::io::stderr().lock(), "{failure}"));
            failure.exit.into()
        }
    }
}

fn database_url(arguments: &DatabaseArguments) -> Result<DatabaseUrl, Failure> {
    DatabaseUrl::from_arguments(arguments).ok_or_else(|| {
        Failure::new("no database is configured: --database-url and DATABASE_URL are not set")
            .help("DATABASE_URL=postgres://user:password@host/database <this command>")
    })
}

async fn status<DB: Open>(
    runner: &SeedRunner<DB>,
    arguments: &StatusArguments,
) -> Result<Exit, Failure> {
    let url = database_url(&arguments.database)?;
    let pool = DB::open_existing(&url).await?;
    let history = runner
        .history(&pool)
        .await
        .map_err(|error| Failure::of_error(&error, &url))?;
    let seeds = runner.seeds().iter().map(crate::Seed::info);
    let status = Status::compare(seeds, history, &SkipFlags::from_environment());
    write_status(&mut std::io::stdout().lock(), &status, arguments.format)?;
    Ok(check(&status, arguments))
}
