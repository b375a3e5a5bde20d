//! Who commits on a connection to SQLite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use sqlx::sqlite::SqliteConnection;

use crate::backend::Ended;

/// Where the transaction of the lock stands, as SQLite itself says by calling us.
///
/// **Invariant:** nothing is committed on the connection but by the runner. SQLite asks before each commit,
/// also before that of a single statement outside of a transaction, and undoes what is refused.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Watched(Arc<AtomicU8>);

const OPEN: u8 = 0;
/// The runner is about to commit.
const COMMITTING: u8 = 1;
/// SQLite commits for the runner.
const COMMITTED: u8 = 2;
/// Somebody else tried to commit.
const REFUSED: u8 = 3;
/// Somebody else has rolled back, or SQLite has, because of an error.
const UNDONE: u8 = 4;
/// Nobody watches it: a transaction of the app's own, on a connection whose hooks are the app's.
const UNWATCHED: u8 = 5;

impl Watched {
    pub(super) async fn of(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let watched = Self(Arc::new(AtomicU8::new(OPEN)));
        let mut handle = connection.lock_handle().await?;
        let Self(state) = watched.clone();
        handle.set_commit_hook(move || {
            let is_allowed = state.load(Ordering::Acquire) == COMMITTING;
            let next = if is_allowed { COMMITTED } else { REFUSED };
            state.store(next, Ordering::Release);
            is_allowed
        });
        let Self(state) = watched.clone();
        handle.set_rollback_hook(move || {
            // A failure to compare means that it is known already how the transaction ended.
            let _ = state.compare_exchange(OPEN, UNDONE, Ordering::AcqRel, Ordering::Acquire);
        });
        Ok(watched)
    }

    /// A transaction that nobody watches.
    #[cfg(feature = "events")]
    pub(crate) fn by_nobody() -> Self {
        Self(Arc::new(AtomicU8::new(UNWATCHED)))
    }

    /// Whether SQLite says how it ends.
    pub(super) fn is_watched(&self) -> bool {
        self.state() != UNWATCHED
    }

    /// Whether nobody has ended the transaction, nor tried to.
    pub(super) fn is_open(&self) -> bool {
        self.state() == OPEN
    }

    /// Says that the next commit is the runner's own. Does nothing if the transaction has ended.
    pub(super) fn allow_commit(&self) {
        let Self(state) = self;
        let _ = state.compare_exchange(OPEN, COMMITTING, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Whether SQLite has committed for the runner.
    pub(super) fn is_committed(&self) -> bool {
        self.state() == COMMITTED
    }

    /// How somebody else has ended the transaction, or tried to.
    pub(super) fn ended(&self) -> Option<Ended> {
        match self.state() {
            REFUSED => Some(Ended::Refused),
            UNDONE => Some(Ended::Undone),
            _ => None,
        }
    }

    fn state(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}
