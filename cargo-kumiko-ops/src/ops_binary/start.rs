//! Starts the ops binary.

use std::path::Path;
use std::process::{Command, ExitCode};

use kumiko_seeds_cli::{DatabaseUrl, Failure, Invocation, color_arguments};

use super::surroundings::without_package;

/// What to start a program with.
pub(crate) struct Start<'a> {
    /// The command and its arguments.
    pub(crate) words: Vec<String>,
    /// The database, if the command needs one.
    pub(crate) url: Option<&'a DatabaseUrl>,
    /// How this program was called.
    pub(crate) invocation: Invocation,
}

impl Start<'_> {
    /// Gives the program what it learns from its environment.
    pub(super) fn set_environment(&self, command: &mut Command) {
        without_package(command).envs(self.invocation.variables());
        if let Some(url) = self.url {
            // Other users of the machine can read arguments, but not this.
            command.envs(url.variables());
        }
    }
}

/// Runs the ops binary in this process's place. It comes back only where that is not possible.
pub(crate) fn start(program: &Path, start: &Start<'_>) -> Result<ExitCode, Failure> {
    let mut command = Command::new(program);
    command.args(&start.words).args(color_arguments());
    start.set_environment(&mut command);
    replace_this_process(&mut command).map_err(|error| {
        Failure::new(format!(
            "could not start the ops binary {}",
            program.display()
        ))
        .caused_by(&error)
    })
}

/// The program gets the signals that are sent to this process, because it is this process.
#[cfg(unix)]
fn replace_this_process(command: &mut Command) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

/// The program gets Ctrl-C from the console as this process does, which has to outlive it.
#[cfg(not(unix))]
fn replace_this_process(command: &mut Command) -> std::io::Result<ExitCode> {
    use kumiko_seeds_cli::Exit;
    let status = command.status()?;
    // Windows has codes that do not fit; all of them are failures.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(Exit::CouldNotRun.into(), ExitCode::from))
}
