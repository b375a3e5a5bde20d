//! What to say when a run did not do all in many databases. Pure.

use kumiko_seeds::Error;

use super::each::{Failed, Outcome};
use super::each_view::{ApplyEachView, OutcomeView};
use crate::attended_run::{Signal, interrupted};
use crate::failure::{Exit, Failure};
use crate::printing::counted;

/// The failure of a run, which `signal` stopped if it was one; none if all targets are as they should be. `again` is the command
/// that goes on.
pub(super) fn failure(
    outcomes: &[Outcome],
    view: &ApplyEachView<'_>,
    again: &str,
    signal: Option<Signal>,
) -> Option<Failure> {
    let [failed, stopped, left] = [
        OutcomeView::Failed,
        OutcomeView::Stopped,
        OutcomeView::NotAttempted,
    ]
    .map(|outcome| view.count(outcome));
    let mut failure = match signal {
        Some(signal) if stopped + left > 0 => interrupted(signal),
        _ if failed == 0 => return None,
        _ => {
            let targets = counted(view.targets.len(), "target");
            Failure::new(format!("{failed} of {targets} failed"))
        }
    };
    if failed > 0 && signal.is_none() {
        failure.exit = Exit::NotApplied;
    }
    if left > 0 && signal.is_none() {
        failure
            .notes
            .push("the canary failed, so no other target was touched".to_owned());
    } else {
        failure
            .notes
            .push("what is applied stays applied; the others are as they were".to_owned());
    }
    let mut errors = outcomes.iter().filter_map(error_of);
    failure.help.extend(errors.find_map(Error::remedy));
    let what = if failed > 0 {
        "correct what failed and run this again; it goes on where something is pending"
    } else {
        "go on from there"
    };
    failure.help.push(format!("{what}:\n    {again}"));
    Some(failure)
}

fn error_of(outcome: &Outcome) -> Option<&Error> {
    match &outcome.result {
        Some(Err(Failed::InForeground(stopped))) => Some(&stopped.error),
        Some(Err(Failed::InBackground { worked, .. })) => {
            let failed = worked.failed.first().map(|seed| &seed.error);
            worked.error.as_ref().or(failed)
        }
        _ => None,
    }
}
