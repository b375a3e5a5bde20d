//! `seed:work`: builds the app's ops binary and lets it do the background seeds.

use std::process::ExitCode;

use kumiko_seeds_cli::{Failure, Invocation};

use crate::arguments::WorkArguments;
use crate::ops_binary::{self, Start};
use crate::{database, package};

/// Does the background seeds. The exit code is that of the ops binary, and so is what it prints.
pub(crate) fn run(arguments: &WorkArguments) -> Result<ExitCode, Failure> {
    let current = package::current_folder()?;
    let member = package::find(&arguments.package, &current, "cargo kumiko-ops seed:work")?;
    // What can be wrong without a build is found before the build.
    let bin = ops_binary::find(&member)?;
    let url = database::find(&arguments.work.database, &member, &current)?;
    url.check_for_changing()?;
    let options = arguments.package.repeated() + &arguments.work.database.repeated();
    let invocation = Invocation::new("cargo kumiko-ops", options);
    let mut words = vec!["seed:work".to_owned()];
    words.extend(arguments.work.words());
    let start = Start {
        words,
        url: Some(&url),
        invocation: invocation.building(arguments.build.repeated()),
    };
    let program = ops_binary::build_of_files(&member, &current, bin, &arguments.build, &start)?;
    ops_binary::start(&program, &start)
}
