//! The arguments of `seed:retire`.

use chrono::NaiveDate;
use clap::Args;
use kumiko_seeds_cli::{DatabaseArguments, shell_word};

use crate::package::PackageArguments;
use crate::seed_new::date;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct RetireArguments {
    /// The seeds: their ids, their names without the date, or their files
    #[arg(value_name = "ID", required_unless_present = "before")]
    pub(super) ids: Vec<String>,
    /// All seeds of an earlier date
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date, conflicts_with = "ids")]
    pub(super) before: Option<NaiveDate>,
    /// The last release that has them; by default the version of the package
    #[arg(long, value_name = "TEXT", value_parser = release)]
    pub(super) release: Option<String>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask first
    #[arg(long)]
    pub(super) yes: bool,
    /// Which database is looked at.
    #[command(flatten)]
    pub(super) database: DatabaseArguments,
    #[command(flatten)]
    pub(super) package: PackageArguments,
}

impl RetireArguments {
    /// The command as it was typed, but for its questions.
    pub(super) fn repeated(&self) -> String {
        let words = self.ids.iter().map(|id| format!(" {}", shell_word(id)));
        let before = self.before.map(|date| format!(" --before {date}"));
        let release = self.release.as_ref();
        let release = release.map(|release| format!(" --release {}", shell_word(release)));
        let database = self.database.repeated();
        format!(
            "cargo kumiko-ops seed:retire{}{}{}{}{database}",
            words.collect::<String>(),
            before.unwrap_or_default(),
            release.unwrap_or_default(),
            self.package.repeated()
        )
    }
}

/// What can stand between two spaces of a line.
fn release(text: &str) -> Result<String, String> {
    if text.is_empty()
        || text.contains(|character: char| character.is_whitespace() || character.is_control())
    {
        return Err("a release is one word".to_owned());
    }
    Ok(text.to_owned())
}
