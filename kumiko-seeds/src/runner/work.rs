//! What is done under the lock.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::apply::apply;
use crate::backend::Backend;
use crate::context::Journal;
use crate::report::{Applied, DryRunSeed};
use crate::store::{self, NewMarker};
use crate::{Error, InterventionKind, Seed, SeedInfo, SeedRunner};

/// What is to be done under the lock.
pub(super) enum Work<'a, DB: Backend> {
    /// The app's own preparation.
    Prepare,
    /// One pending seed.
    Seed(&'a Seed<DB>),
    /// A marker for a seed that is not run.
    Mark(SeedInfo<'a>),
    /// The end of a seed's marker.
    Unmark(&'a str),
    /// Nothing but the question whether a seed is applied.
    Find(&'a str),
    /// All that would be done, and then rolled back.
    DryRun(&'a [&'static Seed<DB>]),
}

/// What was done under the lock.
pub(super) enum Done {
    /// The app's preparation.
    Prepared,
    /// A seed and its marker.
    Applied(Applied, DateTime<Utc>),
    /// The change to a marker.
    Marked,
    /// Nothing: the seed is applied.
    AlreadyApplied,
    /// Nothing: the seed was applied then, or is not.
    Found(Option<DateTime<Utc>>),
    /// Seeds that are not to stay.
    Tried(Vec<DryRunSeed>),
}

impl Done {
    /// Whether it is to stay.
    pub(super) fn is_to_stay(&self) -> bool {
        matches!(self, Self::Prepared | Self::Applied(..) | Self::Marked)
    }
}

/// Whether the table of operations is known to exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Exists,
    MayBeMissing,
}

pub(super) const LOCK: &str = "take the lock of seeds";

/// Does `work` in the open transaction of `connection`, which has the lock.
pub(super) async fn within<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    work: &Work<'_, DB>,
    table: Table,
) -> Result<Done, Error> {
    match work {
        Work::Prepare => {
            prepare::<DB>(runner, connection).await?;
            Ok(Done::Prepared)
        }
        Work::Seed(seed) => {
            let ran = apply(runner, connection, seed, table, Journal::Count(0)).await?;
            Ok(ran.map_or(Done::AlreadyApplied, |ran| {
                let applied_at = ran.applied_at;
                Done::Applied(ran.applied(seed.id), applied_at)
            }))
        }
        Work::Mark(seed) => {
            mark::<DB>(runner, connection, *seed, table).await?;
            Ok(Done::Marked)
        }
        Work::Unmark(id) => {
            if table == Table::MayBeMissing || !store::delete::<DB>(connection, id).await? {
                return Err(Error::NotApplied {
                    id: (*id).to_owned(),
                });
            }
            let kind = InterventionKind::Unmarked;
            store::insert_intervention::<DB>(connection, id, kind, runner.applied_by).await?;
            Ok(Done::Marked)
        }
        Work::Find(id) => {
            let applied_at = store::find::<DB>(connection, id).await?;
            Ok(Done::Found(applied_at))
        }
        Work::DryRun(seeds) => {
            prepare::<DB>(runner, connection).await?;
            let mut tried = Vec::new();
            for seed in *seeds {
                let journal = Journal::Events(Vec::new());
                if let Some(ran) = apply(runner, connection, seed, table, journal).await? {
                    tried.push(ran.tried(seed.id));
                }
                // Each seed ends what the lock began for it; they share a transaction only here.
                DB::take_lock(connection)
                    .await
                    .map_err(|error| Error::database(LOCK, error))?;
            }
            Ok(Done::Tried(tried))
        }
    }
}

async fn mark<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    seed: SeedInfo<'_>,
    table: Table,
) -> Result<(), Error> {
    let id = seed.id;
    if table == Table::MayBeMissing {
        store::create_table::<DB>(connection).await?;
    }
    if store::applied_at::<DB>(connection, id).await?.is_some() {
        return Err(Error::AlreadyApplied { id: id.to_owned() });
    }
    let marker = NewMarker {
        id,
        duration: Duration::ZERO,
        applied_by: runner.applied_by,
        notes: seed.description,
        source_hash: seed.source_hash.unwrap_or_default(),
    };
    store::insert::<DB>(connection, marker).await?;
    let kind = InterventionKind::Marked;
    store::insert_intervention::<DB>(connection, id, kind, runner.applied_by).await
}

async fn prepare<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
) -> Result<(), Error> {
    match &runner.prepare {
        Some(prepare) => prepare(connection)
            .await
            .map_err(|source| Error::Prepare { source }),
        None => Ok(()),
    }
}
