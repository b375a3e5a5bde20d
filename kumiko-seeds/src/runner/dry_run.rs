//! All that a run would do, and then rolled back.

use super::app_code::{prepare, run};
use super::builder::SeedRunner;
use crate::backend::{Backend, Hands};
use crate::journal::Journal;
use crate::ledger::{self, Sought};
use crate::report::DryRunSeed;
use crate::under_lock::{Kept, Table, Turn, Work, refused};
use crate::{Error, Seed, SeedCode};

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
        if let Some(app_prepares) = &self.runner.prepare {
            prepare(app_prepares, &mut turn).await?;
            let restored = turn.record(Hands::Seed, None).await;
            restored.map_err(|error| Error::database("restore the session", error))?;
        }
        if turn.table == Table::MayBeMissing {
            ledger::create::<DB>(turn.connection).await?;
        }
        for seed in &self.seeds {
            let sought = Sought::seed(&self.runner.app, seed.info());
            if sought.check::<DB>(turn.connection).await?.is_some() {
                continue;
            }
            self.tried
                .push(try_one(self.runner, &mut turn, seed).await?);
        }
        Ok(Kept::Nothing)
    }
}

async fn try_one<DB: Backend>(
    runner: &SeedRunner<DB>,
    turn: &mut Turn<'_, DB>,
    seed: &'static Seed<DB>,
) -> Result<DryRunSeed, Error> {
    let events = Journal::of_events();
    let before = std::mem::replace(&mut turn.open.journal, events);
    let SeedCode::Run(code) = seed.code else {
        todo!()
    };
    let ran = run(runner, turn, seed, code).await;
    let hands = turn.open.journal.hands;
    let journal = std::mem::replace(&mut turn.open.journal, before);
    turn.open.journal.hands = turn.open.journal.hands.max(hands);
    let ran = ran?;
    let record = ran.marker.insert();
    let recorded = turn.record(hands, Some(&record)).await;
    recorded.map_err(|error| refused::<DB>(seed.id, error))?;
    Ok(DryRunSeed {
        id: seed.id,
        duration: ran.duration,
        events: journal.into_events(),
    })
}
