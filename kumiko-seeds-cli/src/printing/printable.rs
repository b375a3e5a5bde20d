//! Text that cannot steer a terminal or the eyes of whoever reads it. Pure.

use std::fmt::Write;

/// A text on one line, with a mark in the place of each character that could deceive. Line breaks and escape
/// sequences in a file, a database or an environment would forge rows and steer the terminal.
///
/// **Invariant:** every text that is printed and comes from outside this program has gone through one of the functions
/// of this file.
#[must_use]
pub fn printable(text: &str) -> String {
    replaced(text, is_deceptive)
}

/// As [`printable`], with line breaks left as they are.
#[must_use]
pub fn printable_lines(text: &str) -> String {
    replaced(text, |character| {
        is_deceptive(character) && character != '\n'
    })
}

/// As [`printable_lines`], with all lines but the first indented, so that no text from outside looks like a line of
/// this program's own.
pub(super) fn printable_indented(text: &str) -> String {
    let text = printable_lines(text);
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| {
        let is_indented = line.is_empty() || line.starts_with(' ');
        let space = if is_indented { "" } else { "    " };
        format!("{text}\n{space}{line}")
    })
}

/// The same JSON document, with what could deceive escaped. JSON itself asks that of some control characters only.
/// The others stand in strings, where their escapes mean the same.
pub(super) fn printable_json(document: &str) -> String {
    document.chars().fold(String::new(), |mut text, character| {
        if is_deceptive(character) && character != '\n' {
            // All of them are below U+10000, which is one escape.
            // Nothing can go wrong while writing to memory.
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
        text
    })
}

/// Control characters, what turns the direction of writing, and spaces without a width. The two joiners of
/// zero width are none of them: some languages and emoji are written with them.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

fn replaced(text: &str, is_refused: impl Fn(char) -> bool) -> String {
    text.replace(is_refused, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_the_same_data() {
        let data = "a\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{2066}\u{200b}\u{feff}\n\"\\ é🦀";
        let document = serde_json::to_string_pretty(&[data]).unwrap_or_default();
        let printed = printable_json(&document);
        assert!(
            !printed.contains(|c| is_deceptive(c) && c != '\n'),
            "{printed:?}"
        );
        let read: Result<[String; 1], _> = serde_json::from_str(&printed);
        assert_eq!(read.ok(), Some([data.to_owned()]));
    }

    #[test]
    fn what_people_write_stays() {
        let text = "Größe 修正 👩\u{200d}💻 می\u{200c}خواهم שלום";
        assert_eq!(printable(text), text);
        assert_eq!(
            printable("a\u{202e}b\u{200b}\u{2028}"),
            "a\u{fffd}b\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn nothing_is_left_that_steers_a_terminal() {
        let text = "a\u{1b}[31mb\r\nc\u{9b}d\u{7f}";
        assert_eq!(
            printable(text),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}c\u{fffd}d\u{fffd}"
        );
        assert_eq!(
            printable_lines(text),
            "a\u{fffd}[31mb\u{fffd}\nc\u{fffd}d\u{fffd}"
        );
    }
}
