//! What a run has to apply, in its order, and what it has to report.

use std::collections::{BTreeSet, VecDeque};

use super::app_code::prepare;
use super::builder::SeedRunner;
use super::prepare::{ALL, NOTHING, Prepare};
use super::replacing::{refuse_half_replaced, run_or_record};
use crate::applied::AppliedSeeds;
use crate::backend::Backend;
use crate::background::{Waiting, of_background};
use crate::hashes::Hashes;
use crate::journal::AfterCommit;
use crate::ledger::{self, Record, Sought, Table};
use crate::plan::{Compiled, Pair, Plan, plan};
use crate::progress::TARGET;
use crate::report::{Applied, Report, Skipped};
use crate::seed::is_operation;
use crate::under_lock::{By, Kept, Turn, Work};
use crate::{Environment, Error, Progress, Seed, SeedCode, SkipFlags, Warning};

/// What is still to be applied, and what is done.
pub(super) struct Queue<'r, DB: Backend> {
    runner: &'r SeedRunner<DB>,
    /// Up to which schema migration the app's preparation is done.
    prepared_to: i64,
    /// In order. The first is the one being worked on.
    pub(super) seeds: VecDeque<&'static Seed<DB>>,
    /// The first of `seeds`, if it has run and is not committed.
    ran: Option<(Applied, Vec<AfterCommit>)>,
    pub(super) report: Report,
    /// The seed that failed, if the run came that far.
    pub(super) failed: Option<&'static str>,
    /// Whether the baseline of the database contains what retired seeds did, which have no markers there yet.
    pub(super) is_retired_contained: bool,
    /// Whether a seed was found to be applied when the lock was taken. Then others may be, too.
    pub(super) is_outdated: bool,
}

/// The preparation is one transaction, and so is each seed.
impl<DB: Backend> Work<DB> for Queue<'_, DB> {
    fn seed(&self) -> Option<&'static str> {
        match self.preparation() {
            Some(_) => None,
            None => self.seeds.front().map(|seed| seed.id),
        }
    }

    fn sought(&self) -> Option<Sought<'static>> {
        match self.preparation() {
            Some(_) => None,
            None => self.sought_at(0),
        }
    }

    fn sought_next(&self) -> Option<Sought<'static>> {
        match self.preparation() {
            Some(_) => self.sought_at(0),
            None if self.preparation_at(1).is_some() => None,
            None => self.sought_at(1),
        }
    }

    async fn perform(&mut self, mut turn: Turn<'_, DB>) -> Result<Kept, Error> {
        if let Some((preparation, up_to)) = self.preparation() {
            prepare(preparation, up_to, &mut turn).await?;
            return Ok(Kept::Changes);
        }
        let Some(seed) = self.seeds.front().copied() else {
            return Ok(Kept::Nothing);
        };
        let SeedCode::Run(code) = seed.code else {
            return Ok(Kept::Nothing);
        };
        let sought = Sought::seed(&self.runner.app, &seed.info());
        let applied_at = match turn.tables.operations {
            Table::Exists => {
                sought
                    .recheck::<DB>(turn.connection, &turn.found.rows)
                    .await?
            }
            Table::MayBeMissing => {
                ledger::create::<DB>(turn.connection).await?;
                sought.check::<DB>(turn.connection, *turn.tables).await?
            }
        };
        if applied_at.is_some() {
            self.applied_elsewhere();
            self.is_outdated = true;
            return Ok(Kept::Nothing);
        }
        let ran = run_or_record(self.runner, &mut turn, seed, code).await?;
        let journal = &mut turn.open.journal;
        let applied = Applied {
            id: seed.id,
            duration: ran.duration,
            events: journal.count(),
            retries: turn.retries,
        };
        self.ran = Some((applied, journal.take_after_commit()));
        Ok(Kept::Recorded(Box::new(Record::Marker(ran.marker))))
    }

    fn committed(&mut self, by: By) {
        if let Some((_, up_to)) = self.preparation() {
            self.prepared_to = up_to;
            return;
        }
        match (by, self.ran.take()) {
            (By::Us, Some((applied, after_commit))) => self.applied_here(applied, after_commit),
            _ => self.applied_elsewhere(),
        }
    }
}

