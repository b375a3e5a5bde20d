//! One attempt to do one thing under the lock, in one transaction.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use sqlx::{Connection, SqlStr, Transaction};
use tracing::Instrument;

use super::Session;
use crate::backend::{Backend, Fault};
use crate::context::Journal;
use crate::progress::TARGET;
use crate::report::{Applied, DryRunSeed};
use crate::store::{self, NewMarker};
use crate::{Error, InterventionKind, Progress, Seed, SeedContext, SeedInfo, SeedRunner};

const LOCK: &str = "take the lock of seeds";

/// What is done under the lock.
pub(super) enum Work<'a, DB: Backend> {
    /// The app's own preparation.
    Prepare,
    /// One pending seed.
    Seed(&'a Seed<DB>),
    /// A marker for a seed that is not run.
    Mark(SeedInfo<'a>),
    /// The end of a seed's marker.
    Unmark(&'a str),
    /// All that would be done, and then rolled back.
    DryRun(&'a [&'static Seed<DB>]),
}

/// How an attempt ended without an error.
pub(super) enum Outcome {
    /// The app's preparation is committed.
    Prepared,
    /// The seed is committed with its marker.
    Applied(Applied),
    /// The change to a marker is committed.
    Marked,
    /// The seeds were run and rolled back.
    Tried(Vec<DryRunSeed>),
    /// Under the lock it turned out that the seed is applied.
    AlreadyApplied,
    /// Somebody else holds the lock.
    Busy,
}

/// Whether the table of operations is known to exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Exists,
    MayBeMissing,
}

/// Tries once to do `work` under the lock.
///
/// **Invariant:** the order is lock, re-check, seed, marker, commit, all in one transaction. Taking
/// any of them out of it, or changing the order, doubles or loses events.
pub(super) async fn attempt<DB: Backend>(
    runner: &SeedRunner<DB>,
    session: &mut Session<DB>,
    work: &Work<'_, DB>,
    table: Table,
    committing: &AtomicBool,
) -> Result<Outcome, Error> {
    const STEP: &str = "begin a transaction";
    let connection = session.connection();
    let busy_timeout = DB::replace_busy_timeout(connection, 0)
        .await
        .map_err(|error| Error::database(STEP, error))?;
    // Not the `&'static str` itself: with it the compiler cannot tell that the future is `Send`.
    let begin = SqlStr::from_static(DB::BEGIN);
    let ended = match connection.begin_with(begin).await {
        Ok(transaction) => {
            transact(runner, transaction, work, table, busy_timeout, committing).await
        }
        Err(error) if DB::fault(&error) == Fault::Locked => Ended::rolled_back(Ok(Outcome::Busy)),
        Err(error) => Ended::rolled_back(Err(Error::database(STEP, error))),
    };
    let settled = match ended.transaction {
        Ok(Ending::Committed) => Ok(()),
        Ok(Ending::RolledBack) => DB::undo_session_settings(connection, busy_timeout).await,
        Err(error) => Err(error),
    };
    match settled {
        Ok(()) => {
            session.settle();
            ended.outcome
        }
        // What went wrong first is the cause; a connection that is not settled is closed.
        Err(error) => {
            let step = match ended.outcome {
                Ok(Outcome::Prepared | Outcome::Applied(_) | Outcome::Marked) => {
                    "commit the transaction"
                }
                _ => "roll back the transaction",
            };
            ended.outcome.and(Err(Error::database(step, error)))
        }
    }
}

/// How the transaction of an attempt ended, and the attempt with it.
struct Ended {
    transaction: sqlx::Result<Ending>,
    outcome: Result<Outcome, Error>,
}

enum Ending {
    Committed,
    RolledBack,
}

impl Ended {
    fn rolled_back(outcome: Result<Outcome, Error>) -> Self {
        Self {
            transaction: Ok(Ending::RolledBack),
            outcome,
        }
    }
}

/// Does `work` in a transaction just begun, and ends that transaction.
async fn transact<DB: Backend>(
    runner: &SeedRunner<DB>,
    mut transaction: Transaction<'_, DB>,
    work: &Work<'_, DB>,
    table: Table,
    busy_timeout: i64,
    committing: &AtomicBool,
) -> Ended {
    let outcome = match lock::<DB>(&mut transaction, busy_timeout).await {
        Ok(true) => within::<DB>(runner, &mut transaction, work, table).await,
        Ok(false) => Ok(Outcome::Busy),
        Err(error) => Err(Error::database(LOCK, error)),
    };
    if matches!(
        outcome,
        Ok(Outcome::Prepared | Outcome::Applied(_) | Outcome::Marked)
    ) {
        committing.store(true, Ordering::Relaxed);
        let transaction = transaction.commit().await.map(|()| Ending::Committed);
        committing.store(false, Ordering::Relaxed);
        Ended {
            transaction,
            outcome,
        }
    } else {
        let transaction = transaction.rollback().await.map(|()| Ending::RolledBack);
        Ended {
            transaction,
            outcome,
        }
    }
}

