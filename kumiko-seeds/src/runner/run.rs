//! A run from its first statement to its report: the five steps of applying.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sqlx::Pool;

use super::attempt::Outcome;
use super::unanswered::Unanswered;
use super::work::{Done, Table, Work};
use super::{SeedRunner, Session};
use crate::applied::AppliedSeeds;
use crate::backend::{Backend, Hands, Restoration};
use crate::context::{Activity, Journal};
use crate::lock::Wait;
use crate::plan::{Compiled, Pair, Plan, plan};
use crate::progress::TARGET;
use crate::report::{Applied, DryRunSeed, Report, Skipped};
use crate::{AppliedBy, ApplyError, Error, Progress, Seed, SkipFlags, Warning, store};

pub(super) struct Run<'r, DB: Backend> {
    pub(super) runner: &'r SeedRunner<DB>,
    pub(super) report: Report,
    /// What is still to be applied, in order. The first is the one being worked on.
    pub(super) queue: VecDeque<&'static Seed<DB>>,
    /// The seed that failed, if the run came that far.
    pub(super) failed: Option<&'static str>,
    pub(super) table: Table,
    /// The commit whose outcome is being found out.
    pub(super) unanswered: Option<Unanswered>,
    /// Whether a commit is on its way and not answered.
    pub(super) committing: Arc<AtomicBool>,
    /// The transaction that has the lock, until it is known how it ended.
    pub(super) identity: Option<DB::Identity>,
    /// What was done in that transaction.
    pub(super) activity: Activity,
    /// Who has had the connection of the run.
    pub(super) hands: Hands,
    /// How the session comes back to what it was before anybody had it.
    pub(super) restoration: Restoration,
    /// How often the first of the queue was tried again.
    pub(super) retries: u32,
}

impl<'r, DB: Backend> Run<'r, DB> {
    pub(super) fn new(runner: &'r SeedRunner<DB>) -> Self {
        Self {
            runner,
            report: Report::default(),
            queue: VecDeque::new(),
            failed: None,
            table: Table::MayBeMissing,
            unanswered: None,
            committing: Arc::default(),
            identity: None,
            activity: Activity::new(Journal::Count(0)),
            hands: Hands::Library,
            restoration: Restoration::default(),
            retries: 0,
        }
    }

    pub(super) fn stopped(mut self, error: Error) -> ApplyError {
        let unanswered = self.unanswered.take();
        if unanswered.is_some() || self.failed.is_none() && error.is_of_the_seed_in_flight() {
            self.failed = self.queue.pop_front().map(|seed| seed.id);
        }
        let error = match unanswered {
            Some(unanswered) => unanswered.unresolved(error),
            None => error,
        };
        let not_attempted = self.queue.iter().map(|seed| seed.id).collect();
        ApplyError {
            error,
            seed: self.failed,
            report: self.report,
            not_attempted,
        }
    }

    /// Applies what is pending.
    pub(super) async fn all(&mut self, pool: &Pool<DB>) -> Result<(), Error> {
        let flags = self.flags();
        if let Some(flag) = flags.skips_all()
            && self.runner.applied_by == AppliedBy::Boot
        {
            for seed in self.runner.seeds {
                self.skip(seed.id, flag);
            }
            return Ok(());
        }
        self.runner.app.check()?;
        let mut session = Session::acquire(pool).await?;
        self.look(&mut session, &flags).await?;
        self.drain(pool, session).await
    }

    /// Runs what is pending in one transaction, and rolls it back.
    pub(super) async fn dry(&mut self, pool: &Pool<DB>) -> Result<Vec<DryRunSeed>, Error> {
        let flags = self.flags();
        self.runner.app.check()?;
        let mut session = Session::acquire(pool).await?;
        self.look(&mut session, &flags).await?;
        self.remember(&mut session).await?;
        let mut wait = Wait::new(self.runner.lock_timeout);
        while !self.queue.is_empty() {
            let seeds: Vec<_> = self.queue.iter().copied().collect();
            match self.attempt(&mut session, Work::DryRun(&seeds)).await {
                Ok(Outcome::Done(Done::Tried(seeds))) => return Ok(seeds),
                Ok(_) => {
                    self.pause(&mut session, &mut wait).await?;
                    self.drop_applied(&mut session).await?;
                }
                Err(error) => {
                    let again = self.try_again(pool, Some(session), Work::DryRun(&seeds), error);
                    match again.await {
                        Ok(another) => session = another,
                        Err(error) => {
                            self.failed = error.seed();
                            self.queue.retain(|seed| Some(seed.id) > error.seed());
                            return Err(error);
                        }
                    }
                }
            }
        }
        Ok(Vec::new())
    }

