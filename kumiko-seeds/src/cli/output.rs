//! What `seed:apply` prints, and writing results.

use std::io::{self, Write};

use serde::Serialize;

use super::printable::printable;
use super::style::{Palette, painted};
use super::{Failure, Format};
use crate::{ApplyError, Progress, Report};

/// Prints what a run did.
pub(super) fn write_report(
    out: &mut dyn Write,
    report: &Report,
    seeds: usize,
    format: Format,
) -> Result<(), Failure> {
    if format == Format::Json {
        return write_json(out, &ReportDocument::of(report, None));
    }
    let (applied, elsewhere) = (report.applied.len(), report.applied_elsewhere.len());
    let mut parts = Vec::new();
    if applied > 0 {
        parts.push(format!("{applied} applied"));
    }
    if elsewhere > 0 {
        parts.push(format!("{elsewhere} applied by another process"));
    }
    if !report.skipped.is_empty() {
        parts.push(format!("{} skipped", report.skipped.len()));
    }
    if parts.is_empty() {
        let applied = match seeds {
            0 => "there are no seeds".to_owned(),
            1 => "1 seed is applied".to_owned(),
            _ => format!("{seeds} seeds are applied"),
        };
        return written(writeln!(out, "nothing pending: {applied}"));
    }
    written(writeln!(out, "{}", parts.join(", ")))
}

/// Prints what a run did before it stopped. For people the failure itself says it.
pub(super) fn write_stopped(
    out: &mut dyn Write,
    stopped: &ApplyError,
    format: Format,
) -> Result<(), Failure> {
    match format {
        Format::Json => write_json(out, &ReportDocument::of(&stopped.report, Some(stopped))),
        Format::Table => Ok(()),
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
}

#[derive(Serialize)]
struct AppliedDocument {
    id: &'static str,
    duration_ms: u128,
}

#[derive(Serialize)]
struct FailedDocument {
    id: Option<&'static str>,
    error: String,
}

impl<'a> ReportDocument<'a> {
    fn of(report: &'a Report, stopped: Option<&'a ApplyError>) -> Self {
        let applied = report.applied.iter().map(|seed| AppliedDocument {
            id: seed.id,
            duration_ms: seed.duration.as_millis(),
        });
        Self {
            version: 1,
            applied: applied.collect(),
            applied_elsewhere: &report.applied_elsewhere,
            skipped: report.skipped.iter().map(|seed| seed.id).collect(),
            failed: stopped.map(|stopped| FailedDocument {
                id: stopped.seed,
                error: stopped.to_string(),
            }),
            not_attempted: stopped.map_or(&[], |stopped| &stopped.not_attempted),
            warnings: report.warnings.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Prints a step of a run as it happens. That it cannot be printed is no reason to stop.
pub(super) fn write_progress(out: &mut dyn Write, progress: Progress<'_>) {
    drop(writeln!(out, "{progress}"));
}

/// Prints what a person should look at.
pub(super) fn write_warnings(out: &mut dyn Write, report: &Report) {
    let word = painted("warning:", Palette::of_stderr().warning);
    for warning in &report.warnings {
        drop(writeln!(out, "{word} {}", printable(&warning.to_string())));
    }
}

pub(super) fn write_json(out: &mut dyn Write, document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Failure::new("could not write the result as JSON").caused_by(&error))?;
    written(writeln!(out, "{text}"))
}

pub(super) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        // `seed:status | head` is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => {
            result.map_err(|error| Failure::new("could not write the result").caused_by(&error))
        }
    }
}
