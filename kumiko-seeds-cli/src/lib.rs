//! The commands of an app's own ops binary, which `cargo kumiko-ops` shares.
//!
//! ```no_run
//! # mod example {
//! # fn seeds() -> kumiko_seeds::sqlite::SeedRunner { kumiko_seeds::sqlite::SeedRunner::new(&[]) }
//! fn main() -> std::process::ExitCode {
//!     kumiko_seeds_cli::main(seeds())
//! }
//! # }
//! ```
//!
//! The binary knows `seed:status`, `seed:show`, `seed:history`, `seed:apply`, `seed:work`, `seed:verify`, `seed:mark` and `seed:unmark`; seeds
//! of many steps are steered with `seed:pause`, `seed:resume`, `seed:cancel` and `seed:retry`. `projection:status`,
//! `projection:check` and `projection:rebuild` are about the read tables that the app computes from events, and
//! `stream:archive`, `stream:restore`, `stream:list`, `stream:purge` and `stream:import` about streams that are over. They come with the feature `events`, which is on
//! by default, as does `event:replay`, which delivers events to a reactor again.
//! stdout carries the result, stderr everything else, also what a seed prints to stdout. Exit codes: 0 fine; 1 a seed
//! failed or is left, or is pending under `--check`; 2 could not run; 3 drift under `--check`; 130 interrupted by Ctrl-C, 143 by
//! SIGTERM.
//!
//! An app needs nothing but [`main`]. The rest is for `cargo kumiko-ops`, which knows an app by its files where the binary
//! knows it by what is compiled in: both say what they know as [`AppSeeds`], and from there on a command is the same.
//! [`views`] has what each command shows as data, for whoever shows it in another way.

mod app_seeds;
mod apply;
mod arguments;
mod attended_run;
mod by_hand;
mod carried;
mod database;
#[cfg(feature = "events")]
mod events;
mod failure;
mod history;
#[cfg(debug_assertions)]
mod instances;
mod invocation;
mod operation_id;
mod ops_binary;
mod printing;
mod progress_view;
#[cfg(feature = "events")]
mod projections;
mod running;
mod seed_choice;
mod show;
mod status;
mod steering;
#[cfg(feature = "events")]
mod streams;
mod targets;
mod verify;
mod work;

pub use app_seeds::{AppSeeds, SeedSource, SourceCall};
pub use apply::ApplyArguments;
pub use arguments::EnvironmentArguments;
pub use arguments::color::color_arguments;
pub use attended_run::NotifyArguments;
pub use by_hand::{ByHand, ByHandArguments};
pub use carried::Carried;
pub use database::{DatabaseArguments, DatabaseUrl, Look, read_history};
#[cfg(feature = "events")]
pub use events::EventReplayArguments;
pub use failure::{Exit, Failure};
pub use history::{HistoryArguments, print_history};
pub use invocation::Invocation;
pub use ops_binary::main;
pub use printing::{confirmation, printable, printable_lines, shell_word};
#[cfg(feature = "events")]
pub use projections::{
    ProjectionCheckArguments, ProjectionRebuildArguments, ProjectionStatusArguments,
};
pub use running::{block_on, command, parse};
pub use seed_choice::nearest;
pub use show::{ShowArguments, show_seed};
pub use status::{StatusArguments, print_status, print_status_of_each};
pub use steering::{CancelArguments, RetryArguments, SteeringArguments, SteeringRequest};
#[cfg(feature = "events")]
pub use streams::{
    StreamArchiveArguments, StreamImportArguments, StreamListArguments, StreamPurgeArguments,
    StreamRestoreArguments,
};
pub use targets::{Places, TargetsArguments};
pub use verify::VerifyArguments;
pub use work::WorkArguments;

/// What each command shows, as data that serde writes: the JSON of a command is its view. Nothing here knows of
/// arguments, or of how a view is printed.
pub mod views {
    pub use crate::apply::{
        ApplyEachView, ChangeView, DiffView, DryRunView, EstimateView, EventView, FailedView,
        MigrationView, OutcomeView, Payloads, ReportView, StreamNameView, TargetView, TriedView,
    };
    pub use crate::attended_run::AppliedView;
    #[cfg(feature = "events")]
    pub use crate::events::{EventCountView, ReplayDryRunView};
    pub use crate::history::{HistoryView, OperationView};
    pub use crate::printing::Moment;
    pub use crate::progress_view::ProgressView;
    #[cfg(feature = "events")]
    pub use crate::projections::{
        CheckView, CheckedProjectionView, ProjectionStatusView, ProjectionView, SetAsideView,
        UncheckedProjectionView, WrongRowView,
    };
    pub use crate::show::{MarkerView, ShownSeed};
    pub use crate::status::{SeedView, StatusOfEachView, StatusView, TargetStatusView};
    pub use crate::steering::SteeredView;
    #[cfg(feature = "events")]
    pub use crate::streams::{
        ArchiveView, ArchivedView, ConsumerView, ImportView, PurgeDryRunView, PurgeView,
        StreamView, StreamsView,
    };
    pub use crate::verify::{ProblemView, VerifyView};
    pub use crate::work::{FailedSeedView, WorkView};
}
