//! What is known of a transaction until it is known how it ended.

use crate::backend::{Backend, Ended, Fault};
use crate::journal::Journal;
use crate::{Error, Remains};

/// A transaction that has the lock, for as long as nobody knows how it ended.
pub(crate) struct Open<DB: Backend> {
    pub(super) identity: DB::Identity,
    pub(crate) journal: Journal,
    /// Whether it is to be rolled back in any case, and the database knows.
    pub(super) is_forbidden: bool,
}

impl<DB: Backend> Open<DB> {
    pub(super) fn new(identity: DB::Identity) -> Self {
        Self {
            identity,
            journal: Journal::default(),
            is_forbidden: false,
        }
    }

    /// What to say of a failure with `error` after somebody else had ended the transaction.
    pub(super) fn not_undone(
        &self,
        seed: Option<&'static str>,
        ended: Ended,
        error: Error,
    ) -> Error {
        let fault = error.driver().map(DB::fault);
        let is_noticed = fault == Some(Fault::TransactionEnded);
        let remains = match ended {
            // The database itself may have rolled back, because of that error.
            Ended::Undone if !is_noticed => return error,
            Ended::Refused | Ended::Undone => Remains::Nothing,
            Ended::RolledBack if self.is_forbidden && fault == Some(Fault::CommitForbidden) => {
                Remains::Nothing
            }
            Ended::RolledBack => Remains::After,
            Ended::Committed if self.is_forbidden => Remains::BeforeInDryRun,
            Ended::Committed => Remains::Before {
                events: self.journal.count(),
            },
        };
        Error::TransactionEnded {
            id: seed.or(error.seed()),
            remains,
            source: (!is_noticed).then(|| Box::new(error)),
        }
    }
}

/// A seed that has run and whose commit was not answered with success. The request or the answer may
/// have been lost on the way, and only the database knows which.
pub(crate) struct Doubt {
    pub(super) id: &'static str,
    /// What came instead of an answer.
    pub(super) source: sqlx::Error,
}

impl Doubt {
    /// The error of a run that could not find out, because of `reason`.
    pub(crate) fn unresolved(self, reason: Error) -> Error {
        Error::CommitUnanswered {
            id: self.id,
            source: self.source,
            reason: Box::new(reason),
        }
    }
}
