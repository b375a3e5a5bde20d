//! What can be known of every seed without a database, as data. Pure.

use kumiko_seeds::{Backend, PreflightProblem, SeedRunner};
use serde::Serialize;

/// What was looked at, and the calls of write handlers that would fail.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyView {
    /// The version of this form.
    pub version: u32,
    /// How many seeds were looked at.
    pub seeds: usize,
    /// How many calls of write handlers are in them.
    pub handler_calls: usize,
    /// Those that would fail.
    pub problems: Vec<ProblemView>,
}

/// A call of a write handler that would fail.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemView {
    /// The seed.
    pub seed: &'static str,
    /// Its file.
    pub file: &'static str,
    /// The line in its file, counted from 1.
    pub line: u32,
    /// What is wrong with the call.
    pub message: String,
}

impl VerifyView {
    /// Looks at the seeds of a runner.
    #[must_use]
    pub fn of<DB: Backend>(runner: &SeedRunner<DB>) -> Self {
        let seeds = runner.seeds();
        let problems = runner.verify();
        Self {
            version: 1,
            seeds: seeds.len(),
            handler_calls: seeds.iter().map(|seed| seed.handler_calls.len()).sum(),
            problems: problems.into_iter().map(ProblemView::of).collect(),
        }
    }
}

impl ProblemView {
    fn of(problem: PreflightProblem) -> Self {
        Self {
            seed: problem.seed,
            file: problem.file,
            line: problem.line,
            message: problem.message,
        }
    }
}
