//! The arguments of `seed:status`.

use clap::{Args, ValueEnum};

use crate::arguments::EnvironmentArguments;
use crate::database::DatabaseArguments;
use crate::targets::TargetsArguments;

/// The arguments of `seed:status`.
#[derive(Clone, Debug, Default, Args)]
pub struct StatusArguments {
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// Which databases, if it is not one.
    #[command(flatten)]
    pub targets: TargetsArguments,
    /// In which environment.
    #[command(flatten)]
    pub environment: EnvironmentArguments,
    /// How to print the result: table, json, or github for annotations in GitHub Actions
    #[arg(long, value_enum, default_value_t = StatusFormat::Table, hide_possible_values = true)]
    pub(super) format: StatusFormat,
    /// Print only the ids of the seeds that the next seed:apply takes up, one a line
    #[arg(long, conflicts_with_all = ["format", "targets"])]
    pub(super) pending: bool,
    /// Exit with 1 if a seed is pending, and with 3 if one is missing, out of order or renamed
    #[arg(long)]
    pub(super) check: bool,
    /// With --check, let seeds go that are pending or under way in the background, and those that only wait for them
    #[arg(long, requires = "check")]
    pub(super) allow_background: bool,
}

/// How to print where each seed stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum StatusFormat {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For GitHub Actions.
    Github,
}
