//! All that a run would do, and then rolled back.

use std::time::{Duration, Instant};

use super::app_code::{Ran, call_batch, caught, context, finish, prepare};
use super::builder::SeedRunner;
use super::prepare::NOTHING;
use super::replacing::run_or_record;
use super::required_migration::require_migration;
use super::step_size;
use crate::backend::{Backend, Hands};
use crate::journal::Journal;
use crate::ledger::{self, Sought, Table, find_progress};
use crate::report::{DryRunSeed, Estimate};
use crate::seed::{CountItems, RunBatch};
use crate::under_lock::{Kept, Turn, Work, refused};
use crate::{Error, Progress, Seed, SeedCode};

pub(super) struct DryRunWork<'r, DB: Backend> {
    runner: &'r SeedRunner<DB>,
    seeds: Vec<&'static Seed<DB>>,
    /// What each did.
    pub(super) tried: Vec<DryRunSeed>,
}

impl<'r, DB: Backend> DryRunWork<'r, DB> {
    pub(super) fn new(
        runner: &'r SeedRunner<DB>,
        seeds: impl Iterator<Item = &'static Seed<DB>>,
    ) -> Self {
        Self {
            runner,
            seeds: seeds.collect(),
            tried: Vec::new(),
        }
    }
}

impl<DB: Backend> Work<DB> for DryRunWork<'_, DB> {
    async fn perform(&mut self, mut turn: Turn<'_, DB>) -> Result<Kept, Error> {
        self.tried.clear();
        turn.forbid_commit().await?;
        let mut prepared_to = NOTHING;
        if let Some(first) = self.seeds.first() {
            prepare_for(self.runner, first, &mut prepared_to, &mut turn).await?;
        }
        if turn.tables.operations == Table::MayBeMissing {
            ledger::create::<DB>(turn.connection).await?;
        }
        for seed in &self.seeds {
            prepare_for(self.runner, seed, &mut prepared_to, &mut turn).await?;
            let sought = Sought::seed(&self.runner.app, &seed.info());
            let is_begun = turn.tables.progress == Table::Exists;
            let sought = match seed.code {
                SeedCode::Batch { .. } if is_begun => sought.in_steps(),
                _ => sought,
            };
            if sought
                .check::<DB>(turn.connection, *turn.tables)
                .await?
                .is_some()
            {
                continue;
            }
            self.tried
                .push(try_one(self.runner, &mut turn, seed).await?);
        }
        Ok(Kept::Nothing)
    }
}

/// Does what the app does before this seed and is not done yet.
async fn prepare_for<DB: Backend>(
    runner: &SeedRunner<DB>,
    seed: &Seed<DB>,
    prepared_to: &mut i64,
    turn: &mut Turn<'_, DB>,
) -> Result<(), Error> {
    let Some(app_prepares) = &runner.prepare else {
        return Ok(());
    };
    let up_to = app_prepares.before(seed);
    if up_to <= *prepared_to {
        return Ok(());
    }
    prepare(app_prepares, up_to, turn).await?;
    let restored = turn.record(Hands::Seed, &[]).await;
    restored.map_err(|error| Error::database("restore the session", error))?;
    *prepared_to = up_to;
    Ok(())
}

async fn try_one<DB: Backend>(
    runner: &SeedRunner<DB>,
    turn: &mut Turn<'_, DB>,
    seed: &'static Seed<DB>,
) -> Result<DryRunSeed, Error> {
    let events = Journal::of_events();
    let before = std::mem::replace(&mut turn.open.journal, events);
    let ran = match seed.code {
        SeedCode::Run(code) => run_or_record(runner, turn, seed, code)
            .await
            .map(|ran| (ran, None)),
        SeedCode::Batch { count, batch } => first_steps(runner, turn, seed, count, batch).await,
        SeedCode::Retired { release } => Err(Error::Retired {
            ids: vec![seed.id.to_owned()],
            releases: vec![release.to_owned()],
        }),
    };
    let hands = turn.open.journal.hands;
    let journal = std::mem::replace(&mut turn.open.journal, before);
    turn.open.journal.hands = turn.open.journal.hands.max(hands);
    let (ran, estimate) = ran?;
    let recorded = turn.record(hands, &ran.marker.inserts()).await;
    recorded.map_err(|error| refused::<DB>(seed.id, error))?;
    let (events, migration) = journal.into_kept();
    Ok(DryRunSeed {
        id: seed.id,
        duration: ran.duration,
        estimate,
        events,
        migration,
    })
}

/// How many steps are tried of a seed that has many.
const STEPS: u32 = 3;

/// Does the first steps of a seed of many, and says how much all of them will be.
async fn first_steps<DB: Backend>(
    runner: &SeedRunner<DB>,
    turn: &mut Turn<'_, DB>,
    seed: &'static Seed<DB>,
    count: Option<CountItems<DB>>,
    batch: RunBatch<DB>,
) -> Result<(Ran, Option<Estimate>), Error> {
    let id = seed.id;
    runner.observer.notify(Progress::Started { id });
    let clock = Instant::now();
    let mut cursor = None;
    if turn.tables.progress == Table::Exists {
        let ledger_id = runner.app.ledger_id(id);
        let progress = find_progress::<DB>(turn.connection, &ledger_id).await?;
        cursor = progress.and_then(|progress| progress.cursor);
    }
    require_migration(runner, turn, seed).await?;
    let mut context = context(runner, turn, id);
    let mut total = None;
    if let Some(count) = count {
        total = Some(caught(id, async { count(&mut context).await }).await?);
    }
    let (mut items, mut is_whole) = (0_u64, false);
    let asked = step_size::within(step_size::FIRST, &runner.step_size);
    let steps = Instant::now();
    for _ in 0..STEPS {
        let done = call_batch(&mut context, batch, cursor.as_deref(), asked).await?;
        items += done.counted();
        cursor = done.into_next();
        is_whole = cursor.is_none();
        if is_whole {
            break;
        }
    }
    let worked = steps.elapsed();
    finish(context).await?;
    let ran = Ran::of(runner, turn, seed, clock.elapsed());
    let estimate = Estimate {
        items,
        total,
        is_whole,
        duration: total.and_then(|total| scaled(worked, items, total)),
    };
    Ok((ran, Some(estimate)))
}

/// How long `total` items take if `items` of them took `worked`.
#[expect(clippy::cast_precision_loss, reason = "it is an estimate")]
fn scaled(worked: Duration, items: u64, total: u64) -> Option<Duration> {
    let seconds = worked.as_secs_f64() * total as f64 / items as f64;
    Duration::try_from_secs_f64(seconds).ok()
}
