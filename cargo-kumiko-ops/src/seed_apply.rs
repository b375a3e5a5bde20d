//! `seed:apply`: builds the app's ops binary and lets it apply the seeds.

use std::process::ExitCode;

use kumiko_seeds_cli::{Failure, Invocation};

use crate::arguments::ApplyArguments;
use crate::ops_binary::{self, Start};
use crate::{database, package};

/// Applies the pending seeds. The exit code is that of the ops binary, and so is what it prints.
pub(crate) fn run(arguments: &ApplyArguments) -> Result<ExitCode, Failure> {
    let current = package::current_folder()?;
    let member = package::find(&arguments.package, &current, "cargo kumiko-ops seed:apply")?;
    // What can be wrong without a build is found before the build.
    let bin = ops_binary::find(&member)?;
    let targets = &arguments.apply.targets;
    let url = if targets.have_urls() {
        None
    } else {
        let url = database::find(&arguments.apply.database, &member, &current)?;
        arguments.apply.check_database(&url)?;
        Some(url)
    };
    let options = arguments.package.repeated() + &arguments.apply.database.repeated();
    let invocation = Invocation::new("cargo kumiko-ops", options);
    let mut words = vec!["seed:apply".to_owned()];
    words.extend(arguments.apply.words());
    let start = Start {
        words,
        url: url.as_ref(),
        invocation: invocation.building(arguments.build.repeated()),
    };
    let program = ops_binary::build_of_files(&member, &current, bin, &arguments.build, &start)?;
    ops_binary::start(&program, &start)
}
