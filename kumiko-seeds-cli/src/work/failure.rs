//! What to say when background seeds are not all applied: why, and what to do about it. Pure.

use std::collections::BTreeSet;

#[cfg(feature = "events")]
use kumiko_seeds::events::{ProjectionError, ReplayError};
use kumiko_seeds::{Error, WorkReport, error_chain};

use crate::attended_run::{Signal, interrupted};
use crate::database::DatabaseUrl;
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::operation_id::{Again, asked_for, kind};
use crate::steering;

/// What was asked for, and what came of it in a line.
pub(crate) struct Asked<'a> {
    pub(crate) url: &'a DatabaseUrl,
    pub(crate) invocation: &'a Invocation,
    /// The command that goes on.
    pub(crate) again: String,
    pub(crate) summary: String,
}

impl Asked<'_> {
    /// The failure of a worker, which `signal` stopped if it was one; none if all is applied.
    pub(crate) fn failure(&self, report: &WorkReport, signal: Option<Signal>) -> Option<Failure> {
        let failed: Vec<(&str, &Error)> = report
            .failed
            .iter()
            .map(|seed| (seed.id, &seed.error))
            .collect();
        let signal = signal.filter(|_| report.is_stopped);
        match &report.error {
            Some(error) => Some(self.failure_at_once(error)),
            None => self.failure_of(&failed, &report.left, signal),
        }
    }

    /// The failure of a worker that could not work at all.
    fn failure_at_once(&self, error: &Error) -> Failure {
        let mut failure = self.url.failure(error);
        failure.help = failure
            .help
            .iter()
            .map(|help| self.invocation.as_called(help))
            .collect();
        failure.help.extend(steering::help(error, self.invocation));
        failure
    }

    fn failure_of(
        &self,
        failed: &[(&str, &Error)],
        left: &[&str],
        signal: Option<Signal>,
    ) -> Option<Failure> {
        let mut failure = match (signal, failed, left) {
            (None, [], []) => return None,
            (Some(signal), ..) => interrupted(signal),
            (None, [], left) => {
                let what = called(left.iter().copied());
                Failure::new(format!("{what} are left: {}", left.join(", ")))
            }
            (None, failed, _) => {
                let what = called(failed.iter().map(|(id, _)| *id));
                Failure::new(format!("{what} failed:{}", lines(failed)))
            }
        };
        match signal {
            None => failure.exit = Exit::NotApplied,
            Some(_) if !failed.is_empty() => {
                failure.notes.push(format!(
                    "{} failed:{}",
                    called(failed.iter().map(|(id, _)| *id)),
                    lines(failed)
                ));
            }
            Some(_) => {}
        }
        failure
            .notes
            .push(format!("what is done stays; {}", self.summary));
        for (id, error) in failed {
            for help in self.help(id, error) {
                if !failure.help.contains(&help) {
                    failure.help.push(help);
                }
            }
        }
        if signal.is_some() {
            let again = format!("go on from there:\n    {}", self.again);
            failure.help.push(again);
        } else if failed.is_empty() {
            let status = self.invocation.line("seed:status", &[]);
            failure.help.push(format!("see why:\n    {status}"));
        }
        Some(failure)
    }

    /// What to do about the error of a seed.
    fn help(&self, id: &str, error: &Error) -> Vec<String> {
        let mut help = self.failure_at_once(error).help;
        if !matches!(
            error,
            Error::OtherSourceUnderWay { .. } | Error::Paused { .. } | Error::Contested { .. }
        ) {
            let retry = self.invocation.line("seed:retry", &[id.to_owned()]);
            // A worker takes up by itself what is pending, but not what somebody has asked for.
            let then = asked_for(id).map_or_else(String::new, |again| {
                format!("\n    {}", again.line(self.invocation))
            });
            help.push(format!(
                "correct what failed, and let {id} go on where it was:\n    {retry}{then}"
            ));
        }
        if let Some(what) = with_events_that_fail(error)
            && let Some(again) = Again::of(id)
        {
            let without = again.with("--quarantine").line(self.invocation);
            help.push(format!(
                "or go on without the events that cannot be {what}:\n    {without}"
            ));
        }
        help
    }
}

