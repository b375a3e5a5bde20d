//! What holds for every input, tried with generated ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod emitted_code;
mod file_names;
mod ids;
mod sources;
mod writing;

/// Whether a text could steer a terminal, or start a line of its own.
fn steers(text: &str) -> bool {
    let is_steering = |character: char| {
        character.is_control()
            || matches!(
                character,
                '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            )
            || matches!(character, '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.contains(is_steering)
}
