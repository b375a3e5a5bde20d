//! `projection:status`, `projection:check` and `projection:rebuild`: builds the app's ops binary and lets it do them.

use std::process::ExitCode;

use kumiko_seeds_cli as cli;
use kumiko_seeds_cli::Failure;

use crate::arguments::InOpsBinary;
use crate::in_ops_binary::start;

pub(crate) fn status(
    arguments: &InOpsBinary<cli::ProjectionStatusArguments>,
) -> Result<ExitCode, Failure> {
    let asked = &arguments.command;
    start(
        "projection:status",
        arguments,
        &asked.database,
        asked.words(),
    )
}

pub(crate) fn check(
    arguments: &InOpsBinary<cli::ProjectionCheckArguments>,
) -> Result<ExitCode, Failure> {
    let asked = &arguments.command;
    start(
        "projection:check",
        arguments,
        &asked.database,
        asked.words(),
    )
}

pub(crate) fn rebuild(
    arguments: &InOpsBinary<cli::ProjectionRebuildArguments>,
) -> Result<ExitCode, Failure> {
    let asked = &arguments.command;
    start(
        "projection:rebuild",
        arguments,
        &asked.database,
        asked.words(),
    )
}