/// What cannot be done with an event, if that is why it failed. A rebuild and a replay can go on without such events.
#[cfg(feature = "events")]
fn with_events_that_fail(error: &Error) -> Option<&'static str> {
    let Error::Seed { source, .. } = error else {
        return None;
    };
    if let Some(ProjectionError::Apply { .. }) = source.downcast_ref() {
        return Some("applied");
    }
    match source.downcast_ref() {
        Some(ReplayError::Failed { .. }) => Some("delivered"),
        _ => None,
    }
}

/// Without projections and reactors there are neither.
#[cfg(not(feature = "events"))]
fn with_events_that_fail(_: &Error) -> Option<&'static str> {
    None
}

/// What these are called together.
fn called<'a>(ids: impl Iterator<Item = &'a str>) -> &'static str {
    let kinds: BTreeSet<&str> = ids.map(kind).collect();
    match kinds.into_iter().collect::<Vec<_>>()[..] {
        [] | ["seed"] => "seeds",
        ["rebuild"] => "rebuilds",
        ["rebuild", "seed"] => "seeds and rebuilds",
        _ => "operations",
    }
}

fn lines(failed: &[(&str, &Error)]) -> String {
    let lines = failed.iter().map(|(id, error)| {
        let error = error_chain(*error).join(": ");
        format!("\n  {id}: {error}")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(failed: &[(&str, &Error)], left: &[&str], signal: Option<Signal>) -> String {
        let Ok(url) = DatabaseUrl::read("sqlite:app.db", "DATABASE_URL") else {
            unreachable!()
        };
        let invocation = Invocation::new("./ops", "");
        let asked = Asked {
            url: &url,
            invocation: &invocation,
            again: "./ops seed:work".to_owned(),
            summary: "1 applied in 5ms".to_owned(),
        };
        let failure = asked.failure_of(failed, left, signal);
        failure.map_or_else(String::new, |failure| {
            format!("exit {}\n{failure}", failure.exit.code())
        })
    }

    fn failed(id: &'static str) -> Error {
        Error::Seed {
            id,
            source: "no such member".into(),
        }
    }

    #[test]
    fn all_that_is_applied_is_no_failure() {
        assert_eq!(shown(&[], &[], None), "");
    }

    #[test]
    fn each_seed_that_failed_is_told_with_how_it_goes_on() {
        let (one, other) = (
            failed("a"),
            Error::OtherSourceUnderWay {
                id: "b".to_owned(),
                done: 3,
            },
        );
        assert_eq!(
            shown(&[("a", &one), ("b", &other)], &["c"], None),
            "\
exit 1
error: seeds failed:
  a: seed a failed: no such member
  b: seed b is under way with another source text than this binary's (3 items are done)
note: what is done stays; 1 applied in 5ms
help: correct what failed, and let a go on where it was:
    ./ops seed:retry a
help: let this source go on where the other one was:
    ./ops seed:retry b --continue
help: or let it begin anew, which may do again what is done:
    ./ops seed:retry b --restart
"
        );
    }

    #[test]
    fn what_is_no_seed_is_called_none_and_goes_on_with_its_own_command() {
        let asked_for = failed("projection-rebuild/members/2/1");
        assert_eq!(
            shown(&[("projection-rebuild/members/2/1", &asked_for)], &[], None),
            "\
exit 1
error: rebuilds failed:
  projection-rebuild/members/2/1: projection-rebuild/members/2/1 failed: no such member
note: what is done stays; 1 applied in 5ms
help: correct what failed, and let projection-rebuild/members/2/1 go on where it was:
    ./ops seed:retry projection-rebuild/members/2/1
    ./ops projection:rebuild members
"
        );
        let left = shown(&[], &["b", "projection-rebuild/members/2"], None);
        assert!(
            left.contains("error: seeds and rebuilds are left: b, "),
            "{left}"
        );
    }

    #[test]
    fn what_is_left_is_told() {
        assert_eq!(
            shown(&[], &["b", "c"], None),
            "\
exit 1
error: seeds are left: b, c
note: what is done stays; 1 applied in 5ms
help: see why:
    ./ops seed:status
"
        );
    }

    #[test]
    fn a_signal_is_told_before_all() {
        assert_eq!(
            shown(&[("a", &failed("a"))], &["b"], Some(Signal::Interrupt)),
            "\
exit 130
error: interrupted by SIGINT (Ctrl-C)
note: seeds failed:
  a: seed a failed: no such member
note: what is done stays; 1 applied in 5ms
help: correct what failed, and let a go on where it was:
    ./ops seed:retry a
help: go on from there:
    ./ops seed:work
"
        );
    }
}
