//! A seed of many steps: each is a transaction.

mod failing;
mod pacing;

pub(super) use self::pacing::HELD_BACK;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::Pool;
use tracing::Instrument;

use super::app_code::{call_batch, caught, context, finish};
use super::builder::SeedRunner;
use super::required_migration::require_migration;
use super::step_size::{self, Measured};
use super::worker_name::worker_name;
use crate::backend::{Backend, Lock};
use crate::hashes::Hashes;
use crate::journal::AfterCommit;
use crate::ledger::{
    self, NewMarker, NewProgress, NewStep, Record, Sought, Table, Tables, all_progress,
    create_progress, find_progress,
};
use crate::progress::TARGET;
use crate::report::Applied;
use crate::seed::{CountItems, RunBatch};
use crate::under_lock::{By, Kept, Turn, Work};
use crate::{Error, Progress, ProgressState, Seed, SeedCode, SeedProgress};

/// The steps of one seed.
///
/// It begins under the lock of seeds, as does a release in which the seed is one transaction, so that only one of the two
/// does. Each step has the lock of this seed's steps, and looks under it how far the seed is.
///
/// **Invariant:** a step's events and its cursor commit together, and the marker is written with the last of them.
/// `tests/model/steps` checks it.
///
/// No clock decides anything: times are written down for people, and one that jumps may make a marker older than the beginning.
pub(in crate::runner) struct Steps<'r, DB: Backend> {
    runner: &'r SeedRunner<DB>,
    seed: &'static Seed<DB>,
    count: Option<CountItems<DB>>,
    batch: RunBatch<DB>,
    ledger_id: String,
    place: Place,
    phase: Phase,
    /// How many items the next step asks for, if that is not as the last one has settled it.
    size: Option<u32>,
    /// What the step before has shown.
    earlier: Option<Measured>,
    /// The least that it asks for, because less did not pay.
    least: u32,
    /// The step that is done and not committed.
    performed: Option<Performed>,
    /// How long the last step took.
    took: Duration,
    /// Why steps are held back, as far as it is written down.
    held_back: Option<String>,
    /// How often steps were tried again.
    retries: u32,
    /// How many of them failed in a row.
    failures: u32,
    /// How far the seed was when somebody last looked under the lock.
    pub(super) progress: Option<SeedProgress>,
    /// What has become of the seed, if no step is to come.
    pub(super) ended: Option<Ended>,
    /// What may come between two steps, where they run beside the app.
    between: Option<Between<'r, DB>>,
}

struct Between<'r, DB: Backend> {
    pool: &'r Pool<DB>,
    is_stopping: Arc<AtomicBool>,
}

/// Where the steps run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the order of the seeds: a boot, or a run from the command line.
    Foreground,
    /// Beside the running app.
    Background,
}

/// Why no step is to come.
#[derive(Debug)]
pub(super) enum Ended {
    /// This was the last.
    Applied(Applied),
    /// Another worker did the last, or somebody marked the seed.
    Elsewhere,
    /// Somebody has paused or cancelled it, or it has failed in the background.
    Stopped(ProgressState),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Begin,
    Step,
}

/// A step that is done and not committed.
struct Performed {
    items: u64,
    duration: Duration,
    progress: SeedProgress,
    is_last: bool,
    after_commit: Vec<AfterCommit>,
}

impl<'r, DB: Backend> Steps<'r, DB> {
    /// The steps of `seed`; none if it has none.
    pub(super) fn of(
        runner: &'r SeedRunner<DB>,
        seed: &'static Seed<DB>,
        place: Place,
    ) -> Option<Self> {
        let SeedCode::Batch { count, batch } = seed.code else {
            return None;
        };
        Some(Self {
            runner,
            seed,
            count,
            batch,
            ledger_id: runner.app.ledger_id(seed.id).into_owned(),
            place,
            phase: Phase::Begin,
            size: None,
            earlier: None,
            least: 0,
            performed: None,
            took: Duration::ZERO,
            held_back: None,
            retries: 0,
            failures: 0,
            progress: None,
            ended: None,
            between: None,
        })
    }

    /// Lets others have the connection between two steps if the pool has no other, and begins none once it is to stop.
    pub(super) fn between(mut self, pool: &'r Pool<DB>, is_stopping: &Arc<AtomicBool>) -> Self {
        self.between = Some(Between {
            pool,
            is_stopping: is_stopping.clone(),
        });
        self
    }

