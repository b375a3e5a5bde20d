//! The arguments of the commands.

use std::fmt;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::shown_url::without_secrets;
use kumiko_seeds::AppliedBy;

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
    /// Check what can be known of every seed without a database: the write handlers it calls
    #[command(name = "seed:verify")]
    Verify(VerifyArguments),
    /// Show all that is known of one seed
    #[command(name = "seed:show")]
    Show(ShowArguments),
    /// Mark a seed as applied without running it, where its change was made already
    #[command(name = "seed:mark")]
    Mark(ByHandArguments),
    /// Take the marker of a seed away, so that it runs again; what it did is not undone
    #[command(name = "seed:unmark")]
    Unmark(ByHandArguments),
    /// Print which seeds are compiled into this binary, for `cargo kumiko-ops`
    #[command(name = super::CARRIED_COMMAND, hide = true)]
    Carried,
}

/// Which database. It prints without a password.
#[derive(Clone, Default, Args)]
pub struct DatabaseArguments {
    /// The URL of the database.
    #[arg(
        long,
        value_name = "URL",
        help = "The database, postgres://… or sqlite:…; where the URL has a password, use DATABASE_URL"
    )]
    pub database_url: Option<String>,
}

impl fmt::Debug for DatabaseArguments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database_url = self.database_url.as_deref().map(without_secrets);
        let mut shown = formatter.debug_struct("DatabaseArguments");
        shown.field("database_url", &database_url).finish()
    }
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
    /// Exit with 1 if a seed is pending, and with 3 if one is missing, out of order or renamed
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
    /// Run what is pending and roll all of it back: which events it would append, and whether it works
    #[arg(long)]
    pub dry_run: bool,
    /// Apply what is pending up to and including this seed: its id, its name without the date, or its file
    #[arg(long, value_name = "SEED", conflicts_with = "only")]
    pub to: Option<String>,
    /// Apply this seed alone, if no other is pending before it: its id, its name without the date, or its file
    #[arg(long, value_name = "SEED")]
    pub only: Option<String>,
    /// With --only, apply the seed although others are pending before it
    #[arg(long, requires = "only", conflicts_with = "to")]
    pub out_of_order: bool,
    /// What to store as the cause: boot, cli or ci-pipeline; if not given, ci-pipeline where the
    /// variable CI is true, and cli elsewhere
    #[arg(long, value_name = "CAUSE")]
    pub applied_by: Option<AppliedBy>,
    /// How long to wait for another process that is applying seeds; 300 if not given
    #[arg(long, value_name = "SECONDS")]
    pub lock_timeout: Option<u64>,
}

/// The arguments of `seed:verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArguments {
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub format: Format,
}

/// The arguments of `seed:show`.
#[derive(Clone, Debug, Args)]
pub struct ShowArguments {
    /// The seed: its id, its name without the date, or its file
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

/// The arguments of `seed:mark` and `seed:unmark`.
#[derive(Clone, Debug, Args)]
pub struct ByHandArguments {
    /// The seed: its id, its name without the date, or its file
    #[arg(value_name = "ID")]
    pub id: String,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// Do not ask first
    #[arg(long)]
    pub yes: bool,
}
