//! Rows that are computed from the events of many aggregates, and rows that go live all at once.
//!
//! They are computed once, step after step, in the order of ids, into shadows that are kept from one step to the next. Then the rows are compared
//! with the shadows, some at a time, and the shadows get what has come since.
//!
//! An id is handed out before its event is committed, so an event may come to be seen after others with greater ids.
//! [`ProjectionBackend::settled_id`] says up to which id that cannot happen any more. Ids above it are remembered one by one.
//!
//! [`ProjectionBackend::settled_id`]: crate::events::projections::backend::ProjectionBackend::settled_id

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use sqlx::Executor;

use super::{Asked, BOUND, Stepped, lock, repair};
use crate::backend::column;
use crate::events::projections::error::ProjectionError;
use crate::events::projections::fold::Fold;
use crate::events::projections::shape::{Rows, Shape};
use crate::events::{EventBackend, StoredEvent};
use crate::progress::TARGET;

/// How many rows are compared at a time at most, so that writers wait for no more.
const MOST_ROWS: u32 = 2_000;
/// How often rows are looked at before writers are locked out because events keep coming.
const LOOKS: u32 = 3;
/// How often the shadows may be gone before everything is done in one step.
const MOST_LOSSES: u32 = 2;
/// How many events are read at a time where all are applied in one step.
const PAGE: u32 = 5_000;

/// Shadows that are kept, and how far they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptShadows {
    /// As what they are kept: the operation, and a number of their own.
    name: String,
    /// What has to be the same as when they were created: the tables, and which streams are archived.
    ground: u64,
    /// The id up to which they have all events.
    complete: i64,
    /// An id up to which no event can come any more.
    settled: i64,
    /// The ids above `complete` that they have.
    beyond: BTreeSet<i64>,
    /// The table that is compared, by its place among those of the projection.
    table: usize,
    /// The row up to which that is done in this pass: its key, as literals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row: Option<Vec<String>>,
    /// Whether rows stand in the way of one another unless all are repaired at once.
    is_at_once: bool,
    /// How often they were gone.
    losses: u32,
}

impl KeptShadows {
    /// Drops them. They have to be closed.
    pub(super) async fn drop<DB: EventBackend>(
        &self,
        connection: &mut DB::Connection,
        shapes: &[Shape],
    ) -> Result<(), ProjectionError> {
        let dropped = DB::drop_kept(connection, shapes, &self.name).await;
        dropped.map_err(ProjectionError::database("drop the shadows"))
    }
}

/// Applies the next events to the shadows, or, if they have all, repairs the next rows.
pub(super) async fn step<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    shapes: &mut [Shape],
    asked: &Asked<'_, DB>,
    kept: &mut Option<KeptShadows>,
) -> Result<Stepped, ProjectionError> {
    fold.note_all_archived(connection).await?;
    let mut shadows = open(connection, fold, shapes, asked, kept.take()).await?;
    let is_one_step = shadows.losses > MOST_LOSSES;
    shadows.is_at_once |= is_one_step;
    let limit = if is_one_step { PAGE } else { asked.limit };
    let stepped = loop {
        match next(connection, fold, shapes, asked, &mut shadows, limit).await? {
            Stepped::Repaired(_) if is_one_step => {}
            stepped => break stepped,
        }
    };
    let closed = DB::close_kept(connection, shapes, &shadows.name).await;
    closed.map_err(ProjectionError::database("close the shadows"))?;
    *kept = Some(shadows);
    Ok(stepped)
}

/// Opens the shadows that are kept, or creates some if there are none or what they are made from has changed.
async fn open<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &Fold<'_, DB>,
    shapes: &mut [Shape],
    asked: &Asked<'_, DB>,
    kept: Option<KeptShadows>,
) -> Result<KeptShadows, ProjectionError> {
    let ground = ground(fold, shapes);
    let losses = kept.as_ref().map_or(0, |kept| kept.losses + 1);
    if let Some(kept) = kept
        && kept.ground == ground
    {
        let opened = DB::open_kept(connection, shapes, &kept.name).await;
        let opened = opened.map_err(ProjectionError::database("open the shadows"))?;
        if let Some((schema, name)) = opened {
            if name != kept.name {
                let by = name.split(' ').next().unwrap_or_default().to_owned();
                let projection = asked.projection.name.clone();
                return Err(ProjectionError::Overtaken { projection, by });
            }
            find_in(shapes, &schema);
            return Ok(kept);
        }
    }
    let name = format!("{} {:016x}", asked.id, fastrand::u64(..));
    let created = DB::create_kept(connection, shapes, &name).await;
    let schema = created.map_err(ProjectionError::database("create shadows of the tables"))?;
    find_in(shapes, &schema);
    Ok(KeptShadows {
        name,
        ground,
        losses,
        ..KeptShadows::default()
    })
}

