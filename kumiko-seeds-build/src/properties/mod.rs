//! What holds for every input, tried with generated ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod edits;
mod emitted_code;
mod file_names;
mod ids;
mod sources;
mod writing;

use crate::problem::is_deceptive;

/// Whether a text could steer a terminal, or start a line of its own.
fn steers(text: &str) -> bool {
    text.contains(is_deceptive)
}
