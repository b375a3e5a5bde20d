//! A run from its first statement to its report: the five steps of applying.

use sqlx::Pool;
use tracing::Instrument;

use super::builder::SeedRunner;
use super::dry_run::DryRunWork;
use super::new_database::NewDatabase;
use super::queue::{Background, Queue, compiled};
use super::steps::{Ended, HELD_BACK, Place, Steps};
use crate::app::parts;
use crate::applied::AppliedSeeds;
use crate::backend::{Backend, Lock};
use crate::plan::plan;
use crate::progress::TARGET;
use crate::report::{DryRunSeed, Report};
use crate::under_lock::{Attempt, Repeated, UnderLock, Work};
use crate::{AppliedBy, ApplyError, Error, Progress, ProgressState, Selection, SkipFlags, Warning};

pub(super) struct Run<'r, DB: Backend> {
    runner: &'r SeedRunner<DB>,
    pub(super) queue: Queue<'r, DB>,
    pub(super) lock: UnderLock<'r, DB>,
}

/// What a run has found when it looked at the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    /// What is applied.
    AtApplied,
    /// That nothing was appended yet.
    AtNewDatabase,
}

impl<'r, DB: Backend> Run<'r, DB> {
    pub(super) fn new(runner: &'r SeedRunner<DB>, pool: &'r Pool<DB>) -> Self {
        Self {
            runner,
            queue: Queue::new(runner),
            lock: UnderLock::new(pool, runner.lock_timeout, &runner.observer),
        }
    }

    /// Applies what is pending.
    pub(super) async fn all(&mut self) -> Result<(), Error> {
        let flags = self.flags();
        if let Some(flag) = flags.skips_all()
            && self.runner.applied_by == AppliedBy::Boot
        {
            for seed in self.runner.seeds {
                self.queue.skip(seed.id, flag);
            }
            return self.finish_migrations().await;
        }
        let looked = self.look(&flags, Background::LeftOut).await?;
        let is_of_new_version = looked == Looked::AtNewDatabase || self.queue.has_left_operations();
        if is_of_new_version && self.queue.seeds.is_empty() && !self.queue.is_prepared() {
            // What the app writes from now on is of a version whose tables the preparation may have to change first.
            return self.lock.complete_work(&mut self.queue).await;
        }
        self.drain().await?;
        self.finish_migrations().await
    }

    /// Runs the schema migrations that no pending seed is to come before. They are this library's to run, whether or not there was
    /// a seed: an app that ran them itself before would have no seeds between them.
    async fn finish_migrations(&mut self) -> Result<(), Error> {
        let prepare = self.runner.prepare.as_ref();
        let Some(prepare) = prepare.filter(|prepare| prepare.is_interleaved()) else {
            return Ok(());
        };
        prepare.check()?;
        if self.runner.selection == Selection::All && !self.queue.is_prepared() {
            self.lock.complete_work(&mut self.queue).await?;
        }
        Ok(())
    }

    /// Runs what is pending in one transaction, and rolls it back.
    pub(super) async fn dry(&mut self) -> Result<Vec<DryRunSeed>, Error> {
        let flags = self.flags();
        self.look(&flags, Background::Included).await?;
        let mut wait = self.lock.wait();
        while !self.queue.seeds.is_empty() {
            let mut work = DryRunWork::new(self.runner, self.queue.seeds.iter().copied());
            match self.lock.attempt(&mut work).await {
                Ok(Attempt::Done) => return Ok(work.tried),
                Ok(Attempt::Busy) => {
                    self.lock.pause(&mut wait, Lock::Seeds).await?;
                    self.drop_applied().await?;
                }
                Err(error) => {
                    if let Err(error) = self.lock.again(None, Repeated::TheSame, error).await {
                        self.queue.failed_at(error.seed());
                        return Err(error);
                    }
                }
            }
        }
        Ok(Vec::new())
    }

