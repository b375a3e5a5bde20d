//! `stream:purge`: deletes the events of streams that were archived for long.

use std::io::stdout;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{ArchivedStreams, EventBackend, Purge, Purgeable, Purged, purgeable};

use super::arguments::StreamPurgeArguments;
use super::change::no_handlers;
use super::export_file::{ExportFile, free_name};
use super::purge_view::{PurgeDryRunView, PurgeView};
use crate::arguments::{Format, id};
use crate::database::{DatabaseUrl, connect, find, open};
use crate::failure::{Exit, Failure};
use crate::invocation::Invocation;
use crate::printing::{
    Moment, confirmation, counted, print_json, print_text, printable, printable_lines,
};
use crate::work::{Attended, attend_and_say};

/// `stream:purge` of an app's own ops binary. A signal ends it after the step in flight.
pub(crate) async fn run<DB: EventBackend>(
    runner: SeedRunner<DB>,
    arguments: &StreamPurgeArguments,
) -> Result<Exit, Failure> {
    let url = find::<DB>(&arguments.database)?;
    let before = cut_off(arguments, Utc::now())?;
    let streams = chosen(arguments, before)?;
    url.check_is_for::<DB>()?;
    let found = look::<DB>(&url, &streams).await?;
    if arguments.dry_run {
        return would_purge(arguments.format, before, &found);
    }
    url.check_for_changing()?;
    if runner.write_side().is_none() {
        return Err(no_handlers());
    }
    let invocation = Invocation::of_this_process(&arguments.database);
    if arguments.without_export && !arguments.yes {
        confirm(arguments, &found, &url, &invocation)?;
    }
    let pool = open::<DB>(&url).await?;
    // An export is never written behind another one, so whoever goes on takes another file.
    let again = StreamPurgeArguments {
        export: arguments.export.as_deref().map(free_name),
        ..arguments.clone()
    };
    let again = invocation.line("stream:purge", &again.words());
    let export = arguments.export.as_deref();
    let export = export.map(|path| ExportFile::create(path, &again));
    let export = export.transpose()?.map(Arc::new);
    let mut purge = Purge::of(streams);
    if let Some(reason) = &arguments.reason {
        purge = purge.because(reason);
    }
    if let Some(export) = &export {
        purge = purge.exported_to(export.clone());
    }
    let purging = runner.purging(&pool, purge.clone()).await;
    let purging = purging.map_err(|error| {
        if let Some(export) = &export {
            export.keep_if_written();
        }
        with_what_to_do(url.failure(&error), &found)
    })?;
    let attended = Attended {
        url: &url,
        again,
        invocation: invocation.clone(),
        format: arguments.format,
        applied_by: arguments.applied_by,
        notify: None,
    };
    attend_and_say(purging, &pool, attended, |work, summary| {
        let export = export.filter(|export| export.keep_if_written());
        let Purged {
            streams,
            events,
            to_rebuild,
            ..
        } = purge.purged();
        let view = PurgeView {
            work,
            streams,
            events,
            export: export.map(|export| export.path().display().to_string()),
            to_rebuild,
        };
        say(&view, summary.is_some(), arguments.format, &invocation)
    })
    .await
}

/// The moment before which streams were archived that are meant.
fn cut_off(arguments: &StreamPurgeArguments, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    if let Some(text) = &arguments.before {
        return text.parse().map_err(|_| {
            Failure::new(format!("--before takes a moment, not {text:?}"))
                .help("say it as 2026-08-30T00:00:00Z")
        });
    }
    let text = arguments.older_than.as_deref().unwrap_or_default();
    let before = long(text).and_then(|time| now.checked_sub_signed(time));
    before.ok_or_else(|| {
        Failure::new(format!("--older-than takes a time, not {text:?}"))
            .help("say it in days, weeks, hours or minutes: 90d, 12w, 36h, 10m")
    })
}

/// `90d`, `12w`, `36h` or `10m`.
fn long(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?.parse::<u32>().ok()?.into();
    match unit {
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        'w' => TimeDelta::try_weeks(number),
        _ => None,
    }
}

