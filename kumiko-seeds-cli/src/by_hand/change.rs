//! A change to a marker: asked about, made, and said.

use std::io::stdout;

use kumiko_seeds::{App, Backend, Error, History, Ledger};

use super::arguments::ByHandArguments;
use super::operation;
use super::unmarking::Unmarking;
use crate::app_seeds::{AppSeeds, SeedSource};
use crate::database::{DatabaseUrl, connect};
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::operation_id::is_operation;
use crate::printing::{confirmation, print_text, printable};
use crate::steering::{help, of_operation, say_who_goes_on};

/// A change to the marker of a seed.
#[derive(Clone, Debug)]
pub struct ByHand(Change);

#[derive(Clone, Debug)]
enum Change {
    /// The seed of the app is marked as applied without being run.
    Mark(App, SeedSource),
    Unmark(Unmarking),
}

impl ByHand {
    /// Marks the seed of the app that `given` names.
    ///
    /// # Errors
    /// If it names none of them, or several.
    pub fn mark(given: &str, seeds: &AppSeeds, invocation: &Invocation) -> Result<Self, Failure> {
        if let Some(failure) = operation::not_to_mark(given, seeds, invocation) {
            return Err(failure);
        }
        let seed = seeds.find(given)?;
        Ok(Self(Change::Mark(seeds.app.clone(), seed.clone())))
    }

    /// Takes the marker of the seed away that `given` names, which may be one of the database alone.
    ///
    /// # Errors
    /// If it names no seed, or several, or what does not run again without its marker.
    pub fn unmark(
        given: &str,
        seeds: &AppSeeds,
        history: History,
        invocation: &Invocation,
    ) -> Result<Self, Failure> {
        let unmarking = Unmarking::of(given, seeds, history)?;
        match operation::not_to_unmark(&unmarking.id, seeds, invocation) {
            Some(failure) => Err(failure),
            None => Ok(Self(Change::Unmark(unmarking))),
        }
    }

    /// Makes the change, after asking, and prints what was done.
    ///
    /// # Errors
    /// If nobody confirms it, if the database cannot be reached or written, or if the seed is applied
    /// already or not at all.
    pub async fn make<DB: Backend>(
        &self,
        url: &DatabaseUrl,
        arguments: &ByHandArguments,
        invocation: &Invocation,
    ) -> Result<Exit, Failure> {
        url.check_for_changing()?;
        if !arguments.yes {
            self.confirm(url, invocation)?;
        }
        self.write::<DB>(url, invocation).await?;
        print_text(&mut stdout().lock(), &(printable(&self.done()) + "\n"))?;
        if let Change::Unmark(Unmarking {
            id,
            rebuild: Some(source),
            ..
        }) = &self.0
        {
            say_who_goes_on(id, Some(source), invocation);
        }
        Ok(Exit::Fine)
    }

    fn confirm(&self, url: &DatabaseUrl, invocation: &Invocation) -> Result<(), Failure> {
        let question = match &self.0 {
            Change::Mark(_, seed) => {
                format!("mark {} as applied in {url}, without running it?", seed.id)
            }
            Change::Unmark(unmarking) => unmarking.question(url),
        };
        match confirmation(&question) {
            Some(true) => Ok(()),
            Some(false) => Err(Failure::new("nothing was changed")),
            None => {
                let (command, id) = match &self.0 {
                    Change::Mark(_, seed) => ("seed:mark", &seed.id),
                    Change::Unmark(unmarking) => ("seed:unmark", &unmarking.id),
                };
                let command = invocation.line(command, std::slice::from_ref(id));
                Err(Failure::new("this asks first, and there is nobody to ask")
                    .help(format!("say yes beforehand:\n    {command} --yes")))
            }
        }
    }

    async fn write<DB: Backend>(
        &self,
        url: &DatabaseUrl,
        invocation: &Invocation,
    ) -> Result<(), Failure> {
        let pool = connect::<DB>(url).await?;
        let pool = pool.ok_or_else(|| url.not_created())?;
        let ledger = Ledger::new(&pool);
        let changed = match &self.0 {
            Change::Mark(app, seed) => ledger.app(app.clone()).mark(seed.info()).await,
            Change::Unmark(Unmarking { app, id, .. }) => ledger.app(app.clone()).unmark(id).await,
        };
        pool.close().await;
        changed.map_err(|error| {
            let failure = url.failure(&error);
            match error {
                Error::AlreadyApplied { id } | Error::NotApplied { id } if is_operation(&id) => {
                    let mut failure = failure;
                    failure.help.extend(of_operation(&id, invocation));
                    failure
                }
                Error::AlreadyApplied { .. } | Error::NotApplied { .. } => {
                    failure.help("seed:status shows where each seed stands")
                }
                Error::UnderWay { .. } => {
                    let mut failure = failure;
                    failure.help.extend(help(&error, invocation));
                    failure
                }
                _ => failure,
            }
        })
    }

    fn done(&self) -> String {
        match &self.0 {
            Change::Mark(_, seed) => format!("marked {} as applied, without running it", seed.id),
            Change::Unmark(unmarking) => unmarking.done(),
        }
    }
}
