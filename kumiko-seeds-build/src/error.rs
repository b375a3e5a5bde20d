use crate::{Problem, SeedFile};

/// Everything that is wrong with a folder of seeds, in the order of the file names.
///
/// It displays as one line per problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", one_per_line(.problems))]
#[non_exhaustive]
pub struct Error {
    problems: Vec<Problem>,
    readable_seeds: Vec<SeedFile>,
}

impl Error {
    pub(crate) fn new(problems: Vec<Problem>, readable_seeds: Vec<SeedFile>) -> Self {
        Self {
            problems,
            readable_seeds,
        }
    }

    /// All problems found; there is at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The seeds in which nothing is wrong, sorted by id, for a listing that shows what it can.
    #[must_use]
    pub fn readable_seeds(&self) -> &[SeedFile] {
        &self.readable_seeds
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::new(vec![problem], Vec::new())
    }
}

fn one_per_line(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
