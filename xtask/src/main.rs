//! `cargo xtask`: the checks of this workspace, for people and for continuous integration.

#[cfg(not(unix))]
compile_error!("servers are started with Unix means; on Windows, run this in WSL");

mod arguments;
mod bench;
mod install;
mod lanes;
mod release;
mod steps;
mod unpacked;

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use arguments::Request;
use kumiko_seeds_testing::{Cluster, Failure, URL_VARIABLE, guarded, is_in_path};
use release::Release;

fn main() -> ExitCode {
    answer().unwrap_or_else(|failure| {
        eprintln!("{failure}");
        ExitCode::FAILURE
    })
}

fn answer() -> Result<ExitCode, Failure> {
    match arguments::parse(env::args_os().skip(1))? {
        Request::Help => {
            print!("{}", arguments::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Request::Test { release, arguments } => steps::test(release, arguments),
        Request::Ci(steps) => steps::run(&steps),
        Request::Postgres(release) => keep_postgres(release),
        Request::Deny(checks) => deny(checks),
        Request::Bench(effort) => bench::run(&effort),
    }
}

/// Runs a server until the user has had enough. Ctrl-C ends this program, and the server with it.
fn keep_postgres(release: Option<Release>) -> Result<ExitCode, Failure> {
    let cluster = Cluster::of(steps::postgres(release)?)?;
    println!("export {URL_VARIABLE}={}", cluster.url());
    eprintln!("running until Ctrl-C or the end of standard input");
    io::copy(&mut io::stdin(), &mut io::sink())
        .map_err(|error| Failure::new("standard input could not be read").caused_by(error))?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the checks of `deny.toml`, all or the named ones, and answers with the exit code of cargo-deny.
fn deny(checks: Vec<OsString>) -> Result<ExitCode, Failure> {
    // It is no part of continuous integration: to install it takes minutes, and the advisories the network.
    if !is_in_path("cargo-deny") {
        return Err(Failure::new("cargo-deny is not installed")
            .help("install it, which takes some minutes:\n    cargo install cargo-deny --locked"));
    }
    let line = ["cargo-deny", "--locked", "check"].map(OsString::from);
    let line: Vec<OsString> = line.into_iter().chain(checks).collect();
    guarded::run(&line, &[] as &[(&str, &str)]).map(steps::exit_code)
}
