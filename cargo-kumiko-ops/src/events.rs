//! `event:replay`: builds the app's ops binary and lets it do that.

use std::process::ExitCode;

use kumiko_seeds_cli as cli;
use kumiko_seeds_cli::Failure;

use crate::arguments::InOpsBinary;
use crate::in_ops_binary::start;

pub(crate) fn replay(
    arguments: &InOpsBinary<cli::EventReplayArguments>,
) -> Result<ExitCode, Failure> {
    let asked = &arguments.command;
    start("event:replay", arguments, &asked.database, asked.words())
}
