//! What a person should look at after a run.

use std::io::{Write, stderr};

use crate::printing::{Palette, painted, printable};

/// Prints the warnings on stderr.
pub(crate) fn print_warnings(warnings: &[String]) {
    let word = painted("warning:", Palette::of_stderr().warning);
    for warning in warnings {
        let warning = printable(warning);
        drop(writeln!(stderr().lock(), "{word} {warning}"));
    }
}
