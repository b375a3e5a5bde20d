//! The arguments of the commands on projections.

use clap::Args;
use kumiko_seeds::AppliedBy;

use crate::arguments::{Format, format_words};
use crate::database::DatabaseArguments;

/// The arguments of `projection:status`.
#[derive(Clone, Debug, Default, Args)]
pub struct ProjectionStatusArguments {
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
}

/// The arguments of `projection:check`.
#[derive(Clone, Debug, Default, Args)]
pub struct ProjectionCheckArguments {
    /// The projections; all if none is named
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
    /// How many wrong rows of each projection to show
    #[arg(long, value_name = "ROWS", default_value_t = 10)]
    pub(super) show: usize,
    /// Mark the rebuild of each projection as done in which no row is wrong, for tables that the app kept before it registered them
    #[arg(long)]
    pub(super) mark: bool,
}

/// The arguments of `projection:rebuild`.
#[derive(Clone, Debug, Default, Args)]
pub struct ProjectionRebuildArguments {
    /// The projections
    #[arg(value_name = "NAME", conflicts_with_all = ["all", "outdated"])]
    pub(super) names: Vec<String>,
    /// Rebuild all of them
    #[arg(long, conflicts_with = "outdated")]
    pub(super) all: bool,
    /// Rebuild those whose version is not recorded
    #[arg(long)]
    pub(super) outdated: bool,
    /// Set events aside that cannot be applied, and go on without them; the next rebuild tries them again
    #[arg(long)]
    pub(super) quarantine: bool,
    /// Rebuild the rows of this tenant's streams alone
    #[arg(long, value_name = "ID", conflicts_with_all = ["all", "outdated", "aggregate"])]
    pub(super) tenant: Option<String>,
    /// Rebuild the rows of this aggregate alone
    #[arg(long, value_name = "ID", conflicts_with_all = ["all", "outdated"])]
    pub(super) aggregate: Option<String>,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
    /// What to store as the cause: boot, cli or ci-pipeline; if not given, ci-pipeline where the
    /// variable CI is true, and cli elsewhere
    #[arg(long, value_name = "CAUSE")]
    pub(super) applied_by: Option<AppliedBy>,
}

impl ProjectionStatusArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        format_words(self.format)
    }
}

impl ProjectionCheckArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = self.names.clone();
        words.extend(format_words(self.format));
        if self.show != Self::default_show() {
            words.extend(["--show".to_owned(), self.show.to_string()]);
        }
        if self.mark {
            words.push("--mark".to_owned());
        }
        words
    }

    fn default_show() -> usize {
        10
    }
}

impl ProjectionRebuildArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = self.names.clone();
        let flags = [
            (self.all, "--all"),
            (self.outdated, "--outdated"),
            (self.quarantine, "--quarantine"),
        ];
        words.extend(
            flags
                .iter()
                .filter(|(is_given, _)| *is_given)
                .map(|(_, flag)| (*flag).to_owned()),
        );
        for (name, value) in [("--tenant", &self.tenant), ("--aggregate", &self.aggregate)] {
            if let Some(value) = value {
                words.extend([name.to_owned(), value.clone()]);
            }
        }
        if let Some(by) = self.applied_by {
            words.extend(["--applied-by".to_owned(), by.to_string()]);
        }
        words.extend(format_words(self.format));
        words
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    enum Line {
        Status(ProjectionStatusArguments),
        Check(ProjectionCheckArguments),
        Rebuild(ProjectionRebuildArguments),
    }

    #[test]
    fn what_was_given_is_handed_on_and_nothing_else() {
        for line in [
            "status",
            "status --format json",
            "check",
            "check a b --format json --show 3 --mark",
            "rebuild a b",
            "rebuild --all --applied-by boot --format json",
            "rebuild --outdated --quarantine",
            "rebuild a --tenant t",
            "rebuild a --aggregate x",
        ] {
            let words = ["x"].into_iter().chain(line.split_whitespace());
            let handed_on = Line::try_parse_from(words).map(|parsed| match parsed {
                Line::Status(arguments) => arguments.words(),
                Line::Check(arguments) => arguments.words(),
                Line::Rebuild(arguments) => arguments.words(),
            });
            let expected: Vec<&str> = line.split_whitespace().skip(1).collect();
            assert_eq!(handed_on.unwrap_or_default(), expected, "{line}");
        }
        for line in ["rebuild a --all", "rebuild --all --outdated"] {
            let words = ["x"].into_iter().chain(line.split_whitespace());
            assert!(Line::try_parse_from(words).is_err(), "{line}");
        }
    }
}
