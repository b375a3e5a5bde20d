//! Failures and panics on stderr. Both may quote a file or a database.

use std::fmt;
use std::io::{Write, stderr};
use std::panic;

use super::palette::{Palette, painted};
use super::printable::{printable_indented, printable_lines};
use crate::failure::Failure;

/// Prints a failure on stderr.
pub(crate) fn print_failure(failure: &Failure) {
    let text = colored(failure, Palette::of_stderr());
    // With stderr closed there is nobody left to tell.
    drop(write!(stderr().lock(), "{text}"));
}

/// A failure with its words in colours, and without control characters.
fn colored(failure: &Failure, palette: Palette) -> String {
    let Failure {
        message,
        causes,
        notes,
        help,
        ..
    } = failure;
    let heads = [("error", palette.error, std::slice::from_ref(message))];
    let rest = [
        ("caused by", palette.heading, causes.as_slice()),
        ("note", palette.heading, notes.as_slice()),
        ("help", palette.hint, help.as_slice()),
    ];
    let parts = heads.into_iter().chain(rest);
    let lines = parts.flat_map(|(word, style, texts)| {
        let word = painted(&format!("{word}:"), style);
        texts
            .iter()
            .map(move |text| format!("{word} {}\n", printable_indented(text)))
    });
    lines.collect()
}

/// From now on the message of a panic cannot steer a terminal. One that would not is printed as ever, with a
/// backtrace where that is asked for.
pub(crate) fn make_panics_printable() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let text = panic.to_string();
        if printable_lines(&text) == text {
            usual(panic);
        } else {
            drop(writeln!(stderr().lock(), "{}", printable_indented(&text)));
        }
    }));
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&colored(self, Palette::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_starts_no_line_that_could_be_ours() {
        let failure = Failure::new("there is no file a\nerror: forged\n  - listed\n\nb");
        assert_eq!(
            failure.to_string(),
            "error: there is no file a\n    error: forged\n  - listed\n\n    b\n"
        );
    }

    #[test]
    fn only_the_words_at_the_start_have_colours() {
        let mut failure = Failure::new("it broke\u{1b}[2J").help("mend it:\n    mend");
        failure.causes.push("age".to_owned());
        assert_eq!(
            colored(&failure, Palette::colored()),
            "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m it broke\u{fffd}[2J\n\
             \u{1b}[1mcaused by:\u{1b}[0m age\n\
             \u{1b}[1m\u{1b}[36mhelp:\u{1b}[0m mend it:\n    mend\n"
        );
        assert_eq!(
            failure.to_string(),
            "error: it broke\u{fffd}[2J\ncaused by: age\nhelp: mend it:\n    mend\n"
        );
    }
}
