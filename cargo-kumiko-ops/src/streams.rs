//! `stream:archive` and the other commands on streams: builds the app's ops binary and lets it do them.

use std::process::ExitCode;

use kumiko_seeds_cli as cli;
use kumiko_seeds_cli::Failure;

use crate::arguments::InOpsBinary;
use crate::in_ops_binary::start;

pub(crate) fn archive(
    arguments: &InOpsBinary<cli::StreamArchiveArguments>,
) -> Result<ExitCode, Failure> {
    let asked = &arguments.command;
    start("stream:archive", arguments, &asked.database, asked.words())
}

pub(crate) fn restore(
    arguments: &InOpsBinary<cli::StreamRestoreArguments>,
) -> Result<ExitCode, Failure> {
    let asked = &arguments.command;
    start("stream:restore", arguments, &asked.database, asked.words())
}

pub(crate) fn list(arguments: &InOpsBinary<cli::StreamListArguments>) -> Result<ExitCode, Failure> {
    let asked = &arguments.command;
    start("stream:list", arguments, &asked.database, asked.words())
}

pub(crate) fn purge(
    arguments: &InOpsBinary<cli::StreamPurgeArguments>,
) -> Result<ExitCode, Failure> {
    let asked = &arguments.command;
    start("stream:purge", arguments, &asked.database, asked.words())
}

pub(crate) fn import(
    arguments: &InOpsBinary<cli::StreamImportArguments>,
) -> Result<ExitCode, Failure> {
    let asked = &arguments.command;
    start("stream:import", arguments, &asked.database, asked.words())
}
