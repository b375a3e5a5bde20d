//! The arguments of the commands that steer a seed.

use clap::Args;

use crate::arguments::Format;
use crate::database::DatabaseArguments;

/// The arguments of `seed:pause` and `seed:resume`.
#[derive(Clone, Debug, Args)]
pub struct SteeringArguments {
    /// The seed: its id, its name without the date, or its file
    #[arg(value_name = "ID")]
    pub id: String,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
}

/// The arguments of `seed:cancel`.
#[derive(Clone, Debug, Args)]
pub struct CancelArguments {
    /// Which seed, and where.
    #[command(flatten)]
    pub steering: SteeringArguments,
    /// Do not ask first
    #[arg(long)]
    pub(super) yes: bool,
}

/// The arguments of `seed:retry`.
#[derive(Clone, Debug, Args)]
pub struct RetryArguments {
    /// Which seed, and where.
    #[command(flatten)]
    pub steering: SteeringArguments,
    /// Go on where it was with the source that the seed has now, although it began with another one
    #[arg(long = "continue")]
    pub(super) go_on: bool,
    /// Begin anew with the source that the seed has now; what is done stays, and may be done again
    #[arg(long, conflicts_with = "go_on")]
    pub(super) restart: bool,
    /// With --restart, do not ask first
    #[arg(long, requires = "restart", conflicts_with = "go_on")]
    pub(super) yes: bool,
}