fn find_in(shapes: &mut [Shape], schema: &str) {
    for shape in shapes {
        shape.with_shadow_in(schema);
    }
}

/// A number that is another one if the tables are changed, or which streams are archived.
fn ground<DB: EventBackend>(fold: &Fold<'_, DB>, shapes: &[Shape]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut archived: Vec<_> = fold.all_archived().iter().collect();
    archived.sort_unstable();
    archived.hash(&mut hasher);
    for shape in shapes {
        format!("{shape:?}").hash(&mut hasher);
    }
    hasher.finish()
}

async fn next<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    shapes: &[Shape],
    asked: &Asked<'_, DB>,
    shadows: &mut KeptShadows,
    limit: u32,
) -> Result<Stepped, ProjectionError> {
    if shadows.complete == shadows.settled {
        let settled = DB::settled_id(connection, BOUND * 5).await;
        let settled =
            settled.map_err(ProjectionError::database("find out which ids are settled"))?;
        let Some(settled) = settled else {
            let whom = "a transaction that writes events".to_owned();
            return Ok(Stepped::Waits(whom));
        };
        shadows.settled = settled.max(shadows.complete);
    }
    let mut page = fold.load_by_id(connection, shadows.complete, limit).await?;
    let is_full = page.len() as u64 >= u64::from(limit);
    let last = page.last().map_or(shadows.settled, |event| event.id);
    let to = if is_full {
        last.min(shadows.settled)
    } else {
        shadows.settled
    };
    let has_more = to < shadows.settled || is_full && shadows.complete < to;
    if is_full {
        page.retain(|event| event.id <= shadows.settled);
    }
    shadows.apply(connection, fold, page).await?;
    shadows.complete = to;
    shadows.beyond.retain(|id| *id > to);
    if has_more {
        return Ok(Stepped::Repaired(0));
    }
    if is_full {
        // Events come faster than pages of them are read, or have ids that the sequence did not give.
        shadows.catch_up(connection, fold).await?;
    }
    repair_some(connection, fold, shapes, asked, shadows, limit).await
}

impl KeptShadows {
    /// Applies those of `events` that the shadows do not have, and gives whether there were some.
    async fn apply<DB: EventBackend>(
        &mut self,
        connection: &mut DB::Connection,
        fold: &mut Fold<'_, DB>,
        mut events: Vec<StoredEvent>,
    ) -> Result<bool, ProjectionError> {
        events.retain(|event| !self.beyond.contains(&event.id));
        let has_come = !events.is_empty();
        let ids = events.iter().map(|event| event.id);
        self.beyond.extend(ids.filter(|id| *id > self.settled));
        fold.apply(connection, events).await?;
        Ok(has_come)
    }

    /// Applies what has come to be seen since they had all up to the settled id, and gives whether there was something.
    async fn catch_up<DB: EventBackend>(
        &mut self,
        connection: &mut DB::Connection,
        fold: &mut Fold<'_, DB>,
    ) -> Result<bool, ProjectionError> {
        let since = fold.load_by_id(connection, self.complete, u32::MAX).await?;
        self.apply(connection, fold, since).await
    }

    /// The rows behind the last ones are the next.
    fn go_on(&mut self, to: Option<Vec<String>>, tables: usize, repaired: u64) -> Stepped {
        if to.is_none() {
            self.table += 1;
        }
        self.row = to;
        if self.table < tables {
            return Stepped::Repaired(repaired);
        }
        self.table = 0;
        Stepped::RepairedLast(repaired)
    }
}

/// Repairs the next rows. The shadows have all events that there were a moment ago.
async fn repair_some<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    shapes: &[Shape],
    asked: &Asked<'_, DB>,
    shadows: &mut KeptShadows,
    limit: u32,
) -> Result<Stepped, ProjectionError> {
    let is_at_once = shadows.is_at_once || asked.projection.is_all_at_once();
    let after = shadows.row.clone();
    let (tables, to) = if is_at_once {
        (shapes, None)
    } else {
        let table = shapes.get(shadows.table..=shadows.table);
        let table = table.unwrap_or_default();
        let most = limit.min(MOST_ROWS);
        let to = key_at::<DB>(connection, table, after.as_deref(), most).await?;
        (table, to)
    };
    let rows = if is_at_once {
        Rows::All
    } else {
        Rows::Keys(after.as_deref(), to.as_deref())
    };
    let stepped = make_right(connection, fold, tables, shadows, &rows).await?;
    let is_in_the_way = shadows.is_at_once && !is_at_once;
    match stepped {
        Stepped::Repaired(repaired) if is_at_once => Ok(Stepped::RepairedLast(repaired)),
        Stepped::Repaired(repaired) if !is_in_the_way => {
            Ok(shadows.go_on(to, shapes.len(), repaired))
        }
        stepped => Ok(stepped),
    }
}

