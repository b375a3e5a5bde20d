//! Tells a command of the user's what came of a run: a chat, a pager, a file.

use std::env;
use std::io::{Write, stderr};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use super::warnings::print_warnings;

/// How long the command may take. Whoever waits for the run waits for it, too.
const BOUND: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Where the command stands if it is no argument.
const VARIABLE: &str = "KUMIKO_NOTIFY";

/// Whom to tell what came of a run.
#[derive(Clone, Debug, Default, Args)]
pub struct NotifyArguments {
    /// A command for the shell that gets the outcome as JSON on stdin, unless there was nothing to do; if not given,
    /// the variable `KUMIKO_NOTIFY`
    #[arg(long, value_name = "COMMAND")]
    notify: Option<String>,
}

impl NotifyArguments {
    /// The arguments that were given.
    pub(crate) fn words(&self) -> Vec<String> {
        let command = self.notify.clone();
        command.map_or_else(Vec::new, |command| vec!["--notify".to_owned(), command])
    }

    /// Runs the command, if there is one, with a view as a JSON document on its stdin. A failure of it is no failure of the
    /// run, which is over; a warning says so.
    pub(crate) fn tell(&self, view: &impl Serialize) {
        let variable = || env::var(VARIABLE).ok();
        let command = self.notify.clone().or_else(variable);
        let Some(command) = command.filter(|command| !command.trim().is_empty()) else {
            return;
        };
        let document = serde_json::to_vec(view).map_err(|error| error.to_string());
        let told = document.and_then(|document| run(&command, document, BOUND));
        if let Err(problem) = told {
            print_warnings(&[format!("the command that is to be notified {problem}")]);
        }
    }
}

/// Runs a command, or says what went wrong, to be read after its name.
fn run(command: &str, document: Vec<u8>, bound: Duration) -> Result<(), String> {
    let began = Instant::now();
    let mut child = shell(command)
        .stdin(Stdio::piped())
        // stdout is for the result of the run.
        .stdout(stderr())
        .spawn()
        .map_err(|error| format!("could not be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // In a thread of its own, since a command need not read.
        thread::spawn(move || drop(stdin.write_all(&document)));
    }
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("ended with {status}")),
            Ok(None) if began.elapsed() < bound => thread::sleep(BETWEEN_LOOKS),
            Ok(None) => {
                drop(child.kill());
                drop(child.wait());
                return Err(format!("took more than {bound:?}, and was ended"));
            }
            Err(error) => return Err(format!("was lost: {error}")),
        }
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.args(["/C", command]);
    shell
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_command_gets_the_document_and_says_what_came_of_it() {
        let long = Duration::from_mins(1);
        assert_eq!(
            run("test \"$(cat)\" = told", b"told".to_vec(), long),
            Ok(())
        );
        let failed = "ended with exit status: 3".to_owned();
        assert_eq!(run("exit 3", b"told".to_vec(), long), Err(failed));
        // It reads nothing of more than a pipe takes.
        assert_eq!(run("true", vec![b' '; 1 << 20], long), Ok(()));
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let (began, bound) = (Instant::now(), Duration::from_millis(50));
        let ended = "took more than 50ms, and was ended".to_owned();
        assert_eq!(run("exec sleep 60", Vec::new(), bound), Err(ended));
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
