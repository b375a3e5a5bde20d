//! `projection:rebuild`: makes rows what their events say, while the app serves.

use std::io::stdout;
use std::time::Duration;

use kumiko_seeds::events::{EventBackend, Part};
use kumiko_seeds::{Environment, SeedRunner, SkipFlags, Status, WorkReport};

use super::arguments::ProjectionRebuildArguments;
use super::choice::{REGISTER, chosen, names, projections};
use crate::arguments::{Format, id};
use crate::database::{find, open};
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::printing::{print_json, print_text};
use crate::work::{Attended, WorkView, attend};

/// `projection:rebuild` of an app's own ops binary. A signal ends it after the step in flight.
pub(crate) async fn run<DB: EventBackend>(
    runner: SeedRunner<DB>,
    arguments: &ProjectionRebuildArguments,
) -> Result<Exit, Failure> {
    let url = find::<DB>(&arguments.database)?;
    let all = projections(&runner);
    let invocation = Invocation::of_this_process(&arguments.database);
    if arguments.names.is_empty() && !arguments.all && !arguments.outdated {
        return Err(none_named(&names(&all), &invocation));
    }
    let part = part(arguments)?;
    let mut chosen = chosen(&all, &arguments.names)?;
    if all.is_empty() {
        return nothing_to_do(arguments.format, "the app has registered no projection");
    }
    url.check_is_for::<DB>()?;
    url.check_for_changing()?;
    let pool = open::<DB>(&url).await?;
    if arguments.outdated {
        let history = runner.ledger(&pool).history().await;
        let history = history.map_err(|error| url.failure(&error))?;
        let status = Status::compare(
            runner.infos(),
            history,
            &SkipFlags::default(),
            &Environment::Every,
        );
        let open = status.seeds.iter().filter(|seed| seed.marker.is_none());
        let open: Vec<&str> = open.map(|seed| seed.id.as_str()).collect();
        // Rebuilds of other versions, and those that were asked for once more, make none outdated.
        chosen.retain(|projection| {
            let (name, version) = (projection.name(), projection.version());
            open.contains(&format!("projection-rebuild/{name}/{version}").as_str())
        });
        if chosen.is_empty() {
            pool.close().await;
            return nothing_to_do(
                arguments.format,
                "the version of every projection is recorded",
            );
        }
    }
    let chosen: Vec<String> = names(&chosen).into_iter().map(str::to_owned).collect();
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    let rebuilding = match (part, chosen.as_slice()) {
        (Some(part), [name]) => runner.rebuilding_part(&pool, name, part).await,
        (Some(_), _) => {
            return Err(Failure::new(
                "a part of one projection is rebuilt at a time",
            ));
        }
        (None, names) => runner.rebuilding(&pool, names).await,
    };
    let runner = rebuilding.map_err(|error| url.failure(&error))?;
    let runner = if arguments.quarantine {
        runner.quarantine()
    } else {
        runner
    };
    let attended = Attended {
        url: &url,
        again: invocation.line("projection:rebuild", &arguments.words()),
        invocation,
        format: arguments.format,
        applied_by: arguments.applied_by,
        notify: None,
    };
    attend(runner, &pool, attended).await
}

fn none_named(all: &[&str], invocation: &Invocation) -> Failure {
    if all.is_empty() {
        return Failure::new("no projection is named").help(REGISTER);
    }
    let line = |word: &str| invocation.line("projection:rebuild", &[word.to_owned()]);
    Failure::new("no projection is named")
        .help(format!("name some of these: {}", all.join(", ")))
        .help(format!(
            "or rebuild those whose version is not recorded:\n    {}",
            line("--outdated")
        ))
        .help(format!("or all of them:\n    {}", line("--all")))
}

fn nothing_to_do(format: Format, reason: &str) -> Result<Exit, Failure> {
    let out = &mut stdout().lock();
    match format {
        Format::Json => print_json(out, &WorkView::of(&WorkReport::default(), Duration::ZERO))?,
        Format::Table => print_text(out, &format!("nothing to do: {reason}\n"))?,
    }
    Ok(Exit::Fine)
}

fn part(arguments: &ProjectionRebuildArguments) -> Result<Option<Part>, Failure> {
    Ok(match (&arguments.tenant, &arguments.aggregate) {
        (Some(tenant), _) => Some(Part::Tenant(id("--tenant", tenant)?)),
        (None, Some(aggregate)) => Some(Part::Aggregate(id("--aggregate", aggregate)?)),
        (None, None) => None,
    })
}
