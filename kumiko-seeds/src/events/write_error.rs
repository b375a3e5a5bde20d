//! Why a write failed.

use std::error::Error;

use uuid::Uuid;

use super::event_store_error::is_version_conflict;
use super::{EventStoreError, Stream, User};
use crate::WorkError;
use crate::causes::chain;

/// Why a write failed. In a seed it fails the seed, even if the seed goes on. [`WriteError::is_conflict`] tells whether another
/// writer was quicker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// No handler has this name.
    #[error("no write handler is registered as {handler:?}{}", did_you_mean(suggestion.as_deref()))]
    UnknownHandler {
        /// The name asked for.
        handler: String,
        /// The registered name that is most like it, if one is.
        suggestion: Option<String>,
    },
    /// Two handlers were registered under this name, and neither is called.
    #[error("two write handlers are registered as {handler:?}")]
    AmbiguousHandler {
        /// The name.
        handler: String,
    },
    /// The app's projections or upcasters contradict each other or themselves, so that nobody can tell what to apply.
    /// [`SeedRunner::verify`](crate::SeedRunner::verify) finds that without a write.
    #[error("nothing was written by {handler:?}, because of what the app has registered: {}", problems.join("; "))]
    Misconfigured {
        /// The handler.
        handler: String,
        /// What is wrong, each in a sentence.
        problems: Vec<String>,
    },
    /// The handler is open to other roles than the ones the write came with.
    #[error("access denied to {handler:?}: it is open to {}, and {}", required.join(", "), came_with(user, roles, required))]
    AccessDenied {
        /// The handler.
        handler: String,
        /// The id of the user on whose behalf it was called.
        user: String,
        /// The roles of which one is needed.
        required: Vec<String>,
        /// The roles the write came with.
        roles: Vec<String>,
    },
    /// There is no such tenant, as [`Handlers::known_tenants`](super::Handlers::known_tenants) asked to be found out.
    #[error("nothing was written by {handler:?}, because there is no tenant {tenant_id}")]
    UnknownTenant {
        /// The handler.
        handler: String,
        /// The tenant that was to be written in.
        tenant_id: Uuid,
    },
    /// Whether there is such a tenant could not be found out.
    #[error("could not look for the tenant of the write to {handler:?}")]
    TenantsUnread {
        /// The handler.
        handler: String,
        /// The error of the lookups.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The payload does not fit the handler's type, or is not JSON at all.
    #[error("the payload does not fit {handler:?}")]
    Payload {
        /// The handler.
        handler: String,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// The handler itself failed.
    #[error("write handler {handler:?} failed")]
    Handler {
        /// The handler.
        handler: String,
        /// Its error, as it returned it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// One write of a batch failed.
    #[error("write {position} of the batch to {handler:?} failed")]
    InBatch {
        /// The handler.
        handler: String,
        /// Which of the batch's payloads it was, counted from 1. Where events could not be appended, it
        /// may have been one before.
        position: u64,
        /// Why.
        source: Box<WriteError>,
    },
    /// Events could not be appended, and the handler does not say so: it went on after the error, or was told before the database
    /// was asked, as for the last events of a batch.
    #[error("the events of {handler:?} could not be appended")]
    Append {
        /// The handler.
        handler: String,
        /// Why.
        source: EventStoreError,
    },
    /// An earlier write of the seed failed, or was never awaited, and nothing is written after that.
    #[error("nothing was written by {handler:?}, because {earlier}")]
    EarlierFailure {
        /// The handler.
        handler: String,
        /// What happened earlier.
        earlier: String,
    },
    /// The transaction of the write was ended by a COMMIT or ROLLBACK that was nobody's to send: the handler's own, or one in
    /// the transaction that the app gave. What was committed by it stays; the library has written nothing after it.
    #[error(
        "the transaction of the write to {handler:?} was ended before, by a COMMIT or ROLLBACK"
    )]
    TransactionEnded {
        /// The handler.
        handler: String,
    },
    /// The database refused to commit, because of what it checks then, or lost the connection before it did. It has rolled back.
    #[error("the write to {handler:?} was not committed")]
    NotCommitted {
        /// The handler.
        handler: String,
        /// The driver's error.
        source: sqlx::Error,
    },
    /// The answer to the commit was lost, and the database could not be asked, so that nobody knows whether the write is
    /// committed. Events with an
    /// [idempotency key](super::NewEvent::idempotency_key) can be written again without harm.
    #[error(
        "whether the write to {handler:?} is committed is not known, because the answer was lost"
    )]
    CommitUnanswered {
        /// The handler.
        handler: String,
        /// The driver's error.
        source: sqlx::Error,
    },
    /// The database failed before the handler was called.
    #[error("could not prepare the write to {handler:?}")]
    Database {
        /// The handler.
        handler: String,
        /// The driver's error.
        source: sqlx::Error,
    },
}

impl WriteError {
    /// Whether the write failed because another writer appended to its stream first. Such a write may well succeed if it is made
    /// again, from reading the stream on.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        chain(self).any(is_version_conflict)
    }

    /// The handler's own error, if the handler failed with one of this type.
    ///
    /// ```
    /// # use kumiko_seeds::events::WriteError;
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("the tenant is suspended")]
    /// struct Suspended;
    ///
    /// fn status(error: &WriteError) -> u16 {
    ///     match error {
    ///         WriteError::AccessDenied { .. } => 403,
    ///         error if error.of_handler::<Suspended>().is_some() => 402,
    ///         error if error.is_conflict() => 409,
    ///         _ => 500,
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn of_handler<E: Error + 'static>(&self) -> Option<&E> {
        match self {
            Self::Handler { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }

    /// The stream and the version that a writer expected who was too late.
    pub(super) fn expected(&self) -> Option<(Stream, i32)> {
        chain(self).find_map(|error| match error.downcast_ref() {
            Some(EventStoreError::VersionConflict {
                stream, expected, ..
            }) => Some((stream.clone(), *expected)),
            _ => None,
        })
    }

    /// The driver's error, if that is what it comes from.
    pub(super) fn driver(&self) -> Option<&sqlx::Error> {
        chain(self).find_map(<dyn Error>::downcast_ref)
    }

    pub(super) fn payload(handler: &str, source: serde_json::Error) -> Self {
        Self::Payload {
            handler: handler.to_owned(),
            source,
        }
    }

    pub(super) fn append(handler: &str, source: EventStoreError) -> Self {
        Self::Append {
            handler: handler.to_owned(),
            source,
        }
    }

    pub(super) fn database(handler: &str, source: sqlx::Error) -> Self {
        Self::Database {
            handler: handler.to_owned(),
            source,
        }
    }

    /// A write that was refused before its handler was called.
    pub(super) fn not_begun(handler: &str, source: WorkError) -> Self {
        let handler = handler.to_owned();
        match source {
            WorkError::EarlierFailure { earlier, .. } => Self::EarlierFailure { handler, earlier },
            WorkError::TransactionEnded => Self::TransactionEnded { handler },
            WorkError::Database { source } => Self::Database { handler, source },
        }
    }
}

fn came_with(user: &str, roles: &[String], required: &[String]) -> String {
    let roles = match roles {
        [] => "no roles".to_owned(),
        roles => roles.join(", "),
    };
    if user == User::system().id {
        let role = required.first().map_or("", String::as_str);
        format!("the system user came with {roles}; add `.with_roles([{role:?}])`")
    } else {
        format!("the user came with {roles}")
    }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}
