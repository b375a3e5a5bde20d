//! What `seed:status` prints, in each of its formats.

use std::io::Write;

use serde::Serialize;

use super::output::{write_json, written};
use super::printable::printable;
use super::{Exit, Failure, StatusArguments, StatusFormat, Terminal};
use super::{status_annotations, status_table};
use kumiko_seeds::{State, Status};

/// Prints where each seed stands, and a line that sums it up; or what else the arguments ask for.
///
/// `file_of` gives the file of a seed from the root of its repository, where there is one.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write_status(
    out: &mut dyn Write,
    status: &Status,
    arguments: &StatusArguments,
    terminal: Terminal,
    file_of: &dyn Fn(&str) -> Option<String>,
) -> Result<(), Failure> {
    let text = match arguments.format {
        _ if arguments.pending => pending(status),
        StatusFormat::Json => return write_json(out, &StatusDocument::of(status)),
        StatusFormat::Table => status_table::table(status, terminal.palette, terminal.width),
        StatusFormat::Github => status_annotations::annotations(status, file_of),
    };
    written(out.write_all(text.as_bytes()))
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

/// The ids of the seeds that the next run applies, one a line.
fn pending(status: &Status) -> String {
    let seeds = status.seeds.iter();
    let next = seeds.filter(|seed| matches!(seed.state, State::Pending | State::OutOfOrder));
    next.map(|seed| printable(&seed.id) + "\n").collect()
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
