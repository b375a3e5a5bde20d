//! What can go wrong with a projection.

use std::fmt;

use uuid::Uuid;

use super::projection::NotApplied;
use crate::events::{EventStoreError, StoredEvent, Stream};

/// Why a projection could not be checked or rebuilt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// The app has no projection of this name.
    #[error("there is no projection {name:?}{}", those(.known))]
    Unknown {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The projections are not registered as they should be.
    #[error("the projections cannot be used: {}", .problems.join("; "))]
    Invalid {
        /// What is wrong, a sentence each.
        problems: Vec<String>,
    },
    /// The handlers append to an event store of another kind than the library's own, whose streams cannot be enumerated.
    #[error(
        "the events are in an event store of the app's own, from which projections cannot be rebuilt"
    )]
    OtherEventStore,
    /// A part of it was asked for, and its rows are computed from the events of several aggregates, or go live all at once.
    #[error("projection {projection:?} can be rebuilt as a whole only")]
    NoParts {
        /// The projection.
        projection: String,
    },
    /// There is no such table.
    #[error("there is no table {table:?}, which projection {projection:?} keeps")]
    TableMissing {
        /// The projection.
        projection: String,
        /// The table.
        table: String,
    },
    /// Rows without a key cannot be told apart.
    #[error(
        "table {table:?} of projection {projection:?} has no primary key, by which its rows are compared"
    )]
    NoPrimaryKey {
        /// The projection.
        projection: String,
        /// The table.
        table: String,
    },
    /// The table has no such column for ids of aggregates.
    #[error(
        "table {table:?} of projection {projection:?} has no column {column:?} of type uuid with the id of the aggregate"
    )]
    NoAggregateColumn {
        /// The projection.
        projection: String,
        /// The table.
        table: String,
        /// The column that the projection names.
        column: String,
    },
    /// `apply` has failed with an event.
    #[error("projection {projection:?} cannot apply {}", which(.event.as_deref(), *.events))]
    Apply {
        /// The projection.
        projection: String,
        /// The event, unless it was one of several that were applied at once.
        event: Option<Box<EventPlace>>,
        /// How many events were applied at once.
        events: usize,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// `apply` wrote to another table than it had declared, or named one with its schema.
    #[error(
        "projection {projection:?} writes to a table that it does not declare, or names one with its schema{}",
        table.as_ref().map(|table| format!(": {table}")).unwrap_or_default()
    )]
    WroteElsewhere {
        /// The projection.
        projection: String,
        /// The table, where it is known.
        table: Option<String>,
        /// The database's refusal, if it refused.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Rows turn wrong again while they are repaired.
    #[error(
        "rows of projection {projection:?} turn wrong as fast as they are repaired: {repaired} of them in pass {pass}; \
         an older version of the app writes them, or its apply reads a row without a lock and then writes an absolute value"
    )]
    Unsettled {
        /// The projection.
        projection: String,
        /// How many times all rows were gone through.
        pass: u32,
        /// How many aggregates had wrong rows in the last pass.
        repaired: u64,
    },
    /// Another rebuild of the projection has begun to compute its rows.
    #[error("another rebuild of projection {projection:?} has begun meanwhile: {by}")]
    Overtaken {
        /// The projection.
        projection: String,
        /// The other rebuild.
        by: String,
    },
    /// Row level security may hide rows of a table. [`Error::remedy`](crate::Error::remedy) has the SQL.
    #[error("row level security may hide rows of table {table:?} from role {role:?}")]
    RowSecurity {
        /// The table.
        table: String,
        /// The role.
        role: String,
    },
    /// The events could not be read.
    #[error("the events cannot be read")]
    Events {
        /// Why.
        #[from]
        source: EventStoreError,
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

/// Which event it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventPlace {
    /// Its position among all events.
    pub id: i64,
    /// What happened.
    pub event_type: String,
    /// Its position in its stream.
    pub version: i32,
    /// The stream.
    pub stream: Stream,
}

impl EventPlace {
    pub(in crate::events) fn of(event: &StoredEvent) -> Self {
        Self {
            id: event.id,
            event_type: event.event_type.clone(),
            version: event.version,
            stream: event.stream.clone(),
        }
    }
}

impl fmt::Display for EventPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            event_type,
            version,
            stream,
        } = self;
        let (kind, aggregate): (&str, Uuid) = (&stream.aggregate_type, stream.aggregate_id);
        write!(
            formatter,
            "event {id}, {event_type} at version {version} of {kind} {aggregate}"
        )
    }
}

impl ProjectionError {
    /// There is no projection at all.
    pub(super) fn unknown(name: &str) -> Self {
        Self::Unknown {
            name: name.to_owned(),
            known: Vec::new(),
        }
    }

    /// `apply` has failed with one of `events`.
    pub(super) fn not_applied(projection: &str, error: NotApplied, events: &[StoredEvent]) -> Self {
        let NotApplied { event_id, source } = error;
        let event = events.iter().find(|event| Some(event.id) == event_id);
        Self::Apply {
            projection: projection.to_owned(),
            event: event.map(|event| Box::new(EventPlace::of(event))),
            events: events.len(),
            source,
        }
    }

    /// For reading where row level security may hide rows, of other tables than that of events.
    pub(super) fn reading(step: &'static str) -> impl FnOnce(EventStoreError) -> Self {
        move |error| match error {
            EventStoreError::RowSecurity {
                table,
                role: Some(role),
                ..
            } => Self::RowSecurity {
                table: table.to_owned(),
                role,
            },
            EventStoreError::Database { source } => Self::Database { step, source },
            source => Self::Events { source },
        }
    }

    pub(super) fn database(step: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { step, source }
    }
}

fn which(event: Option<&EventPlace>, events: usize) -> String {
    match event {
        Some(event) => event.to_string(),
        None => format!("{events} events at once"),
    }
}

fn those(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; there are {}", names.join(", "))
    }
}
