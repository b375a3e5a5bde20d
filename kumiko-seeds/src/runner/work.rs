//! What a runner does beside the running app.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::Pool;

use super::builder::{SeedRunner, WhenPaused};
use super::prepare::Prepare;
use super::queue::{compiled, refuse_doubtful, waiting};
use super::run::Run;
use super::steps::{Ended, HELD_BACK, Place, Steps, is_used_up};
use crate::backend::Backend;
use crate::background::of_background;
use crate::plan::plan;
use crate::progress::TARGET;
use crate::under_lock::{Attempt, UnderLock, is_unreachable};
use crate::{AppliedBy, Error, FailedSeed, Progress, ProgressState, Report, Seed, WorkReport};

impl<DB: Backend> SeedRunner<DB> {
    /// Does the seeds that [`SeedRunner::apply`] leaves out: those that say `BACKGROUND`, and those that wait for one of them.
    /// An app spawns it once it serves:
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example(runner: kumiko_seeds::sqlite::SeedRunner, pool: sqlx::SqlitePool) {
    /// tokio::spawn(async move { runner.work(&pool).await });
    /// # }
    /// ```
    ///
    /// It ends when all of them are applied, or when what is left has failed or was cancelled. Any number of workers may do
    /// this at once: whoever gets the lock of a seed does its next step, so one that dies is replaced at once. While a seed is
    /// paused, and while the database is away, it waits. A failure is in the report and in the log; the app goes on.
    ///
    /// It uses one connection of the pool, and lends it to others between two steps if the pool has no other.
    pub async fn work(&self, pool: &Pool<DB>) -> WorkReport {
        self.work_until(pool, std::future::pending()).await
    }

    /// Works as [`SeedRunner::work`] does, until `stop` is ready: then the step in flight is done, and no other begins.
    /// Dropping the future ends the step in flight as well, which leaves nothing of it.
    pub async fn work_until(&self, pool: &Pool<DB>, stop: impl Future<Output = ()>) -> WorkReport {
        let mut worker = Worker::new(self, pool);
        let is_stopping = worker.is_stopping.clone();
        {
            // In a box, since the future is a large one and apps join it with others.
            let mut all = Box::pin(worker.all());
            let mut stop = pin!(stop);
            poll_fn(|context| {
                // Not to be asked again once it was ready.
                if !is_stopping.load(Ordering::Relaxed) && stop.as_mut().poll(context).is_ready() {
                    is_stopping.store(true, Ordering::Relaxed);
                }
                all.as_mut().poll(context)
            })
            .await;
        }
        worker.lock.end().await;
        worker.note_left();
        worker.report.warnings.extend(worker.lock.warnings);
        worker.report
    }
}

/// How long to wait where nothing can be done at the moment.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// How long a worker stays at a seed before it looks whether others can be done by now.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long to wait for a seed that is paused.
const IN_A_PAUSE: Duration = Duration::from_secs(1);
/// How long to wait for a database that is away: at first, and at most.
const AWAY: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(30)];

struct Worker<'r, DB: Backend> {
    runner: &'r SeedRunner<DB>,
    pool: &'r Pool<DB>,
    lock: UnderLock<'r, DB>,
    report: WorkReport,
    is_stopping: Arc<AtomicBool>,
    is_prepared: bool,
    /// The seeds whose steps this worker has begun with.
    begun: Vec<Steps<'r, DB>>,
    /// The seeds that this worker leaves alone, because they have failed here.
    given_up: Vec<&'static str>,
    /// The seed of which it was said last that it is paused.
    said_paused: Option<&'static str>,
}

/// What came of a try at one seed.
enum Tried {
    /// Something was done.
    Done,
    /// Nothing can be done at the moment, and it is worth trying again after so long.
    Later(Duration),
}

impl<'r, DB: Backend> Worker<'r, DB> {
    fn new(runner: &'r SeedRunner<DB>, pool: &'r Pool<DB>) -> Self {
        Self {
            runner,
            pool,
            lock: UnderLock::new(pool, runner.lock_timeout, &runner.observer),
            report: WorkReport::default(),
            is_stopping: Arc::default(),
            is_prepared: false,
            begun: Vec::new(),
            given_up: Vec::new(),
            said_paused: None,
        }
    }

    /// Works until nothing is left that could be done, or until it is told to stop.
    async fn all(&mut self) {
        let flags = self.runner.flags();
        if flags.skips_all().is_some() && self.runner.applied_by == AppliedBy::Boot {
            return;
        }
        let mut away = AWAY[0];
        loop {
            if self.is_stopping.load(Ordering::Relaxed) {
                self.report.is_stopped = true;
                return;
            }
            match self.round().await {
                Ok(None) => return,
                Ok(Some(Tried::Done)) => away = AWAY[0],
                Ok(Some(Tried::Later(pause))) => self.sleep(pause).await,
                // Somebody else is at work for long.
                Err(Error::LockTimeout { .. }) => {}
                Err(error) if is_unreachable::<DB>(&error) => {
                    tracing::warn!(target: TARGET, %error, ?away, "the database is away");
                    self.sleep(away).await;
                    away = (away * 2).min(AWAY[1]);
                }
                Err(error) => {
                    tracing::error!(target: TARGET, error = %crate::causes::with_causes(&error), "no work in the background");
                    self.report.error = Some(error);
                    return;
                }
            }
        }
    }

