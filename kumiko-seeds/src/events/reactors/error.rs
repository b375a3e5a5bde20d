//! What can go wrong when events are delivered again.

use super::Reactor;
use crate::events::{EventPlace, EventStoreError, ProjectionError};

/// Why events could not be delivered again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The app has no reactor of this name.
    #[error("there is no reactor {reactor:?}{}", those(.known))]
    Unknown {
        /// The name.
        reactor: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// What is registered beside the handlers is not as it should be.
    #[error("the reactors cannot be used: {}", .problems.join("; "))]
    Invalid {
        /// What is wrong, a sentence each.
        problems: Vec<String>,
    },
    /// The handlers append to an event store of another kind than the library's own, whose events cannot be enumerated.
    #[error(
        "the events are in an event store of the app's own, from which none can be delivered again"
    )]
    OtherEventStore,
    /// The reactor does not allow it.
    #[error(
        "the reactor {reactor:?} does not allow replays; if what it does may be done twice, say so where it is registered, with .replayable()"
    )]
    NotReplayable {
        /// The reactor.
        reactor: String,
    },
    /// The reactor takes no such events, so there would be nothing to deliver.
    #[error("the reactor {reactor:?} takes no such events{}", those(.taken))]
    NotTaken {
        /// The reactor.
        reactor: String,
        /// What it takes, aggregate type and event type.
        taken: Vec<String>,
    },
    /// The id of the operation does not say what it is about.
    #[error("{id:?} does not say which events are to be delivered again")]
    Unreadable {
        /// The id.
        id: String,
    },
    /// The reactor has failed with an event.
    #[error("the reactor {reactor:?} failed with {event}")]
    Failed {
        /// The reactor.
        reactor: String,
        /// The event.
        event: Box<EventPlace>,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The events could not be read.
    #[error("the events cannot be read")]
    Events {
        /// Why.
        #[from]
        source: EventStoreError,
    },
    /// Events that are set aside could not be read or written.
    #[error("what is set aside cannot be kept")]
    SetAside {
        /// Why.
        source: ProjectionError,
    },
    /// The database failed.
    #[error("could not {step}")]
    Database {
        /// What was being done.
        step: &'static str,
        /// The driver's error.
        source: sqlx::Error,
    },
}

impl ReplayError {
    pub(super) fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a Reactor>) -> Self {
        Self::Unknown {
            reactor: name.to_owned(),
            known: known.map(|reactor| reactor.name().to_owned()).collect(),
        }
    }

    pub(super) fn database(step: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { step, source }
    }
}

impl From<ReplayError> for crate::Error {
    fn from(error: ReplayError) -> Self {
        Self::Replay {
            source: Box::new(error),
        }
    }
}

fn those(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; there are {}", names.join(", "))
    }
}