/// Makes these rows as they were computed, if they are not.
async fn make_right<DB: EventBackend>(
    connection: &mut DB::Connection,
    fold: &mut Fold<'_, DB>,
    tables: &[Shape],
    shadows: &mut KeptShadows,
    rows: &Rows<'_>,
) -> Result<Stepped, ProjectionError> {
    let failed = || ProjectionError::database("repair rows");
    for shape in tables {
        let compared = shape.number_of_live::<DB>(rows);
        let compared = DB::fetch(connection, &compared, &[])
            .await
            .map_err(failed())?;
        let compared: Option<i64> = compared
            .first()
            .and_then(|row| column::<DB, _>(row, 0).ok());
        fold.compared += compared
            .and_then(|it| usize::try_from(it).ok())
            .unwrap_or(0);
    }
    let mut wrong = 0;
    for _ in 0..LOOKS {
        wrong = wrong_rows::<DB>(connection, tables, rows).await?;
        // **Invariant:** what has come is asked after the comparison. A row that was one event short, and has got the next one meanwhile, is equal
        // to what was computed, and wrong.
        if shadows.catch_up(connection, fold).await? {
            continue;
        }
        if wrong == 0 {
            return Ok(Stepped::Repaired(0));
        }
        break;
    }
    let is_all = matches!(rows, Rows::All);
    if is_all {
        let tables = tables.iter().map(|shape| shape.name.as_str());
        let tables = tables.collect::<Vec<_>>().join(", ");
        tracing::info!(target: TARGET, wrong, tables, "rows are repaired all at once, and writers of these tables wait for it");
    }
    let holds = (!is_all).then_some(BOUND / 2);
    if let Some(whom) = lock::<DB>(connection, tables, holds).await? {
        return Ok(Stepped::Waits(whom));
    }
    if fold.has_archive_changed(connection).await? {
        return Ok(Stepped::Waits("whoever archives streams".to_owned()));
    }
    shadows.catch_up(connection, fold).await?;
    execute::<DB>(connection, "SAVEPOINT kumiko_repair")
        .await
        .map_err(failed())?;
    match repair::<DB>(connection, tables, rows).await {
        Ok(repaired) => {
            let released = execute::<DB>(connection, "RELEASE SAVEPOINT kumiko_repair").await;
            released.map_err(failed())?;
            Ok(Stepped::Repaired(repaired))
        }
        Err(error) if !is_all && is_of_other_rows(&error) => {
            // The rows that are in the way are behind these. From here on none is behind others.
            let undone = execute::<DB>(connection, "ROLLBACK TO SAVEPOINT kumiko_repair").await;
            undone.map_err(failed())?;
            shadows.is_at_once = true;
            Ok(Stepped::Repaired(0))
        }
        Err(error) => Err(failed()(error)),
    }
}

/// Whether rows that are not repaired yet are in the way: one has a value that is unique, or another refers to it.
fn is_of_other_rows(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.is_unique_violation() || error.is_foreign_key_violation())
}

/// The key of the row that is `number` rows behind `after`, as literals; none if there are fewer.
async fn key_at<DB: EventBackend>(
    connection: &mut DB::Connection,
    table: &[Shape],
    after: Option<&[String]>,
    number: u32,
) -> Result<Option<Vec<String>>, ProjectionError> {
    let failed = || ProjectionError::database("find the next rows to compare");
    let Some(shape) = table.first() else {
        return Ok(None);
    };
    let sql = shape.key_at::<DB>(after, number);
    let rows = DB::fetch(connection, &sql, &[]).await.map_err(failed())?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let literal = |index| DB::text(row, index).map(Option::unwrap_or_default);
    let literals = (0..shape.keys().count()).map(literal);
    let literals = literals.collect::<sqlx::Result<Vec<_>>>();
    literals.map(Some).map_err(failed())
}

/// How many rows differ from what was computed.
async fn wrong_rows<DB: EventBackend>(
    connection: &mut DB::Connection,
    shapes: &[Shape],
    rows: &Rows<'_>,
) -> Result<u64, ProjectionError> {
    let failed = || ProjectionError::database("compare rows");
    let mut wrong = 0;
    for shape in shapes {
        let sql = shape.counted::<DB>(rows);
        let counted = DB::fetch(connection, &sql, &[]).await.map_err(failed())?;
        for row in &counted {
            let count: i64 = column::<DB, _>(row, 1).map_err(failed())?;
            wrong += count.unsigned_abs();
        }
    }
    Ok(wrong)
}

async fn execute<DB: EventBackend>(
    connection: &mut DB::Connection,
    sql: &'static str,
) -> sqlx::Result<()> {
    DB::executor(connection).execute(sql).await?;
    Ok(())
}
