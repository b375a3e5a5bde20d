//! The arguments of `seed:apply`.

use clap::Args;
use kumiko_seeds::{AppliedBy, Selection};

use super::migration_view::Payloads;
use crate::arguments::{EnvironmentArguments, Format, format_words};
use crate::attended_run::NotifyArguments;
use crate::database::DatabaseArguments;
use crate::targets::TargetsArguments;

/// The arguments of `seed:apply`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[derive(Clone, Debug, Args)]
pub struct ApplyArguments {
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArguments,
    /// Which databases, if it is not one.
    #[command(flatten)]
    pub targets: TargetsArguments,
    /// The target that comes first, and if it fails, no other is touched; the first of all if not given
    #[arg(long, value_name = "TARGET", requires = "targets")]
    pub(super) canary: Option<String>,
    /// In which environment.
    #[command(flatten)]
    pub(super) environment: EnvironmentArguments,
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
    /// Run what is pending and roll all of it back: which events it would append, and whether it works
    #[arg(long, conflicts_with = "targets")]
    pub(super) dry_run: bool,
    /// With --dry-run, show the payloads of the events that a migration of streams changes, whatever they hold
    #[arg(long, requires = "dry_run")]
    pub(super) payloads: bool,
    /// Apply what is pending up to and including this seed: its id, its name without the date, or its file
    #[arg(long, value_name = "SEED", conflicts_with = "only")]
    pub(super) to: Option<String>,
    /// Apply this seed alone, if no other is pending before it: its id, its name without the date, or its file
    #[arg(long, value_name = "SEED")]
    pub(super) only: Option<String>,
    /// With --only, apply the seed although others are pending before it
    #[arg(long, requires = "only", conflicts_with = "to")]
    pub(super) out_of_order: bool,
    /// Leave background seeds to the workers: the app's own, or seed:work
    #[arg(long, conflicts_with_all = ["to", "only", "dry_run"])]
    pub(super) foreground: bool,
    /// What to store as the cause: boot, cli or ci-pipeline; if not given, ci-pipeline where the
    /// variable CI is true, and cli elsewhere
    #[arg(long, value_name = "CAUSE")]
    pub(super) applied_by: Option<AppliedBy>,
    /// How long to wait for another process that is applying seeds; 300 if not given
    #[arg(long, value_name = "SECONDS")]
    pub(super) lock_timeout: Option<u64>,
    /// Whom to tell what came of it.
    #[command(flatten)]
    pub notify: NotifyArguments,
}

impl ApplyArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let flags = [
            (self.dry_run, "--dry-run"),
            (self.payloads, "--payloads"),
            (self.out_of_order, "--out-of-order"),
            (self.foreground, "--foreground"),
        ];
        let given = flags.into_iter().filter(|(given, _)| *given);
        let mut words = self.targets.words();
        words.extend(given.map(|(_, flag)| flag.to_owned()));
        let values = [
            ("--canary", self.canary.clone()),
            ("--to", self.to.clone()),
            ("--only", self.only.clone()),
            ("--applied-by", self.applied_by.map(|by| by.to_string())),
            (
                "--lock-timeout",
                self.lock_timeout.map(|seconds| seconds.to_string()),
            ),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                words.extend([name.to_owned(), value]);
            }
        }
        words.extend(self.notify.words());
        words.extend(self.environment.words());
        words.extend(format_words(self.format));
        words
    }

    pub(super) fn payloads(&self) -> Payloads {
        if self.payloads {
            Payloads::Shown
        } else {
            Payloads::Hidden
        }
    }

    /// Whether the background seeds are to follow the others: a person who names a seed wants that one.
    pub(super) fn does_background(&self) -> bool {
        !self.foreground && self.selection() == Selection::All
    }

    /// The seeds that `--to` or `--only` names, or all.
    pub(super) fn selection(&self) -> Selection {
        match (self.to.clone(), self.only.clone()) {
            (Some(id), _) => Selection::UpTo(id),
            (None, Some(id)) if self.out_of_order => Selection::OnlyOutOfOrder(id),
            (None, Some(id)) => Selection::Only(id),
            (None, None) => Selection::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        apply: ApplyArguments,
    }

    #[test]
    fn what_was_given_is_handed_on_and_nothing_else() {
        for line in [
            "",
            "--dry-run --payloads --to 2026-01-01-a --format json",
            "--foreground --lock-timeout 7",
            "--each-schema t_% --parallel 2 --canary t_1",
            "--databases tenants.txt --only 2026-01-01-a --notify cat>told",
            "--environment staging --format json",
            "--out-of-order --only 2026-01-01-a --applied-by boot --lock-timeout 7",
        ] {
            let words = ["seed:apply"].into_iter().chain(line.split_whitespace());
            let words = Line::try_parse_from(words).map(|parsed| parsed.apply.words().join(" "));
            assert_eq!(words.ok().as_deref(), Some(line));
        }
    }

    #[test]
    fn a_seed_is_chosen_in_one_way_only() {
        for line in [
            "seed:apply --to a --only b",
            "seed:apply --out-of-order",
            "seed:apply --out-of-order --to a",
            "seed:apply --foreground --to a",
            "seed:apply --payloads",
            "seed:apply --each-schema a --databases b",
            "seed:apply --database-url a --databases b",
            "seed:apply --each-schema a --dry-run",
            "seed:apply --canary a",
            "seed:apply --parallel 2",
        ] {
            assert!(Line::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
