//! One step of a rebuild: makes some live rows equal to what their events say, while others read and write them.
//!
//! A row that is computed from one stream is compared with what the stream says, without a lock. For those that differ, writers are locked out for
//! a moment: then nobody has written a row and not committed, or read one in order to write it. What has come to these streams since they were
//! read is applied, and the rows are made equal. `tests/model/rebuild` checks that nothing is lost or done twice.
//!
//! Rows that are computed from many streams are computed all at once, in the order of ids. An id is handed out before its event is
//! committed, so an event may come to be seen after others with greater ids. [`ProjectionBackend::settled_id`] says up to which id that cannot
//! happen any more; above it, ids are remembered one by one.
//!
//! All rows are gone through again until none differs: the last pass is the check.
//!
//! [`ProjectionBackend::settled_id`]: super::backend::ProjectionBackend::settled_id

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::ProjectionError;
use super::fold::{Failing, Fold};
use super::operation::Part;
use super::projection::Projection;
use super::reading::Position;
use super::set_aside::{forget, set_aside};
use super::shape::{Rows, Shape};
use super::state;
use super::tables::shapes;
use crate::Batch;
use crate::backend::column;
use crate::events::{EventBackend, Handlers, StoredEvent};
use crate::progress::TARGET;

/// How long a writer waits at most because of a rebuild.
const BOUND: Duration = Duration::from_millis(200);
/// How many aggregates are looked at twice before writers are locked out. Where more differ, it is not because they were written just now.
const FEW: usize = 200;
/// How often all rows are gone through before somebody has to look why they do not stay right.
const MOST_PASSES: u32 = 10;
/// How many events are read at a time where all are.
const PAGE: u32 = 5_000;
/// How long others are left alone that were in the way.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest such time, as a multiple of the first.
const LONGEST_PAUSE: u32 = 5;

/// How far a rebuild is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// How often all rows were gone through.
    pass: u32,
    /// The aggregate up to which that is done in this pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Uuid>,
    /// How many rows were wrong in this pass.
    repaired: u64,
    /// How often the lock was not to be had here, and who had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waits_for: Option<(u32, String)>,
}

/// What a step has come to.
enum Stepped {
    /// So many were wrong up to an aggregate, or to the end.
    Repaired(u64, Option<Uuid>),
    /// Nothing, since somebody else is in the way.
    Waits(String),
}

/// What a step is asked for.
pub(super) struct Asked<'a, DB: EventBackend> {
    pub(super) handlers: &'a Handlers<DB>,
    pub(super) projection: &'a Projection<DB>,
    /// The rows, if it is not about all.
    pub(super) part: Option<Part>,
    /// About how many events to read.
    pub(super) limit: u32,
    /// What becomes of events that cannot be applied.
    pub(super) failing: Failing,
}

/// Does the next step after `cursor` in the open transaction.
pub(super) async fn step<DB: EventBackend>(
    connection: &mut DB::Connection,
    asked: Asked<'_, DB>,
    cursor: Cursor,
) -> Result<Batch<Cursor>, ProjectionError> {
    let projection = asked.projection;
    let shapes = shapes(connection, projection).await?;
    let mut fold = Fold::begin(connection, asked.handlers, projection, &shapes).await?;
    fold.failing = asked.failing;
    if cursor == Cursor::default() {
        if asked.part.is_none() {
            state::begun::<DB>(connection, &projection.name).await?;
        }
        forget::<DB>(connection, &projection.name, asked.part).await?;
    }
    let stepped = if projection.is_by_aggregate() {
        some(connection, &mut fold, &shapes, cursor.after, &asked).await?
    } else {
        fold.note_all_archived(connection).await?;
        all(connection, &mut fold, &shapes).await?
    };
    let dropped = DB::drop_shadows(connection, &shapes).await;
    dropped.map_err(ProjectionError::database("drop the shadows"))?;
    set_aside::<DB>(connection, &projection.name, &fold.set_aside).await?;
    let (repaired, to) = match stepped {
        Stepped::Repaired(repaired, to) => (cursor.repaired + repaired, to),
        Stepped::Waits(whom) => {
            let times = cursor.waits_for.as_ref().map_or(0, |(times, _)| *times);
            tokio::time::sleep(PAUSE * (times + 1).min(LONGEST_PAUSE)).await;
            let waits_for = Some((times + 1, whom));
            return Ok(Batch::new(
                Some(Cursor {
                    waits_for,
                    ..cursor
                }),
                0,
            ));
        }
    };
    let pass = cursor.pass;
    let next = match to {
        Some(_) => Some(Cursor {
            pass,
            after: to,
            repaired,
            waits_for: None,
        }),
        None if repaired == 0 => None,
        None if pass + 1 >= MOST_PASSES => {
            return Err(ProjectionError::Unsettled {
                projection: projection.name.clone(),
                pass: pass + 1,
                repaired,
            });
        }
        None => Some(Cursor {
            pass: pass + 1,
            ..Cursor::default()
        }),
    };
    if next.is_none() && asked.part.is_none() {
        state::ended::<DB>(connection, &projection.name).await?;
    }
    Ok(Batch::new(next, fold.events))
}

