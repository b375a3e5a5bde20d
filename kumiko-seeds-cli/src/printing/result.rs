//! The result of a command, for programs or for people.

use std::io::{self, Write};

use serde::Serialize;

use super::printable::printable_json;
use crate::failure::Failure;

/// Prints a view as a JSON document.
pub(crate) fn print_json(out: &mut dyn Write, view: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(view)
        .map_err(|error| Failure::new("could not write the result as JSON").caused_by(&error))?;
    print_text(out, &format!("{}\n", printable_json(&text)))
}

/// Prints a text that is printable already.
pub(crate) fn print_text(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    match out.write_all(text.as_bytes()) {
        // `seed:status | head` is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new("could not write the result").caused_by(&error))
        }
        _ => Ok(()),
    }
}
