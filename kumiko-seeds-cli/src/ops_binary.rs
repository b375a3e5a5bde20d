//! An app's own ops binary: its command line, and which command does what.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
#[cfg(not(feature = "events"))]
use kumiko_seeds::Backend;
use kumiko_seeds::SeedRunner;
#[cfg(feature = "events")]
use kumiko_seeds::events::EventBackend as Backend;

use crate::apply::ApplyArguments;
use crate::by_hand::ByHandArguments;
use crate::carried::Carried;
#[cfg(feature = "events")]
use crate::events::{self, EventReplayArguments};
#[cfg(not(feature = "events"))]
use crate::failure::Failure;
use crate::history::HistoryArguments;
use crate::printing::make_panics_printable;
#[cfg(feature = "events")]
use crate::projections::{
    self, ProjectionCheckArguments, ProjectionRebuildArguments, ProjectionStatusArguments,
};
use crate::running::{block_on, parse};
use crate::show::ShowArguments;
use crate::status::StatusArguments;
use crate::steering::{CancelArguments, RetryArguments, SteeringArguments, SteeringRequest};
#[cfg(feature = "events")]
use crate::streams::{
    self, StreamArchiveArguments, StreamImportArguments, StreamListArguments, StreamPurgeArguments,
    StreamRestoreArguments,
};
use crate::verify::VerifyArguments;
use crate::work::WorkArguments;
use crate::{apply, by_hand, carried, history, show, status, steering, verify, work};

/// Runs the command in this process's arguments with the app's seeds.
///
/// Give it the runner that the app itself boots with, so that both apply seeds the same way. The
/// database is the one of `--database-url`, or of the variable `DATABASE_URL`.
#[must_use]
pub fn main<DB: Backend>(runner: SeedRunner<DB>) -> ExitCode {
    let arguments: OpsArguments = match parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(exit) => return exit.into(),
    };
    make_panics_printable();
    block_on(async {
        match arguments.command {
            OpsCommand::Status(arguments) => status::run(runner, &arguments).await,
            OpsCommand::Apply(arguments) => apply::run(runner, &arguments).await,
            OpsCommand::Verify(arguments) => verify::run(&runner, &arguments),
            OpsCommand::Show(arguments) => show::run(runner, &arguments).await,
            OpsCommand::History(arguments) => history::run(&runner, &arguments).await,
            OpsCommand::Mark(arguments) => by_hand::mark(&runner, &arguments).await,
            OpsCommand::Unmark(arguments) => by_hand::unmark(&runner, &arguments).await,
            OpsCommand::Work(arguments) => work::run(runner, &arguments).await,
            OpsCommand::Pause(arguments) => {
                steering::run(&runner, &SteeringRequest::pause(arguments)).await
            }
            OpsCommand::Resume(arguments) => {
                steering::run(&runner, &SteeringRequest::resume(arguments)).await
            }
            OpsCommand::Cancel(arguments) => {
                steering::run(&runner, &SteeringRequest::cancel(arguments)).await
            }
            OpsCommand::Retry(arguments) => {
                steering::run(&runner, &SteeringRequest::retry(arguments)).await
            }
            #[cfg(feature = "events")]
            OpsCommand::ProjectionStatus(arguments) => {
                projections::status(&runner, &arguments).await
            }
            #[cfg(feature = "events")]
            OpsCommand::ProjectionCheck(arguments) => projections::check(&runner, &arguments).await,
            #[cfg(feature = "events")]
            OpsCommand::ProjectionRebuild(arguments) => {
                projections::rebuild(runner, &arguments).await
            }
            #[cfg(feature = "events")]
            OpsCommand::StreamArchive(arguments) => streams::archive(&runner, &arguments).await,
            #[cfg(feature = "events")]
            OpsCommand::StreamRestore(arguments) => streams::restore(&runner, &arguments).await,
            #[cfg(feature = "events")]
            OpsCommand::StreamList(arguments) => streams::list(&runner, &arguments).await,
            #[cfg(feature = "events")]
            OpsCommand::StreamPurge(arguments) => streams::purge(runner, &arguments).await,
            #[cfg(feature = "events")]
            OpsCommand::StreamImport(arguments) => streams::import(&runner, &arguments).await,
            #[cfg(feature = "events")]
            OpsCommand::EventReplay(arguments) => events::replay(runner, &arguments).await,
            #[cfg(not(feature = "events"))]
            OpsCommand::NoEvents { .. } => Err(no_events()),
            OpsCommand::Carried => carried::run(&runner),
        }
    })
}