/// Repairs the rows of the aggregates after `after`, as many as were asked for.
async fn some<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    shapes: &[Shape],
    after: Option<Uuid>,
    asked: &Asked<'_, DB>,
) -> Result<Stepped, ProjectionError> {
    let limit = asked.limit;
    let (mut differing, to) = match asked.part {
        None => {
            let to = fold_some(connection, fold, after, limit).await?;
            let rows = Rows::Between(after, to);
            (differing_of::<DB>(connection, shapes, &rows).await?, to)
        }
        Some(Part::Tenant(tenant)) => {
            fold.of_tenant(tenant);
            let to = fold_some(connection, fold, after, limit).await?;
            let rows = fold.aggregates();
            (
                differing_of::<DB>(connection, shapes, &Rows::Of(&rows)).await?,
                to,
            )
        }
        Some(Part::Aggregate(id)) => {
            fold_one(connection, fold, id, limit).await?;
            (
                differing_of::<DB>(connection, shapes, &Rows::Of(&[id])).await?,
                None,
            )
        }
    };
    // **Invariant:** what has gone on since it was read counts as different, and that is asked after the comparison. A row that was one event
    // short, and has got the next one meanwhile, is equal to what was computed, and wrong.
    differing.extend(fold.gone_on(connection, None).await?);
    if (1..=FEW).contains(&differing.len()) {
        // A row that is written all the time is different because of that, and nobody has to wait for it.
        let suspects: Vec<Uuid> = differing.into_iter().collect();
        fold.catch_up(connection, &suspects, shapes).await?;
        differing = differing_of::<DB>(connection, shapes, &Rows::Of(&suspects)).await?;
        differing.extend(fold.gone_on(connection, Some(&suspects)).await?);
    }
    let differing: Vec<Uuid> = differing.into_iter().collect();
    if differing.is_empty() {
        return Ok(Stepped::Repaired(0, to));
    }
    // Half of what writers may have to wait for is ours to get the lock, and half to have it.
    if let Some(whom) = lock::<DB>(connection, shapes, Some(BOUND / 2)).await? {
        return Ok(Stepped::Waits(whom));
    }
    fold.catch_up(connection, &differing, shapes).await?;
    let repaired = repair::<DB>(connection, shapes, &Rows::Of(&differing)).await?;
    Ok(Stepped::Repaired(repaired, to))
}

/// Computes the rows of the aggregates after `after` that `limit` events are of, or of the next one if it has more. Gives the last of them; none
/// if there are no more.
pub(super) async fn fold_some<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Option<Uuid>, ProjectionError> {
    let mut page = fold
        .load_after(connection, Position::behind(after), limit)
        .await?;
    let is_full = |page: &Vec<StoredEvent>| page.len() as u64 >= u64::from(limit);
    let aggregate = |event: &StoredEvent| event.stream.aggregate_id;
    let (Some(first), Some(last)) = (page.first().map(aggregate), page.last().map(aggregate))
    else {
        return Ok(None);
    };
    if !is_full(&page) {
        fold.apply(connection, page).await?;
        return Ok(None);
    }
    if first != last {
        // There may be more of the last one.
        page.retain(|event| aggregate(event) != last);
        let to = page.last().map(aggregate);
        fold.apply(connection, page).await?;
        return Ok(to);
    }
    loop {
        let behind = page.last().map_or(Position::behind(after), Position::of);
        let is_last = !is_full(&page);
        let all = page.len();
        page.retain(|event| aggregate(event) == first);
        let has_others = page.len() < all;
        fold.apply(connection, page).await?;
        if has_others {
            return Ok(Some(first));
        }
        if is_last {
            return Ok(None);
        }
        page = fold.load_after(connection, behind, limit).await?;
    }
}

/// Computes the rows of one aggregate.
async fn fold_one<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    aggregate_id: Uuid,
    limit: u32,
) -> Result<(), ProjectionError> {
    let mut position = Position::before(aggregate_id);
    loop {
        let mut page = fold.load_after(connection, position, limit).await?;
        let is_last = (page.len() as u64) < u64::from(limit);
        page.retain(|event| event.stream.aggregate_id == aggregate_id);
        let Some(last) = page.last() else {
            return Ok(());
        };
        position = Position::of(last);
        fold.apply(connection, page).await?;
        if is_last {
            return Ok(());
        }
    }
}

