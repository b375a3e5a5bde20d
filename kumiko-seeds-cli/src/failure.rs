//! A command's failure: what happened, why, and what to do about it.

use std::error::Error as StdError;
use std::process::ExitCode;

use kumiko_seeds::error_chain;

/// What a command's exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: the command did what it was asked to.
    Fine,
    /// 1: a seed is not applied. It failed, or it would fail, or it is left, or it is pending and `--check` asks for that.
    NotApplied,
    /// 2: the command could not run.
    CouldNotRun,
    /// 3: a seed is missing, out of order or renamed, under `--check`.
    Drift,
    /// 130: somebody pressed Ctrl-C.
    Interrupted,
    /// 143: the process was told to end.
    Terminated,
}

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::NotApplied => 1,
            Self::CouldNotRun => 2,
            Self::Drift => 3,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command's failure, printed as `error:`, `caused by:` and `help:` lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// What the process exits with. The default is [`Exit::CouldNotRun`].
    pub exit: Exit,
    /// What happened.
    pub message: String,
    /// Why, from the nearest cause to the first.
    pub causes: Vec<String>,
    /// What stands as it is in spite of the failure.
    pub notes: Vec<String>,
    /// What to do next; each can be pasted or followed as it is.
    pub help: Vec<String>,
}

impl Failure {
    /// A failure without a cause.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::CouldNotRun,
            message: message.into(),
            causes: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Adds `error` and its own causes.
    #[must_use]
    pub fn caused_by(mut self, error: &(dyn StdError + 'static)) -> Self {
        self.causes.extend(error_chain(error));
        self
    }

    /// Adds a line that says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}
