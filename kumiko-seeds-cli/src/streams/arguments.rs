//! The arguments of the commands on streams.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use kumiko_seeds::AppliedBy;

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

/// The arguments of `stream:purge`.
#[derive(Clone, Debug, Default, Args)]
#[command(group(ArgGroup::new("cut-off").args(["older_than", "before"]).required(true)))]
pub struct StreamPurgeArguments {
    /// Streams that have been archived for so long, as 90d, 12w or 36h
    #[arg(long, value_name = "TIME")]
    pub(super) older_than: Option<String>,
    /// Streams that were archived before this moment, as 2026-08-30T00:00:00Z
    #[arg(long, value_name = "MOMENT")]
    pub(super) before: Option<String>,
    /// Streams of this aggregate type alone
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) aggregate_type: Option<String>,
    /// Streams of this tenant alone
    #[arg(long, value_name = "ID")]
    pub(super) tenant: Option<String>,
    /// Write the events into this file before they are deleted; it must not be there yet
    #[arg(long, value_name = "FILE", required_unless_present_any = ["without_export", "dry_run"])]
    pub(super) export: Option<PathBuf>,
    /// Delete the events for good; this asks first
    #[arg(long, conflicts_with = "export")]
    pub(super) without_export: bool,
    /// Do not ask
    #[arg(long, requires = "without_export", conflicts_with = "export")]
    pub(super) yes: bool,
    /// Why; it is kept in the ledger
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Say how much would be deleted, and delete nothing
    #[arg(long)]
    pub(super) dry_run: bool,
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

/// The arguments of `stream:import`.
#[derive(Clone, Debug, Default, Args)]
pub struct StreamImportArguments {
    /// The file that stream:purge has written
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
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

impl StreamPurgeArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let export = self.export.as_ref();
        let export = export.map(|path| path.to_string_lossy().into_owned());
        let applied_by = self.applied_by.map(|by| by.to_string());
        let options = [
            ("--older-than", self.older_than.as_ref()),
            ("--before", self.before.as_ref()),
            ("--type", self.aggregate_type.as_ref()),
            ("--tenant", self.tenant.as_ref()),
            ("--export", export.as_ref()),
            ("--reason", self.reason.as_ref()),
            ("--applied-by", applied_by.as_ref()),
        ];
        let mut words: Vec<String> = options
            .into_iter()
            .flat_map(|(name, value)| option(name, value))
            .collect();
        let flags = [
            (self.without_export, "--without-export"),
            (self.yes, "--yes"),
            (self.dry_run, "--dry-run"),
        ];
        let flags = flags.iter().filter(|(is_given, _)| *is_given);
        words.extend(flags.map(|(_, flag)| (*flag).to_owned()));
        words.extend(format_words(self.format));
        words
    }
}

impl StreamImportArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![self.file.to_string_lossy().into_owned()];
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
        Purge(StreamPurgeArguments),
        Import(StreamImportArguments),
    }

    #[test]
    fn what_was_given_is_handed_on_and_nothing_else() {
        for line in [
            "archive a/1 b/2 --tenant 3 --reason over --format json",
            "archive a/1",
            "restore a/1 --tenant 3 --format json",
            "list",
            "list --type a --tenant 3 --show 5 --format json",
            "purge --older-than 90d --type a --tenant 3 --export b.jsonl --reason over --applied-by boot --format json",
            "purge --before 2026-08-30T00:00:00Z --without-export --yes",
            "purge --before 2026-08-30T00:00:00Z --dry-run",
            "import b.jsonl --format json",
        ] {
            let words = ["x"].into_iter().chain(line.split_whitespace());
            let handed_on = Line::try_parse_from(words).map(|parsed| match parsed {
                Line::Archive(arguments) => arguments.words(),
                Line::Restore(arguments) => arguments.words(),
                Line::List(arguments) => arguments.words(),
                Line::Purge(arguments) => arguments.words(),
                Line::Import(arguments) => arguments.words(),
            });
            let expected: Vec<&str> = line.split_whitespace().skip(1).collect();
            assert_eq!(handed_on.unwrap_or_default(), expected, "{line}");
        }
        for line in [
            "archive",
            "restore --tenant 3",
            "purge --without-export",
            "purge --older-than 90d",
            "purge --older-than 90d --before 2026-08-30T00:00:00Z --dry-run",
            "purge --older-than 90d --export b.jsonl --without-export",
            "purge --older-than 90d --export b.jsonl --yes",
            "import",
        ] {
            let words = ["x"].into_iter().chain(line.split_whitespace());
            assert!(Line::try_parse_from(words).is_err(), "{line}");
        }
    }
}
