//! A run from its first statement to its report: the five steps of applying.

use std::collections::{BTreeSet, VecDeque};

use sqlx::Pool;

use super::attempt::{Outcome, Table, Work, attempt};
use super::{SeedRunner, Session};
use crate::backend::Backend;
use crate::lock::Wait;
use crate::plan::plan;
use crate::progress::TARGET;
use crate::report::{Applied, Report, Skipped};
use crate::{AppliedBy, ApplyError, Error, Progress, Seed, SkipFlags, Warning, store};

pub(super) struct Run<'r, DB: Backend> {
    runner: &'r SeedRunner<DB>,
    pub(super) report: Report,
    /// What is still to be applied, in order. The first is the one being worked on.
    queue: VecDeque<&'static Seed<DB>>,
    /// The seed that failed, if the run came that far.
    failed: Option<&'static str>,
    table: Table,
}

impl<'r, DB: Backend> Run<'r, DB> {
    pub(super) fn new(runner: &'r SeedRunner<DB>) -> Self {
        Self {
            runner,
            report: Report::default(),
            queue: VecDeque::new(),
            failed: None,
            table: Table::MayBeMissing,
        }
    }

    pub(super) fn stopped(self, error: Error) -> ApplyError {
        let not_attempted = self.queue.iter().map(|seed| seed.id).collect();
        ApplyError {
            error,
            seed: self.failed,
            report: self.report,
            not_attempted,
        }
    }

    pub(super) async fn all(&mut self, pool: &Pool<DB>) -> Result<(), Error> {
        let flags = self
            .runner
            .skip_flags
            .clone()
            .unwrap_or_else(SkipFlags::from_environment);
        for warning in flags.warnings(self.runner.seeds) {
            self.warn(warning);
        }
        if let Some(flag) = flags.skips_all()
            && self.runner.applied_by == AppliedBy::Boot
        {
            for seed in self.runner.seeds {
                self.skip(seed.id, flag);
            }
            return Ok(());
        }

        let mut session = Session::acquire(pool).await?;
        let worked = self.with_database(session.connection(), &flags).await;
        // After an error the connection may be anything, from read-only to broken.
        if worked.is_ok() {
            session.give_back();
        }
        worked
    }

    async fn with_database(
        &mut self,
        connection: &mut DB::Connection,
        flags: &SkipFlags,
    ) -> Result<(), Error> {
        let applied = store::applied::<DB>(connection).await?;
        if applied.is_some() {
            self.table = Table::Exists;
        }
        self.enqueue(&applied.unwrap_or_default(), flags)?;
        if self.queue.is_empty() {
            return Ok(());
        }
        self.preflight()?;
        self.drain(connection).await
    }

    /// Applies the queue, after what the app does before its first pending seed.
    async fn drain(&mut self, connection: &mut DB::Connection) -> Result<(), Error> {
        let mut prepared = self.runner.prepare.is_none();
        let mut wait = Wait::new(self.runner.lock_timeout);
        while let Some(seed) = self.queue.front().copied() {
            let work = if prepared {
                Work::Seed(seed)
            } else {
                Work::Prepare
            };
            match attempt(self.runner, connection, &work, self.table).await {
                Ok(Outcome::Busy) => {
                    self.pause(connection, &mut wait).await?;
                    if !self.drop_applied(connection).await? {
                        continue;
                    }
                }
                Ok(Outcome::AlreadyApplied) => {
                    self.drop_applied(connection).await?;
                }
                Ok(Outcome::Done(duration)) if prepared => {
                    self.queue.pop_front();
                    self.table = Table::Exists;
                    self.report.applied.push(Applied {
                        id: seed.id,
                        duration,
                    });
                    self.runner.notify(Progress::Applied {
                        id: seed.id,
                        duration,
                    });
                }
                Ok(Outcome::Done(_)) => prepared = true,
                Err(error) => {
                    if prepared {
                        self.queue.pop_front();
                        self.failed = Some(seed.id);
                        self.runner.notify(Progress::Failed { id: seed.id });
                    }
                    return Err(error);
                }
            }
            // Something moved, here or in the process that has the lock.
            wait = Wait::new(self.runner.lock_timeout);
        }
        Ok(())
    }

    async fn pause(&self, connection: &mut DB::Connection, wait: &mut Wait) -> Result<(), Error> {
        let holder = if wait.wants_holder() {
            // Only a courtesy: not every role may look, and the lock may be free by now.
            DB::holder(connection).await.unwrap_or_default()
        } else {
            None
        };
        wait.pause(holder, &|progress| self.runner.notify(progress))
            .await
    }

    /// Takes from the queue what another replica has applied meanwhile, so that a replica which
    /// lost the race does not ask for the lock once per seed. Whether there was anything.
    async fn drop_applied(&mut self, connection: &mut DB::Connection) -> Result<bool, Error> {
        let Some(applied) = store::applied::<DB>(connection).await? else {
            return Ok(false);
        };
        self.table = Table::Exists;
        let before = self.queue.len();
        let (elsewhere, queue): (VecDeque<_>, VecDeque<_>) = self
            .queue
            .drain(..)
            .partition(|seed| applied.contains(seed.id));
        self.queue = queue;
        for seed in elsewhere {
            self.report.applied_elsewhere.push(seed.id);
            self.runner
                .notify(Progress::AppliedElsewhere { id: seed.id });
        }
        Ok(self.queue.len() < before)
    }

    /// Fills the queue with what is pending and not skipped.
    fn enqueue(&mut self, applied: &BTreeSet<String>, flags: &SkipFlags) -> Result<(), Error> {
        let seeds = self.runner.seeds;
        let plan = plan(seeds.iter().map(|seed| seed.id), applied);
        for id in plan.missing {
            self.warn(Warning::Missing { id: id.to_owned() });
        }
        for id in plan.pending {
            let mut same_id = seeds.iter().filter(|seed| seed.id == id);
            let (Some(seed), None) = (same_id.next(), same_id.next()) else {
                let id = seeds.iter().map(|seed| seed.id).find(|other| *other == id);
                return Err(Error::DuplicateId {
                    id: id.unwrap_or_default(),
                });
            };
            if flags.skips(seed.info()) {
                self.skip(seed.id, seed.skip_flag);
                continue;
            }
            if let Some(late) = plan.out_of_order.iter().find(|late| late.id == id) {
                self.warn(Warning::OutOfOrder {
                    id: seed.id,
                    after: late.after.to_owned(),
                });
            }
            self.queue.push_back(seed);
        }
        Ok(())
    }

    fn preflight(&self) -> Result<(), Error> {
        let mut problems = Vec::new();
        for seed in &self.queue {
            for preflight in &self.runner.preflights {
                problems.extend(preflight(&self.runner.extensions, seed));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Preflight { problems })
        }
    }

    fn skip(&mut self, id: &'static str, flag: &'static str) {
        self.report.skipped.push(Skipped { id, flag });
        self.runner.notify(Progress::Skipped { id, flag });
    }

    fn warn(&mut self, warning: Warning) {
        tracing::warn!(target: TARGET, "{warning}");
        self.report.warnings.push(warning);
    }
}
