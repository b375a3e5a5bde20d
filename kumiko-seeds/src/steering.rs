//! How people steer a seed of many steps that is under way.

use std::fmt;

use crate::backend::{Backend, Lock};
use crate::ledger::{self, Turned, lock_of};
use crate::observer::Observer;
use crate::under_lock::{Kept, Turn, UnderLock, Work};
use crate::{App, Error, Ledger, ProgressState, SeedInfo, SeedProgress};

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
        self.whose().check()?;
        let observer = Observer::default();
        let mut lock = self.under_lock(&observer);
        let steered = steer(&mut lock, self.whose(), id, &steering).await;
        lock.end().await;
        steered
    }
}

async fn steer<DB: Backend>(
    lock: &mut UnderLock<'_, DB>,
    app: &App,
    id: &str,
    steering: &Steering<'_>,
) -> Result<SeedProgress, Error> {
    let ledger_id = app.ledger_id(id);
    let is_under_way = |progress: Option<SeedProgress>| {
        progress.ok_or_else(|| Error::NotUnderWay { id: id.to_owned() })
    };
    lock.applied().await?;
    // Whoever is at work may change its state meanwhile, and then another look tells.
    loop {
        let progress = is_under_way(lock.progress(&ledger_id).await?)?;
        let from = progress.state;
        if !steering.applies_to(from) {
            return Err(Error::Steering {
                id: id.to_owned(),
                verb: steering.verb(),
                state: from,
            });
        }
        let turned = match steering {
            Steering::Pause => Turned::Into(ProgressState::Paused),
            Steering::Resume | Steering::Retry => Turned::Into(ProgressState::Running),
            Steering::Cancel => Turned::Into(ProgressState::Cancelled),
            Steering::Continue(seed) => Turned::Continued {
                source_hash: seed.source_hash.unwrap_or_default(),
            },
            Steering::Restart(seed) => Turned::Restarted {
                source_hash: seed.source_hash.unwrap_or_default(),
            },
        };
        let is_turned = match steering {
            Steering::Continue(_) | Steering::Restart(_) => {
                let mut work = BetweenSteps {
                    ledger_id: &ledger_id,
                    from,
                    turned,
                    is_turned: false,
                };
                lock.complete_work(&mut work).await?;
                work.is_turned
            }
            _ => lock.turn(&ledger_id, from, turned).await?,
        };
        if is_turned {
            return is_under_way(lock.progress(&ledger_id).await?);
        }
    }
}

/// A change that must not come in the middle of a step.
struct BetweenSteps<'a> {
    ledger_id: &'a str,
    from: ProgressState,
    turned: Turned<'a>,
    is_turned: bool,
}

impl<DB: Backend> Work<DB> for BetweenSteps<'_> {
    fn lock(&self) -> Lock {
        lock_of(self.ledger_id)
    }

    async fn perform(&mut self, turn: Turn<'_, DB>) -> Result<Kept, Error> {
        let turned = ledger::turn::<DB>(turn.connection, self.ledger_id, self.from, self.turned);
        self.is_turned = turned.await?;
        Ok(Kept::Changes)
    }
}
