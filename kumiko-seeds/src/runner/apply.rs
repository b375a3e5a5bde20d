//! One seed in a transaction that has the lock: re-check, run, marker.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use tracing::Instrument;

use super::work::Table;
use crate::backend::Backend;
use crate::context::Journal;
use crate::progress::TARGET;
use crate::report::{Applied, DryRunSeed};
use crate::store::{self, NewMarker};
use crate::{Error, Progress, Seed, SeedContext, SeedRunner};

/// A seed that has run, with its marker written.
pub(super) struct Ran {
    /// The time that its marker says.
    pub(super) applied_at: DateTime<Utc>,
    duration: Duration,
    journal: Journal,
}

impl Ran {
    pub(super) fn applied(self, id: &'static str) -> Applied {
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

    pub(super) fn tried(self, id: &'static str) -> DryRunSeed {
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
pub(super) async fn apply<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    seed: &Seed<DB>,
    table: Table,
    journal: Journal,
) -> Result<Option<Ran>, Error> {
    if table == Table::MayBeMissing {
        store::create_table::<DB>(connection).await?;
    }
    if store::applied_at::<DB>(connection, seed.id)
        .await?
        .is_some()
    {
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
    match store::insert::<DB>(connection, marker).await? {
        Some(applied_at) => Ok(Some(Ran {
            applied_at,
            duration,
            journal,
        })),
        None => Err(Error::TransactionEnded { id: seed.id }),
    }
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
