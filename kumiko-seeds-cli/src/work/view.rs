//! What a worker did, as data. Pure.

use std::time::Duration;

use kumiko_seeds::{Error, FailedSeed, WorkReport, error_chain};
use serde::Serialize;

use crate::attended_run::{AppliedView, texts};

/// What a worker did.
#[derive(Clone, Debug, Serialize)]
pub struct WorkView<'a> {
    /// The version of this form.
    pub version: u32,
    /// The seeds whose last step it did, in order.
    pub applied: Vec<AppliedView>,
    /// The seeds whose last step another process did meanwhile.
    pub applied_elsewhere: &'a [&'static str],
    /// The seeds that failed, and why.
    pub failed: Vec<FailedSeedView>,
    /// The seeds that are pending still.
    pub left: &'a [&'static str],
    /// Why it could not work at all, if it could not.
    pub error: Option<String>,
    /// Whether it was told to stop before all was done.
    pub stopped: bool,
    /// What a person should look at.
    pub warnings: Vec<String>,
    /// How long it took.
    pub duration_ms: u128,
}

/// A seed that failed in the background.
#[derive(Clone, Debug, Serialize)]
pub struct FailedSeedView {
    /// The seed.
    pub id: &'static str,
    /// Why, with all causes.
    pub error: String,
}

impl<'a> WorkView<'a> {
    /// Whether there was something to do, which was done or failed.
    pub(super) fn is_news(&self) -> bool {
        self.error.is_some() || !self.failed.is_empty() || !self.applied.is_empty()
    }

    /// What a worker did in so long.
    #[must_use]
    pub fn of(report: &'a WorkReport, took: Duration) -> Self {
        Self {
            version: 1,
            applied: report.applied.iter().map(AppliedView::of).collect(),
            applied_elsewhere: &report.applied_elsewhere,
            failed: report.failed.iter().map(FailedSeedView::of).collect(),
            left: &report.left,
            error: report.error.as_ref().map(in_a_line),
            stopped: report.is_stopped,
            warnings: texts(&report.warnings),
            duration_ms: took.as_millis(),
        }
    }
}

impl FailedSeedView {
    pub(crate) fn of(seed: &FailedSeed) -> Self {
        Self {
            id: seed.id,
            error: in_a_line(&seed.error),
        }
    }
}

/// An error with all its causes.
pub(crate) fn in_a_line(error: &Error) -> String {
    error_chain(error).join(": ")
}
