//! Texts made to deceive, and whether what was printed could.

use std::process::Output;

/// Sets a title, clears the screen, goes back, forges a line, turns the direction, and hides characters.
pub(crate) const HOSTILE: &str =
    "x\u{1b}]0;owned\u{7}\u{1b}[2J\r\n::error::forged\u{9b}31m\u{202e}\u{2066}\u{200b}\u{7f}\u{8}y";

/// Fails if a stream has a character that steers a terminal or the eyes of whoever reads it, or if nothing at
/// all was printed.
#[track_caller]
pub(crate) fn assert_harmless(output: &Output) {
    let mut length = 0;
    for stream in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(stream).unwrap();
        let found = text.chars().find(|&character| is_harmful(character));
        assert_eq!(found, None, "{text:?}");
        let is_forged = text.lines().any(|line| line.starts_with("::error::forged"));
        assert!(!is_forged, "{text:?}");
        length += text.len();
    }
    assert!(length > 0, "nothing was printed");
}

fn is_harmful(character: char) -> bool {
    character != '\n'
        && (character.is_control()
            || matches!(character, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
            || ('\u{2028}'..='\u{202e}').contains(&character)
            || ('\u{2060}'..='\u{2069}').contains(&character))
}

/// The one JSON document that was written to stdout.
#[track_caller]
pub(crate) fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}