    /// Does one thing under the lock that is not the run of a seed.
    pub(super) async fn alone(&mut self, pool: &Pool<DB>, work: Work<'_, DB>) -> Result<(), Error> {
        self.runner.app.check()?;
        let mut session = Session::acquire(pool).await?;
        self.applied(&mut session).await?;
        self.remember(&mut session).await?;
        let mut wait = Wait::new(self.runner.lock_timeout);
        loop {
            match self.attempt(&mut session, work).await {
                Ok(Outcome::Busy) => self.pause(&mut session, &mut wait).await?,
                Ok(_) => return Ok(()),
                Err(error) => session = self.try_again(pool, Some(session), work, error).await?,
            }
        }
    }

    /// The flags that count, after a warning for each that does not.
    fn flags(&mut self) -> SkipFlags {
        let flags = self.runner.skip_flags.clone();
        let flags = flags.unwrap_or_else(SkipFlags::from_environment);
        for warning in flags.warnings(self.runner.seeds) {
            self.warn(warning);
        }
        if let Some(flag) = flags.skips_all()
            && self.runner.applied_by != AppliedBy::Boot
        {
            self.warn(Warning::FlagAtBootOnly { flag });
        }
        flags
    }

    /// Reads what is applied, fills the queue with what is to be, and checks that it can be.
    async fn look(&mut self, session: &mut Session<DB>, flags: &SkipFlags) -> Result<(), Error> {
        let applied = self.applied(session).await?;
        self.enqueue(&applied, flags)?;
        let (applied, to_apply) = (applied.iter().count(), self.queue.len());
        tracing::debug!(target: TARGET, applied, to_apply, "compared seeds with the database");
        self.preflight()
    }

    /// What is applied, as of now.
    async fn applied(&mut self, session: &mut Session<DB>) -> Result<AppliedSeeds, Error> {
        let applied = store::applied::<DB>(session.connection()).await;
        let applied = applied.map_err(|error| session.complete(error))?;
        session.settle();
        if applied.is_some() {
            self.table = Table::Exists;
        }
        Ok(applied.unwrap_or_default())
    }

    /// Applies the queue, after what the app does before its first pending seed.
    async fn drain(&mut self, pool: &Pool<DB>, mut session: Session<DB>) -> Result<(), Error> {
        if !self.queue.is_empty() {
            self.remember(&mut session).await?;
        }
        let mut prepared = self.runner.prepare.is_none();
        let mut wait = Wait::new(self.runner.lock_timeout);
        while let Some(seed) = self.queue.front().copied() {
            let work = if prepared {
                Work::Seed(seed)
            } else {
                Work::Prepare
            };
            match self.attempt(&mut session, work).await {
                Ok(Outcome::Busy) => {
                    self.pause(&mut session, &mut wait).await?;
                    if !self.drop_applied(&mut session).await? {
                        continue;
                    }
                }
                Ok(Outcome::Applied) => session = self.renew(pool, session).await?,
                Ok(Outcome::Done(Done::AlreadyApplied)) => {
                    self.applied_elsewhere();
                    self.drop_applied(&mut session).await?;
                }
                Ok(Outcome::Done(_)) => {
                    prepared = true;
                    self.retries = 0;
                    session = self.renew(pool, session).await?;
                }
                Ok(Outcome::Unanswered(unanswered)) => {
                    self.unanswered = Some(unanswered);
                    session = match self.find_out(pool, session).await {
                        Ok(session) => session,
                        Err(error) if self.unanswered.is_some() => return Err(error),
                        Err(error) => self.again_or_failed(pool, None, work, error).await?,
                    };
                }
                Err(error) => {
                    session = self
                        .again_or_failed(pool, Some(session), work, error)
                        .await?;
                }
            }
            wait.restart();
        }
        Ok(())
    }

    /// A session for trying `work` again, or the failure that ends the run.
    async fn again_or_failed(
        &mut self,
        pool: &Pool<DB>,
        session: Option<Session<DB>>,
        work: Work<'_, DB>,
        error: Error,
    ) -> Result<Session<DB>, Error> {
        // The attempt may have come to later seeds than the one it began with.
        let work = match (work, self.queue.front()) {
            (Work::Seed(_), Some(seed)) => Work::Seed(seed),
            _ => work,
        };
        let again = self.try_again(pool, session, work, error).await;
        again.map_err(|error| match work {
            Work::Seed(_) => self.failed(error),
            _ => error,
        })
    }

    /// Notes what the session is like before anybody has it.
    async fn remember(&mut self, session: &mut Session<DB>) -> Result<(), Error> {
        let restoration = DB::restoration(session.connection()).await;
        self.restoration = restoration
            .map_err(|error| Error::database("read the settings of the session", error))?;
        session.settle();
        Ok(())
    }

    /// The first of the queue is applied, by this run.
    pub(super) fn applied_here(&mut self, applied: Applied) {
        self.queue.pop_front();
        self.retries = 0;
        self.report.applied.push(applied);
        let Applied { id, duration, .. } = applied;
        self.runner.notify(Progress::Applied { id, duration });
    }

