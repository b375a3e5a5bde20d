//! A run that stopped.

use std::error::Error as StdError;
use std::fmt;

use crate::causes::causes;
use crate::error::{Error, Remains};
use crate::report::{Report, Warning};

/// A run that stopped: why, what it had done by then, and what it left alone.
///
/// Whatever the reason, the seeds in `report.applied` are committed with their markers, and the step
/// that failed left nothing behind (but see [`Error::TransactionEnded`]): starting again goes on
/// where this run stopped.
///
/// It debug-prints for people, with its causes, its [summary](ApplyError::summary) and the skip flags that had no
/// effect, because that is what a `main` that returns it shows.
#[non_exhaustive]
pub struct ApplyError {
    /// Why the run stopped.
    pub error: Error,
    /// The seed it stopped at, if it had begun with one.
    pub seed: Option<&'static str>,
    /// What it had done before.
    pub report: Report,
    /// The pending seeds after the one that failed, or all of them if it never came to one.
    pub not_attempted: Vec<&'static str>,
}

impl fmt::Display for ApplyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.error)
    }
}

impl fmt::Debug for ApplyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")?;
        for cause in causes(&self.error) {
            write!(formatter, "\ncaused by: {cause}")?;
        }
        write!(formatter, "\nnote: {}", self.summary())?;
        let warnings = self.report.warnings.iter();
        for flag in warnings.filter(|warning| warning.is_about_a_flag()) {
            write!(formatter, "\nnote: {flag}")?;
        }
        for help in self.error.remedy().into_iter().chain(self.skipping()) {
            write!(formatter, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

impl ApplyError {
    /// What is done, what is not, and whether it is safe to try again, in a sentence or two.
    #[must_use]
    pub fn summary(&self) -> String {
        let applied: Vec<_> = self.report.applied.iter().map(|seed| seed.id).collect();
        let retry = if let Error::Stopped = self.error {
            "nothing of it is kept, and the next run goes on there"
        } else if let Error::CommitUnanswered { .. } = self.error {
            "the next run looks whether that seed is applied before it runs it, so a retry is safe"
        } else if self.error.is_rolled_back() {
            "the failed step is rolled back, so a retry is safe"
        } else if let Error::TransactionEnded {
            remains: Remains::After,
            ..
        } = self.error
        {
            "a retry is not safe: it would do again what was written after the ROLLBACK"
        } else {
            "a retry is not safe: it would do again what is committed"
        };
        format!(
            "stopped at: {}; applied before: {}; not attempted: {}; {retry}",
            self.seed.unwrap_or("no seed"),
            list(&applied),
            list(&self.not_attempted)
        )
    }
}

impl ApplyError {
    /// How to leave the seed out at which the run stopped, for somebody who has tried to.
    #[must_use]
    pub fn skipping(&self) -> Option<String> {
        self.report.warnings.iter().find_map(|warning| match warning {
            Warning::FlagOnUnskippable { flag, id } if Some(*id) == self.seed => Some(format!(
                "to leave {id} out with {flag}=1, write `pub const SKIPPABLE: bool = true;` into it and build \
                 again; with KUMIKO_SKIP_ES_OPS=1 an app boots without any seed"
            )),
            _ => None,
        })
    }
}

/// That a run did not even begin.
impl From<Error> for Box<ApplyError> {
    fn from(error: Error) -> Self {
        Self::new(ApplyError {
            error,
            seed: None,
            report: Report::default(),
            not_attempted: Vec::new(),
        })
    }
}

impl StdError for ApplyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

fn list(ids: &[&str]) -> String {
    if ids.is_empty() {
        "none".to_owned()
    } else {
        ids.join(", ")
    }
}
