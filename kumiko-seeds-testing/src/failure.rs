//! What went wrong, why, and what to do about it.

use std::fmt;

/// An error as the user reads it: what failed, the causes below it, and what to do next.
#[derive(Debug)]
pub struct Failure {
    message: String,
    causes: Vec<String>,
    help: Vec<String>,
}

impl Failure {
    /// A failure of which only the message is known so far.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Adds what made it fail, outermost cause first.
    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds what the user can do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// What failed and what made it fail, on one line.
    #[cfg(all(unix, feature = "postgres"))]
    pub(crate) fn chain(&self) -> String {
        let causes = self.causes.iter().map(|cause| cause.trim_end());
        let texts: Vec<&str> = [&*self.message].into_iter().chain(causes).collect();
        texts.join(": ")
    }

    /// What the user can do next.
    #[cfg(all(unix, feature = "postgres"))]
    pub(crate) fn remedy(&self) -> Option<String> {
        (!self.help.is_empty()).then(|| self.help.join("\nhelp: "))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.message)?;
        for cause in &self.causes {
            write!(formatter, "\ncaused by: {}", cause.trim_end())?;
        }
        for help in &self.help {
            write!(formatter, "\nhelp: {help}")?;
        }
        Ok(())
    }
}
