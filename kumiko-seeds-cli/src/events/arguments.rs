//! The arguments of the commands on events.

use clap::Args;
use kumiko_seeds::AppliedBy;

use crate::arguments::{Format, format_words};
use crate::database::DatabaseArguments;

/// The arguments of `event:replay`.
#[derive(Clone, Debug, Default, Args)]
pub struct EventReplayArguments {
    /// The reactor
    #[arg(value_name = "REACTOR")]
    pub(super) reactor: String,
    /// Events that were appended then or later: 2026-05-20, which is its midnight in UTC, or 2026-05-20T09:30:00Z
    #[arg(long, value_name = "MOMENT")]
    pub(super) from: Option<String>,
    /// Events that were appended before then
    #[arg(long, value_name = "MOMENT")]
    pub(super) until: Option<String>,
    /// Events of this aggregate type alone
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) aggregate_type: Option<String>,
    /// Events of this type alone
    #[arg(long = "event", value_name = "TYPE")]
    pub(super) event_type: Option<String>,
    /// Events of this tenant's streams alone
    #[arg(long, value_name = "ID")]
    pub(super) tenant: Option<String>,
    /// Events of this stream alone, as in account/0198f0a1-0000-7000-8000-000000000001
    #[arg(long, value_name = "TYPE/ID")]
    pub(super) stream: Option<String>,
    /// Why; the ledger keeps it
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Set events aside at which the reactor fails, and go on without them; a later replay that delivers them takes them back
    #[arg(long)]
    pub(super) quarantine: bool,
    /// Count the events and list those that are set aside, and deliver none
    #[arg(long, conflicts_with_all = ["quarantine", "reason", "applied_by"])]
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

impl EventReplayArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![self.reactor.clone()];
        for (name, value) in [
            ("--from", &self.from),
            ("--until", &self.until),
            ("--type", &self.aggregate_type),
            ("--event", &self.event_type),
            ("--tenant", &self.tenant),
            ("--stream", &self.stream),
            ("--reason", &self.reason),
        ] {
            if let Some(value) = value {
                words.extend([name.to_owned(), value.clone()]);
            }
        }
        let flags = [
            (self.quarantine, "--quarantine"),
            (self.dry_run, "--dry-run"),
        ];
        let given = flags.iter().filter(|(is_given, _)| *is_given);
        words.extend(given.map(|(_, flag)| (*flag).to_owned()));
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
    struct Line {
        #[command(flatten)]
        arguments: EventReplayArguments,
    }

    #[test]
    fn what_was_given_is_handed_on_and_nothing_else() {
        for line in [
            "mail",
            "mail --from 2026-01-01 --until 2026-01-02 --type a --event b --tenant c --stream a/d --reason e --quarantine \
             --applied-by boot --format json",
            "mail --dry-run",
        ] {
            let words: Vec<&str> = line.split_whitespace().collect();
            let parsed = Line::try_parse_from(["x"].iter().chain(&words));
            let handed_on = parsed.map(|line| line.arguments.words());
            assert_eq!(handed_on.unwrap_or_default(), words, "{line}");
        }
        for line in ["", "mail --dry-run --quarantine", "mail other"] {
            let words = ["x"].into_iter().chain(line.split_whitespace());
            assert!(Line::try_parse_from(words).is_err(), "{line}");
        }
    }
}