    pub(super) fn id(&self) -> &'static str {
        self.seed.id
    }

    /// How many items are done, as far as it is known here.
    pub(super) fn done(&self) -> u64 {
        self.progress.as_ref().map_or(0, |progress| progress.done)
    }

    pub(super) fn ledger_id(&self) -> &str {
        &self.ledger_id
    }

    /// Inserts progress, unless it is there.
    async fn begin(&mut self, turn: &mut Turn<'_, DB>) -> Result<Kept, Error> {
        if turn.tables.operations == Table::MayBeMissing {
            ledger::create::<DB>(turn.connection).await?;
        }
        if turn.tables.progress == Table::MayBeMissing {
            create_progress::<DB>(turn.connection).await?;
        }
        if find_progress::<DB>(turn.connection, &self.ledger_id)
            .await?
            .is_some()
        {
            // Somebody else has created them if they were missing here.
            *turn.tables = Tables::EXIST;
            self.phase = Phase::Step;
            return Ok(Kept::Nothing);
        }
        // After that look: the last step, which has another lock, commits the marker with the end of the row. The other way round it could
        // do so in between, and a row would begin what is done.
        let sought = self.sought_seed().marker_alone();
        let applied_at = sought.check::<DB>(turn.connection, *turn.tables).await?;
        if applied_at.is_some() {
            self.ended = Some(Ended::Elsewhere);
            return Ok(Kept::Nothing);
        }
        self.refuse_renamed(turn).await?;
        require_migration(self.runner, turn, self.seed).await?;
        Ok(Kept::Recorded(Box::new(Record::Begun(NewProgress {
            id: self.seed.id,
            ledger_id: self.ledger_id.clone(),
            source_hash: self.seed.source_hash,
            step_size: self.within(step_size::FIRST),
            worker: worker_name(),
            at: turn.since(),
        }))))
    }

    /// Fails if the seed is under way under the name of a file that is gone. To begin would do again what is done.
    async fn refuse_renamed(&self, turn: &mut Turn<'_, DB>) -> Result<(), Error> {
        // It has no file, and another of the same source is another part of it.
        if self.seed.is_operation() {
            return Ok(());
        }
        let under_way = all_progress::<DB>(turn.connection, &self.runner.app).await?;
        let is_gone = |id: &str| !self.runner.all().any(|seed| seed.id == id);
        let renamed = under_way.into_iter().find(|progress| {
            self.is_of_source(progress)
                && progress.state != ProgressState::Cancelled
                && is_gone(&progress.id)
        });
        match renamed {
            Some(progress) => Err(Error::RenamedUnderWay {
                id: self.seed.id.to_owned(),
                from: progress.id,
                done: progress.done,
            }),
            None => Ok(()),
        }
    }

    /// Does the items after the cursor, if it may.
    async fn step(&mut self, turn: &mut Turn<'_, DB>) -> Result<Kept, Error> {
        let sought = self.sought_seed();
        let rows = std::mem::take(&mut turn.found.rows);
        let applied_at = sought.recheck::<DB>(turn.connection, &rows).await?;
        let progress = sought.progress::<DB>(turn.connection, &rows).await?;
        let before = std::mem::replace(&mut self.progress, progress.clone());
        if applied_at.is_some() {
            self.ended = Some(Ended::Elsewhere);
            let ledger_id = self.ledger_id.clone();
            return Ok(match progress {
                Some(_) => Kept::Recorded(Box::new(Record::Overtaken { ledger_id })),
                None => Kept::Nothing,
            });
        }
        let Some(progress) = progress else {
            if before.is_some() {
                // Somebody took the row away. To begin anew would do again what is done.
                let id = self.seed.id.to_owned();
                return Err(Error::NotUnderWay { id });
            }
            self.phase = Phase::Begin;
            return Ok(Kept::Nothing);
        };
        let goes_on = match progress.state {
            ProgressState::Running => true,
            // A boot tries again what has failed, as it does with every seed.
            ProgressState::Failed => self.place == Place::Foreground,
            ProgressState::Paused | ProgressState::Cancelled => false,
        };
        if !goes_on {
            self.ended = Some(Ended::Stopped(progress.state));
            return Ok(Kept::Nothing);
        }
        // Before the first step nothing is done that another source could do again, as with a seed of one transaction that failed.
        if progress.steps > 0 && !self.is_of_source(&progress) {
            return Err(Error::OtherSourceUnderWay {
                id: self.seed.id.to_owned(),
                done: progress.done,
            });
        }
        self.work(turn, progress).await
    }

    async fn work(&mut self, turn: &mut Turn<'_, DB>, before: SeedProgress) -> Result<Kept, Error> {
        let id = self.seed.id;
        let asked = self.within(self.size.unwrap_or(before.step_size));
        let clock = Instant::now();
        let mut context = context(self.runner, turn, id);
        let mut total = before.total;
        let span = tracing::info_span!(target: TARGET, "step", id, after = before.done, asked);
        let batch = async {
            if let Some(count) = self.count
                && before.steps == 0
            {
                total = Some(caught(id, async { count(&mut context).await }).await?);
            }
            let after = before.cursor.as_deref();
            let done = call_batch(&mut context, self.batch, after, asked).await?;
            finish(context).await?;
            Ok::<_, Error>(done)
        };
        let batch = batch.instrument(span).await?;
        let items = batch.counted();
        let note = batch.note().map(str::to_owned);
        let next = batch.into_next();
        let duration = clock.elapsed();
        let measured = Measured {
            items,
            took: duration,
        };
        if let Some(earlier) = self.earlier.replace(measured)
            && measured.has_not_paid(earlier)
        {
            self.least = u32::try_from(earlier.items).unwrap_or(u32::MAX);
        }
        if measured.is_far_too_long(self.runner.step_time) {
            self.least = 0;
        }
        let next_size = step_size::next(asked, items, duration, self.runner.step_time);
        let progress = SeedProgress {
            state: ProgressState::Running,
            source_hash: Some(self.noted_source(&before)),
            done: before.done + items,
            total,
            events: before.events + turn.open.journal.count(),
            steps: before.steps + 1,
            step_size: self.within(next_size.max(self.least)),
            failures: 0,
            error: None,
            throttled: None,
            worker: Some(worker_name()),
            updated_at: turn.since(),
            worked: before.worked + duration,
            cursor: next.clone(),
            ..before
        };
        let record = if next.is_some() {
            Record::Step(NewStep {
                id,
                ledger_id: self.ledger_id.clone(),
                progress: progress.clone(),
            })
        } else {
            let (app, info) = (&self.runner.app, self.seed.info());
            let marker = NewMarker::new(app, info, turn.since(), self.runner.applied_by);
            let marker = marker.took(progress.worked);
            let SeedProgress { done, steps, .. } = &progress;
            Record::Last(match note {
                Some(note) => marker.noting(&note),
                // What a seed has done its events tell. A rebuild leaves nothing but its marker.
                None if self.seed.is_operation() => {
                    marker.noting(&format!("items gone through: {done}, steps: {steps}"))
                }
                None => marker,
            })
        };
        self.performed = Some(Performed {
            items,
            duration,
            progress,
            is_last: next.is_none(),
            after_commit: turn.open.journal.take_after_commit(),
        });
        Ok(Kept::Recorded(Box::new(record)))
    }

    /// Whether the seed is under way with the source that it has here.
    fn is_of_source(&self, progress: &SeedProgress) -> bool {
        Hashes::of_seed(self.seed).contains(progress.source_hash.as_deref())
    }

    /// By what the source is noted from now on. One that is noted already is not noted by another of its hashes: a
    /// release beside this one may know that one alone.
    fn noted_source(&self, before: &SeedProgress) -> String {
        match &before.source_hash {
            Some(noted) if self.is_of_source(before) => noted.clone(),
            _ => self.seed.source_hash.to_owned(),
        }
    }

    fn within(&self, items: u32) -> u32 {
        step_size::within(items, &self.runner.step_size)
    }

    fn sought_seed(&self) -> Sought<'static> {
        Sought::seed(&self.runner.app, &self.seed.info()).in_steps()
    }
}

