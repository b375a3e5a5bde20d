//! What `seed:apply` prints of a run.

use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use super::output::{write_json, written};
use super::printable::printable;
use super::style::{Palette, painted};
use super::{ApplyArguments, Failure, Format};
use crate::duration::seconds;
use kumiko_seeds::{ApplyError, Report, Warning};

/// Prints what a run did.
pub(super) fn write_report(
    out: &mut dyn Write,
    report: &Report,
    took: Duration,
    seeds: usize,
    arguments: &ApplyArguments,
) -> Result<(), Failure> {
    if arguments.format == Format::Json {
        return write_json(out, &ReportDocument::of(report, took, None));
    }
    let parts: Vec<String> = [
        (report.applied.len(), "applied"),
        (report.applied_elsewhere.len(), "applied by another process"),
        (report.skipped.len(), "skipped"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    if parts.is_empty() {
        return written(writeln!(
            out,
            "{}",
            printable(&nothing_to_do(seeds, arguments))
        ));
    }
    let took = seconds(took);
    written(writeln!(out, "{} in {took}", parts.join(", ")))
}

/// What there is to say where all that was asked for is applied.
pub(super) fn nothing_to_do(seeds: usize, arguments: &ApplyArguments) -> String {
    if let Some(id) = &arguments.only {
        return format!("nothing to apply: {id} is applied");
    }
    if let Some(id) = &arguments.to {
        return format!("nothing to apply: {id} and all before it are applied");
    }
    let applied = match seeds {
        0 => "there are no seeds".to_owned(),
        1 => "1 seed is applied".to_owned(),
        _ => format!("{seeds} seeds are applied"),
    };
    format!("nothing pending: {applied}")
}

/// Prints what a run did before it stopped. For people the failure itself says it.
pub(super) fn write_stopped(
    out: &mut dyn Write,
    stopped: &ApplyError,
    took: Duration,
    format: Format,
) -> Result<(), Failure> {
    match format {
        Format::Json => {
            let document = ReportDocument::of(&stopped.report, took, Some(stopped));
            write_json(out, &document)
        }
        Format::Table => Ok(()),
    }
}

/// Prints what a person should look at.
pub(super) fn write_warnings(out: &mut dyn Write, warnings: &[Warning]) {
    let word = painted("warning:", Palette::of_stderr().warning);
    for warning in warnings {
        drop(writeln!(out, "{word} {}", printable(&warning.to_string())));
    }
}

#[derive(Serialize)]
struct ReportDocument<'a> {
    version: u32,
    applied: Vec<AppliedDocument>,
    applied_elsewhere: &'a [&'static str],
    skipped: Vec<&'static str>,
    failed: Option<FailedDocument>,
    not_attempted: &'a [&'static str],
    warnings: Vec<String>,
    duration_ms: u128,
}

#[derive(Serialize)]
struct AppliedDocument {
    id: &'static str,
    duration_ms: u128,
    events: u64,
    retries: u32,
}

/// The seed that stopped a run, and why.
#[derive(Serialize)]
pub(super) struct FailedDocument {
    id: Option<&'static str>,
    error: String,
}

impl FailedDocument {
    pub(super) fn of(stopped: &ApplyError) -> Self {
        Self {
            id: stopped.seed,
            error: stopped.to_string(),
        }
    }
}

impl<'a> ReportDocument<'a> {
    fn of(report: &'a Report, took: Duration, stopped: Option<&'a ApplyError>) -> Self {
        let applied = report.applied.iter().map(|seed| AppliedDocument {
            id: seed.id,
            duration_ms: seed.duration.as_millis(),
            events: seed.events,
            retries: seed.retries,
        });
        Self {
            version: 1,
            applied: applied.collect(),
            applied_elsewhere: &report.applied_elsewhere,
            skipped: report.skipped.iter().map(|seed| seed.id).collect(),
            failed: stopped.map(FailedDocument::of),
            not_attempted: stopped.map_or(&[], |stopped| &stopped.not_attempted),
            warnings: report.warnings.iter().map(ToString::to_string).collect(),
            duration_ms: took.as_millis(),
        }
    }
}