#[cfg(not(feature = "events"))]
fn no_events() -> Failure {
    Failure::new("this app has no events: its kumiko-seeds-cli is without the feature events")
        .help("if it has some, give it that:\n    cargo add kumiko-seeds-cli --features events")
}

/// Look at and apply the seeds that are compiled into this binary.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true)]
struct OpsArguments {
    #[command(subcommand)]
    command: OpsCommand,
}

#[derive(Debug, Subcommand)]
enum OpsCommand {
    /// Show which seeds are applied and which are pending
    #[command(name = "seed:status")]
    Status(StatusArguments),
    /// Apply the pending seeds
    #[command(name = "seed:apply")]
    Apply(ApplyArguments),
    /// Do the background seeds and nothing else, beside the app or in a container of its own
    #[command(name = "seed:work")]
    Work(WorkArguments),
    /// Check what can be known of every seed without a database: the write handlers it calls
    #[command(name = "seed:verify")]
    Verify(VerifyArguments),
    /// Show all that is known of one seed
    #[command(name = "seed:show")]
    Show(ShowArguments),
    /// Show what was done in the database and when, and what is under way
    #[command(name = "seed:history")]
    History(HistoryArguments),
    /// Mark a seed as applied without running it, where its change was made already
    #[command(name = "seed:mark")]
    Mark(ByHandArguments),
    /// Take the marker of a seed away, so that it runs again; what it did is not undone
    #[command(name = "seed:unmark")]
    Unmark(ByHandArguments),
    /// Let the next step of a seed wait until it is resumed
    #[command(name = "seed:pause")]
    Pause(SteeringArguments),
    /// Let a paused seed go on
    #[command(name = "seed:resume")]
    Resume(SteeringArguments),
    /// Give a seed of many steps up; what is done stays
    #[command(name = "seed:cancel")]
    Cancel(CancelArguments),
    /// Let a seed that failed or was cancelled go on where it was
    #[command(name = "seed:retry")]
    Retry(RetryArguments),
    /// Show which version of its rows each projection has
    #[command(name = "projection:status")]
    #[cfg(feature = "events")]
    ProjectionStatus(ProjectionStatusArguments),
    /// Compare the rows of projections with what their events say, and change nothing
    #[command(name = "projection:check")]
    #[cfg(feature = "events")]
    ProjectionCheck(ProjectionCheckArguments),
    /// Make the rows of projections what their events say, while the app serves
    #[command(name = "projection:rebuild")]
    #[cfg(feature = "events")]
    ProjectionRebuild(ProjectionRebuildArguments),
    /// Archive streams: they take no events, and nothing is seen of them until they are restored
    #[command(name = "stream:archive")]
    #[cfg(feature = "events")]
    StreamArchive(StreamArchiveArguments),
    /// Take streams out of the archive
    #[command(name = "stream:restore")]
    #[cfg(feature = "events")]
    StreamRestore(StreamRestoreArguments),
    /// Show which streams are archived
    #[command(name = "stream:list")]
    #[cfg(feature = "events")]
    StreamList(StreamListArguments),
    /// Delete the events of streams that were archived for long, after exporting them
    #[command(name = "stream:purge")]
    #[cfg(feature = "events")]
    StreamPurge(StreamPurgeArguments),
    /// Bring back what stream:purge has exported
    #[command(name = "stream:import")]
    #[cfg(feature = "events")]
    StreamImport(StreamImportArguments),
    /// Deliver events to a reactor again, while the app serves
    #[command(name = "event:replay")]
    #[cfg(feature = "events")]
    EventReplay(EventReplayArguments),
    /// Say why there are no commands about events
    #[cfg(not(feature = "events"))]
    #[command(
        name = "projection:status",
        aliases = ["projection:check", "projection:rebuild", "stream:archive", "stream:restore", "stream:list", "stream:purge", "stream:import", "event:replay"],
        hide = true,
        disable_help_flag = true
    )]
    NoEvents {
        /// Of a command that is not there
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Print which seeds are compiled into this binary, for `cargo kumiko-ops`
    #[command(name = Carried::COMMAND, hide = true)]
    Carried,
}