/// Whether somebody else who wants a connection of the pool has to wait for one.
pub(super) fn is_used_up<DB: Backend>(pool: &Pool<DB>) -> bool {
    pool.num_idle() == 0 && pool.size() >= pool.options().get_max_connections()
}

impl<DB: Backend> Work<DB> for Steps<'_, DB> {
    fn seed(&self) -> Option<&'static str> {
        Some(self.seed.id)
    }

    fn lock(&self) -> Lock {
        match self.phase {
            Phase::Begin => Lock::Seeds,
            Phase::Step => ledger::lock_of(&self.ledger_id),
        }
    }

    fn sought(&self) -> Option<Sought<'static>> {
        (self.phase == Phase::Step).then(|| self.sought_seed())
    }

    fn sought_next(&self) -> Option<Sought<'static>> {
        let performed = self.performed.as_ref()?;
        let is_held = self.between.as_ref().is_some_and(|between| {
            between.is_stopping.load(Ordering::Relaxed) || is_used_up(between.pool)
        });
        let goes_on = !performed.is_last && self.runner.pace.is_free() && !is_held;
        goes_on.then(|| self.sought_seed())
    }

    async fn perform(&mut self, mut turn: Turn<'_, DB>) -> Result<Kept, Error> {
        self.performed = None;
        match self.phase {
            Phase::Begin => self.begin(&mut turn).await,
            Phase::Step => self.step(&mut turn).await,
        }
    }

    fn committed(&mut self, _: By) {
        self.phase = Phase::Step;
        let Some(performed) = self.performed.take() else {
            return;
        };
        let Performed {
            items,
            duration,
            progress,
            is_last,
            after_commit,
        } = performed;
        let id = self.seed.id;
        self.size = None;
        self.failures = 0;
        self.took = duration;
        self.runner.observer.notify(Progress::Stepped {
            id,
            items,
            duration,
            progress: &progress,
        });
        for action in after_commit {
            action.call(id);
        }
        if is_last {
            self.ended = Some(Ended::Applied(Applied {
                id,
                duration: progress.worked,
                events: progress.events,
                retries: self.retries,
            }));
        }
        self.progress = Some(progress);
    }
}