async fn lock<DB: Backend>(
    connection: &mut DB::Connection,
    busy_timeout: i64,
) -> sqlx::Result<bool> {
    DB::replace_busy_timeout(connection, busy_timeout).await?;
    DB::take_lock(connection).await
}

/// The part of an attempt that has the lock.
async fn within<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    work: &Work<'_, DB>,
    table: Table,
) -> Result<Outcome, Error> {
    match work {
        Work::Prepare => {
            prepare::<DB>(runner, connection).await?;
            Ok(Outcome::Prepared)
        }
        Work::Seed(seed) => {
            let ran = apply(runner, connection, seed, table, Journal::Count(0)).await?;
            Ok(ran.map_or(Outcome::AlreadyApplied, |ran| {
                Outcome::Applied(ran.applied(seed.id))
            }))
        }
        Work::Mark(seed) => {
            mark::<DB>(runner, connection, *seed, table).await?;
            Ok(Outcome::Marked)
        }
        Work::Unmark(id) => {
            if table == Table::MayBeMissing || !store::delete::<DB>(connection, id).await? {
                return Err(Error::NotApplied {
                    id: (*id).to_owned(),
                });
            }
            let kind = InterventionKind::Unmarked;
            store::insert_intervention::<DB>(connection, id, kind, runner.applied_by).await?;
            Ok(Outcome::Marked)
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
            Ok(Outcome::Tried(tried))
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
    if store::is_applied::<DB>(connection, id).await? {
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
/// A seed that has run, with its marker written.
struct Ran {
    duration: Duration,
    journal: Journal,
}

impl Ran {
    fn applied(self, id: &'static str) -> Applied {
        let events = match self.journal {
            Journal::Count(count) => count,
            Journal::Events(events) => events.len() as u64,
        };
        Applied {
            id,
            duration: self.duration,
            events,
        }
    }

    fn tried(self, id: &'static str) -> DryRunSeed {
        let events = match self.journal {
            Journal::Count(_) => Vec::new(),
            Journal::Events(events) => events,
        };
        DryRunSeed {
            id,
            duration: self.duration,
            events,
        }
    }
}

/// Runs `seed` and writes its marker, unless it turns out to be applied.
async fn apply<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    seed: &Seed<DB>,
    table: Table,
    journal: Journal,
) -> Result<Option<Ran>, Error> {
    if table == Table::MayBeMissing {
        store::create_table::<DB>(connection).await?;
    }
    if store::is_applied::<DB>(connection, seed.id).await? {
        return Ok(None);
    }
    runner.notify(Progress::Started { id: seed.id });
    let began = Instant::now();
    let span = tracing::info_span!(target: TARGET, "seed", id = seed.id);
    let journal = run::<DB>(runner, connection, seed, journal)
        .instrument(span)
        .await?;
    let duration = began.elapsed();
    let marker = NewMarker {
        id: seed.id,
        duration,
        applied_by: runner.applied_by,
        notes: seed.description,
        source_hash: seed.source_hash,
    };
    if !store::insert::<DB>(connection, marker).await? {
        return Err(Error::TransactionEnded { id: seed.id });
    }
    Ok(Some(Ran { duration, journal }))
}

/// Runs the seed itself and fails unless all it began is done.
async fn run<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    seed: &Seed<DB>,
    journal: Journal,
) -> Result<Journal, Error> {
    let id = seed.id;
    let mut context = SeedContext::new(id, connection, &runner.extensions, journal);
    // After a panic nothing of the seed is used again but the connection, and that only to roll back.
    let ran = AssertUnwindSafe(async { (seed.run)(&mut context).await })
        .catch_unwind()
        .await;
    match ran {
        Ok(Ok(())) => {}
        Ok(Err(source)) => return Err(Error::Seed { id, source }),
        Err(panic) => {
            return Err(Error::Panicked {
                id,
                message: panic_message(panic.as_ref()),
            });
        }
    }
    let finished = context.finish().await;
    finished
        .map_err(|error| Error::database("leave the seed's read-only mode", error))?
        .map_err(|problem| Error::Unfinished { id, problem })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(a value that is not a message)")
        .to_owned()
}
