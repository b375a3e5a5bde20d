//! The way back: a later seed undoes a migration whose old streams are kept.

use std::sync::Arc;

use serde::Deserialize;
use uuid::Uuid;

use super::cursor::StreamCursor;
use super::error::MigrationError;
use super::in_place::{delete_events, lock_writers_out};
use super::kept::CLOSED;
use super::migrate::Step;
use crate::backend::{Parameter, column};
use crate::events::aggregates::forget_snapshots_of;
use crate::events::archive::unmark;
use crate::events::event_store::stored_json;
use crate::events::stored_uuid::uuid;
use crate::events::{
    EventBackend, EventStoreError, Handlers, Stream, stream_version, visible_rows,
};
use crate::ledger::history;
use crate::{Batch, BatchResult, CountResult, SeedContext};

impl<DB: EventBackend> SeedContext<'_, DB> {
    /// Undoes what the migration by the seed `seed` has done, for the next `limit` of its old streams: the `batch` of a later seed of many steps.
    ///
    /// In one transaction the new events of an old stream are deleted, with the event that closed it; it is taken out of the archive, and
    /// the rows of projections are made what they were. What consumers have made of the new events is not undone, and what was purged
    /// does not come back. Nobody can append an event while a step runs.
    ///
    /// # Errors
    /// A [`MigrationError`], boxed: [`MigrationError::NotAsMigrated`] if a new stream has got events since, for these would be lost, and
    /// [`MigrationError::NothingToUndo`] if no stream was migrated by `seed`, unless the ledger has it as applied and it found none. The step is
    /// undone.
    pub async fn undo_migration(
        &mut self,
        seed: &str,
        after: Option<StreamCursor>,
        limit: u32,
    ) -> BatchResult<StreamCursor> {
        let mut work = self.begin("undoing a migration of streams");
        let handlers = work.app::<Arc<Handlers<DB>>>();
        let undone = match (handlers, work.parts().await) {
            (None, _) => Err(MigrationError::NoHandlers),
            (_, Err(error)) => Err(error.into()),
            (Some(handlers), Ok(parts)) => Step::of(parts, handlers, seed).undo(after, limit).await,
        };
        Ok(work.ended(undone)?)
    }

    /// How many streams the migration by the seed `seed` has closed: the `count` of a seed that undoes it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count_migrated(&mut self, seed: &str) -> CountResult {
        let connection = self.parts().connection;
        let values = [Parameter::Text(CLOSED), Parameter::Text(seed)];
        let tables = ["kumiko_events"];
        let rows = visible_rows::fetch::<DB>(connection, &tables, COUNT, &values).await?;
        let count = rows
            .first()
            .map_or(Ok(0), |row| column::<DB, i64>(row, 1))?;
        Ok(count.unsigned_abs())
    }
}

impl<DB: EventBackend> Step<'_, '_, DB> {
    async fn undo(
        &mut self,
        after: Option<StreamCursor>,
        limit: u32,
    ) -> Result<Batch<StreamCursor>, MigrationError> {
        self.handlers.can_archive()?;
        lock_writers_out(self).await?;
        let closed = closed::<DB>(self.connection, self.seed, after, limit).await?;
        if after.is_none() && closed.is_empty() {
            self.check_that_it_found_none().await?;
        }
        let mut touched = Vec::new();
        for old in &closed {
            for target in &old.targets {
                self.delete(&old.stream, target).await?;
                touched.push(target.stream());
            }
            self.open(old).await?;
            touched.push(old.stream.clone());
        }
        forget_snapshots_of::<DB>(self.connection, &touched).await?;
        self.reproject(&touched).await?;
        let last = closed.last().map(|old| StreamCursor::of(&old.stream));
        Ok(Batch::new(last, closed.len()))
    }

    /// Fails unless the seed is applied and has found no stream.
    ///
    /// **Invariant:** a seed that undoes nothing because of a wrong id, or too early, is not marked as applied.
    async fn check_that_it_found_none(&mut self) -> Result<(), MigrationError> {
        let history = history::<DB>(self.connection, self.app).await?;
        let mut markers = history.iter().flat_map(|history| &history.markers);
        let what = if !markers.any(|marker| marker.id == self.seed) {
            "no stream says that it was migrated by it, and the ledger does not have it as applied; is that its id?"
        } else if self.has_made_events().await? {
            "none of its old streams is left, because it wrote them anew in place, or because they are purged"
        } else {
            return Ok(());
        };
        let seed = self.seed.to_owned();
        Err(MigrationError::NothingToUndo { seed, what })
    }

    /// Whether there are events that the seed has made.
    async fn has_made_events(&mut self) -> Result<bool, EventStoreError> {
        let (values, tables) = ([Parameter::Text(self.seed)], ["kumiko_events"]);
        let rows = visible_rows::fetch::<DB>(self.connection, &tables, MADE, &values).await?;
        Ok(!rows.is_empty())
    }

