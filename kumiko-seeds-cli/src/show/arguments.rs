//! The arguments of `seed:show`.

use clap::Args;

use crate::arguments::{EnvironmentArguments, Format};
use crate::database::DatabaseArguments;

/// The arguments of `seed:show`.
#[derive(Clone, Debug, Args)]
pub struct ShowArguments {
    /// The seed: its id, its name without the date, or its file
    #[arg(value_name = "ID")]
    pub id: String,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// In which environment.
    #[command(flatten)]
    pub environment: EnvironmentArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
}
