//! Why a command could not be executed.

use std::error::Error;

use cqrs_es::persist::PersistenceError;
use kumiko_seeds::{Conflict, WorkError};

/// Why a command could not be executed. It fails its seed, even if the seed goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The runner was not given the [`Commands`](crate::Commands) of this aggregate.
    #[error(
        "the runner knows no commands of {aggregate_type:?}; hand them over: \
         `runner.with(Commands::<…>::on_event_store(services))`"
    )]
    UnknownAggregate {
        /// [`Aggregate::TYPE`](cqrs_es::Aggregate::TYPE).
        aggregate_type: &'static str,
    },
    /// This is no name of a table.
    #[error(
        "{name:?} is no name of a table: letters, digits, `_` and `$`, or anything in double quotes, perhaps after a \
         schema and a dot"
    )]
    TableName {
        /// What was given.
        name: String,
    },
    /// Earlier work of the seed has failed, its transaction was ended, or the database failed before anything was read.
    #[error(transparent)]
    NotBegun {
        /// Why.
        #[from]
        source: WorkError,
    },
    /// There are snapshots of this type of aggregate, so the app uses a snapshot or aggregate store, which would not see what
    /// is appended without one. Nothing was written.
    #[error(
        "{table} holds snapshots of {aggregate_type:?}; only apps that use the event store are supported, which keeps none"
    )]
    Snapshots {
        /// [`Aggregate::TYPE`](cqrs_es::Aggregate::TYPE).
        aggregate_type: &'static str,
        /// The table of snapshots.
        table: String,
    },
    /// What is stored could not be read as what the app's types are now.
    #[error("{what} could not be read")]
    Unreadable {
        /// What was to be read.
        what: String,
        /// Why not.
        source: PersistenceError,
    },
    /// The aggregate did not accept the command.
    #[error("{aggregate_type} {aggregate_id} refuses the command")]
    Refused {
        /// [`Aggregate::TYPE`](cqrs_es::Aggregate::TYPE).
        aggregate_type: &'static str,
        /// The aggregate.
        aggregate_id: String,
        /// The error of its `handle`, as it returned it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Somebody else has appended to the aggregate since it was loaded. The seed is undone and tried again, three times at
    /// most.
    #[error(
        "conflict in {aggregate_type} {aggregate_id}: somebody else has appended event {sequence}"
    )]
    Conflict {
        /// [`Aggregate::TYPE`](cqrs_es::Aggregate::TYPE).
        aggregate_type: &'static str,
        /// The aggregate.
        aggregate_id: String,
        /// The sequence that was taken.
        sequence: usize,
        /// By which the run knows that it may try again.
        source: Conflict,
    },
    /// Somebody else has changed a view since it was loaded. The seed is undone and tried again, three times at most.
    #[error("conflict in view {view_id} of {table}: it is no longer at version {version}")]
    ViewConflict {
        /// The table of the view.
        table: String,
        /// The view.
        view_id: String,
        /// The version that it had; 0 if it was not there.
        version: i64,
        /// By which the run knows that it may try again.
        source: Conflict,
    },
    /// An event or a view cannot be stored as JSON.
    #[error("{what} could not be written as JSON")]
    Unwritable {
        /// What was to be written.
        what: String,
        /// Why not.
        source: PersistenceError,
    },
    /// The database failed.
    #[error("could not {what}")]
    Database {
        /// What was to be done.
        what: String,
        /// The driver's error.
        source: sqlx::Error,
    },
}

impl ExecuteError {
    /// Whether somebody else was quicker, so that the seed may well succeed in another run.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::ViewConflict { .. })
    }
}