    /// The first of the queue is applied, but not by this run.
    pub(super) fn applied_elsewhere(&mut self) {
        self.retries = 0;
        if let Some(seed) = self.queue.pop_front() {
            self.leave_to_another(seed.id);
        }
    }

    /// The first of the queue has failed with `error`.
    pub(super) fn failed(&mut self, error: Error) -> Error {
        if let Some(seed) = self.queue.pop_front() {
            let id = seed.id;
            self.failed = Some(id);
            self.runner.notify(Progress::Failed { id, error: &error });
        }
        error
    }

    pub(super) async fn pause(
        &self,
        session: &mut Session<DB>,
        wait: &mut Wait,
    ) -> Result<(), Error> {
        let holder = if wait.wants_holder() {
            // Only a courtesy: not every role may look, and the lock may be free by now.
            DB::holder(session.connection()).await.unwrap_or_default()
        } else {
            None
        };
        wait.pause(holder, &|progress| self.runner.notify(progress))
            .await
    }

    /// Takes from the queue what another replica has applied meanwhile, so that a replica which
    /// lost the race does not ask for the lock once per seed. Whether there was anything.
    async fn drop_applied(&mut self, session: &mut Session<DB>) -> Result<bool, Error> {
        let applied = self.applied(session).await?;
        let before = self.queue.len();
        let plan = plan(
            &self.runner.app,
            self.queue.iter().copied().map(compiled),
            applied.iter(),
        );
        let (queue, elsewhere): (VecDeque<_>, VecDeque<_>) = self
            .queue
            .drain(..)
            .partition(|seed| plan.pending.binary_search(&seed.id).is_ok());
        self.queue = queue;
        for seed in elsewhere {
            self.leave_to_another(seed.id);
        }
        Ok(self.queue.len() < before)
    }

    fn leave_to_another(&mut self, id: &'static str) {
        self.report.applied_elsewhere.push(id);
        self.runner.notify(Progress::AppliedElsewhere { id });
    }

    /// Fills the queue with what is pending and not skipped.
    fn enqueue(&mut self, applied: &AppliedSeeds, flags: &SkipFlags) -> Result<(), Error> {
        let mut seeds: Vec<&'static Seed<DB>> = self.runner.seeds.iter().collect();
        seeds.sort_unstable_by_key(|seed| seed.id);
        if let Some(twice) = seeds.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(Error::DuplicateId { id: twice[0].id });
        }
        let ids = || seeds.iter().map(|seed| seed.id);
        let runner = self.runner;
        let app = &runner.app;
        let plan = plan(app, seeds.iter().copied().map(compiled), applied.iter());
        if !plan.unnamed.is_empty() {
            let (app, seeds) = (app.name(), plan.unnamed.len());
            tracing::info!(target: TARGET, app, seeds, "seeds applied before the app had its name count");
        }
        for id in &plan.missing {
            let id = (*id).to_owned();
            self.warn(Warning::Missing { id });
        }
        if !plan.changed.is_empty() {
            let ids = plan.changed.iter().map(ToString::to_string).collect();
            let app = app.name().map(str::to_owned);
            self.warn(Warning::OtherSource { ids, app });
        }
        for id in self.runner.selection.of(plan.pending.clone(), ids())? {
            let Ok(index) = seeds.binary_search_by_key(&id, |seed| seed.id) else {
                continue;
            };
            let seed = seeds[index];
            if flags.skips(seed.info()) {
                self.skip(seed.id, seed.skip_flag);
                continue;
            }
            if let Some(after) = Pair::find(&plan.out_of_order, id) {
                self.warn(Warning::OutOfOrder {
                    id: seed.id,
                    after: after.to_owned(),
                });
            }
            self.queue.push_back(seed);
        }
        self.refuse_doubtful(&plan)
    }

    /// Fails if a seed of the queue may be applied already, under another id or without the app's name.
    fn refuse_doubtful(&self, plan: &Plan<'_>) -> Result<(), Error> {
        let contested = self.queue.iter().map(|seed| seed.id);
        let contested = contested.filter(|id| plan.contested.binary_search(id).is_ok());
        let ids: Vec<String> = contested.map(str::to_owned).collect();
        if !ids.is_empty() {
            return Err(Error::Contested { ids });
        }
        let renamed = self.queue.iter().filter_map(|seed| {
            let from = Pair::find(&plan.renamed, seed.id)?;
            Some((seed.id.to_owned(), from.to_owned()))
        });
        let (ids, from): (Vec<String>, Vec<String>) = renamed.unzip();
        if !ids.is_empty() {
            return Err(Error::Renamed { ids, from });
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

    pub(super) fn warn(&mut self, warning: Warning) {
        tracing::warn!(target: TARGET, "{warning}");
        self.report.warnings.push(warning);
    }
}

fn compiled<'a, DB: Backend>(seed: &'static Seed<DB>) -> Compiled<'a> {
    Compiled {
        id: seed.id,
        source_hash: Some(seed.source_hash),
    }
}