impl<'r, DB: Backend> Queue<'r, DB> {
    pub(super) fn new(runner: &'r SeedRunner<DB>) -> Self {
        Self {
            runner,
            prepared_to: NOTHING,
            seeds: VecDeque::new(),
            ran: None,
            report: Report::default(),
            failed: None,
            is_retired_contained: false,
            is_outdated: false,
        }
    }

    fn sought_at(&self, index: usize) -> Option<Sought<'static>> {
        let seed = self.seeds.get(index)?;
        let is_run = matches!(seed.code, SeedCode::Run(_));
        is_run.then(|| Sought::seed(&self.runner.app, &seed.info()))
    }

    /// Fills the queue with what is pending and not skipped.
    pub(super) fn fill(
        &mut self,
        applied: &AppliedSeeds,
        flags: &SkipFlags,
        background: Background,
    ) -> Result<(), Error> {
        let mut seeds: Vec<&'static Seed<DB>> = self.runner.all().collect();
        if background == Background::Included {
            // A dry run is one transaction, and what is done beside the app is made for many.
            seeds.retain(|seed| !seed.is_operation());
        }
        seeds.sort_unstable_by_key(|seed| seed.id);
        if let Some(twice) = seeds.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(Error::DuplicateId { id: twice[0].id });
        }
        let app = &self.runner.app;
        let environment = self.runner.runs_in();
        let compiled = seeds.iter().copied().map(compiled(&environment));
        let plan = plan(app, compiled, applied.iter());
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
        if !self.is_retired_contained {
            refuse_half_replaced(self.runner, &plan)?;
            refuse_retired(seeds.iter().copied(), &plan)?;
        } else if background == Background::Included {
            // A run records what is retired first, and then only records what replaces it.
            seeds.retain(|seed| seed.replaces.is_empty());
        }
        if let Some(id) = self.runner.selection.named()
            && plan.is_not_here(id)
        {
            return Err(not_for(&environment, id, &seeds));
        }
        let not_here = seeds.iter().filter(|seed| plan.is_not_here(seed.id));
        self.report.not_here = not_here.map(|seed| seed.id).collect();
        let of_workers = of_background(seeds.iter().map(|seed| waiting(seed)), |id| {
            !plan.is_not_here(id)
        });
        let is_pending = |id: &str| plan.pending.binary_search(&id).is_ok();
        for seed in self.chosen(&plan, &seeds, flags, background)? {
            if flags.skips(&seed.info()) {
                self.skip(seed.id, seed.skip_flag);
                continue;
            }
            // What it waits for is skipped.
            let is_missed =
                |id: &&str| is_pending(id) && !self.seeds.iter().any(|seed| seed.id == *id);
            if seed.after.iter().any(is_missed) {
                self.report.left_to_background.push(seed.id);
                continue;
            }
            if let Some(after) = Pair::find(&plan.out_of_order, seed.id)
                && !of_workers.contains(seed.id)
            {
                self.warn(Warning::OutOfOrder {
                    id: seed.id,
                    after: after.to_owned(),
                });
            }
            self.seeds.push_back(seed);
        }
        refuse_doubtful(self.seeds.iter().map(|seed| seed.id), &plan)
    }

    /// Those of `seeds`, which are sorted, that are pending and asked for; notes which of them are left to the workers.
    fn chosen(
        &mut self,
        plan: &Plan<'_>,
        seeds: &[&'static Seed<DB>],
        flags: &SkipFlags,
        background: Background,
    ) -> Result<Vec<&'static Seed<DB>>, Error> {
        let selection = &self.runner.selection;
        let is_pending = |id: &str| plan.pending.binary_search(&id).is_ok();
        let left = match background {
            Background::LeftOut => of_background(seeds.iter().map(|seed| waiting(seed)), |id| {
                is_pending(id) && !selection.names(id)
            }),
            Background::Included => BTreeSet::new(),
        };
        let pending = seeds.iter().copied().filter(|seed| {
            // What is retired and pending was refused, or is in the baseline.
            is_pending(seed.id) && seed.release_of_retired().is_none()
        });
        let is_left =
            |seed: &&'static Seed<DB>| left.contains(seed.id) && !flags.skips(&seed.info());
        let (left, mut pending): (Vec<&'static Seed<DB>>, Vec<_>) = pending.partition(is_left);
        self.report.left_to_background = left.into_iter().map(|seed| seed.id).collect();
        let ids = pending.iter().map(|seed| seed.id).collect();
        let chosen = selection.of(ids, seeds.iter().map(|seed| seed.id))?;
        pending.retain(|seed| chosen.binary_search(&seed.id).is_ok());
        Ok(pending)
    }

    /// Whether operations that are no seeds are left to the background.
    pub(super) fn has_left_operations(&self) -> bool {
        let mut left = self.report.left_to_background.iter();
        left.any(|id| is_operation(id))
    }

    /// Whether the first of the queue is what comes next.
    pub(super) fn is_prepared(&self) -> bool {
        self.preparation().is_none()
    }

    /// Leaves what the app does before its seeds to others.
    pub(super) fn leave_preparation(&mut self) {
        self.prepared_to = ALL;
    }

    /// What the app has to do before the first of the queue, and up to which schema migration.
    fn preparation(&self) -> Option<(&'r Prepare<DB>, i64)> {
        self.preparation_at(0)
    }

    fn preparation_at(&self, index: usize) -> Option<(&'r Prepare<DB>, i64)> {
        let preparation = self.runner.prepare.as_ref()?;
        let seed = self.seeds.get(index);
        let up_to = seed.map_or(ALL, |seed| preparation.before(seed));
        (up_to > self.prepared_to).then_some((preparation, up_to))
    }

    /// Takes from the queue what another replica has applied meanwhile, so that a replica which
    /// lost the race does not ask for the lock once per seed. Whether there was anything.
    pub(super) fn drop_applied(&mut self, applied: &AppliedSeeds) -> bool {
        let before = self.seeds.len();
        let plan = plan(
            &self.runner.app,
            self.seeds
                .iter()
                .copied()
                .map(compiled(&Environment::Every)),
            applied.iter(),
        );
        let (queue, elsewhere): (VecDeque<_>, VecDeque<_>) = self
            .seeds
            .drain(..)
            .partition(|seed| plan.pending.binary_search(&seed.id).is_ok());
        self.seeds = queue;
        for seed in elsewhere {
            self.leave_to_another(seed.id);
        }
        self.is_outdated = false;
        self.seeds.len() < before
    }

    /// The first of the queue is applied, by this run.
    pub(super) fn applied_here(&mut self, applied: Applied, after_commit: Vec<AfterCommit>) {
        self.seeds.pop_front();
        self.report.applied.push(applied);
        let Applied { id, duration, .. } = applied;
        self.runner
            .observer
            .notify(Progress::Applied { id, duration });
        for action in after_commit {
            action.call(id);
        }
    }

    /// The first of the queue is applied, but not by this run.
    pub(super) fn applied_elsewhere(&mut self) {
        if let Some(seed) = self.seeds.pop_front() {
            self.leave_to_another(seed.id);
        }
    }

    fn leave_to_another(&mut self, id: &'static str) {
        self.report.applied_elsewhere.push(id);
        self.runner
            .observer
            .notify(Progress::AppliedElsewhere { id });
    }

    /// What comes next has failed with `error`.
    pub(super) fn failed(&mut self, error: Error) -> Error {
        if let Some(id) = self.seed() {
            self.seeds.pop_front();
            self.failed = Some(id);
            self.runner
                .observer
                .notify(Progress::Failed { id, error: &error });
        }
        error
    }

    /// A dry run has failed, at the seed `id` if it came to one.
    pub(super) fn failed_at(&mut self, id: Option<&'static str>) {
        self.failed = id;
        self.seeds.retain(|seed| Some(seed.id) > id);
    }

    pub(super) fn skip(&mut self, id: &'static str, flag: &'static str) {
        self.report.skipped.push(Skipped { id, flag });
        self.runner.observer.notify(Progress::Skipped { id, flag });
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        tracing::warn!(target: TARGET, "{warning}");
        self.report.warnings.push(warning);
    }
}

