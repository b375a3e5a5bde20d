//! Why a write failed.

use std::error::Error;

use super::EventStoreError;

/// Why a write failed. It fails the seed, even if the seed goes on.
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
    /// The handler is open to other roles than the ones the write came with.
    #[error(
        "access denied to {handler:?}: it is open to {}, and the system user came with {}; \
         add `.with_roles([{:?}])`",
        required.join(", "), roles.join(", "), required.first().map_or("", String::as_str)
    )]
    AccessDenied {
        /// The handler.
        handler: String,
        /// The roles of which one is needed.
        required: Vec<String>,
        /// The roles the write came with.
        roles: Vec<String>,
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
    /// The last events of a batch could not be appended.
    #[error("the events of the batch to {handler:?} could not be appended")]
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
    /// The database failed before the handler was called.
    #[error("could not prepare the write to {handler:?}")]
    Database {
        /// The handler.
        handler: String,
        /// The driver's error.
        source: sqlx::Error,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}
