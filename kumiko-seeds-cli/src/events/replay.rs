//! `event:replay`: delivers events to a reactor again, while the app serves.

use std::sync::Arc;

use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{EventBackend, Handlers};

use super::arguments::EventReplayArguments;
use super::choice::chosen;
use super::dry_run::dry_run;
use crate::database::{DatabaseUrl, find, open};
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::printing::counted;
use crate::work::{Attended, attend};

/// `event:replay` of an app's own ops binary. A signal ends it after the step in flight.
pub(crate) async fn run<DB: EventBackend>(
    runner: SeedRunner<DB>,
    arguments: &EventReplayArguments,
) -> Result<Exit, Failure> {
    let url = find::<DB>(&arguments.database)?;
    let replay = chosen(runner.write_side(), arguments)?;
    if arguments.dry_run {
        return dry_run(&runner, &url, &replay, arguments).await;
    }
    url.check_is_for::<DB>()?;
    url.check_for_changing()?;
    let handlers = runner.value::<Arc<Handlers<DB>>>().cloned();
    let pool = open::<DB>(&url).await?;
    let replaying = runner.replaying(&pool, &replay).await;
    let runner = replaying.map_err(|error| url.failure(&error))?;
    let runner = if arguments.quarantine {
        runner.quarantine()
    } else {
        runner
    };
    let invocation = Invocation::of_this_process(&arguments.database);
    let attended = Attended {
        url: &url,
        again: invocation.line("event:replay", &arguments.words()),
        invocation: invocation.clone(),
        format: arguments.format,
        applied_by: arguments.applied_by,
        notify: None,
    };
    let exit = attend(runner, &pool, attended).await?;
    if let Some(handlers) = handlers
        && arguments.quarantine
    {
        say_what_is_set_aside(&handlers, &url, &arguments.reactor, &invocation).await?;
    }
    Ok(exit)
}

async fn say_what_is_set_aside<DB: EventBackend>(
    handlers: &Handlers<DB>,
    url: &DatabaseUrl,
    reactor: &str,
    invocation: &Invocation,
) -> Result<(), Failure> {
    let pool = open::<DB>(url).await?;
    let listed = handlers.set_aside_by_reactor(&pool, reactor).await;
    pool.close().await;
    let set_aside = listed.map_err(|error| url.failure(&error.into()))?;
    if !set_aside.is_empty() {
        let words = [reactor.to_owned(), "--dry-run".to_owned()];
        anstream::eprintln!(
            "note: set aside: {}; see which and why:\n    {}",
            counted(set_aside.len(), "event"),
            invocation.line("event:replay", &words)
        );
    }
    Ok(())
}
