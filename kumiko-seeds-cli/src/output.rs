//! What `seed:apply` prints, and writing results.

use std::io::{self, Write};

use serde::Serialize;

use super::Failure;
use super::printable::printable_json;

pub(super) fn write_json(out: &mut dyn Write, document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Failure::new("could not write the result as JSON").caused_by(&error))?;
    written(writeln!(out, "{}", printable_json(&text)))
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
