//! Commands that cannot outlive this program, however it ends.
//!
//! A signal handler would need unsafe code or a dependency, and nothing handles `SIGKILL`. A pipe
//! closes in every case: a shell script reads from a pipe whose write end only this program holds,
//! and cleans up when the read ends. It leads a process group of its own, so a Ctrl-C in the terminal
//! ends this program and leaves the script to do its work.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};

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
    environment: &[(&str, &str)],
) -> Result<ExitStatus, Failure> {
    let mut shell = script("guarded", include_str!("guarded.sh"));
    shell.args(words).envs(environment.iter().copied());
    // `cargo run` describes this package to the program it runs. A cargo started from here would see
    // these as changed inputs of build scripts, and build again what a plain `cargo test` has built.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            shell.env_remove(&name);
        }
    }
    let failed = |error| Failure::new("a command could not be run").caused_by(error);
    let mut child = shell.spawn().map_err(failed)?;
    // `Child::wait` closes standard input before it waits, which would end the command.
    let pipe = child.stdin.take();
    let status = child.wait().map_err(failed);
    drop(pipe);
    status
}