fn chosen(
    arguments: &StreamPurgeArguments,
    before: DateTime<Utc>,
) -> Result<ArchivedStreams, Failure> {
    let mut streams = ArchivedStreams::default().before(before);
    if let Some(aggregate_type) = &arguments.aggregate_type {
        streams = streams.of(aggregate_type);
    }
    if let Some(text) = &arguments.tenant {
        streams = streams.in_tenant(id("--tenant", text)?);
    }
    Ok(streams)
}

/// What there is to be purged. In a database that is not there yet, there is nothing.
async fn look<DB: EventBackend>(
    url: &DatabaseUrl,
    streams: &ArchivedStreams,
) -> Result<Purgeable, Failure> {
    let Some(pool) = connect::<DB>(url).await? else {
        return Ok(Purgeable::default());
    };
    let found = async {
        let mut connection = pool.acquire().await?;
        purgeable::<DB>(&mut connection, streams).await
    };
    let found = found.await;
    pool.close().await;
    found.map_err(|error| {
        Failure::new(format!("could not read the archive of {url}")).caused_by(&error)
    })
}

fn confirm(
    arguments: &StreamPurgeArguments,
    found: &Purgeable,
    url: &DatabaseUrl,
    invocation: &Invocation,
) -> Result<(), Failure> {
    let question = format!(
        "delete {} for good in {url}? nothing is kept of them",
        amount(found.streams, found.events)
    );
    match confirmation(&question) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new("nothing was changed")),
        None => {
            let mut words = arguments.words();
            words.push("--yes".to_owned());
            let line = invocation.line("stream:purge", &words);
            Err(Failure::new("this asks first, and there is nobody to ask")
                .help(format!("say yes beforehand:\n    {line}")))
        }
    }
}

/// What to do about consumers that have yet to read events.
fn with_what_to_do(failure: Failure, found: &Purgeable) -> Failure {
    let Some(consumer) = found.unread_by.first() else {
        return failure;
    };
    let name = consumer.name.replace('\'', "''");
    failure
        .help("let them go on until they have read it")
        .help(format!(
            "or, of one that nobody runs any more, say so:\n    UPDATE kumiko_event_consumers SET status = 'disabled' WHERE name = '{name}'"
        ))
}

fn amount(streams: u64, events: u64) -> String {
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    format!(
        "{} with {}",
        counted(number(streams), "stream"),
        counted(number(events), "event")
    )
}

fn would_purge(format: Format, before: DateTime<Utc>, found: &Purgeable) -> Result<Exit, Failure> {
    let out = &mut stdout().lock();
    match format {
        Format::Json => print_json(out, &PurgeDryRunView::of(before, found))?,
        Format::Table => {
            let what = amount(found.streams, found.events);
            let first = format!("would purge {what}, archived before {}\n", Moment(before));
            let unread = found.unread_by.iter().map(|consumer| {
                let last = found.last;
                format!("not yet, since {consumer} has not read event {last}\n")
            });
            let lines: String = [first].into_iter().chain(unread).collect();
            print_text(out, &printable_lines(&lines))?;
        }
    }
    Ok(Exit::Fine)
}

fn say(
    view: &PurgeView<'_>,
    is_done: bool,
    format: Format,
    invocation: &Invocation,
) -> Result<(), Failure> {
    let out = &mut stdout().lock();
    let what = match format {
        Format::Json => return print_json(out, view),
        Format::Table if !is_done && view.streams == 0 => return Ok(()),
        Format::Table => amount(view.streams, view.events),
    };
    print_text(out, &format!("purged {what}\n"))?;
    if let Some(export) = &view.export {
        print_text(out, &format!("exported to {}\n", printable(export)))?;
    }
    if !view.to_rebuild.is_empty() {
        let rebuild = invocation.line("projection:rebuild", &view.to_rebuild);
        anstream::eprintln!(
            "note: rows that are computed from many streams are without them after a rebuild, if there was none since they were archived:\n    {rebuild}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit() {
        for (text, minutes) in [
            ("90d", Some(90 * 24 * 60)),
            ("2w", Some(14 * 24 * 60)),
            ("36h", Some(36 * 60)),
            ("0m", Some(0)),
            ("90", None),
            ("d", None),
            ("-1d", None),
            ("1.5d", None),
            ("90 d", None),
            ("9é", None),
            ("", None),
        ] {
            assert_eq!(long(text).map(|time| time.num_minutes()), minutes, "{text}");
        }
    }
}
