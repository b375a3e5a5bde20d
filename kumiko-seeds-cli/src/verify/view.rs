//! What can be known of every seed without a database, as data. Pure.

use kumiko_seeds::{Backend, PreflightProblem, SeedRunner};
use serde::Serialize;

/// What was looked at, and what would fail.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyView {
    /// The version of this form.
    pub version: u32,
    /// How many seeds were looked at.
    pub seeds: usize,
    /// How many calls of write handlers are in them.
    pub handler_calls: usize,
    /// Those that would fail, after what belongs to no seed.
    pub problems: Vec<ProblemView>,
}

/// A call of a write handler that would fail, or something wrong with what the app has registered, which is in no seed.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemView {
    /// The seed.
    pub seed: Option<&'static str>,
    /// Its file.
    pub file: Option<&'static str>,
    /// The line in its file, counted from 1.
    pub line: Option<u32>,
    /// What is wrong.
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
        let place = problem.place;
        Self {
            seed: place.map(|place| place.seed),
            file: place.map(|place| place.file),
            line: place.map(|place| place.line),
            message: problem.message,
        }
    }

    /// The problem on a line for people.
    pub(super) fn line_of_text(&self) -> String {
        match (self.file, self.line) {
            (Some(file), Some(line)) => format!("{file}:{line}: {}", self.message),
            _ => self.message.clone(),
        }
    }
}
