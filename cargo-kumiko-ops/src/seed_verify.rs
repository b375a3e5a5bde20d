//! `seed:verify`: builds the app's ops binary and lets it check what needs no database.

use std::process::ExitCode;

use kumiko_seeds_cli::{Failure, Invocation};

use crate::arguments::VerifyArguments;
use crate::formatting;
use crate::ops_binary::{self, Start};
use crate::package;

/// Checks every seed. That it compiles is found by the build, the rest by the ops binary.
pub(crate) fn run(arguments: &VerifyArguments) -> Result<ExitCode, Failure> {
    let current = package::current_folder()?;
    let member = package::find(&arguments.package, &current, "cargo kumiko-ops seed:verify")?;
    if arguments.formatted {
        formatting::check(&member, &current)?;
    }
    let bin = ops_binary::find(&member)?;
    let invocation = Invocation::new("cargo kumiko-ops", arguments.package.repeated());
    let mut words = vec!["seed:verify".to_owned()];
    words.extend(arguments.verify.words());
    let start = Start {
        words,
        url: None,
        invocation: invocation.building(arguments.build.repeated()),
    };
    let program = ops_binary::build_of_files(&member, &current, bin, &arguments.build, &start)?;
    ops_binary::start(&program, &start)
}
