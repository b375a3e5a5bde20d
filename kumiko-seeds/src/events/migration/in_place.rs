//! One stream is written anew where it stands, and nothing of the old events is kept.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::diff::diff;
use super::error::MigrationError;
use super::inserting::insert;
use super::migrate::Step;
use super::old_stream::OldStream;
use super::rewriting::{NewRow, rewrite};
use super::streams::Handling;
use crate::Conflict;
use crate::backend::{Parameter, column};
use crate::events::existing::has_table;
use crate::events::projections::lock_events;
use crate::events::stream::list_of;
use crate::events::{EventBackend, EventStoreError, Stream, visible_rows};

/// How long to try to get rid of whoever writes.
const PATIENCE: Duration = Duration::from_secs(2);
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// Keeps everybody from appending until the transaction ends. Whoever was has ended.
///
/// **Invariant:** what is read afterwards is younger than the lock. So an event that was being appended is read and written anew with the others, and
/// who comes later sees the stream as it is then, and meets a version conflict if it is shorter.
pub(super) async fn lock_writers_out<DB: EventBackend>(
    step: &mut Step<'_, '_, DB>,
) -> Result<(), MigrationError> {
    if !DB::is_open(step.connection, step.identity).await? {
        return Err(EventStoreError::TransactionEnded.into());
    }
    let began = Instant::now();
    while let Some(holder) = lock_events::<DB>(step.connection).await? {
        if began.elapsed() > PATIENCE {
            let source = Conflict;
            return Err(MigrationError::WritersInTheWay { holder, source });
        }
        sleep(BETWEEN_ATTEMPTS).await;
    }
    Ok(())
}

/// Migrates one stream under the lock, and gives what it is afterwards.
pub(super) async fn migrate_one<DB: EventBackend>(
    step: &mut Step<'_, '_, DB>,
    stream: &Stream,
    migrate: &mut (impl FnMut(&OldStream) -> Result<super::NewStreams, MigrationError> + Send),
) -> Result<Vec<Stream>, MigrationError> {
    let old = OldStream::load::<DB>(step.connection, stream).await?;
    let rows = rewrite(&old, migrate(&old)?, step.seed, Handling::InPlace)?;
    step.journal.note_stream(|| diff(&old, &rows));
    let of_another_type = rows.iter().find(|row| row.stream != *stream);
    if of_another_type.is_some()
        && DB::is_archived(step.connection, stream.tenant_id, stream.aggregate_id).await?
    {
        let stream = Box::new(stream.clone());
        return Err(MigrationError::ArchivedAsAnotherType { stream });
    }
    let becomes: Vec<Stream> = of_another_type
        .map(|row| row.stream.clone())
        .into_iter()
        .collect();
    if is_unchanged(&old, &rows) {
        return Ok(becomes);
    }
    delete_events::<DB>(step.connection, stream).await?;
    insert::<DB>(step.connection, step.journal, &rows).await?;
    let as_they_were = rows.iter().filter(|row| row.is_as_it_was);
    let as_they_were: HashSet<i64> = as_they_were.filter_map(|row| row.id).collect();
    for letters in LETTERS {
        letters
            .forget::<DB>(step.connection, stream, &as_they_were)
            .await?;
    }
    Ok(becomes)
}

fn is_unchanged(old: &OldStream, rows: &[NewRow]) -> bool {
    let mut are_as_they_were = rows.iter().zip(&old.events);
    rows.len() == old.events.len()
        && are_as_they_were.all(|(row, event)| row.is_as_it_was && row.version == event.version)
}

/// Deletes all events of a stream.
pub(super) async fn delete_events<DB: EventBackend>(
    connection: &mut DB::Connection,
    stream: &Stream,
) -> Result<u64, EventStoreError> {
    let list = list_of(std::slice::from_ref(stream));
    let (values, tables) = ([Parameter::Text(&list)], ["kumiko_events"]);
    let deleted =
        visible_rows::fetch::<DB>(connection, &tables, DB::DELETE_EVENTS, &values).await?;
    Ok(deleted.len() as u64)
}

/// A table of the original's with copies of events that could not be applied, or read.
struct Letters {
    table: &'static str,
    /// Lists the events of aggregate `$1` of tenant `$2`.
    list: &'static str,
    /// Deletes event `$3` among them.
    delete: &'static str,
}

macro_rules! letters {
    ($table:literal) => {
        Letters {
            table: $table,
            list: concat!(
                "SELECT CAST(1 AS bigint) AS position, CAST(event_id AS text) FROM ",
                $table,
                " WHERE aggregate_id = $1 AND CAST(tenant_id AS text) = $2"
            ),
            delete: concat!(
                "DELETE FROM ",
                $table,
                " WHERE aggregate_id = $1 AND CAST(tenant_id AS text) = $2 AND event_id = $3
                  RETURNING CAST(1 AS bigint) AS position"
            ),
        }
    };
}
const LETTERS: [Letters; 2] = [
    letters!("kumiko_rebuild_dead_letters"),
    letters!("kumiko_upcaster_dead_letters"),
];

impl Letters {
    /// Deletes the copies of the stream's events, but for those of events that are as they were.
    async fn forget<DB: EventBackend>(
        &self,
        connection: &mut DB::Connection,
        stream: &Stream,
        as_they_were: &HashSet<i64>,
    ) -> Result<(), EventStoreError> {
        if !has_table::<DB>(connection, self.table).await? {
            return Ok(());
        }
        let (aggregate, tenant) = (
            stream.aggregate_id.to_string(),
            stream.tenant_id.to_string(),
        );
        let of_stream = [Parameter::Text(&aggregate), Parameter::Text(&tenant)];
        let tables = [self.table];
        let rows = visible_rows::fetch::<DB>(connection, &tables, self.list, &of_stream).await?;
        for row in &rows {
            let event: String = column::<DB, _>(row, 1)?;
            if event
                .parse()
                .is_ok_and(|id: i64| as_they_were.contains(&id))
            {
                continue;
            }
            let values = [of_stream[0], of_stream[1], Parameter::Text(&event)];
            visible_rows::fetch::<DB>(connection, &tables, self.delete, &values).await?;
        }
        Ok(())
    }
}
