//! What a person asks of a seed that is under way. Pure.

use kumiko_seeds::{Environment, History, SkipFlags, Status, Steering};

use super::arguments::{CancelArguments, RetryArguments, SteeringArguments};
use crate::app_seeds::{AppSeeds, SeedSource, nameable};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::operation_id::{is_operation, is_rebuild};

/// What a person asks of a seed that is under way.
#[derive(Clone, Debug)]
pub struct SteeringRequest {
    pub(super) arguments: SteeringArguments,
    pub(super) verb: Verb,
    /// Whether it was said beforehand that this is meant.
    pub(super) is_confirmed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Pause,
    Resume,
    Cancel,
    Retry,
    Continue,
    Restart,
}

impl SteeringRequest {
    /// `seed:pause`.
    #[must_use]
    pub fn pause(arguments: SteeringArguments) -> Self {
        Self::harmless(arguments, Verb::Pause)
    }

    /// `seed:resume`.
    #[must_use]
    pub fn resume(arguments: SteeringArguments) -> Self {
        Self::harmless(arguments, Verb::Resume)
    }

    /// `seed:cancel`.
    #[must_use]
    pub fn cancel(arguments: CancelArguments) -> Self {
        Self {
            arguments: arguments.steering,
            verb: Verb::Cancel,
            is_confirmed: arguments.yes,
        }
    }

    /// `seed:retry`, with what it was given.
    #[must_use]
    pub fn retry(arguments: RetryArguments) -> Self {
        let verb = match (arguments.go_on, arguments.restart) {
            (true, _) => Verb::Continue,
            (_, true) => Verb::Restart,
            _ => Verb::Retry,
        };
        Self {
            arguments: arguments.steering,
            verb,
            is_confirmed: arguments.yes || verb != Verb::Restart,
        }
    }

    fn harmless(arguments: SteeringArguments, verb: Verb) -> Self {
        Self {
            arguments,
            verb,
            is_confirmed: true,
        }
    }

    /// The arguments that every command of this kind has.
    #[must_use]
    pub fn arguments(&self) -> &SteeringArguments {
        &self.arguments
    }

    /// The same request on the command line, for the seed as it was given.
    #[must_use]
    pub fn line(&self, invocation: &Invocation) -> String {
        self.line_of(&self.arguments.id, invocation)
    }

    pub(super) fn line_of(&self, id: &str, invocation: &Invocation) -> String {
        let words: &[&str] = match self.verb {
            Verb::Continue => &[id, "--continue"],
            Verb::Restart => &[id, "--restart"],
            _ => &[id],
        };
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        invocation.line(self.verb.command(), &words)
    }
}

impl Verb {
    fn command(self) -> &'static str {
        match self {
            Self::Pause => "seed:pause",
            Self::Resume => "seed:resume",
            Self::Cancel => "seed:cancel",
            Self::Retry | Self::Continue | Self::Restart => "seed:retry",
        }
    }

    /// The option that says so.
    fn option(self) -> &'static str {
        if self == Self::Restart {
            "restart"
        } else {
            "continue"
        }
    }

    /// What is so once it is done.
    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Pause => "paused",
            Self::Resume => "resumed",
            Self::Cancel => "cancelled",
            Self::Retry => "retrying",
            Self::Continue => "continuing",
            Self::Restart => "restarting",
        }
    }

    /// Whether its next step waits for somebody to do it.
    pub(super) fn lets_go_on(self) -> bool {
        !matches!(self, Self::Pause | Self::Cancel)
    }

    /// What the library does to the seed, of which the app has a source among these.
    pub(super) fn steering<'a>(
        self,
        id: &str,
        seeds: &'a AppSeeds,
    ) -> Result<Steering<'a>, Failure> {
        let info = || {
            let source = seeds.source_of(id).ok_or_else(|| {
                if is_operation(id) && !is_rebuild(id) {
                    return Failure::new(format!("{id} has no source that could be another one"))
                        .help("let it go on with seed:retry");
                }
                if is_rebuild(id) && seeds.knows_rebuilds() {
                    return Failure::new(format!(
                        "the app does not have what {id} is of, or has another version of it"
                    ))
                    .help("give it up with seed:cancel");
                }
                if is_rebuild(id) {
                    let line = format!("seed:retry {id} --{}", self.option());
                    return Failure::new(format!(
                        "{id} is of no file, and what it is of now is known to the app's own ops binary alone"
                    ))
                    .help(format!("ask that one:\n    cargo run --bin <ops binary> -- {line}"));
                }
                Failure::new(format!(
                    "the app does not have seed {id}, so there is no source to go on with"
                ))
                .help("bring its file back, or give the seed up with seed:cancel")
            });
            source.map(SeedSource::info)
        };
        Ok(match self {
            Self::Pause => Steering::Pause,
            Self::Resume => Steering::Resume,
            Self::Cancel => Steering::Cancel,
            Self::Retry => Steering::Retry,
            Self::Continue => Steering::Continue(info()?),
            Self::Restart => Steering::Restart(info()?),
        })
    }
}

/// The id of the seed that `given` names, among those of the app and those that the database knows.
pub(super) fn find(given: &str, seeds: &AppSeeds, history: &History) -> Result<String, Failure> {
    let status = Status::compare(
        seeds.infos(),
        history.clone(),
        &SkipFlags::default(),
        &Environment::Every,
    );
    let known = nameable(&status, given).into_iter();
    let known = known.map(|seed| seed.id.as_str());
    // One that is under way need not be applied, nor be the app's any more.
    let under_way = history.progress.iter().map(|seed| seed.id.as_str());
    let mut ids: Vec<&str> = known.chain(under_way).collect();
    ids.sort_unstable();
    ids.dedup();
    seeds.find_id(&ids, given).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        retry: RetryArguments,
    }

    fn retry(line: &str) -> Option<SteeringRequest> {
        let words = ["seed:retry"].into_iter().chain(line.split_whitespace());
        let parsed = Line::try_parse_from(words).ok()?;
        Some(SteeringRequest::retry(parsed.retry))
    }

    #[test]
    fn only_what_does_work_again_is_asked_about() {
        for (line, verb, is_confirmed) in [
            ("a", Verb::Retry, true),
            ("a --continue", Verb::Continue, true),
            ("a --restart", Verb::Restart, false),
            ("a --restart --yes", Verb::Restart, true),
        ] {
            let found = retry(line).map(|request| (request.verb, request.is_confirmed));
            assert_eq!(found, Some((verb, is_confirmed)), "{line}");
        }
        for line in [
            "",
            "a --restart --continue",
            "a --yes",
            "a --continue --yes",
        ] {
            assert!(retry(line).is_none(), "{line}");
        }
    }

    #[test]
    fn the_line_can_be_pasted() {
        let invocation = Invocation::new("./ops", " -d");
        let lines = ["a --restart", "a --continue", "a"].map(|line| {
            let request = retry(line);
            request.map(|request| request.line(&invocation))
        });
        let expected = [
            "./ops seed:retry a --restart -d",
            "./ops seed:retry a --continue -d",
            "./ops seed:retry a -d",
        ];
        assert_eq!(lines.map(Option::unwrap_or_default), expected);
    }
}
