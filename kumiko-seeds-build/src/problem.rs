use std::fmt;
use std::path::{Path, PathBuf};

use crate::one_line::on_one_line;

/// One thing that is wrong with a seed file, with the folder of seeds or with the build script's call.
///
/// It displays as one line that says where, what, and what to do about it, for example
/// ``seeds/2026-05-20-fix-roles.rs:3: `run` is not async; write `pub async fn run(..)` ``.
/// Control characters and what else a file name may contain to deceive are shown escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    path: PathBuf,
    line: Option<usize>,
    message: String,
}

impl Problem {
    pub(crate) fn new(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line: None,
            message: message.into(),
        }
    }

    pub(crate) fn at_line(
        path: impl Into<PathBuf>,
        line: usize,
        message: impl Into<String>,
    ) -> Self {
        Self {
            line: Some(line),
            ..Self::new(path, message)
        }
    }

    /// The file or folder it is about: relative to the package if it came from [`compile`](crate::compile),
    /// below the folder as it was given if it came from [`scan`](crate::scan), and `build.rs` if the call
    /// itself is wrong.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The line in the file, counted from 1, where the problem has one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong and what to do about it, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.line {
            Some(line) => format!("{}:{line}", self.path.display()),
            None => self.path.display().to_string(),
        };
        // **Invariant:** a displayed problem has no line break. Each becomes one directive for Cargo, and a file
        // name with a line break in it must not be able to write a directive of its own.
        formatter.write_str(&on_one_line(&format!("{place}: {}", self.message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_place_and_message() {
        let problem = Problem::at_line("seeds/a.rs", 3, "wrong; right it");
        assert_eq!(problem.to_string(), "seeds/a.rs:3: wrong; right it");
        assert_eq!(
            Problem::new("seeds", "is a file").to_string(),
            "seeds: is a file"
        );
    }

    #[test]
    fn a_file_name_cannot_start_a_line_of_its_own() {
        let problem = Problem::new("seeds/a\ncargo::rustc-env=A=b.rs", "bad\r\nname");
        assert_eq!(
            problem.to_string(),
            "seeds/a\\ncargo::rustc-env=A=b.rs: bad\\r\\nname"
        );
    }
}
