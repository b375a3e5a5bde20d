//! The arguments of `seed:mark` and `seed:unmark`.

use clap::Args;

use crate::database::DatabaseArguments;

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
    pub(super) yes: bool,
}
