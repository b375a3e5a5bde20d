//! What may be in `Cargo.lock`, which the program cargo-deny checks.

use std::ffi::OsString;
use std::process::ExitCode;

use xtask::{Failure, guarded, is_in_path};

/// Runs the checks of `deny.toml`, all or the named ones, and answers with the program's exit code.
pub(crate) fn run(checks: Vec<OsString>) -> Result<ExitCode, Failure> {
    // It is no part of continuous integration: to install it takes minutes, and the advisories the network.
    if !is_in_path("cargo-deny") {
        return Err(Failure::new("cargo-deny is not installed")
            .help("install it, which takes some minutes:\n    cargo install cargo-deny --locked"));
    }
    let line = ["cargo-deny", "--locked", "check"].map(OsString::from);
    let line: Vec<OsString> = line.into_iter().chain(checks).collect();
    let status = guarded::run(&line, &[] as &[(&str, &str)])?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
