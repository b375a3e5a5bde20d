//! Commands that the app's ops binary does: it is built and started.

use std::process::ExitCode;

use clap::Args;
use kumiko_seeds_cli::{DatabaseArguments, Failure, Invocation};

use crate::arguments::InOpsBinary;
use crate::ops_binary::{self, Start};
use crate::{database, package};

/// Starts a command of the ops binary. The exit code is that of the ops binary, and so is what it prints.
pub(crate) fn start<A: Args>(
    command: &str,
    arguments: &InOpsBinary<A>,
    database: &DatabaseArguments,
    mut words: Vec<String>,
) -> Result<ExitCode, Failure> {
    let InOpsBinary { package, build, .. } = arguments;
    let current = package::current_folder()?;
    let member = package::find(package, &current, &format!("cargo kumiko-ops {command}"))?;
    // What can be wrong without a build is found before the build.
    let bin = ops_binary::find(&member)?;
    let url = database::find(database, &member, &current)?;
    let options = package.repeated() + &database.repeated();
    let invocation = Invocation::new("cargo kumiko-ops", options);
    words.insert(0, command.to_owned());
    let start = Start {
        words,
        url: Some(&url),
        invocation: invocation.building(build.repeated()),
    };
    let program = ops_binary::build_of_files(&member, &current, bin, build, &start)?;
    ops_binary::start(&program, &start)
}
