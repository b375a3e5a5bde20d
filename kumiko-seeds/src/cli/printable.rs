//! Text that cannot steer a terminal. Pure.

/// A text without control characters. One from a file or a database may hold line breaks and escape
/// sequences, which would forge rows and steer the terminal.
pub(super) fn printable(text: &str) -> String {
    replaced(text, char::is_control)
}

/// As [`printable`], with line breaks left as they are.
pub(super) fn printable_lines(text: &str) -> String {
    replaced(text, |character| {
        character.is_control() && character != '\n'
    })
}

fn replaced(text: &str, is_refused: impl Fn(char) -> bool) -> String {
    text.replace(is_refused, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

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
