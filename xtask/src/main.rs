//! `cargo xtask`: the checks of this workspace, for people and for continuous integration.

#[cfg(not(unix))]
compile_error!("xtask starts PostgreSQL with Unix means; on Windows, run it in WSL");

mod account;
mod arguments;
mod deny;
mod failure;
mod guarded;
mod install;
mod postgres;
mod programs;
mod steps;
mod unpacked;

use std::env;
use std::io;
use std::process::ExitCode;

use arguments::Request;
use failure::Failure;
use postgres::{Cluster, URL_VARIABLE};

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
        Request::Test(arguments) => steps::test(arguments),
        Request::Ci(steps) => steps::run(&steps),
        Request::Postgres => keep_postgres(),
        Request::Deny(checks) => deny::run(checks),
    }
}

/// Runs a server until the user has had enough. Ctrl-C ends this program, and the server with it.
fn keep_postgres() -> Result<ExitCode, Failure> {
    let cluster = Cluster::start()?;
    println!("export {URL_VARIABLE}={}", cluster.url());
    eprintln!("running until Ctrl-C or the end of standard input");
    io::copy(&mut io::stdin(), &mut io::sink())
        .map_err(|error| Failure::new("standard input could not be read").caused_by(error))?;
    Ok(ExitCode::SUCCESS)
}
