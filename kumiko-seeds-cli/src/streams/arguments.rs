//! The arguments of the commands on streams.

use clap::Args;

use crate::arguments::{Format, format_words};
use crate::database::DatabaseArguments;

/// The arguments of `stream:archive`.
#[derive(Clone, Debug, Default, Args)]
pub struct StreamArchiveArguments {
    /// Which streams.
    #[command(flatten)]
    pub(super) chosen: ChosenStreams,
    /// Why; it is kept with the mark
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
}

/// The arguments of `stream:restore`.
#[derive(Clone, Debug, Default, Args)]
pub struct StreamRestoreArguments {
    /// Which streams.
    #[command(flatten)]
    pub(super) chosen: ChosenStreams,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
}

/// The arguments of `stream:list`.
#[derive(Clone, Debug, Default, Args)]
pub struct StreamListArguments {
    /// Streams of this aggregate type alone
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) aggregate_type: Option<String>,
    /// Streams of this tenant alone
    #[arg(long, value_name = "ID")]
    pub(super) tenant: Option<String>,
    /// How many to show
    #[arg(long, value_name = "STREAMS", default_value_t = 1_000)]
    pub(super) show: u32,
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
}

/// Which streams are meant.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ChosenStreams {
    /// The streams: aggregate type and id, as in account/0198f0a1-0000-7000-8000-000000000001
    #[arg(value_name = "TYPE/ID", required = true)]
    pub(super) streams: Vec<String>,
    /// Their tenant; it need not be given where no other one has such streams
    #[arg(long, value_name = "ID")]
    pub(super) tenant: Option<String>,
}

impl ChosenStreams {
    fn words(&self) -> Vec<String> {
        let mut words = self.streams.clone();
        words.extend(option("--tenant", self.tenant.as_ref()));
        words
    }
}

impl StreamArchiveArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = self.chosen.words();
        words.extend(option("--reason", self.reason.as_ref()));
        words.extend(format_words(self.format));
        words
    }
}

impl StreamRestoreArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = self.chosen.words();
        words.extend(format_words(self.format));
        words
    }
}

impl StreamListArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = option("--type", self.aggregate_type.as_ref());
        words.extend(option("--tenant", self.tenant.as_ref()));
        if self.show != 1_000 {
            words.extend(["--show".to_owned(), self.show.to_string()]);
        }
        words.extend(format_words(self.format));
        words
    }
}

fn option(name: &str, value: Option<&String>) -> Vec<String> {
    value.map_or_else(Vec::new, |value| vec![name.to_owned(), value.clone()])
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    enum Line {
        Archive(StreamArchiveArguments),
        Restore(StreamRestoreArguments),
        List(StreamListArguments),
    }

    #[test]
    fn what_was_given_is_handed_on_and_nothing_else() {
        for line in [
            "archive a/1 b/2 --tenant 3 --reason over --format json",
            "archive a/1",
            "restore a/1 --tenant 3 --format json",
            "list",
            "list --type a --tenant 3 --show 5 --format json",
        ] {
            let words = ["x"].into_iter().chain(line.split_whitespace());
            let handed_on = Line::try_parse_from(words).map(|parsed| match parsed {
                Line::Archive(arguments) => arguments.words(),
                Line::Restore(arguments) => arguments.words(),
                Line::List(arguments) => arguments.words(),
            });
            let expected: Vec<&str> = line.split_whitespace().skip(1).collect();
            assert_eq!(handed_on.unwrap_or_default(), expected, "{line}");
        }
        for line in ["archive", "restore --tenant 3"] {
            let words = ["x"].into_iter().chain(line.split_whitespace());
            assert!(Line::try_parse_from(words).is_err(), "{line}");
        }
    }
}
