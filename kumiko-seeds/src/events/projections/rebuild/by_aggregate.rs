//! Rows that are computed from the events of one aggregate each: some aggregates in a step.
//!
//! Each row is compared with what its stream says. A stream that has gone on since it was read is known by its version.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Asked, BOUND, Stepped, lock, repair};
use crate::backend::column;
use crate::events::projections::error::ProjectionError;
use crate::events::projections::fold::Fold;
use crate::events::projections::operation::Part;
use crate::events::projections::reading::Position;
use crate::events::projections::shape::{Rows, Shape};
use crate::events::{EventBackend, StoredEvent};

/// How many aggregates are looked at twice before writers are locked out. Where more differ, it is not because they were written just now.
const FEW: usize = 200;

/// Repairs the rows of the aggregates behind `position`, as many as were asked for, and moves it to the last of them, or to the beginning if
/// there are no more.
pub(super) async fn step<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    shapes: &[Shape],
    asked: &Asked<'_, DB>,
    position: &mut Option<Uuid>,
) -> Result<Stepped, ProjectionError> {
    let created = DB::create_shadows(connection, shapes).await;
    created.map_err(ProjectionError::database("create shadows of the tables"))?;
    let stepped = some(connection, fold, shapes, asked, position).await?;
    let dropped = DB::drop_shadows(connection, shapes).await;
    dropped.map_err(ProjectionError::database("drop the shadows"))?;
    Ok(stepped)
}

async fn some<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    shapes: &[Shape],
    asked: &Asked<'_, DB>,
    position: &mut Option<Uuid>,
) -> Result<Stepped, ProjectionError> {
    let after = *position;
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
    let done = |repaired| match to {
        Some(_) => Stepped::Repaired(repaired),
        None => Stepped::RepairedLast(repaired),
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
        *position = to;
        return Ok(done(0));
    }
    if let Some(whom) = lock::<DB>(connection, shapes, Some(BOUND / 2)).await? {
        return Ok(Stepped::Waits(whom));
    }
    fold.catch_up(connection, &differing, shapes).await?;
    let repaired = repair::<DB>(connection, shapes, &Rows::Of(&differing)).await;
    let repaired = repaired.map_err(ProjectionError::database("repair rows"))?;
    *position = to;
    Ok(done(repaired))
}

/// Computes the rows of the aggregates after `after` that `limit` events are of, or of the next one if it has more. Gives the last of them; none
/// if there are no more.
pub(in crate::events::projections) async fn fold_some<DB: EventBackend>(
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
