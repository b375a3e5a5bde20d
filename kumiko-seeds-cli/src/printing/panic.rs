//! What a panic prints, which may quote a database.

use std::io::{Write, stderr};
use std::panic;

use super::printable::{printable_indented, printable_lines};

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
