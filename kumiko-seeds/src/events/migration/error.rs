//! What can go wrong with a migration of streams.

use std::error::Error;
use std::fmt;

use crate::events::consumers::listed;
use crate::events::{Consumer, EventStoreError, Stream};
use crate::{Conflict, WorkError};

/// Why streams could not be migrated, or a migration not be undone. Nothing of the step is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// The `migrate` of the seed has failed.
    #[error("{} could not be migrated", Named(stream))]
    Refused {
        /// The old stream.
        stream: Box<Stream>,
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A new stream has events already, or is archived. Streams are not merged: an event that is there has its version.
    #[error(
        "{} was to become {}, and that one {what}",
        Named(stream),
        Named(target)
    )]
    TargetNotNew {
        /// The old stream.
        stream: Box<Stream>,
        /// The one that was to be new.
        target: Box<Stream>,
        /// What is in the way.
        what: &'static str,
    },
    /// The old stream was to become one of the same tenant and id, and is kept. Another aggregate type makes no other stream.
    #[error(
        "{} is kept, so what becomes of it has to have another tenant or another id; to write it anew where it stands, say \
         `Streams::in_place`",
        Named(stream)
    )]
    SameStream {
        /// The old stream.
        stream: Box<Stream>,
    },
    /// A stream that is written anew in place was to become another one.
    #[error(
        "{} is written anew in place, so it cannot become {}",
        Named(stream),
        Named(target)
    )]
    ElsewhereInPlace {
        /// The old stream.
        stream: Box<Stream>,
        /// What it was to become.
        target: Box<Stream>,
    },
    /// A stream that is archived was to get another aggregate type in place.
    #[error(
        "{} is archived, so its aggregate type cannot be changed; restore it first",
        Named(stream)
    )]
    ArchivedAsAnotherType {
        /// The stream.
        stream: Box<Stream>,
    },
    /// An event was to be made of one that is not in the old stream.
    #[error(
        "an event of {} was to be made of event {event_id}, which is not in it",
        Named(stream)
    )]
    ForeignEvent {
        /// The old stream.
        stream: Box<Stream>,
        /// [`StoredEvent::id`](crate::events::StoredEvent::id).
        event_id: i64,
    },
    /// Consumers have not read all events of the streams that are to be migrated.
    #[error(
        "{} not read the streams up to event {last}; wait until they have, disable those that nobody runs any more \
         (status `disabled` in kumiko_event_consumers), or say `Streams::even_if_unread`",
        listed(consumers)
    )]
    Unread {
        /// Those consumers.
        consumers: Vec<Consumer>,
        /// The last event of the streams.
        last: i64,
    },
    /// Somebody has been writing events for too long, and all writers have to be over for this.
    #[error(
        "events are being written by {holder}, and streams are changed where they stand only while nobody writes"
    )]
    WritersInTheWay {
        /// Who.
        holder: String,
        /// That it may go better the next time.
        source: Conflict,
    },
    /// A new stream is not as the migration has left it, so undoing it would lose events.
    #[error(
        "the migration by {seed} of {} cannot be undone, because {} {what}",
        Named(stream),
        Named(target)
    )]
    NotAsMigrated {
        /// The seed that was to be undone.
        seed: String,
        /// The old stream.
        stream: Box<Stream>,
        /// The new stream.
        target: Box<Stream>,
        /// How it differs.
        what: String,
    },
    /// Nothing says that the seed has migrated streams, or they are not there any more.
    #[error("there is nothing of {seed} to be undone: {what}")]
    NothingToUndo {
        /// The seed that was to be undone.
        seed: String,
        /// Why there is nothing.
        what: &'static str,
    },
    /// The last event of a migrated stream does not say where it went.
    #[error(
        "the last event of {} does not say where it went: {message}",
        Named(stream)
    )]
    NotClosed {
        /// The old stream.
        stream: Box<Stream>,
        /// What is wrong with it.
        message: String,
    },
    /// The runner was given no handlers, which know the projections.
    #[error("the runner has no handlers, which know the projections of the streams")]
    NoHandlers,
    /// The seed has failed before, or its transaction is over.
    #[error("the streams were not looked at")]
    NotBegun {
        /// Why.
        #[from]
        source: WorkError,
    },
    /// The ledger could not be asked whether the seed that is to be undone is applied.
    #[error("the ledger could not be read")]
    Ledger {
        /// Its error.
        #[from]
        source: crate::Error,
    },
    /// The event store failed.
    #[error("the streams could not be written")]
    Store {
        /// Its error.
        #[from]
        source: EventStoreError,
    },
}

impl From<sqlx::Error> for MigrationError {
    fn from(source: sqlx::Error) -> Self {
        EventStoreError::from(source).into()
    }
}

/// A stream in the words of an error.
struct Named<'a>(&'a Stream);

impl fmt::Display for Named<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stream {
            tenant_id,
            aggregate_type,
            aggregate_id,
        } = self.0;
        write!(
            formatter,
            "stream {aggregate_type} {aggregate_id} of tenant {tenant_id}"
        )
    }
}
