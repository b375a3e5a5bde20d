//! What is done under the lock.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::seed_run::{Ran, run};
use crate::backend::{Backend, Hands, Locked, MarkerFault, Restoration};
use crate::context::{Activity, Journal};
use crate::report::DryRunSeed;
use crate::store::{self, NewMarker, Sought};
use crate::{Error, InterventionKind, Remains, Seed, SeedInfo, SeedRunner};

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
    pub(super) fn sought(&self) -> Option<SeedInfo<'static>> {
        match self {
            Self::Seed(seed) => Some(seed.info()),
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

/// What the work knows of the transaction it is done in.
pub(super) struct Under<'r, DB: Backend> {
    pub(super) runner: &'r SeedRunner<DB>,
    pub(super) table: Table,
    pub(super) restoration: &'r Restoration,
    /// What was found with the lock.
    pub(super) locked: Locked<DB>,
}

/// Does `work` in the open transaction of `connection`, which has the lock.
pub(super) async fn within<DB: Backend>(
    connection: &mut DB::Connection,
    work: Work<'_, DB>,
    under: Under<'_, DB>,
    activity: &mut Activity,
) -> Result<Done, Error> {
    let Under {
        runner,
        table,
        restoration,
        mut locked,
    } = under;
    let identity = &locked.identity.clone();
    *activity = Activity::new(Journal::Count(0));
    match work {
        Work::Prepare => {
            prepare::<DB>(runner, connection, identity, restoration, activity).await?;
            Ok(Done::Prepared)
        }
        Work::Seed(seed) => {
            let sought = Sought::seed(&runner.app, seed.info());
            let applied_at = match table {
                Table::Exists => {
                    let rows = std::mem::take(&mut locked.rows);
                    store::looked::<DB>(connection, rows, &sought).await?
                }
                Table::MayBeMissing => {
                    store::create_table::<DB>(connection).await?;
                    store::applied_at::<DB>(connection, &sought).await?
                }
            };
            if applied_at.is_some() {
                return Ok(Done::AlreadyApplied);
            }
            let ran = run(runner, connection, seed, &locked, activity).await?;
            Ok(Done::Ran(ran))
        }
        Work::Mark(seed) => {
            mark::<DB>(runner, connection, seed, table, &locked).await?;
            Ok(Done::Marked)
        }
        Work::Unmark(id) => {
            let app = &runner.app;
            if table == Table::MayBeMissing || !store::delete::<DB>(connection, app, id).await? {
                return Err(Error::NotApplied { id: id.to_owned() });
            }
            let kind = InterventionKind::Unmarked;
            store::insert_intervention::<DB>(connection, app, id, kind, runner.applied_by).await?;
            Ok(Done::Marked)
        }
        Work::Find(id) => {
            let applied_at = store::find::<DB>(connection, &Sought::own(&runner.app, id)).await?;
            Ok(Done::Found(applied_at))
        }
        Work::DryRun(seeds) => {
            DB::forbid_commit(connection)
                .await
                .map_err(|error| Error::database("see to it that nothing is committed", error))?;
            prepare::<DB>(runner, connection, identity, restoration, activity).await?;
            if table == Table::MayBeMissing {
                store::create_table::<DB>(connection).await?;
            }
            let mut tried = Vec::new();
            for seed in seeds {
                let sought = Sought::seed(&runner.app, seed.info());
                let applied_at = store::applied_at::<DB>(connection, &sought).await?;
                if applied_at.is_some() {
                    continue;
                }
                let mut events = Activity::new(Journal::Events(Vec::new()));
                let ran = run(runner, connection, seed, &locked, &mut events).await;
                activity.hands = activity.hands.max(events.hands);
                let ran = ran?;
                let restoring = restoration.statements(events.hands);
                store::insert::<DB>(connection, identity, restoring, &ran.marker)
                    .await
                    .map_err(|fault| unwritten::<DB>(Some(seed.id), fault))?;
                tried.push(ran.tried(events));
            }
            Ok(Done::Tried(tried))
        }
    }
}

/// What to say of a seed, or of the preparation, whose transaction does not take what ends it.
pub(super) fn unwritten<DB: Backend>(id: Option<&'static str>, fault: MarkerFault) -> Error {
    match (fault, id) {
        (MarkerFault::TransactionEnded, id) => Error::TransactionEnded {
            id,
            // Only the transaction itself tells; see `Run::undo`.
            remains: Remains::After,
            source: None,
        },
        (MarkerFault::TransactionFailed(_), Some(id)) => unfinished(id),
        (fault, _) => store::unwritten::<DB>(fault),
    }
}

/// What to say of a seed that went on after a statement had failed.
pub(super) fn unfinished(id: &'static str) -> Error {
    Error::Unfinished {
        id,
        problem:
            "a statement in it had failed, and after that PostgreSQL commits nothing; the server's \
                  log names the statement"
                .to_owned(),
    }
}

async fn mark<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    seed: SeedInfo<'_>,
    table: Table,
    locked: &Locked<DB>,
) -> Result<(), Error> {
    let id = seed.id;
    if table == Table::MayBeMissing {
        store::create_table::<DB>(connection).await?;
    }
    let (app, sought) = (&runner.app, Sought::own(&runner.app, id));
    if store::applied_at::<DB>(connection, &sought)
        .await?
        .is_some()
    {
        return Err(Error::AlreadyApplied { id: id.to_owned() });
    }
    let marker = NewMarker {
        id,
        ledger_id: app.ledger_id(id).into_owned(),
        applied_at: locked.since,
        duration: Duration::ZERO,
        applied_by: runner.applied_by,
        notes: seed.description,
        source_hash: seed.source_hash.unwrap_or_default(),
    };
    store::insert::<DB>(connection, &locked.identity, "", &marker)
        .await
        .map_err(store::unwritten::<DB>)?;
    let kind = InterventionKind::Marked;
    store::insert_intervention::<DB>(connection, app, id, kind, runner.applied_by).await
}

/// Lets the app prepare the database, and takes nothing over from it but what is in the database.
async fn prepare<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    identity: &DB::Identity,
    restoration: &Restoration,
    activity: &mut Activity,
) -> Result<(), Error> {
    let Some(prepare) = &runner.prepare else {
        return Ok(());
    };
    activity.hands = Hands::Seed;
    prepare(connection)
        .await
        .map_err(|source| Error::Prepare { source })?;
    let restoring = restoration.statements(activity.hands);
    DB::restore(connection, identity, restoring)
        .await
        .map_err(|fault| unwritten::<DB>(None, fault))
}
