//! What commands print.

use std::io::{self, Write};

use serde::Serialize;

use super::{Exit, Failure, Format, StatusArguments};
use crate::report::seconds;
use crate::{SeedStatus, State, Status};

/// Prints where each seed stands, and a line that sums it up.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write_status(out: &mut dyn Write, status: &Status, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => write_json(out, &StatusDocument::of(status)),
        Format::Table => written(write_table(out, status)),
    }
}

/// What `seed:status` exits with.
#[must_use]
pub fn check(status: &Status, arguments: &StatusArguments) -> Exit {
    if !arguments.check {
        Exit::Fine
    } else if status.has_drifted() {
        Exit::Drift
    } else if status.has_pending() {
        Exit::Pending
    } else {
        Exit::Fine
    }
}

const HEADINGS: [&str; 6] = ["STATE", "ID", "APPLIED AT", "TOOK", "BY", "DESCRIPTION"];

fn write_table(out: &mut dyn Write, status: &Status) -> io::Result<()> {
    if status.seeds.is_empty() {
        return writeln!(out, "no seeds");
    }
    let rows: Vec<[String; 6]> = status.seeds.iter().map(row).collect();
    let headings = HEADINGS.map(str::to_owned);
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| {
            let cells = rows
                .iter()
                .chain([&headings])
                .map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        })
        .collect();
    for row in [&headings].into_iter().chain(&rows) {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    writeln!(out, "\n{}", sum(status))
}

fn row(seed: &SeedStatus) -> [String; 6] {
    let [at, took, by] = seed
        .marker
        .as_ref()
        .map_or_else(Default::default, |marker| {
            let took = u64::try_from(marker.duration_ms).unwrap_or_default();
            [
                marker.applied_at.format("%Y-%m-%d %H:%M:%S").to_string(),
                seconds(std::time::Duration::from_millis(took)),
                printable(&marker.applied_by),
            ]
        });
    [
        seed.state.to_string(),
        printable(&seed.id),
        at,
        took,
        by,
        described(seed),
    ]
}

/// The description, and behind it what a person should know beside the state.
fn described(seed: &SeedStatus) -> String {
    let description = printable(&seed.description);
    match seed.remark() {
        Some(remark) => format!("{description} ({remark})"),
        None => description,
    }
}

/// Text from a file or a database may hold line breaks and escape sequences, which would forge rows
/// and steer the terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn sum(status: &Status) -> String {
    [
        State::Applied,
        State::Changed,
        State::Pending,
        State::OutOfOrder,
        State::Skipped,
        State::Missing,
    ]
    .into_iter()
    .filter_map(|state| {
        let count = status.count(state);
        let always = matches!(state, State::Applied | State::Pending);
        (count > 0 || always).then(|| format!("{count} {}", state.as_str().replace('-', " ")))
    })
    .collect::<Vec<_>>()
    .join(", ")
}

#[derive(Serialize)]
struct StatusDocument<'a> {
    version: u32,
    seeds: Vec<SeedDocument<'a>>,
}

#[derive(Serialize)]
struct SeedDocument<'a> {
    id: &'a str,
    state: &'static str,
    description: &'a str,
    remark: Option<String>,
    applied_at: Option<String>,
    duration_ms: Option<i32>,
    applied_by: Option<&'a str>,
}

impl<'a> StatusDocument<'a> {
    fn of(status: &'a Status) -> Self {
        let seeds = status.seeds.iter().map(|seed| {
            let marker = seed.marker.as_ref();
            SeedDocument {
                id: &seed.id,
                state: seed.state.as_str(),
                description: &seed.description,
                remark: seed.remark(),
                applied_at: marker.map(|marker| marker.applied_at.to_rfc3339()),
                duration_ms: marker.map(|marker| marker.duration_ms),
                applied_by: marker.map(|marker| marker.applied_by.as_str()),
            }
        });
        Self {
            version: 1,
            seeds: seeds.collect(),
        }
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
