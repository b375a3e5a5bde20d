//! The arguments of `seed:new`.

use chrono::NaiveDate;
use clap::Args;
use kumiko_seeds_build::IdError;
use kumiko_seeds_cli::shell_word;

use super::template;
use crate::package::PackageArguments;

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct NewArguments {
    /// What the seed changes, in words or as a part of its file name: a-z, 0-9 and -
    #[arg(required = true, value_name = "NAME", num_args = 1..)]
    pub(crate) name: Vec<String>,
    /// The name in the file's name, where NAME is a title to be kept as it is: a-z, 0-9 and -
    #[arg(long, value_name = "SLUG", value_parser = slug)]
    pub(crate) slug: Option<String>,
    /// The date before the name; by default that of today, or the first with which the seed comes after all others
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub(crate) date: Option<NaiveDate>,
    /// The template in [package.metadata.kumiko-ops.templates]; by default the one named default, batch or migrate-streams
    #[arg(long, value_name = "NAME")]
    pub(crate) template: Option<String>,
    /// Create a seed of many steps, each a transaction of its own: for a change too large for one
    #[arg(long, conflicts_with = "template")]
    pub(crate) batch: bool,
    /// Create a seed that migrates streams: to another tenant, id or aggregate type, or with other events
    #[arg(long, conflicts_with_all = ["template", "batch"])]
    pub(crate) migrate_streams: bool,
    /// An environment outside of which the seed does not run; once for each
    #[arg(long = "environment", value_name = "NAME", value_parser = environment)]
    pub(crate) environments: Vec<String>,
    /// Create a test of the seed, too, in the folder tests
    #[arg(long)]
    pub(crate) test: bool,
    /// Open the seed in the editor that VISUAL or EDITOR names
    #[arg(long)]
    pub(crate) edit: bool,
    #[command(flatten)]
    pub(crate) package: PackageArguments,
}

impl NewArguments {
    /// The name of the template.
    pub(crate) fn template(&self) -> &str {
        let unnamed = if self.batch {
            template::BATCH
        } else if self.migrate_streams {
            template::MIGRATE_STREAMS
        } else {
            template::DEFAULT
        };
        self.template.as_deref().unwrap_or(unnamed)
    }

    /// The arguments but for name, slug and date, to be put behind a command that is shown to be pasted.
    pub(crate) fn repeated(&self) -> String {
        let template = self.template.as_ref();
        let template = template.map(|name| format!(" --template {}", shell_word(name)));
        let flags = [
            (self.batch, " --batch"),
            (self.migrate_streams, " --migrate-streams"),
            (self.test, " --test"),
            (self.edit, " --edit"),
        ];
        let flags = flags.into_iter().filter(|(given, _)| *given);
        let flags: String = flags.map(|(_, flag)| flag).collect();
        let environments = self.environments.iter();
        let environments: String = environments
            .flat_map(|name| [" --environment ", name])
            .collect();
        template.unwrap_or_default() + &environments + &flags + &self.package.repeated()
    }
}

/// What may stand behind the date of an id.
fn slug(text: &str) -> Result<String, String> {
    let valid = kumiko_seeds_build::validate_id(&format!("2026-01-01-{text}"));
    valid.map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

/// The name of an environment.
fn environment(text: &str) -> Result<String, String> {
    if kumiko_seeds_build::is_environment_name(text) {
        Ok(text.to_owned())
    } else {
        Err("the name of an environment is made of a-z, 0-9 and -".to_owned())
    }
}

/// A date of the calendar, written as in an id.
pub(crate) fn date(text: &str) -> Result<NaiveDate, String> {
    let valid = kumiko_seeds_build::validate_id(&format!("{text}-x"));
    match (valid, text.parse()) {
        (Ok(()), Ok(date)) => Ok(date),
        (Err(IdError::NoSuchDate(_)), _) => Err("there is no such date".to_owned()),
        _ => Err("a date is written YYYY-MM-DD".to_owned()),
    }
}
