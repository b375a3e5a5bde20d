//! The run of one seed.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::backend::Backend;
use crate::context::Journal;
use crate::progress::TARGET;
use crate::report::{Applied, DryRunSeed};
use crate::store::NewMarker;
use crate::{Error, Progress, Seed, SeedContext, SeedRunner};

/// A seed that has run; its marker is still to be written.
pub(super) struct Ran {
    pub(super) marker: NewMarker<'static>,
    journal: Journal,
}

impl Ran {
    pub(super) fn applied(&self) -> Applied {
        let events = match &self.journal {
            Journal::Count(count) => *count,
            Journal::Events(events) => events.len() as u64,
        };
        Applied {
            id: self.marker.id,
            duration: self.marker.duration,
            events,
        }
    }

    pub(super) fn tried(self) -> DryRunSeed {
        let events = match self.journal {
            Journal::Count(_) => Vec::new(),
            Journal::Events(events) => events,
        };
        DryRunSeed {
            id: self.marker.id,
            duration: self.marker.duration,
            events,
        }
    }
}

/// Runs `seed` in the open transaction of `connection`, which has the lock since `began`.
pub(super) async fn run<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    seed: &Seed<DB>,
    began: DateTime<Utc>,
    journal: Journal,
) -> Result<Ran, Error> {
    runner.notify(Progress::Started { id: seed.id });
    let clock = Instant::now();
    let span = tracing::info_span!(target: TARGET, "seed", id = seed.id);
    let journal = call::<DB>(runner, connection, seed, journal)
        .instrument(span)
        .await?;
    let marker = NewMarker {
        id: seed.id,
        applied_at: began,
        duration: clock.elapsed(),
        applied_by: runner.applied_by,
        notes: seed.description,
        source_hash: seed.source_hash,
    };
    Ok(Ran { marker, journal })
}

/// Calls the seed itself and fails unless all it began is done.
async fn call<DB: Backend>(
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
