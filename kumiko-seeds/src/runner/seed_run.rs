//! The run of one seed.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt;
use tracing::Instrument;

use super::work::unfinished;
use crate::backend::{Backend, Fault, Locked};
use crate::context::Activity;
use crate::progress::TARGET;
use crate::report::{Applied, DryRunSeed};
use crate::store::NewMarker;
use crate::{Error, Progress, Seed, SeedContext, SeedRunner};

/// A seed that has run; its marker is still to be written.
pub(super) struct Ran {
    pub(super) marker: NewMarker<'static>,
}

impl Ran {
    pub(super) fn applied(&self, events: u64, retries: u32) -> Applied {
        Applied {
            id: self.marker.id,
            duration: self.marker.duration,
            events,
            retries,
        }
    }

    pub(super) fn tried(self, activity: Activity) -> DryRunSeed {
        DryRunSeed {
            id: self.marker.id,
            duration: self.marker.duration,
            events: activity.into_events(),
        }
    }
}

/// Runs `seed` in the open transaction of `connection`, which has the lock.
pub(super) async fn run<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    seed: &Seed<DB>,
    locked: &Locked<DB>,
    activity: &mut Activity,
) -> Result<Ran, Error> {
    runner.notify(Progress::Started { id: seed.id });
    let clock = Instant::now();
    let span = tracing::info_span!(target: TARGET, "seed", id = seed.id);
    call::<DB>(runner, connection, seed, &locked.identity, activity)
        .instrument(span)
        .await?;
    let marker = NewMarker {
        id: seed.id,
        ledger_id: runner.app.ledger_id(seed.id).into_owned(),
        applied_at: locked.since,
        duration: clock.elapsed(),
        applied_by: runner.applied_by,
        notes: seed.description,
        source_hash: seed.source_hash,
    };
    Ok(Ran { marker })
}

/// Calls the seed itself and fails unless all it began is done.
async fn call<DB: Backend>(
    runner: &SeedRunner<DB>,
    connection: &mut DB::Connection,
    seed: &Seed<DB>,
    identity: &DB::Identity,
    activity: &mut Activity,
) -> Result<(), Error> {
    let id = seed.id;
    let mut context = SeedContext::new(id, connection, &runner.extensions, identity, activity);
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
        .map_err(|error| match DB::fault(&error) {
            Fault::TransactionFailed => unfinished(id),
            _ => Error::database("leave the seed's read-only mode", error),
        })?
        .map_err(|problem| Error::Unfinished { id, problem })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(a value that is not a message)")
        .to_owned()
}
