//! What to say when a run stopped: why, what stands, and which command comes next.

use std::time::Duration;

use kumiko_seeds::{ApplyError, Error, Remains, WorkReport};

use super::arguments::ApplyArguments;
use super::view::ReportView;
use crate::attended_run::{Signal, interrupted};
use crate::database::DatabaseUrl;
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::printing::seconds;
use crate::{steering, work};

/// What was asked for, and how.
pub(super) struct Asked {
    pub(super) arguments: ApplyArguments,
    pub(super) url: DatabaseUrl,
    pub(super) invocation: Invocation,
}

impl Asked {
    /// Tells whoever wants to know what a run did.
    pub(super) fn tell(&self, report: &ReportView<'_>) {
        if report.is_news() {
            self.arguments.notify.tell(report);
        }
    }

    /// The failure of a run that stopped, by `signal` if it was one that stopped it.
    pub(super) fn failure(
        &self,
        stopped: &ApplyError,
        took: Duration,
        signal: Option<Signal>,
    ) -> Failure {
        let mut failure = match (&stopped.error, signal) {
            (Error::Stopped, Some(signal)) => interrupted(signal),
            (error, _) => self.url.failure(error),
        };
        let help = std::mem::take(&mut failure.help);
        failure.help = help
            .iter()
            .map(|help| self.invocation.as_called(help))
            .collect();
        failure.notes.extend(self.notes(stopped, took));
        if is_of_seeds(&stopped.error) {
            failure.exit = Exit::NotApplied;
        }
        failure.help.extend(self.help(&stopped.error));
        failure.help.extend(stopped.skipping());
        failure
    }

    fn notes(&self, stopped: &ApplyError, took: Duration) -> Vec<String> {
        if matches!(
            stopped.error,
            Error::WouldReorder { .. }
                | Error::NotForEnvironment { .. }
                | Error::Renamed { .. }
                | Error::Contested { .. }
                | Error::Retired { .. }
        ) {
            return vec!["nothing was applied".to_owned()];
        }
        let mut notes = vec![stopped.summary()];
        let pending = stopped.not_attempted.len() + usize::from(stopped.seed.is_some());
        // A run that stopped before it compared the seeds knows of none.
        if pending > 0 && !self.arguments.dry_run {
            let applied = stopped.report.applied.len();
            let took = seconds(took);
            notes.push(format!(
                "{applied} applied, {pending} still to apply, in {took}"
            ));
        }
        notes
    }

    fn help(&self, error: &Error) -> Vec<String> {
        let again = self.again(&self.arguments);
        match error {
            Error::Seed { .. } | Error::Panicked { .. } | Error::Unfinished { .. } => {
                let kept = if self.arguments.dry_run {
                    "nothing was kept"
                } else {
                    "what was applied stays applied"
                };
                let correct = match error.remedy() {
                    Some(_) => "then run this again",
                    None => "correct the seed and run this again",
                };
                vec![format!("{correct}; {kept}:\n    {again}")]
            }
            Error::TransactionEnded { id, remains, .. } => {
                let without = "take the COMMIT or ROLLBACK out of it";
                match (id, remains) {
                    (_, Remains::Nothing) => {
                        vec![format!("{without} and run this again:\n    {again}")]
                    }
                    (Some(id), _) => {
                        let mark = self.invocation.line("seed:mark", &[(*id).to_owned()]);
                        vec![
                            format!(
                                "{without}, undo by hand what is left, and run this again:\n    {again}"
                            ),
                            format!(
                                "or complete by hand what it did not do, and mark it as applied:\n    \
                                 {mark}"
                            ),
                        ]
                    }
                    (None, _) => vec![format!(
                        "{without}, undo by hand what is left, and run this again:\n    {again}"
                    )],
                }
            }
            Error::CursorStands { .. } => {
                let mut help = steering::help(error, &self.invocation);
                help.push(format!("then run this again:\n    {again}"));
                help
            }
            Error::Preflight { .. } => vec![format!(
                "register the handler, or correct its name or its roles in the seed; then run this \
                 again:\n    {again}"
            )],
            Error::Stopped => vec![format!("go on from there:\n    {again}")],
            Error::WouldReorder { id, .. } => {
                let up_to = ApplyArguments {
                    to: Some(id.clone()),
                    only: None,
                    ..self.arguments.clone()
                };
                let out_of_order = ApplyArguments {
                    out_of_order: true,
                    ..self.arguments.clone()
                };
                vec![
                    format!("apply those too:\n    {}", self.again(&up_to)),
                    format!(
                        "or let it run before them, if none of them has to come first:\n    {}",
                        self.again(&out_of_order)
                    ),
                ]
            }
            _ => steering::help(error, &self.invocation),
        }
    }

    /// The failure of background seeds, which came after all others; `summary` says what came of all of them.
    pub(super) fn failure_in_background(
        &self,
        report: &WorkReport,
        summary: &str,
        signal: Option<Signal>,
    ) -> Option<Failure> {
        let asked = work::Asked {
            url: &self.url,
            invocation: &self.invocation,
            again: self.again(&self.arguments),
            summary: summary.to_owned(),
        };
        asked.failure(report, signal)
    }

    fn again(&self, arguments: &ApplyArguments) -> String {
        self.invocation.line("seed:apply", &arguments.words())
    }
}

/// The failure of a dry run that a signal stopped.
pub(super) fn of_dry_run_interrupted(signal: Signal) -> Failure {
    let mut failure = interrupted(signal);
    let note = "nothing was kept: a dry run is rolled back however it ends";
    failure.notes.push(note.to_owned());
    failure
}

/// Whether it is the seeds that somebody has to do something about.
fn is_of_seeds(error: &Error) -> bool {
    matches!(
        error,
        Error::Seed { .. }
            | Error::Panicked { .. }
            | Error::Unfinished { .. }
            | Error::TransactionEnded { .. }
            | Error::Preflight { .. }
            | Error::MigrationMissing { .. }
            | Error::Renamed { .. }
            | Error::Contested { .. }
            | Error::Retired { .. }
            | Error::HalfReplaced { .. }
            | Error::UnderWay { .. }
            | Error::OtherSourceUnderWay { .. }
            | Error::Paused { .. }
            | Error::CursorStands { .. }
    )
}
