//! `seed:mark` and `seed:unmark`: what a person does to a marker by hand.

use std::io::{Write, stderr, stdin, stdout};

use super::database::{connect, history_of, runner_of};
use super::output::written;
use super::printable::printable;
use super::question::{can_be_asked, is_confirmed};
use super::{ByHandArguments, DatabaseUrl, Exit, Failure, Invocation, Unmarking, find_seed};
use kumiko_seeds::{App, AppliedBy, Backend, Error, Seed, SeedInfo, SeedRunner};

/// What to do to a marker.
#[derive(Clone, Copy, Debug)]
pub enum ByHand<'a> {
    /// Mark the seed as applied without running it.
    Mark(SeedInfo<'a>),
    /// Take the marker of this seed away.
    Unmark(&'a Unmarking),
}

/// Does it to a seed of `app`, after asking.
///
/// `command` is the command to paste where there is nobody to ask.
///
/// # Errors
/// If nobody confirms it, if the database cannot be reached or written, or if the seed is applied
/// already or not at all.
pub async fn change_by_hand<DB: Backend>(
    url: &DatabaseUrl,
    app: &App,
    change: ByHand<'_>,
    arguments: &ByHandArguments,
    command: &str,
) -> Result<Exit, Failure> {
    url.check_for_changing()?;
    if !arguments.yes {
        confirm(url, change, command)?;
    }
    change_in::<DB>(url, app, change).await?;
    let done = match change {
        ByHand::Mark(seed) => format!("marked {} as applied, without running it", seed.id),
        ByHand::Unmark(unmarking) => unmarking.done(),
    };
    written(writeln!(stdout().lock(), "{}", printable(&done)))?;
    Ok(Exit::Fine)
}

fn confirm(url: &DatabaseUrl, change: ByHand<'_>, command: &str) -> Result<(), Failure> {
    if !can_be_asked() {
        return Err(Failure::new("this asks first, and there is nobody to ask")
            .help(format!("say yes beforehand:\n    {command} --yes")));
    }
    let question = match change {
        ByHand::Mark(seed) => {
            format!("mark {} as applied in {url}, without running it?", seed.id)
        }
        ByHand::Unmark(unmarking) => unmarking.question(url),
    };
    if is_confirmed(&question, &mut stdin().lock(), &mut stderr().lock()) {
        Ok(())
    } else {
        Err(Failure::new("nothing was changed"))
    }
}

async fn change_in<DB: Backend>(
    url: &DatabaseUrl,
    app: &App,
    change: ByHand<'_>,
) -> Result<(), Failure> {
    let pool = connect::<DB>(url).await?;
    let pool = pool.ok_or_else(|| url.not_created())?;
    let runner = |app: &App| runner_of::<DB>(app).applied_by(AppliedBy::Cli);
    let changed = match change {
        ByHand::Mark(seed) => runner(app).mark(&pool, seed).await,
        ByHand::Unmark(unmarking) => {
            let runner = runner(&unmarking.app);
            runner.unmark(&pool, &unmarking.id).await
        }
    };
    pool.close().await;
    changed.map_err(|error| {
        let failure = Failure::of_error(&error, url);
        match error {
            Error::AlreadyApplied { .. } | Error::NotApplied { .. } => {
                failure.help("seed:status shows where each seed stands")
            }
            _ => failure,
        }
    })
}

/// `seed:mark` of an app's own ops binary.
pub(super) async fn mark<DB: Backend>(
    runner: &SeedRunner<DB>,
    arguments: &ByHandArguments,
) -> Result<Exit, Failure> {
    let url = super::database_url::<DB>(&arguments.database)?;
    let ids: Vec<&str> = runner.seeds().iter().map(|seed| seed.id).collect();
    let id = find_seed(&arguments.id, &ids)?;
    let seed = runner.seeds().iter().find(|seed| seed.id == id);
    let seed = seed.ok_or_else(|| Failure::new(format!("there is no seed {id}")))?;
    let invocation = Invocation::of_this_process(&arguments.database);
    let command = invocation.line("seed:mark", &[id.to_owned()]);
    change_by_hand::<DB>(
        &url,
        runner.whose(),
        ByHand::Mark(seed.info()),
        arguments,
        &command,
    )
    .await
}

/// `seed:unmark` of an app's own ops binary. The seed need not be one of the binary's.
pub(super) async fn unmark<DB: Backend>(
    runner: &SeedRunner<DB>,
    arguments: &ByHandArguments,
) -> Result<Exit, Failure> {
    let url = super::database_url::<DB>(&arguments.database)?;
    let history = history_of(runner, &url).await?;
    let history = history.ok_or_else(|| url.not_created())?;
    let seeds = runner.seeds().iter().map(Seed::info);
    let unmarking = Unmarking::of(&arguments.id, seeds, history)?;
    let invocation = Invocation::of_this_process(&arguments.database);
    let command = invocation.line("seed:unmark", std::slice::from_ref(&unmarking.id));
    change_by_hand::<DB>(
        &url,
        runner.whose(),
        ByHand::Unmark(&unmarking),
        arguments,
        &command,
    )
    .await
}
