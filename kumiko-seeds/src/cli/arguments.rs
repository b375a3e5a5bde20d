//! The arguments of the commands.

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::AppliedBy;

/// Look at and apply the seeds that are compiled into this binary.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show which seeds are applied and which are pending
    #[command(name = "seed:status")]
    Status(StatusArguments),
    /// Apply the pending seeds
    #[command(name = "seed:apply")]
    Apply(ApplyArguments),
    /// Show all that is known of one seed
    #[command(name = "seed:show")]
    Show(ShowArguments),
}

/// Which database.
#[derive(Clone, Debug, Default, Args)]
pub struct DatabaseArguments {
    /// The database, `postgres://…` or `sqlite:…`; where the URL has a password, use `DATABASE_URL`
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
}

/// The arguments of `seed:status`.
#[derive(Clone, Debug, Args)]
pub struct StatusArguments {
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table, json, or github for annotations in GitHub Actions
    #[arg(long, value_enum, default_value_t = StatusFormat::Table, hide_possible_values = true)]
    pub format: StatusFormat,
    /// Print only the ids of the seeds that the next run applies, one a line
    #[arg(long, conflicts_with = "format")]
    pub pending: bool,
    /// Exit with 1 if a seed is pending, and with 3 if one is missing or out of order
    #[arg(long)]
    pub check: bool,
}

/// The arguments of `seed:apply`.
#[derive(Clone, Debug, Args)]
pub struct ApplyArguments {
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub format: Format,
    /// What to store as the cause: boot, cli or ci-pipeline
    #[arg(long, value_name = "CAUSE", default_value = "cli")]
    pub applied_by: AppliedBy,
    /// How long to wait for another process that is applying seeds; 300 if not given
    #[arg(long, value_name = "SECONDS")]
    pub lock_timeout: Option<u64>,
}

/// The arguments of `seed:show`.
#[derive(Clone, Debug, Args)]
pub struct ShowArguments {
    /// The seed: its id, the name of its file or the path of it
    #[arg(value_name = "ID")]
    pub id: String,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub format: Format,
}

/// How to print a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// How to print where each seed stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For GitHub Actions.
    Github,
}
