//! What `seed:apply --dry-run` prints.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::apply_output::{FailedDocument, nothing_to_do};
use super::output::{write_json, written};
use super::printable::printable;
use super::{ApplyArguments, Failure, Format};
use crate::duration::seconds;
use kumiko_seeds::{AppendedEvent, ApplyError, DryRun, Warning};

/// Prints what each seed would do.
pub(super) fn write_dry_run(
    out: &mut dyn Write,
    tried: &DryRun,
    took: Duration,
    seeds: usize,
    arguments: &ApplyArguments,
) -> Result<(), Failure> {
    match arguments.format {
        Format::Json => write_json(out, &DryRunDocument::of_tried(tried, took)),
        Format::Table => {
            if !tried.seeds.is_empty() {
                written(write_events(out, tried))?;
            }
            let sum = sum(tried, took, seeds, arguments);
            written(writeln!(out, "{}", printable(&sum)))
        }
    }
}

/// Prints that it stopped. For people the failure itself says it.
pub(super) fn write_stopped_dry_run(
    out: &mut dyn Write,
    stopped: &ApplyError,
    took: Duration,
    format: Format,
) -> Result<(), Failure> {
    match format {
        Format::Json => write_json(out, &DryRunDocument::of_stopped(stopped, took)),
        Format::Table => Ok(()),
    }
}

const HEADINGS: [&str; 4] = ["EVENT", "STREAM", "VERSION", "TENANT"];

/// One block for each seed, all with the same columns.
fn write_events(out: &mut dyn Write, tried: &DryRun) -> io::Result<()> {
    let events = tried.seeds.iter().flat_map(|seed| &seed.events);
    let mut widths = HEADINGS.map(str::len);
    for row in events.map(row) {
        for (width, cell) in widths.iter_mut().zip(&row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for seed in &tried.seeds {
        writeln!(out, "{}", printable(seed.id))?;
        if seed.events.is_empty() {
            writeln!(out, "  no events")?;
        } else {
            write_row(out, &HEADINGS.map(str::to_owned), widths)?;
        }
        for event in &seed.events {
            write_row(out, &row(event), widths)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn row(event: &AppendedEvent) -> [String; 4] {
    [
        printable(&event.event_type),
        printable(&format!("{} {}", event.aggregate_type, event.aggregate_id)),
        event.version.to_string(),
        printable(&event.tenant_id),
    ]
}

fn write_row(out: &mut dyn Write, row: &[String; 4], widths: [usize; 4]) -> io::Result<()> {
    let cells = row.iter().zip(widths);
    let cells: Vec<String> = cells
        .map(|(cell, width)| format!("{cell:width$}"))
        .collect();
    writeln!(out, "  {}", cells.join("  ").trim_end())
}

fn sum(tried: &DryRun, took: Duration, seeds: usize, arguments: &ApplyArguments) -> String {
    let skipped = match tried.skipped.len() {
        0 => String::new(),
        count => format!(", {count} would be skipped"),
    };
    if tried.seeds.is_empty() && skipped.is_empty() {
        return nothing_to_do(seeds, arguments);
    }
    let events = tried.seeds.iter().map(|seed| seed.events.len()).sum();
    format!(
        "dry run: {} would be applied with {}{skipped}; nothing was kept; done in {}",
        counted(tried.seeds.len(), "seed"),
        counted(events, "event"),
        seconds(took)
    )
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[derive(Serialize)]
struct DryRunDocument<'a> {
    version: u32,
    dry_run: bool,
    seeds: Vec<SeedDocument<'a>>,
    skipped: Vec<&'static str>,
    failed: Option<FailedDocument>,
    not_attempted: &'a [&'static str],
    warnings: Vec<String>,
    duration_ms: u128,
}

#[derive(Serialize)]
struct SeedDocument<'a> {
    id: &'static str,
    duration_ms: u128,
    events: Vec<EventDocument<'a>>,
}

#[derive(Serialize)]
struct EventDocument<'a> {
    event_type: &'a str,
    aggregate_type: &'a str,
    aggregate_id: &'a str,
    version: i32,
    tenant_id: &'a str,
}

impl<'a> DryRunDocument<'a> {
    fn of_tried(tried: &'a DryRun, took: Duration) -> Self {
        let seeds = tried.seeds.iter().map(|seed| SeedDocument {
            id: seed.id,
            duration_ms: seed.duration.as_millis(),
            events: seed.events.iter().map(EventDocument::of).collect(),
        });
        Self {
            seeds: seeds.collect(),
            skipped: tried.skipped.iter().map(|seed| seed.id).collect(),
            warnings: texts(&tried.warnings),
            ..Self::empty(took)
        }
    }

    fn of_stopped(stopped: &'a ApplyError, took: Duration) -> Self {
        let report = &stopped.report;
        Self {
            skipped: report.skipped.iter().map(|seed| seed.id).collect(),
            failed: Some(FailedDocument::of(stopped)),
            not_attempted: &stopped.not_attempted,
            warnings: texts(&report.warnings),
            ..Self::empty(took)
        }
    }

    fn empty(took: Duration) -> Self {
        Self {
            version: 1,
            dry_run: true,
            seeds: Vec::new(),
            skipped: Vec::new(),
            failed: None,
            not_attempted: &[],
            warnings: Vec::new(),
            duration_ms: took.as_millis(),
        }
    }
}

impl<'a> EventDocument<'a> {
    fn of(event: &'a AppendedEvent) -> Self {
        Self {
            event_type: &event.event_type,
            aggregate_type: &event.aggregate_type,
            aggregate_id: &event.aggregate_id,
            version: event.version,
            tenant_id: &event.tenant_id,
        }
    }
}

fn texts(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(ToString::to_string).collect()
}
