//! `event:replay --dry-run`: what would be delivered, and what is set aside.

use std::io::stdout;

use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{EventBackend, EventCount, Replay, ReplayError, SetAside};
use serde::Serialize;

use super::arguments::EventReplayArguments;
use crate::arguments::Format;
use crate::database::{DatabaseUrl, connect, say_that_there_is_none};
use crate::failure::{Exit, Failure};
use crate::printing::{counted, print_json, print_text, printable};
use crate::projections::SetAsideView;

pub(super) async fn dry_run<DB: EventBackend>(
    runner: &SeedRunner<DB>,
    url: &DatabaseUrl,
    replay: &Replay,
    arguments: &EventReplayArguments,
) -> Result<Exit, Failure> {
    let Some(handlers) = runner.write_side() else {
        return Ok(Exit::Fine);
    };
    let Some(pool) = connect::<DB>(url).await? else {
        say_that_there_is_none(url);
        return Ok(Exit::Fine);
    };
    let name = &arguments.reactor;
    let looked = async {
        let counts = handlers.count_replay(&pool, replay).await?;
        let set_aside = handlers.set_aside_by_reactor(&pool, name).await?;
        Ok::<_, ReplayError>((counts, set_aside))
    };
    let looked = looked.await;
    pool.close().await;
    let (counts, set_aside) = looked.map_err(|error| url.failure(&error.into()))?;
    let view = ReplayDryRunView::of(name, counts, set_aside);
    let out = &mut stdout().lock();
    match arguments.format {
        Format::Json => print_json(out, &view)?,
        Format::Table => print_text(out, &text(&view))?,
    }
    Ok(Exit::Fine)
}

/// What a replay would deliver.
#[derive(Clone, Debug, Serialize)]
pub struct ReplayDryRunView<'a> {
    /// The version of this form.
    pub version: u32,
    /// The reactor.
    pub reactor: &'a str,
    /// How many events it would get.
    pub events: u64,
    /// How many of each type.
    pub by_type: Vec<EventCountView>,
    /// The events that earlier replays have set aside, whether they would be delivered or not.
    pub set_aside: Vec<SetAsideView>,
}

/// How many events of a type there are.
#[derive(Clone, Debug, Serialize)]
pub struct EventCountView {
    /// The kind of aggregate.
    pub aggregate_type: String,
    /// What happened.
    pub event_type: String,
    /// How many.
    pub events: u64,
}

impl<'a> ReplayDryRunView<'a> {
    fn of(reactor: &'a str, counts: Vec<EventCount>, set_aside: Vec<SetAside>) -> Self {
        let view = |count: EventCount| EventCountView {
            aggregate_type: count.aggregate_type,
            event_type: count.event_type,
            events: count.events,
        };
        Self {
            version: 1,
            reactor,
            events: counts.iter().map(|count| count.events).sum(),
            by_type: counts.into_iter().map(view).collect(),
            set_aside: set_aside.into_iter().map(SetAsideView::of).collect(),
        }
    }
}

fn text(view: &ReplayDryRunView<'_>) -> String {
    let events = usize::try_from(view.events).unwrap_or(usize::MAX);
    let mut lines = vec![format!(
        "{} would get {}",
        view.reactor,
        counted(events, "event")
    )];
    lines.extend(view.by_type.iter().map(|count| {
        let EventCountView {
            aggregate_type,
            event_type,
            events,
        } = count;
        format!("  {event_type} of {aggregate_type}: {events}")
    }));
    lines.extend(view.set_aside.iter().map(SetAsideView::line));
    lines.iter().map(|line| printable(line) + "\n").collect()
}
