//! Commands that cannot outlive this program, however it ends.
//!
//! A signal handler would need unsafe code or a dependency, and nothing handles `SIGKILL`. A pipe
//! closes in every case: a shell script reads from a pipe whose write end only this program holds,
//! and cleans up when the read ends. It leads a process group of its own, so a Ctrl-C in the terminal
//! ends this program and leaves the script to do its work.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::cargo::without_package;
use crate::failure::Failure;

/// A shell script that runs until its standard input closes, in a process group of its own.
///
/// The caller keeps the child's `stdin` for as long as the script shall run.
pub(crate) fn script(name: &str, text: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", text, name])
        .stdin(Stdio::piped())
        .process_group(0);
    shell
}

/// Runs a command with the given additions to its environment and waits for its end.
pub fn run(
    words: &[impl AsRef<OsStr>],
    environment: &[(&str, impl AsRef<OsStr>)],
) -> Result<ExitStatus, Failure> {
    let child = command(words, environment).spawn();
    ended(child.map_err(failed)?)
}

/// Runs a command as [`run`] does, and what it prints goes into `output`.
pub fn run_aside(
    words: &[impl AsRef<OsStr>],
    environment: &[(&str, impl AsRef<OsStr>)],
    output: &File,
) -> Result<ExitStatus, Failure> {
    let mut command = command(words, environment);
    command.stdout(output.try_clone().map_err(failed)?);
    command.stderr(output.try_clone().map_err(failed)?);
    ended(command.spawn().map_err(failed)?)
}

fn command(words: &[impl AsRef<OsStr>], environment: &[(&str, impl AsRef<OsStr>)]) -> Command {
    let mut shell = script("guarded", include_str!("guarded.sh"));
    without_package(&mut shell);
    shell.args(words);
    for (name, value) in environment {
        shell.env(name, value);
    }
    shell
}

fn ended(mut child: Child) -> Result<ExitStatus, Failure> {
    // `Child::wait` closes standard input before it waits, which would end the command.
    let pipe = child.stdin.take();
    let status = child.wait().map_err(failed);
    drop(pipe);
    status
}

fn failed(error: io::Error) -> Failure {
    Failure::new("a command could not be run").caused_by(error)
}
