//! `cargo xtask`: the checks of this workspace, for people and for continuous integration.

mod arguments;
mod bench;
mod deny;
mod install;
mod steps;
mod unpacked;

use std::env;
use std::io;
use std::process::ExitCode;

use arguments::Request;
use xtask::{Cluster, Failure, Release, URL_VARIABLE};

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
        Request::Deny(checks) => deny::run(checks),
        Request::Bench(effort) => bench::run(effort),
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
