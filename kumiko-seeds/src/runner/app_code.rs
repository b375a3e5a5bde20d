//! The app's own code in a transaction: its preparation, and its seeds.

use std::any::Any;
use std::error::Error as StdError;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tracing::Instrument;

use super::builder::SeedRunner;
use super::prepare::Prepare;
use super::required_migration::require_migration;
use crate::backend::{Backend, Fault, Hands};
use crate::causes::panic_text;
use crate::ledger::NewMarker;
use crate::progress::TARGET;
use crate::under_lock::Turn;
use crate::{Batch, Error, Progress, RunBatch, RunSeed, Seed, SeedContext};

/// Lets the app prepare the database, up to the schema migration of this version.
pub(super) async fn prepare<DB: Backend>(
    prepare: &Prepare<DB>,
    up_to: i64,
    turn: &mut Turn<'_, DB>,
) -> Result<(), Error> {
    turn.open.journal.hands = Hands::Seed;
    let prepared = (prepare.run)(turn.connection, up_to).await;
    prepared.map_err(|source| Error::Prepare { source })
}

/// A seed that has run.
pub(super) struct Ran {
    pub(super) duration: Duration,
    /// Still to be written.
    pub(super) marker: NewMarker<'static>,
}

/// Runs `seed` in the open transaction.
pub(super) async fn run<DB: Backend>(
    runner: &SeedRunner<DB>,
    turn: &mut Turn<'_, DB>,
    seed: &'static Seed<DB>,
    code: RunSeed<DB>,
) -> Result<Ran, Error> {
    runner.observer.notify(Progress::Started { id: seed.id });
    require_migration(runner, turn, seed).await?;
    let clock = Instant::now();
    let span = tracing::info_span!(target: TARGET, "seed", id = seed.id);
    call(runner, turn, seed, code).instrument(span).await?;
    let duration = clock.elapsed();
    Ok(Ran::of(runner, turn, seed, duration))
}

impl Ran {
    /// What has run for so long.
    pub(super) fn of<DB: Backend>(
        runner: &SeedRunner<DB>,
        turn: &Turn<'_, DB>,
        seed: &'static Seed<DB>,
        duration: Duration,
    ) -> Self {
        let marker = NewMarker::new(&runner.app, seed.info(), turn.since(), runner.applied_by);
        Self {
            duration,
            marker: marker.took(duration),
        }
    }

    /// The same, with this in the notes of its marker.
    pub(super) fn noting(self, note: &str) -> Self {
        Self {
            marker: self.marker.noting(note),
            ..self
        }
    }

    /// The same, with these markers to be written beside its own.
    pub(super) fn beside(self, markers: Vec<NewMarker<'static>>) -> Self {
        Self {
            marker: self.marker.beside(markers),
            ..self
        }
    }
}

/// Calls the seed itself and fails unless all it began is done.
async fn call<DB: Backend>(
    runner: &SeedRunner<DB>,
    turn: &mut Turn<'_, DB>,
    seed: &Seed<DB>,
    run: RunSeed<DB>,
) -> Result<(), Error> {
    let mut context = context(runner, turn, seed.id);
    caught(seed.id, async { run(&mut context).await }).await?;
    finish(context).await
}

/// What the seed gets.
pub(super) fn context<'c, DB: Backend>(
    runner: &'c SeedRunner<DB>,
    turn: &'c mut Turn<'_, DB>,
    id: &'static str,
) -> SeedContext<'c, DB> {
    SeedContext::new(
        id,
        turn.connection,
        &runner.app,
        &runner.values,
        &turn.found.identity,
        &mut turn.open.journal,
    )
}

/// What the seed's own code gives. After a panic nothing of the seed is used again but the connection, and that only to
/// roll back.
pub(super) async fn caught<T>(
    id: &'static str,
    code: impl Future<Output = Result<T, Box<dyn StdError + Send + Sync>>>,
) -> Result<T, Error> {
    match AssertUnwindSafe(code).catch_unwind().await {
        Ok(answer) => answer.map_err(|source| Error::Seed { id, source }),
        Err(panic) => Err(Error::Panicked {
            id,
            message: panic_message(panic.as_ref()),
        }),
    }
}

/// How many items the seed's `batch` has done after the cursor `after`, and where the next call goes on.
pub(super) async fn call_batch<DB: Backend>(
    context: &mut SeedContext<'_, DB>,
    batch: RunBatch<DB>,
    after: Option<&str>,
    asked: u32,
) -> Result<Batch<String>, Error> {
    let id = context.id();
    let done = caught(id, async { batch(context, after, asked).await }).await?;
    match done.next() {
        Some(cursor) if after == Some(&**cursor) => {
            let (id, cursor) = (id.to_owned(), cursor.clone());
            Err(Error::CursorStands { id, cursor })
        }
        _ => Ok(done),
    }
}

/// Fails unless all that the seed began is done.
pub(super) async fn finish<DB: Backend>(context: SeedContext<'_, DB>) -> Result<(), Error> {
    let id = context.id();
    let finished = context.finish().await;
    finished
        .map_err(|error| match DB::fault(&error) {
            Fault::TransactionFailed => Error::unfinished_after_failure(id),
            _ => Error::database("leave the seed's read-only mode", error),
        })?
        .map_err(|problem| Error::Unfinished { id, problem })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic_text(panic)
        .unwrap_or("(a value that is not a message)")
        .to_owned()
}
