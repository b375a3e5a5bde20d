//! A seed in the place of retired ones.

use std::time::Duration;

use super::app_code::{Ran, run};
use super::builder::SeedRunner;
use crate::backend::Backend;
use crate::ledger::{NewMarker, Sought};
use crate::plan::Plan;
use crate::under_lock::Turn;
use crate::{Error, RunSeed, Seed};

/// Runs `seed` in the open transaction, or records it where all that it replaces is applied.
///
/// **Invariant:** what it replaces is looked at under the lock, and gets its markers in the transaction in which the seed runs. So no
/// older release, which has the code of what is replaced, does the same once more.
pub(super) async fn run_or_record<DB: Backend>(
    runner: &SeedRunner<DB>,
    turn: &mut Turn<'_, DB>,
    seed: &'static Seed<DB>,
    code: RunSeed<DB>,
) -> Result<Ran, Error> {
    let mut replaced = Replaced::of(runner, seed);
    for (seed, is_applied) in &mut replaced.seeds {
        let sought = Sought::seed(&runner.app, &seed.info());
        let applied_at = sought.check::<DB>(turn.connection, *turn.tables).await?;
        *is_applied = applied_at.is_some();
    }
    replaced.refuse_half()?;
    if replaced.are_applied() {
        let note = format!(
            "not run, since {} are applied, which it replaces",
            seed.replaces.join(", ")
        );
        return Ok(Ran::of(runner, turn, seed, Duration::ZERO).noting(&note));
    }
    let ran = run(runner, turn, seed, code).await?;
    let note = format!(
        "retired and not run, since {} has run, which replaces it",
        seed.id
    );
    let markers = replaced.seeds.iter().map(|(seed, _)| {
        NewMarker::new(&runner.app, seed.info(), turn.since(), runner.applied_by).noting(&note)
    });
    Ok(ran.beside(markers.collect()))
}

/// Fails if of what a pending seed replaces some is applied and some is not.
pub(super) fn refuse_half_replaced<DB: Backend>(
    runner: &SeedRunner<DB>,
    plan: &Plan<'_>,
) -> Result<(), Error> {
    for seed in runner
        .all()
        .filter(|seed| plan.half_replaced.binary_search(&seed.id).is_ok())
    {
        let mut replaced = Replaced::of(runner, seed);
        for (seed, is_applied) in &mut replaced.seeds {
            *is_applied =
                !plan.is_not_here(seed.id) && plan.pending.binary_search(&seed.id).is_err();
        }
        replaced.refuse_half()?;
    }
    Ok(())
}

/// The seeds that a seed replaces, and whether each is applied.
struct Replaced<DB: Backend> {
    by: &'static str,
    seeds: Vec<(&'static Seed<DB>, bool)>,
}

impl<DB: Backend> Replaced<DB> {
    /// As if none were applied.
    fn of(runner: &SeedRunner<DB>, by: &'static Seed<DB>) -> Self {
        let find = |id: &&str| runner.all().find(|seed| seed.id == *id);
        let seeds = by.replaces.iter().filter_map(find);
        Self {
            by: by.id,
            seeds: seeds.map(|seed| (seed, false)).collect(),
        }
    }

    fn are_applied(&self) -> bool {
        !self.seeds.is_empty() && self.seeds.iter().all(|(_, is_applied)| *is_applied)
    }

    fn refuse_half(&self) -> Result<(), Error> {
        let (applied, left): (Vec<_>, Vec<_>) =
            self.seeds.iter().partition(|(_, is_applied)| *is_applied);
        if applied.is_empty() || left.is_empty() {
            return Ok(());
        }
        let release = |seed: &Seed<DB>| seed.release_of_retired().unwrap_or_default().to_owned();
        Err(Error::HalfReplaced {
            id: self.by.to_owned(),
            applied: applied.iter().map(|(seed, _)| seed.id.to_owned()).collect(),
            left: left.iter().map(|(seed, _)| seed.id.to_owned()).collect(),
            releases: left.iter().map(|(seed, _)| release(seed)).collect(),
        })
    }
}
