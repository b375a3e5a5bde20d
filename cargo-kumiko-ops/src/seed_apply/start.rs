//! Starts the ops binary.

use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

use clap::ValueEnum;
use kumiko_seeds::cli::{DatabaseUrl, Exit, Failure, color_arguments};

use crate::arguments::{ApplyArguments, repeated_database};

/// Runs `seed:apply` of the ops binary to its end, in this process's place as far as anyone can see.
pub(super) fn start(
    program: &Path,
    url: &DatabaseUrl,
    arguments: &ApplyArguments,
) -> Result<ExitCode, Failure> {
    let mut command = Command::new(program);
    command
        .arg("seed:apply")
        .args(words(arguments))
        .args(color_arguments())
        // Other users of the machine can read arguments, but not this.
        .envs(url.variables());
    let status = command.status().map_err(|error| {
        Failure::new(format!(
            "could not start the ops binary {}",
            program.display()
        ))
        .caused_by(&error)
    })?;
    exit_code(status).ok_or_else(|| {
        Failure::new(format!("the ops binary was ended by {status}")).help(format!(
            "what it had applied stays applied; see where each seed stands:\n    \
             cargo kumiko-ops seed:status{}{}",
            arguments.package.repeated(),
            repeated_database(&arguments.apply.database)
        ))
    })
}

fn words(arguments: &ApplyArguments) -> Vec<String> {
    let apply = &arguments.apply;
    let mut words = vec!["--applied-by".to_owned(), apply.applied_by.to_string()];
    if let Some(format) = apply.format.to_possible_value() {
        words.extend(["--format".to_owned(), format.get_name().to_owned()]);
    }
    if let Some(seconds) = apply.lock_timeout {
        words.extend(["--lock-timeout".to_owned(), seconds.to_string()]);
    }
    words
}

/// The code that the program ended with, if it did not end by a signal.
fn exit_code(status: ExitStatus) -> Option<ExitCode> {
    // Windows has codes that do not fit; all of them are failures.
    status
        .code()
        .map(|code| u8::try_from(code).map_or(Exit::CouldNotRun.into(), ExitCode::from))
}
