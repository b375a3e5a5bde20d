//! What a worker did beside the running app.

use crate::Error;
use crate::report::{Applied, Warning};

/// What [`SeedRunner::work`](crate::SeedRunner::work) did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct WorkReport {
    /// The seeds whose last step this worker did, in order.
    pub applied: Vec<Applied>,
    /// The seeds whose last step another worker did meanwhile.
    pub applied_elsewhere: Vec<&'static str>,
    /// The seeds that failed, and why. They stay pending.
    pub failed: Vec<FailedSeed>,
    /// The seeds that are pending still: they wait for one that failed or was cancelled, are cancelled themselves, or the
    /// worker was told to stop.
    pub left: Vec<&'static str>,
    /// Why it could not work at all, if it could not: a right that the role lacks, for example.
    pub error: Option<Error>,
    /// Whether it was told to stop before all was done.
    pub is_stopped: bool,
    /// What a person should look at.
    pub warnings: Vec<Warning>,
}

/// A seed that failed in the background.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedSeed {
    /// The seed.
    pub id: &'static str,
    /// Why.
    pub error: Error,
}