    /// What a run that has succeeded did.
    pub(super) fn report(self) -> Report {
        let mut report = self.queue.report;
        report.warnings.extend(self.lock.warnings);
        report
    }

    /// What a run that was stopped by `error` did.
    pub(super) fn stopped(mut self, error: Error) -> ApplyError {
        let doubt = self.lock.doubt.take();
        if doubt.is_some() || self.queue.failed.is_none() && error.is_of_the_seed_in_flight() {
            self.queue.failed = self.queue.seeds.pop_front().map(|seed| seed.id);
        }
        let error = match doubt {
            Some(doubt) => doubt.unresolved(error),
            None => error,
        };
        ApplyError {
            error,
            seed: self.queue.failed,
            not_attempted: self.queue.seeds.iter().map(|seed| seed.id).collect(),
            report: self.report(),
        }
    }

    /// The flags that count, after a warning for each that does not.
    fn flags(&mut self) -> SkipFlags {
        let flags = self.runner.flags();
        for warning in flags.warnings(self.runner.seeds) {
            self.queue.warn(warning);
        }
        if let Some(flag) = flags.skips_all()
            && self.runner.applied_by != AppliedBy::Boot
        {
            self.queue.warn(Warning::FlagAtBootOnly { flag });
        }
        flags
    }

    /// Reads what is applied, fills the queue with what is to be, and checks that it can be.
    async fn look(&mut self, flags: &SkipFlags, background: Background) -> Result<Looked, Error> {
        self.runner.check()?;
        let mut applied = self.lock.applied().await?;
        let mut looked = Looked::AtApplied;
        let mut work = self.of_new_database(&applied, background).await?;
        self.queue.is_retired_contained = work.seeds.iter().any(|seed| !seed.is_operation());
        if background == Background::LeftOut && !work.seeds.is_empty() {
            self.lock.complete_work(&mut work).await?;
            applied = self.lock.applied().await?;
            looked = Looked::AtNewDatabase;
        }
        self.queue.fill(&applied, flags, background)?;
        let (applied, to_apply) = (applied.iter().count(), self.queue.seeds.len());
        tracing::debug!(target: TARGET, applied, to_apply, "compared seeds with the database");
        self.preflight()?;
        Ok(looked)
    }

