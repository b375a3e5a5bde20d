//! Arguments as words again: to be handed on to another program, and to be shown for pasting. Pure.

use clap::ValueEnum;

use super::{ApplyArguments, DatabaseArguments, Format, VerifyArguments};

impl ApplyArguments {
    /// The arguments that were given, but for the database, whose URL may hold a password.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let flags = [
            (self.dry_run, "--dry-run"),
            (self.out_of_order, "--out-of-order"),
        ];
        let given = flags.into_iter().filter(|(given, _)| *given);
        let mut words: Vec<String> = given.map(|(_, flag)| flag.to_owned()).collect();
        let values = [
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
        words.extend(format_words(self.format));
        words
    }
}

impl VerifyArguments {
    /// The arguments that were given.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        format_words(self.format)
    }
}

fn format_words(format: Format) -> Vec<String> {
    let given = (format != Format::default()).then_some(format);
    given
        .and_then(|format| format.to_possible_value())
        .map_or_else(Vec::new, |value| {
            vec!["--format".to_owned(), value.get_name().to_owned()]
        })
}

/// The arguments about the database, to be put behind a command that is shown to be pasted: without
/// them it would go to another database. Only a SQLite URL is shown, since it has no password.
#[must_use]
pub fn repeated_database(arguments: &DatabaseArguments) -> String {
    match &arguments.database_url {
        Some(url) if url.starts_with("sqlite:") => format!(" --database-url {}", shell_word(url)),
        Some(_) => " --database-url <URL>".to_owned(),
        None => String::new(),
    }
}

/// A text as one word of a shell.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::arguments::{Arguments, Command};

    #[test]
    fn what_was_given_is_handed_on_and_nothing_else() {
        for line in [
            "seed:apply",
            "seed:apply --dry-run --to 2026-01-01-a --format json",
            "seed:apply --out-of-order --only 2026-01-01-a --applied-by boot --lock-timeout 7",
        ] {
            let words = ["ops"].into_iter().chain(line.split(' '));
            let parsed = Arguments::try_parse_from(words).map(|parsed| parsed.command);
            let Ok(Command::Apply(arguments)) = parsed else {
                unreachable!("{parsed:?}");
            };
            let mut again = vec!["seed:apply".to_owned()];
            again.extend(arguments.words());
            assert_eq!(again.join(" "), line);
        }
    }

    #[test]
    fn a_seed_is_chosen_in_one_way_only() {
        for line in [
            "ops seed:apply --to a --only b",
            "ops seed:apply --out-of-order",
            "ops seed:apply --out-of-order --to a",
        ] {
            assert!(
                Arguments::try_parse_from(line.split(' ')).is_err(),
                "{line}"
            );
        }
    }
}