/// Repairs all rows.
async fn all<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    shapes: &[Shape],
) -> Result<Stepped, ProjectionError> {
    let settled = DB::settled_id(connection, BOUND * 5).await;
    let settled = settled.map_err(ProjectionError::database("find out which ids are settled"))?;
    let Some(settled) = settled else {
        return Ok(Stepped::Waits(
            "a transaction that writes events".to_owned(),
        ));
    };
    let later = fold_all(connection, fold, settled).await?;
    let wrong = wrong_rows::<DB>(connection, shapes).await?;
    // As with some of them.
    let gone_on = since::<DB>(connection, fold, settled, &later).await?;
    if wrong == 0 && gone_on.is_empty() {
        return Ok(Stepped::Repaired(0, None));
    }
    let tables = shapes.iter().map(|shape| shape.name.as_str());
    let tables = tables.collect::<Vec<_>>().join(", ");
    tracing::info!(target: TARGET, wrong, tables, "rows are repaired all at once, and writers of these tables wait for it");
    if let Some(whom) = lock::<DB>(connection, shapes, None).await? {
        return Ok(Stepped::Waits(whom));
    }
    if fold.has_archive_changed(connection).await? {
        return Ok(Stepped::Waits("whoever archives streams".to_owned()));
    }
    let since = since::<DB>(connection, fold, settled, &later).await?;
    fold.apply(connection, since).await?;
    let repaired = repair::<DB>(connection, shapes, &Rows::All).await?;
    Ok(Stepped::Repaired(repaired, None))
}

/// The events that have come to be seen since all were read.
async fn since<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &Fold<'_, DB>,
    settled: i64,
    later: &HashSet<i64>,
) -> Result<Vec<StoredEvent>, ProjectionError> {
    let mut since = fold.load_by_id(connection, settled, u32::MAX).await?;
    since.retain(|event| !later.contains(&event.id));
    Ok(since)
}

/// Computes all rows, and gives the ids above `settled` of the events that were among them.
pub(super) async fn fold_all<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    settled: i64,
) -> Result<HashSet<i64>, ProjectionError> {
    let (mut after, mut later) = (0, HashSet::new());
    loop {
        let page = fold.load_by_id(connection, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(later);
        };
        after = last.id;
        let ids = page.iter().map(|event| event.id);
        later.extend(ids.filter(|id| *id > settled));
        fold.apply(connection, page).await?;
    }
}

/// The aggregates of `rows` whose rows differ from what was computed.
async fn differing_of<DB: EventBackend>(
    connection: &mut DB::Connection,
    shapes: &[Shape],
    rows: &Rows<'_>,
) -> Result<BTreeSet<Uuid>, ProjectionError> {
    let failed = || ProjectionError::database("compare rows");
    let mut differing = BTreeSet::new();
    for shape in shapes {
        let sql = shape.differing_aggregates::<DB>(rows);
        let found = DB::fetch(connection, &sql, &[]).await.map_err(failed())?;
        for row in &found {
            let id: Option<String> = column::<DB, _>(row, 0).map_err(failed())?;
            differing.extend(id.and_then(|id| Uuid::parse_str(&id).ok()));
        }
    }
    Ok(differing)
}

/// How many rows differ from what was computed.
async fn wrong_rows<DB: EventBackend>(
    connection: &mut DB::Connection,
    shapes: &[Shape],
) -> Result<u64, ProjectionError> {
    let failed = || ProjectionError::database("compare rows");
    let mut wrong = 0;
    for shape in shapes {
        let sql = shape.counted::<DB>(&Rows::All);
        let counted = DB::fetch(connection, &sql, &[]).await.map_err(failed())?;
        for row in &counted {
            let count: i64 = column::<DB, _>(row, 1).map_err(failed())?;
            wrong += count.unsigned_abs();
        }
    }
    Ok(wrong)
}

async fn lock<DB: EventBackend>(
    connection: &mut DB::Connection,
    shapes: &[Shape],
    holds: Option<Duration>,
) -> Result<Option<String>, ProjectionError> {
    let locked = DB::lock_writers_out(connection, shapes, BOUND / 2, holds).await;
    locked.map_err(ProjectionError::database("lock writers out"))
}

/// Makes live rows as they were computed, and gives how many were not. The lock must be held.
async fn repair<DB: EventBackend>(
    connection: &mut DB::Connection,
    shapes: &[Shape],
    rows: &Rows<'_>,
) -> Result<u64, ProjectionError> {
    let mut repaired = 0;
    for shape in shapes {
        for statement in shape.repair::<DB>(rows) {
            let changed = DB::execute_text(connection, &statement).await;
            repaired += changed.map_err(ProjectionError::database("repair rows"))?;
        }
    }
    Ok(repaired)
}
