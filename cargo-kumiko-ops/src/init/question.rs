//! Asks whether files that exist may be changed.

use std::io::{BufRead, IsTerminal, Write, stdin};

/// Whether someone can be asked: what is asked is seen, and can be answered.
pub(super) fn can_be_asked() -> bool {
    stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks once. Everything but a yes is a no.
pub(super) fn is_allowed(files: &str, input: &mut dyn BufRead, output: &mut dyn Write) -> bool {
    let asked = write!(output, "change {files}? [y/N] ").and_then(|()| output.flush());
    let mut answer = String::new();
    asked.and_then(|()| input.read_line(&mut answer)).is_ok()
        && ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, allowed) in [
            ("y\n", true),
            ("Yes\r\n", true),
            ("\n", false),
            ("no\n", false),
            ("", false),
        ] {
            let mut asked = Vec::new();
            let found = is_allowed("a and b", &mut answer.as_bytes(), &mut asked);
            assert_eq!(found, allowed, "{answer:?}");
            assert_eq!(asked, b"change a and b? [y/N] ");
        }
    }
}