    /// What is pending in a database that is so new that there is nothing to do for it.
    async fn of_new_database(
        &mut self,
        applied: &AppliedSeeds,
        background: Background,
    ) -> Result<NewDatabase<'r, DB>, Error> {
        let runner = self.runner;
        let is_own = |ledger_id| parts(ledger_id).0 == runner.app.name();
        let takes_retired = runner.baseline_contains_retired
            && !applied.iter().any(|marker| is_own(marker.ledger_id));
        let takes_operations = runner.is_new.is_some() && background == Background::LeftOut;
        let mut work = NewDatabase {
            runner,
            seeds: Vec::new(),
            is_new: runner.is_new,
        };
        if !takes_retired && !takes_operations {
            return Ok(work);
        }
        let environment = runner.runs_in();
        let seeds = runner.all().map(compiled(&environment));
        let plan = plan(&runner.app, seeds, applied.iter());
        let is_pending = |id: &str| plan.pending.binary_search(&id).is_ok();
        let is_replaced = |id: &str| plan.replaced.binary_search(&id).is_ok();
        let seeds = runner.all().filter(|seed| match seed.release_of_retired() {
            Some(_) => takes_retired && (is_pending(seed.id) || is_replaced(seed.id)),
            None => takes_operations && seed.is_operation() && is_pending(seed.id),
        });
        work.seeds = seeds.collect();
        if let Some(is_new) = work.is_new
            && !work.seeds.is_empty()
            && !self.lock.is_new(is_new).await?
        {
            work.seeds.clear();
        }
        Ok(work)
    }

    fn preflight(&self) -> Result<(), Error> {
        let problems = self.runner.problems_of(self.queue.seeds.iter().copied());
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Preflight { problems })
        }
    }

    /// Applies the queue, if there is anything in it, in a span, so that all that one run does is one trace.
    pub(super) async fn drain(&mut self) -> Result<(), Error> {
        let to_apply = self.queue.seeds.len();
        if to_apply == 0 {
            return Ok(());
        }
        let span = tracing::info_span!(target: TARGET, "apply", to_apply);
        self.apply_queue().instrument(span).await
    }

    async fn apply_queue(&mut self) -> Result<(), Error> {
        let mut wait = self.lock.wait();
        while let Some(seed) = self.queue.seeds.front().copied() {
            if self.queue.is_prepared()
                && let Some(steps) = Steps::of(self.runner, seed, Place::Foreground)
            {
                self.steps(steps).await?;
                wait.restart();
                continue;
            }
            match self.lock.attempt(&mut self.queue).await {
                Ok(Attempt::Busy) => {
                    self.lock.pause(&mut wait, Lock::Seeds).await?;
                    if !self.drop_applied().await? {
                        continue;
                    }
                }
                Ok(Attempt::Done) if self.queue.is_outdated => {
                    self.drop_applied().await?;
                }
                Ok(Attempt::Done) => {}
                Err(error) if self.lock.doubt.is_some() => return Err(error),
                Err(error) => {
                    let again = self
                        .lock
                        .again(self.queue.seed(), Repeated::TheSame, error)
                        .await;
                    again.map_err(|error| self.queue.failed(error))?;
                }
            }
            wait.restart();
        }
        Ok(())
    }

    /// Does the steps of the first of the queue, in turn with other replicas.
    async fn steps(&mut self, mut steps: Steps<'r, DB>) -> Result<(), Error> {
        let id = steps.id();
        self.runner.observer.notify(Progress::Started { id });
        let mut wait = self.lock.wait().for_steps_of(id);
        let mut seen = None;
        let ended = loop {
            tokio::time::sleep(steps.take_pause()).await;
            if steps.is_held_back(&mut self.lock).await? {
                tokio::time::sleep(HELD_BACK).await;
                continue;
            }
            match self.lock.attempt(&mut steps).await {
                Ok(Attempt::Done) => {
                    wait.restart();
                    if let Some(ended) = steps.ended.take() {
                        break ended;
                    }
                }
                Ok(Attempt::Busy) => {
                    self.lock.pause(&mut wait, steps.lock()).await?;
                    let now = self.lock.progress(steps.ledger_id()).await?;
                    if now != seen {
                        seen = now;
                        wait.restart();
                    }
                }
                Err(error) => {
                    let repeated = steps.failed_once();
                    if let Err(error) = self.lock.again(Some(id), repeated, error).await {
                        steps.note_failure(&mut self.lock, &error).await;
                        return Err(self.queue.failed(error));
                    }
                }
            }
        };
        match ended {
            Ended::Applied(applied) => self.queue.applied_here(applied, Vec::new()),
            Ended::Elsewhere => self.queue.applied_elsewhere(),
            Ended::Stopped(ProgressState::Cancelled) => {
                self.queue.seeds.pop_front();
                self.queue.warn(Warning::Cancelled {
                    id,
                    done: steps.done(),
                });
            }
            Ended::Stopped(_) => {
                let (id, done) = (id.to_owned(), steps.done());
                return Err(self.queue.failed(Error::Paused { id, done }));
            }
        }
        Ok(())
    }

    /// Takes from the queue what another replica has applied meanwhile. Whether there was anything.
    async fn drop_applied(&mut self) -> Result<bool, Error> {
        let applied = self.lock.applied().await?;
        let has_dropped = self.queue.drop_applied(&applied);
        if has_dropped {
            // It was another seed that was tried again.
            self.lock.retries = 0;
        }
        Ok(has_dropped)
    }
}
