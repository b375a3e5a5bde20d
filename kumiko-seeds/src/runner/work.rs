//! What is done under the lock.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::seed_run::{Ran, run};
use crate::backend::{Backend, Locked, MarkerFault};
use crate::context::Journal;
use crate::report::DryRunSeed;
use crate::store::{self, NewMarker};
use crate::{Error, InterventionKind, Seed, SeedInfo, SeedRunner};

/// What is to be done under the lock.
pub(super) enum Work<'a, DB: Backend> {
    /// The app's own preparation.
    Prepare,
    /// One pending seed.
    Seed(&'static Seed<DB>),
    /// A marker for a seed that is not run.
    Mark(SeedInfo<'a>),
    /// The end of a seed's marker.
    Unmark(&'a str),
    /// Nothing but the question whether a seed is applied.
    Find(&'a str),
    /// All that would be done, and then rolled back.
    DryRun(&'a [&'static Seed<DB>]),
}

impl<DB: Backend> Clone for Work<'_, DB> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<DB: Backend> Copy for Work<'_, DB> {}

impl<DB: Backend> Work<'_, DB> {
    /// The seed to ask for together with the lock.
    pub(super) fn sought(&self) -> Option<&'static str> {
        match self {
            Self::Seed(seed) => Some(seed.id),
            _ => None,
        }
    }
}

/// What was done under the lock.
pub(super) enum Done {
    /// The app's preparation.
    Prepared,
    /// The run of a seed, whose marker is still to be written.
    Ran(Ran),
    /// The change to a marker.
    Marked,
    /// Nothing: the seed is applied.
    AlreadyApplied,
    /// Nothing: the seed was applied then, or is not.
    Found(Option<DateTime<Utc>>),
    /// Seeds that are not to stay.
    Tried(Vec<DryRunSeed>),
}

/// Whether the table of operations is known to exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Exists,
    MayBeMissing,
}

pub(super) const LOCK: &str = "take the lock of seeds";

/// Does `work` in the open transaction of `connection`, which has the lock. `locked` is what was found
/// with it.
pub(super) async fn within<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    work: Work<'_, DB>,
    table: Table,
    locked: Locked<DB>,
) -> Result<Done, Error> {
    match work {
        Work::Prepare => {
            prepare::<DB>(runner, connection).await?;
            Ok(Done::Prepared)
        }
        Work::Seed(seed) => {
            let applied_at = match table {
                Table::Exists => store::looked::<DB>(connection, locked.rows, seed.id).await?,
                Table::MayBeMissing => {
                    store::create_table::<DB>(connection).await?;
                    store::applied_at::<DB>(connection, seed.id).await?
                }
            };
            if applied_at.is_some() {
                return Ok(Done::AlreadyApplied);
            }
            let journal = Journal::Count(0);
            let ran = run(runner, connection, seed, locked.since, journal).await?;
            Ok(Done::Ran(ran))
        }
        Work::Mark(seed) => {
            mark::<DB>(runner, connection, seed, table, locked.since).await?;
            Ok(Done::Marked)
        }
        Work::Unmark(id) => {
            if table == Table::MayBeMissing || !store::delete::<DB>(connection, id).await? {
                return Err(Error::NotApplied { id: id.to_owned() });
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
            if table == Table::MayBeMissing {
                store::create_table::<DB>(connection).await?;
            }
            let mut tried = Vec::new();
            for seed in seeds {
                let applied_at = store::applied_at::<DB>(connection, seed.id).await?;
                if applied_at.is_some() {
                    continue;
                }
                let journal = Journal::Events(Vec::new());
                let ran = run(runner, connection, seed, locked.since, journal).await?;
                store::insert::<DB>(connection, &ran.marker)
                    .await
                    .map_err(|fault| unwritten::<DB>(seed.id, fault))?;
                tried.push(ran.tried());
                // Each marker ends what the lock began for it; they share a transaction only here.
                DB::take_lock(connection, "", &[])
                    .await
                    .map_err(|error| Error::database(LOCK, error))?;
            }
            Ok(Done::Tried(tried))
        }
    }
}

/// What to say of a seed whose marker was not written.
pub(super) fn unwritten<DB: Backend>(id: &'static str, fault: MarkerFault) -> Error {
    match fault {
        MarkerFault::TransactionEnded => Error::TransactionEnded { id },
        fault => store::unwritten::<DB>(fault),
    }
}

async fn mark<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    seed: SeedInfo<'_>,
    table: Table,
    began: DateTime<Utc>,
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
        applied_at: began,
        duration: Duration::ZERO,
        applied_by: runner.applied_by,
        notes: seed.description,
        source_hash: seed.source_hash.unwrap_or_default(),
    };
    store::insert::<DB>(connection, &marker)
        .await
        .map_err(store::unwritten::<DB>)?;
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
