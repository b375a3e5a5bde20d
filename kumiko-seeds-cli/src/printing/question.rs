//! Asks before something is changed that a person may not have meant.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use super::printable::printable_lines;

/// Whether a person says yes to the question; none if there is nobody who can see it and answer.
#[must_use]
pub fn confirmation(question: &str) -> Option<bool> {
    let can_be_asked = stdin().is_terminal() && stderr().is_terminal();
    can_be_asked.then(|| is_confirmed(question, &mut stdin().lock(), &mut stderr().lock()))
}

/// Asks once. Everything but a yes is a no.
fn is_confirmed(question: &str, input: &mut dyn BufRead, output: &mut dyn Write) -> bool {
    let asked =
        write!(output, "{} [y/N] ", printable_lines(question)).and_then(|()| output.flush());
    let mut answer = String::new();
    asked.and_then(|()| input.read_line(&mut answer)).is_ok()
        && ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::is_confirmed;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, confirmed) in [
            ("y\n", true),
            ("Yes\r\n", true),
            ("\n", false),
            ("no\n", false),
            ("", false),
        ] {
            let mut asked = Vec::new();
            let found = is_confirmed("change a and b?", &mut answer.as_bytes(), &mut asked);
            assert_eq!(found, confirmed, "{answer:?}");
            assert_eq!(asked, b"change a and b? [y/N] ");
        }
    }
}