    /// Tries each seed that can be done until something was done. `None` if there is none.
    async fn round(&mut self) -> Result<Option<Tried>, Error> {
        let ready = self.look().await?;
        if ready.is_empty() {
            return Ok(None);
        }
        if !self.is_prepared {
            self.lock.end().await;
            if !self.leaves_preparation() {
                self.runner.run_preparation(self.pool).await?;
            }
            self.is_prepared = true;
        }
        let mut shortest = IN_A_PAUSE;
        for seed in ready {
            let began = Instant::now();
            loop {
                match self.attempt(seed).await? {
                    // Its next step needs no look at all the others.
                    Tried::Done if self.is_at(seed.id) && began.elapsed() < LOOK_AGAIN => {}
                    Tried::Done => return Ok(Some(Tried::Done)),
                    Tried::Later(pause) => {
                        shortest = shortest.min(pause);
                        break;
                    }
                }
            }
        }
        Ok(Some(Tried::Later(shortest)))
    }

    /// Whether more steps of the seed are to come.
    fn is_at(&self, id: &str) -> bool {
        let is_stopping = self.is_stopping.load(Ordering::Relaxed);
        !is_stopping && self.begun.iter().any(|steps| steps.id() == id)
    }

    /// The seeds that are pending in the background and wait for nothing; notes which are left.
    async fn look(&mut self) -> Result<Vec<&'static Seed<DB>>, Error> {
        let runner = self.runner;
        runner.check()?;
        let applied = self.lock.applied().await?;
        let history = self.lock.history(&runner.app).await?.unwrap_or_default();
        let stopped = |id: &str| {
            let progress = history.progress.iter().find(|progress| progress.id == id);
            progress.is_some_and(|progress| match progress.state {
                ProgressState::Running => false,
                ProgressState::Paused => runner.when_paused == WhenPaused::Leaves,
                ProgressState::Failed | ProgressState::Cancelled => true,
            })
        };
        let flags = runner.flags();
        let mut seeds: Vec<_> = runner.all().collect();
        seeds.sort_unstable_by_key(|seed| seed.id);
        let environment = runner.runs_in();
        let compiled = seeds.iter().copied().map(compiled(&environment));
        let plan = plan(&runner.app, compiled, applied.iter());
        let is_pending = |id: &str| plan.pending.binary_search(&id).is_ok();
        let of_background = of_background(seeds.iter().map(|seed| waiting(seed)), |id| {
            !plan.is_not_here(id)
        });
        seeds.retain(|seed| {
            of_background.contains(seed.id) && is_pending(seed.id) && !flags.skips(&seed.info())
        });
        for seed in &seeds {
            if let Err(doubt) = refuse_doubtful([seed.id], &plan)
                && !self.given_up.contains(&seed.id)
            {
                self.give_up(seed.id, doubt);
            }
        }
        // Like those of a boot, the seeds of a worker may need what a retired one did, or what replaces it will do.
        let is_retired_pending = runner.all().any(|seed| {
            let is_replacing = !seed.replaces.is_empty()
                && !of_background.contains(seed.id)
                && !flags.skips(&seed.info());
            (is_replacing || seed.release_of_retired().is_some()) && is_pending(seed.id)
        });
        let is_ready = |seed: &&'static Seed<DB>| {
            (seed.is_operation() || !is_retired_pending)
                && !seed.after.iter().any(|id| is_pending(id))
                && !stopped(seed.id)
                && !self.given_up.contains(&seed.id)
        };
        self.report.left = seeds.iter().map(|seed| seed.id).collect();
        let ready = seeds.into_iter().filter(is_ready).collect();
        Ok(ready)
    }

    async fn attempt(&mut self, seed: &'static Seed<DB>) -> Result<Tried, Error> {
        let problems = self.runner.problems_of([seed]);
        if !problems.is_empty() {
            self.give_up(seed.id, Error::Preflight { problems });
            return Ok(Tried::Done);
        }
        let index = self.begun.iter().position(|steps| steps.id() == seed.id);
        let steps = match index {
            Some(index) => self.begun.swap_remove(index),
            None => match Steps::of(self.runner, seed, Place::Background) {
                Some(steps) => {
                    self.runner
                        .observer
                        .notify(Progress::Started { id: seed.id });
                    steps.between(self.pool, &self.is_stopping)
                }
                None => return self.at_once(seed).await,
            },
        };
        self.steps(steps).await
    }

    /// Does as many steps as follow one another without a pause.
    async fn steps(&mut self, mut steps: Steps<'r, DB>) -> Result<Tried, Error> {
        let id = steps.id();
        let before = steps.done();
        let pause = steps.take_pause();
        if !pause.is_zero() {
            self.sleep(pause).await;
        }
        if self.is_stopping.load(Ordering::Relaxed) {
            self.begun.push(steps);
            return Ok(Tried::Done);
        }
        if steps.is_held_back(&mut self.lock).await? {
            self.begun.push(steps);
            return Ok(Tried::Later(HELD_BACK));
        }
        let tried = match self.lock.attempt(&mut steps).await {
            Ok(Attempt::Busy) => Tried::Later(BETWEEN_LOOKS),
            Ok(Attempt::Done) => match steps.ended.take() {
                Some(Ended::Applied(applied)) => {
                    self.runner.observer.notify(Progress::Applied {
                        id,
                        duration: applied.duration,
                    });
                    self.report.applied.push(applied);
                    return Ok(Tried::Done);
                }
                Some(Ended::Elsewhere) => {
                    self.runner
                        .observer
                        .notify(Progress::AppliedElsewhere { id });
                    self.report.applied_elsewhere.push(id);
                    return Ok(Tried::Done);
                }
                Some(Ended::Stopped(ProgressState::Paused)) => {
                    if self.said_paused.replace(id) != Some(id) {
                        self.runner.observer.notify(Progress::Paused { id });
                    }
                    Tried::Later(IN_A_PAUSE)
                }
                Some(Ended::Stopped(_)) => return Ok(Tried::Done),
                None => Tried::Done,
            },
            Err(error) => {
                let repeated = steps.failed_once();
                if is_unreachable::<DB>(&error) {
                    self.lock.end().await;
                    // A seed may have committed by itself before its connection was lost.
                    let error = self.lock.look_back(Some(id), error).await;
                    if is_unreachable::<DB>(&error) {
                        self.begun.push(steps);
                        return Err(error);
                    }
                    self.give_up(id, error);
                    return Ok(Tried::Done);
                }
                if let Err(error) = self.lock.again(Some(id), repeated, error).await {
                    if is_unreachable::<DB>(&error) {
                        self.begun.push(steps);
                        return Err(error);
                    }
                    if steps.note_failure(&mut self.lock, &error).await {
                        // Whoever lets it go on finds this worker ready, if it is still at work.
                        self.note_failed(id, error);
                    } else {
                        self.give_up(id, error);
                    }
                    return Ok(Tried::Done);
                }
                Tried::Done
            }
        };
        if steps.done() > before {
            self.said_paused = None;
        }
        self.begun.push(steps);
        if is_used_up(self.pool) {
            self.lock.end().await;
        }
        Ok(tried)
    }

    /// Schema migrations between seeds are for whoever applies those, lest they run before one that is still pending.
    fn leaves_preparation(&self) -> bool {
        let prepare = self.runner.prepare.as_ref();
        prepare.is_some_and(Prepare::is_interleaved)
    }

    /// A seed of one transaction.
    async fn at_once(&mut self, seed: &'static Seed<DB>) -> Result<Tried, Error> {
        // A pool of one has no other connection to give.
        self.lock.end().await;
        let mut run = Run::new(self.runner, self.pool);
        if self.leaves_preparation() {
            run.queue.leave_preparation();
        }
        run.queue.seeds.push_back(seed);
        let ended = run.drain().await;
        run.lock.end().await;
        match ended {
            Ok(()) => {
                let Report {
                    applied,
                    applied_elsewhere,
                    warnings,
                    ..
                } = run.report();
                self.report.applied.extend(applied);
                self.report.applied_elsewhere.extend(applied_elsewhere);
                self.report.warnings.extend(warnings);
            }
            Err(error @ Error::LockTimeout { .. }) => return Err(error),
            Err(error) if is_unreachable::<DB>(&error) => return Err(error),
            Err(error) => self.give_up(seed.id, run.stopped(error).error),
        }
        Ok(Tried::Done)
    }

    /// Takes from what was left at the last look what was done since.
    fn note_left(&mut self) {
        let WorkReport {
            applied,
            applied_elsewhere,
            failed,
            left,
            ..
        } = &mut self.report;
        left.retain(|id| {
            !applied_elsewhere.contains(id)
                && !applied.iter().any(|applied| applied.id == *id)
                && !failed.iter().any(|failed| failed.id == *id)
        });
    }

    /// Notes that a seed has failed, and leaves it alone from now on.
    fn give_up(&mut self, id: &'static str, error: Error) {
        self.note_failed(id, error);
        self.given_up.push(id);
    }

    fn note_failed(&mut self, id: &'static str, error: Error) {
        self.runner
            .observer
            .notify(Progress::Failed { id, error: &error });
        self.report.failed.push(FailedSeed { id, error });
    }

    /// Waits, without a connection unless it is for a moment, and no longer than until it is told to stop.
    async fn sleep(&mut self, pause: Duration) {
        const SLICE: Duration = Duration::from_millis(50);
        // To keep the connection for a moment is cheaper than to get it again, and what it has of its own stays.
        if pause > BETWEEN_LOOKS || is_used_up(self.pool) {
            self.lock.end().await;
        }
        let mut left = pause;
        while !left.is_zero() && !self.is_stopping.load(Ordering::Relaxed) {
            let slice = left.min(SLICE);
            tokio::time::sleep(slice).await;
            left -= slice;
        }
    }
}
