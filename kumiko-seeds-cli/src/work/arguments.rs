//! The arguments of `seed:work`.

use clap::Args;
use kumiko_seeds::AppliedBy;

use crate::arguments::{EnvironmentArguments, Format, format_words};
use crate::attended_run::NotifyArguments;
use crate::database::DatabaseArguments;

/// The arguments of `seed:work`.
#[derive(Clone, Debug, Args)]
pub struct WorkArguments {
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// In which environment.
    #[command(flatten)]
    pub(super) environment: EnvironmentArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
    /// What to store as the cause: boot, cli or ci-pipeline; if not given, ci-pipeline where the
    /// variable CI is true, and cli elsewhere
    #[arg(long, value_name = "CAUSE")]
    pub(super) applied_by: Option<AppliedBy>,
    /// Whom to tell what came of it.
    #[command(flatten)]
    pub notify: NotifyArguments,
}

impl WorkArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let applied_by = self.applied_by.map(|by| by.to_string());
        let mut words: Vec<String> =
            applied_by.map_or_else(Vec::new, |by| vec!["--applied-by".to_owned(), by]);
        words.extend(self.notify.words());
        words.extend(self.environment.words());
        words.extend(format_words(self.format));
        words
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        work: WorkArguments,
    }

    #[test]
    fn what_was_given_is_handed_on_and_nothing_else() {
        for line in [
            "",
            "--applied-by boot --notify cat>told --environment staging --format json",
        ] {
            let words = ["seed:work"].into_iter().chain(line.split_whitespace());
            let words = Line::try_parse_from(words).map(|parsed| parsed.work.words().join(" "));
            assert_eq!(words.ok().as_deref(), Some(line));
        }
    }
}