    /// Deletes a new stream, if it is as the migration has left it.
    async fn delete(&mut self, old: &Stream, target: &Target) -> Result<(), MigrationError> {
        let stream = target.stream();
        let (tenant, aggregate) = (stream.tenant_id, stream.aggregate_id);
        let actual = stream_version::<DB>(self.connection, tenant, aggregate).await?;
        let what = if actual > target.version {
            let since = actual - target.version;
            let events = if since == 1 { "event" } else { "events" };
            format!("has got {since} {events} since")
        } else if actual < target.version {
            let expected = target.version;
            format!("has {actual} events where it had {expected}")
        } else if DB::is_archived(self.connection, tenant, aggregate).await? {
            "is archived; restore it first".to_owned()
        } else {
            delete_events::<DB>(self.connection, &stream).await?;
            return Ok(());
        };
        Err(MigrationError::NotAsMigrated {
            seed: self.seed.to_owned(),
            stream: Box::new(old.clone()),
            target: Box::new(stream),
            what,
        })
    }

    /// Takes the closing event of an old stream away, and its mark.
    async fn open(&mut self, old: &Closed) -> Result<(), MigrationError> {
        let Stream {
            tenant_id,
            aggregate_id,
            ..
        } = old.stream;
        let actual = stream_version::<DB>(self.connection, tenant_id, aggregate_id).await?;
        if actual > old.version {
            return Err(MigrationError::NotAsMigrated {
                seed: self.seed.to_owned(),
                stream: Box::new(old.stream.clone()),
                target: Box::new(old.stream.clone()),
                what: "has been restored, and has got events since".to_owned(),
            });
        }
        let values = [
            Parameter::Uuid(tenant_id),
            Parameter::Uuid(aggregate_id),
            Parameter::Integer(old.version),
        ];
        visible_rows::fetch::<DB>(self.connection, &["kumiko_events"], DELETE, &values).await?;
        if DB::is_archived(self.connection, tenant_id, aggregate_id).await? {
            unmark::<DB>(self.connection, std::slice::from_ref(&old.stream)).await?;
        }
        Ok(())
    }
}

/// An old stream that a migration has closed.
struct Closed {
    stream: Stream,
    /// The version of the closing event.
    version: i32,
    targets: Vec<Target>,
}

/// What a closing event says.
#[derive(Deserialize)]
struct Closing {
    to: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    tenant_id: Uuid,
    aggregate_type: String,
    aggregate_id: Uuid,
    /// That of its last event.
    version: i32,
}

impl Target {
    fn stream(&self) -> Stream {
        Stream {
            tenant_id: self.tenant_id,
            aggregate_type: self.aggregate_type.clone(),
            aggregate_id: self.aggregate_id,
        }
    }
}

/// The next `limit` streams that the migration by `seed` has closed.
async fn closed<DB: EventBackend>(
    connection: &mut DB::Connection,
    seed: &str,
    after: Option<StreamCursor>,
    limit: u32,
) -> Result<Vec<Closed>, MigrationError> {
    let mut values = vec![
        Parameter::Text(CLOSED),
        Parameter::Text(seed),
        Parameter::Integer(i32::try_from(limit).unwrap_or(i32::MAX)),
    ];
    let mut sql = NEXT;
    if let Some(after) = after {
        values.push(Parameter::Uuid(after.tenant_id));
        values.push(Parameter::Uuid(after.aggregate_id));
        sql = NEXT_AFTER;
    }
    let rows = visible_rows::fetch::<DB>(connection, &["kumiko_events"], sql, &values).await?;
    rows.iter().map(closed_stream::<DB>).collect()
}

fn closed_stream<DB: EventBackend>(row: &DB::Row) -> Result<Closed, MigrationError> {
    let stream = Stream {
        tenant_id: uuid::<DB>(row, 1)?,
        aggregate_id: uuid::<DB>(row, 2)?,
        aggregate_type: column::<DB, _>(row, 3)?,
    };
    let closing = serde_json::from_value(stored_json::<DB>(row, 5)?);
    let Closing { to } = closing.map_err(|error| MigrationError::NotClosed {
        stream: Box::new(stream.clone()),
        message: error.to_string(),
    })?;
    Ok(Closed {
        stream,
        version: column::<DB, _>(row, 4)?,
        targets: to,
    })
}

macro_rules! next {
    ($after:literal) => {
        concat!(
            "SELECT row_number() OVER (ORDER BY tenant_id, aggregate_id) AS position, CAST(tenant_id AS text),
                    CAST(aggregate_id AS text), CAST(aggregate_type AS text), CAST(version AS integer), CAST(payload AS text)
             FROM kumiko_events WHERE type = $1 AND payload->>'seed' = $2",
            $after,
            " ORDER BY tenant_id, aggregate_id LIMIT $3"
        )
    };
}

/// `$1` the type of a closing event, `$2` the seed, `$3` how many.
const NEXT: &str = next!("");
/// The same behind tenant `$4`, aggregate `$5`.
const NEXT_AFTER: &str = next!(" AND (tenant_id, aggregate_id) > ($4, $5)");

const COUNT: &str = "SELECT CAST(1 AS bigint) AS position, CAST(count(*) AS bigint)
                     FROM kumiko_events WHERE type = $1 AND payload->>'seed' = $2";

/// `$1` the seed.
const MADE: &str = "SELECT CAST(1 AS bigint) AS position FROM kumiko_events
                    WHERE metadata->'migratedFrom'->>'seed' = $1 LIMIT 1";

/// `$1` tenant, `$2` aggregate, `$3` version.
const DELETE: &str =
    "DELETE FROM kumiko_events WHERE tenant_id = $1 AND aggregate_id = $2 AND version = $3
                      RETURNING CAST(1 AS bigint) AS position";