/// That a seed was asked for which is for other environments.
fn not_for<DB: Backend>(environment: &Environment, id: &str, seeds: &[&Seed<DB>]) -> Error {
    let seed = seeds.iter().find(|seed| seed.id == id);
    let environments = seed.map_or(&[] as &[_], |seed| seed.environments);
    Error::NotForEnvironment {
        id: id.to_owned(),
        environment: environment.name().map(str::to_owned),
        environments: environments.iter().map(ToString::to_string).collect(),
    }
}

/// What becomes of seeds that say `BACKGROUND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Background {
    /// They are left to the workers.
    LeftOut,
    /// They are taken in their places.
    Included,
}

/// Fails if a retired one of these seeds is not applied.
///
/// **Invariant:** a seed that was written after others runs after them. So none is let through, whichever seeds are asked for.
pub(super) fn refuse_retired<DB: Backend>(
    seeds: impl IntoIterator<Item = &'static Seed<DB>>,
    plan: &Plan<'_>,
) -> Result<(), Error> {
    let retired = seeds.into_iter().filter_map(|seed| {
        plan.pending.binary_search(&seed.id).ok()?;
        Some((seed.id.to_owned(), seed.release_of_retired()?.to_owned()))
    });
    let (ids, releases): (Vec<String>, Vec<String>) = retired.unzip();
    if ids.is_empty() {
        Ok(())
    } else {
        Err(Error::Retired { ids, releases })
    }
}

