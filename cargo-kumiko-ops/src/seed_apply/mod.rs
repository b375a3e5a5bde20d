//! `seed:apply`: builds the app's ops binary and lets it apply the seeds.

mod build;
mod ops_binary;
mod start;

use std::process::ExitCode;

use kumiko_seeds::cli::Failure;

use crate::arguments::ApplyArguments;
use crate::{database, package};

/// Applies the pending seeds. The exit code is that of the ops binary, and so is what it prints.
pub(crate) fn run(arguments: &ApplyArguments) -> Result<ExitCode, Failure> {
    let current = package::current_folder()?;
    let member = package::find(&arguments.package, &current, "cargo kumiko-ops seed:apply")?;
    // What can be wrong without a build is found before the build.
    let bin = ops_binary::find(&member)?;
    let url = database::find(&arguments.apply.database, &member, &current)?;
    let program = build::build(&member, bin, &arguments.build)?;
    start::start(&program, &url, arguments)
}
