//! Which events are to be delivered to which reactor. Pure.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use kumiko_seeds::events::{EventBackend, Handlers, Reactor, Replay};

use super::arguments::EventReplayArguments;
use crate::arguments::id;
use crate::failure::Failure;
use crate::printing::printable;
use crate::seed_choice::nearest;

/// What the arguments ask for.
pub(super) fn chosen<DB: EventBackend>(
    handlers: Option<&Handlers<DB>>,
    arguments: &EventReplayArguments,
) -> Result<Replay, Failure> {
    let reactors = handlers.into_iter();
    let reactors = reactors.flat_map(|handlers| handlers.registered_reactors().iter());
    let names: Vec<&str> = reactors.map(Reactor::name).collect();
    let name = arguments.reactor.as_str();
    if !names.contains(&name) {
        return Err(unknown(name, &names));
    }
    let mut replay = Replay::to(name);
    if let Some(text) = &arguments.from {
        replay = replay.from(moment("--from", text)?);
    }
    if let Some(text) = &arguments.until {
        replay = replay.until(moment("--until", text)?);
    }
    if let Some(aggregate_type) = &arguments.aggregate_type {
        replay = replay.aggregate_type(aggregate_type);
    }
    if let Some(event_type) = &arguments.event_type {
        replay = replay.event_type(event_type);
    }
    if let Some(text) = &arguments.tenant {
        replay = replay.tenant(id("--tenant", text)?);
    }
    if let Some(text) = &arguments.stream {
        let parts = text.rsplit_once('/');
        let stream = parts.and_then(|(kind, id)| Some((kind, id.parse().ok()?)));
        let (aggregate_type, aggregate_id) = stream.ok_or_else(|| {
            Failure::new(format!("{text:?} names no stream")).help(
                "give aggregate type and id, as in account/0198f0a1-0000-7000-8000-000000000001",
            )
        })?;
        replay = replay.stream(aggregate_type, aggregate_id);
    }
    if let Some(reason) = &arguments.reason {
        replay = replay.because(reason);
    }
    Ok(replay)
}

fn unknown(name: &str, all: &[&str]) -> Failure {
    let failure = Failure::new(format!("there is no reactor {}", printable(name)));
    if all.is_empty() {
        return failure.help(
            "the app has no reactors; register them beside its handlers:\n    \
             Handlers::new().reactors(Reactors::new().register(welcome_mail))",
        );
    }
    match nearest(name, all) {
        Some(near) => failure.help(format!("did you mean {near}?")),
        None => failure.help(format!("name one of these: {}", all.join(", "))),
    }
}

/// A moment that was given with an option. A day is its midnight in UTC.
fn moment(option: &str, text: &str) -> Result<DateTime<Utc>, Failure> {
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    let of_day = || day(text).map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let moment = DateTime::parse_from_rfc3339(text).ok().map(Into::into);
    moment.or_else(of_day).ok_or_else(|| {
        Failure::new(format!("{option} takes a moment, not {text:?}"))
            .help("write it as 2026-05-20, which is its midnight in UTC, or 2026-05-20T09:30:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_day_or_has_its_zone() {
        for (text, expected) in [
            ("2026-05-20", Some("2026-05-20T00:00:00Z")),
            ("2026-05-20T09:30:00Z", Some("2026-05-20T09:30:00Z")),
            (
                "2026-05-20T09:30:00.5+02:00",
                Some("2026-05-20T07:30:00.5Z"),
            ),
            ("2026-05-20T09:30:00", None),
            ("2026-13-20", None),
            ("yesterday", None),
            ("", None),
        ] {
            let expected = expected.and_then(|text| text.parse().ok());
            assert_eq!(moment("--from", text).ok(), expected, "{text}");
        }
    }
}
