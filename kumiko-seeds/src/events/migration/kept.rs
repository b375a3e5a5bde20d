//! One stream becomes others, and is kept: closed, archived and linked.

use serde_json::{Value, json};

use super::diff::diff;
use super::error::MigrationError;
use super::inserting::insert;
use super::migrate::Step;
use super::old_stream::OldStream;
use super::rewriting::{NewRow, rewrite};
use super::streams::Handling;
use crate::events::archive::{ARCHIVE, mark};
use crate::events::backend::Inserted;
use crate::events::event_row::EventRow;
use crate::events::naming::Naming;
use crate::events::{
    EventBackend, EventStoreError, NewEvent, Stream, User, stream_version, visible_rows,
};
use crate::{AppendedEvent, Journal};

/// The type of the last event of a stream that was migrated and is kept.
pub(super) const CLOSED: &str = "kumiko:stream-migrated";

/// How often a stream is read again that somebody appends to all the time.
const MOST_ATTEMPTS: u32 = 20;

/// Migrates one stream but for its mark, and gives the streams that it has become; none if somebody else has archived it since it was looked for.
///
/// **Invariant:** the closing event comes before all else that is written, and its version is that of the next append. So whoever has begun
/// to append before has either committed, and the stream is read again, or waits for us at the index of versions, and is refused. A mark
/// alone would not do: an append whose statement began before the mark was to be seen would be committed after it, to a stream that
/// nobody reads.
pub(super) async fn migrate_one<DB: EventBackend>(
    step: &mut Step<'_, '_, DB>,
    stream: &Stream,
    migrate: &mut (impl FnMut(&OldStream) -> Result<super::NewStreams, MigrationError> + Send),
) -> Result<Option<Vec<Stream>>, MigrationError> {
    for _ in 0..MOST_ATTEMPTS {
        let old = OldStream::load::<DB>(step.connection, stream).await?;
        let rows = rewrite(&old, migrate(&old)?, step.seed, Handling::Kept)?;
        let targets = targets(&rows);
        for (target, _) in &targets {
            check_new::<DB>(step.connection, stream, target).await?;
        }
        if close(step, &old, &targets).await? {
            insert::<DB>(step.connection, step.journal, &rows).await?;
            step.journal.note_stream(|| diff(&old, &rows));
            return Ok(Some(
                targets.into_iter().map(|(stream, _)| stream).collect(),
            ));
        }
        if DB::is_archived(step.connection, stream.tenant_id, stream.aggregate_id).await? {
            return Ok(None);
        }
    }
    let actual = stream_version::<DB>(step.connection, stream.tenant_id, stream.aggregate_id);
    let actual = actual.await?;
    Err(EventStoreError::VersionConflict {
        stream: stream.clone(),
        expected: actual.saturating_sub(1),
        actual,
    }
    .into())
}

/// Marks streams as archived that were migrated.
pub(super) async fn archive<DB: EventBackend>(
    step: &mut Step<'_, '_, DB>,
    streams: &[Stream],
) -> Result<(), MigrationError> {
    let reason = format!("migrated by {}", step.seed);
    Ok(mark::<DB>(step.connection, streams, &User::system(), &reason).await?)
}

/// The new streams, and how many events each has.
fn targets(rows: &[NewRow]) -> Vec<(Stream, i32)> {
    let mut targets: Vec<(Stream, i32)> = Vec::new();
    for row in rows {
        match targets.last_mut() {
            Some((stream, version)) if *stream == row.stream => *version = row.version,
            _ => targets.push((row.stream.clone(), row.version)),
        }
    }
    targets
}

/// Fails if a new stream is not new.
async fn check_new<DB: EventBackend>(
    connection: &mut DB::Connection,
    stream: &Stream,
    target: &Stream,
) -> Result<(), MigrationError> {
    let (tenant, aggregate) = (target.tenant_id, target.aggregate_id);
    let what = if stream_version::<DB>(connection, tenant, aggregate).await? > 0 {
        "has events already"
    } else if DB::is_archived(connection, tenant, aggregate).await? {
        "is archived"
    } else {
        return Ok(());
    };
    Err(MigrationError::TargetNotNew {
        stream: Box::new(stream.clone()),
        target: Box::new(target.clone()),
        what,
    })
}

/// Appends the event that closes the old stream; false if somebody has appended another since it was read.
async fn close<DB: EventBackend>(
    step: &mut Step<'_, '_, DB>,
    old: &OldStream,
    targets: &[(Stream, i32)],
) -> Result<bool, MigrationError> {
    let event = NewEvent::new(CLOSED, closing(step.seed, targets));
    let rows = EventRow::all(&old.stream, old.version(), [event], &User::system())?;
    for row in &rows {
        let inserted = DB::insert_event(
            step.connection,
            Some(step.identity),
            Naming::LikeOthers,
            row,
        )
        .await?;
        match inserted {
            Inserted::All => {}
            Inserted::AllWithSecuredArchive => {
                visible_rows::check::<DB>(step.connection, ARCHIVE).await?;
            }
            Inserted::First(_) if DB::is_open(step.connection, step.identity).await? => {
                return Ok(false);
            }
            Inserted::First(_) => return Err(EventStoreError::TransactionEnded.into()),
        }
        note(step.journal, row);
    }
    Ok(true)
}

/// Where a stream went.
fn closing(seed: &str, targets: &[(Stream, i32)]) -> Value {
    let to = targets.iter().map(|(stream, version)| {
        json!({
            "tenantId": stream.tenant_id,
            "aggregateType": stream.aggregate_type,
            "aggregateId": stream.aggregate_id,
            "version": version,
        })
    });
    json!({ "seed": seed, "to": to.collect::<Vec<_>>() })
}

fn note(journal: &mut Journal, row: &EventRow) {
    journal.note_event(|| {
        let id = row.aggregate_id.to_string();
        AppendedEvent::new(&row.aggregate_type, id, row.version, &row.event_type)
            .in_tenant(row.tenant_id.to_string())
    });
}