/// Fails if one of these seeds may be applied already, under another id or without the app's name.
pub(super) fn refuse_doubtful<'a>(
    seeds: impl IntoIterator<Item = &'a str>,
    plan: &Plan<'_>,
) -> Result<(), Error> {
    let seeds: Vec<&str> = seeds.into_iter().collect();
    let contested = seeds.iter();
    let contested = contested.filter(|id| plan.contested.binary_search(id).is_ok());
    let ids: Vec<String> = contested.map(ToString::to_string).collect();
    if !ids.is_empty() {
        return Err(Error::Contested { ids });
    }
    let renamed = seeds.iter().filter_map(|id| {
        let from = Pair::find(&plan.renamed, id)?;
        Some(((*id).to_owned(), from.to_owned()))
    });
    let (ids, from): (Vec<String>, Vec<String>) = renamed.unzip();
    if !ids.is_empty() {
        return Err(Error::Renamed { ids, from });
    }
    Ok(())
}

/// What says whether a seed is done in its place or by a worker.
pub(super) fn waiting<DB: Backend>(seed: &Seed<DB>) -> Waiting<'static, 'static> {
    Waiting {
        id: seed.id,
        background: seed.background,
        after: seed.after,
    }
}

/// What a plan in this environment has to know of a seed.
pub(super) fn compiled<'a, DB: Backend>(
    environment: &Environment,
) -> impl Fn(&'static Seed<DB>) -> Compiled<'a> {
    move |seed| Compiled {
        id: seed.id,
        hashes: Hashes::of_seed(seed),
        is_here: environment.is_among(seed.environments),
        may_be_late: !seed.environments.is_empty() || seed.out_of_order.is_some(),
        replaces: seed.replaces,
    }
}
