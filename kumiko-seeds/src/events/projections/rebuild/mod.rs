//! One step of a rebuild: makes some live rows equal to what their events say, while others read and write them.
//!
//! What the rows should be is computed into shadows of their tables and compared without a lock. For those that differ, writers are locked out
//! for a moment: then nobody has written a row and not committed, or read one in order to write it. What has come since is applied to the
//! shadows, and the rows are made equal. `tests/model/rebuild` checks that nothing is lost or done twice.
//!
//! Rows that are computed from one aggregate each are computed anew in each step, as [`by_aggregate`] says. Rows that are computed from many are
//! computed once, step after step, into shadows that are kept, as [`shared`] says.
//!
//! All rows are gone through again until none differs: the last pass is the check.

mod by_aggregate;
mod shared;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(super) use self::by_aggregate::fold_some;
use self::shared::KeptShadows;
use super::backend::Lives;
use super::error::ProjectionError;
use super::fold::{Failing, Fold};
use super::operation::Part;
use super::projection::Projection;
use super::set_aside::{forget, set_aside};
use super::shape::{Rows, Shape};
use super::state;
use super::tables::{hold, shapes};
use crate::Batch;
use crate::events::{EventBackend, Handlers};

/// How long a writer waits at most because of a rebuild.
const BOUND: Duration = Duration::from_millis(200);
/// How often all rows are gone through before somebody has to look why they do not stay right.
const MOST_PASSES: u32 = 10;
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
    /// The shadows of rows that are computed from many aggregates, and up to which row they are compared in this pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shadows: Option<KeptShadows>,
    /// How many rows were wrong in this pass.
    repaired: u64,
    /// How often the lock was not to be had here, and who had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waits_for: Option<(u32, String)>,
}

/// What a step has come to.
enum Stepped {
    /// So many rows were wrong, and there are more to look at.
    Repaired(u64),
    /// So many were wrong, and those were the last of the pass.
    RepairedLast(u64),
    /// Nothing, since somebody else is in the way.
    Waits(String),
}

/// What a step is asked for.
pub(super) struct Asked<'a, DB: EventBackend> {
    /// The operation.
    pub(super) id: &'a str,
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
    mut cursor: Cursor,
) -> Result<Batch<Cursor>, ProjectionError> {
    let projection = asked.projection;
    if cursor == Cursor::default() {
        if asked.part.is_none() {
            state::begun::<DB>(connection, &projection.name).await?;
        }
        forget::<DB>(connection, &projection.name, asked.part).await?;
    }
    if !hold(connection, projection).await? {
        return wait::<DB>(connection, cursor, "a migration".to_owned()).await;
    }
    let before = cursor.clone();
    let mut shapes = shapes(connection, projection).await?;
    let lives = if projection.is_by_aggregate() {
        Lives::UntilCommit
    } else {
        Lives::On
    };
    let mut fold = Fold::new(connection, asked.handlers, projection, lives).await?;
    fold.failing = asked.failing;
    let stepped = if projection.is_by_aggregate() {
        by_aggregate::step(connection, &mut fold, &shapes, &asked, &mut cursor.after).await?
    } else {
        shared::step(
            connection,
            &mut fold,
            &mut shapes,
            &asked,
            &mut cursor.shadows,
        )
        .await?
    };
    let (repaired, is_last) = match stepped {
        Stepped::Repaired(repaired) => (repaired, false),
        Stepped::RepairedLast(repaired) => (repaired, true),
        Stepped::Waits(whom) => return wait::<DB>(connection, before, whom).await,
    };
    set_aside::<DB>(connection, &projection.name, &fold.set_aside).await?;
    let items = fold.events + fold.compared;
    cursor.waits_for = None;
    cursor.repaired += repaired;
    if !is_last {
        return Ok(Batch::new(Some(cursor), items));
    }
    let repaired = cursor.repaired;
    let passes = cursor.pass + 1;
    if repaired > 0 && passes >= MOST_PASSES {
        return Err(ProjectionError::Unsettled {
            projection: projection.name.clone(),
            pass: passes,
            repaired,
        });
    }
    if repaired > 0 {
        let next = Cursor {
            pass: passes,
            shadows: cursor.shadows,
            ..Cursor::default()
        };
        return Ok(Batch::new(Some(next), items));
    }
    if let Some(shadows) = cursor.shadows {
        shadows.drop::<DB>(connection, &shapes).await?;
    }
    if asked.part.is_none() {
        state::ended::<DB>(connection, &projection.name).await?;
    }
    Ok(Batch::new(None, items))
}

/// Leaves others alone for a while, and holds nothing meanwhile that they may wait for. What was done since `cursor` is undone.
async fn wait<DB: EventBackend>(
    connection: &mut DB::Connection,
    cursor: Cursor,
    whom: String,
) -> Result<Batch<Cursor>, ProjectionError> {
    let let_go = DB::let_go(connection).await;
    let_go.map_err(ProjectionError::database("let go of the tables"))?;
    let times = cursor.waits_for.as_ref().map_or(0, |(times, _)| *times);
    tokio::time::sleep(PAUSE * (times + 1).min(LONGEST_PAUSE)).await;
    let next = Cursor {
        waits_for: Some((times + 1, whom)),
        ..cursor
    };
    Ok(Batch::new(Some(next), 0))
}

/// Takes the tables from their writers. Half of what writers may have to wait for is ours to get the lock, and half to have it.
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
) -> sqlx::Result<u64> {
    let mut repaired = 0;
    for shape in shapes {
        for statement in shape.repair::<DB>(rows) {
            repaired += DB::execute_text(connection, &statement).await?;
        }
    }
    Ok(repaired)
}
