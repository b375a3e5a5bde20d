//! What a run did in many databases, as data. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use kumiko_seeds::Error;
use serde::Serialize;

use super::each::{Done, Failed, Outcome};
use super::view::ReportView;
use crate::work::in_a_line;

/// What a run did in many databases.
#[derive(Clone, Debug, Serialize)]
pub struct ApplyEachView<'a> {
    /// The version of this form.
    pub version: u32,
    /// What came of each, in order.
    pub targets: Vec<TargetView<'a>>,
    /// How long it took.
    pub duration_ms: u128,
}

/// What a run did in one of many databases.
#[derive(Clone, Debug, Serialize)]
pub struct TargetView<'a> {
    /// The schema, or the URL without user, password and parameters.
    pub target: &'a str,
    /// What came of it.
    pub outcome: OutcomeView,
    /// Why it failed or was stopped, with all causes.
    pub error: Option<String>,
    /// What the run did, as for one database; none if it was not attempted.
    pub report: Option<ReportView<'a>>,
    /// How long it was worked on.
    pub duration_ms: u128,
}

/// What came of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeView {
    /// Something was applied, and nothing failed.
    Applied,
    /// Nothing was pending that this run was to apply.
    NothingPending,
    /// It failed, or it could not be reached.
    Failed,
    /// A signal stopped it.
    Stopped,
    /// The canary failed, or a signal came before.
    NotAttempted,
}

impl OutcomeView {
    /// What people read, and programs with a hyphen.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NothingPending => "nothing pending",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::NotAttempted => "not attempted",
        }
    }
}

impl<'a> ApplyEachView<'a> {
    /// What came of each target, in so long.
    pub(super) fn of(outcomes: &'a [Outcome], took: Duration) -> Self {
        Self {
            version: 1,
            targets: outcomes.iter().map(TargetView::of).collect(),
            duration_ms: took.as_millis(),
        }
    }

    /// How many targets came to this.
    pub(super) fn count(&self, came: OutcomeView) -> usize {
        let targets = self.targets.iter();
        targets.filter(|target| target.outcome == came).count()
    }

    /// What a person should look at, each text once, with the targets that it is about.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut targets_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for target in &self.targets {
            let warnings = target.report.iter().flat_map(|report| &report.warnings);
            for warning in warnings {
                targets_of.entry(warning).or_default().push(target.target);
            }
        }
        let about = |(warning, targets): (&str, Vec<&str>)| match targets.as_slice() {
            [] => warning.to_owned(),
            [target] => format!("{warning} (in {target})"),
            [first, others @ ..] => {
                format!("{warning} (in {first} and {} others)", others.len())
            }
        };
        targets_of.into_iter().map(about).collect()
    }
}

impl<'a> TargetView<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let duration = outcome.duration;
        let (came, error, report) = match &outcome.result {
            None => (OutcomeView::NotAttempted, None, None),
            Some(Ok(Done { report, worked })) => {
                let view = ReportView::of(report, duration);
                let view = match worked {
                    Some(worked) => view.and_in_background(worked),
                    None => view,
                };
                let is_idle = view.applied.is_empty() && view.applied_elsewhere.is_empty();
                let came = if is_idle {
                    OutcomeView::NothingPending
                } else {
                    OutcomeView::Applied
                };
                (came, None, Some(view))
            }
            Some(Err(Failed::InForeground(stopped))) => {
                let came = match stopped.error {
                    Error::Stopped => OutcomeView::Stopped,
                    _ => OutcomeView::Failed,
                };
                let view = ReportView::of_stopped(stopped, duration);
                (came, Some(in_a_line(&stopped.error)), Some(view))
            }
            Some(Err(Failed::InBackground { report, worked })) => {
                let view = ReportView::of(report, duration).and_in_background(worked);
                let came = if worked.is_stopped {
                    OutcomeView::Stopped
                } else {
                    OutcomeView::Failed
                };
                let failed = worked.failed.first().map(|seed| &seed.error);
                let error = worked.error.as_ref().or(failed).map(in_a_line);
                let left = || format!("left: {}", worked.left.join(", "));
                (came, Some(error.unwrap_or_else(left)), Some(view))
            }
        };
        Self {
            target: &outcome.name,
            outcome: came,
            error,
            report,
            duration_ms: duration.as_millis(),
        }
    }
}
