//! Runs a program with commands, from its arguments to its exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Command, CommandFactory, Parser};

use crate::arguments::{color, two_words};
use crate::failure::{Exit, Failure};
use crate::printing::{print_failure, printable};

/// Reads the arguments of a process, or prints what clap has to say instead and gives the exit code.
/// The name of a command may be given in two words: `seed status`.
pub fn parse<A: Parser>(arguments: impl IntoIterator<Item = OsString>) -> Result<A, Exit> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    color::set(color::choice(&arguments));
    let mut command = command::<A>();
    let names = command.get_subcommands().map(Command::get_name);
    let arguments = two_words::in_one_word(arguments, &names.collect::<Vec<_>>());
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
fn printable_error(command: &mut Command, arguments: &[OsString]) -> Option<clap::Error> {
    let printable = |argument: &OsString| OsString::from(printable(&argument.to_string_lossy()));
    let printable: Vec<OsString> = arguments.iter().map(printable).collect();
    if printable == arguments {
        return None;
    }
    command.try_get_matches_from_mut(printable).err()
}

/// The command line that [`parse`] reads, with the options that every command has.
#[must_use]
pub fn command<A: CommandFactory>() -> Command {
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
            print_failure(&failure);
            failure.exit.into()
        }
    }
}
