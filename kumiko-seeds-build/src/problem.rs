use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong with a seed file, with the folder of seeds or with the build script's call.
///
/// It displays as one line that says where, what, and what to do about it, for example
/// ``seeds/2026-05-20-fix-roles.rs:3: `run` is not async; write `pub async fn run(..)` ``.
/// Control characters and what else a file name may contain to deceive are shown escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    path: PathBuf,
    line: Option<usize>,
    message: String,
}

impl Problem {
    pub(crate) fn new(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line: None,
            message: message.into(),
        }
    }

    pub(crate) fn at_line(
        path: impl Into<PathBuf>,
        line: usize,
        message: impl Into<String>,
    ) -> Self {
        Self {
            line: Some(line),
            ..Self::new(path, message)
        }
    }

    /// The file or folder it is about: relative to the package if it came from [`compile`](crate::compile),
    /// below the folder as it was given if it came from [`scan`](crate::scan), and `build.rs` if the call
    /// itself is wrong.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The line in the file, counted from 1, where the problem has one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong and what to do about it, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.line {
            Some(line) => format!("{}:{line}", self.path.display()),
            None => self.path.display().to_string(),
        };
        // **Invariant:** a displayed problem has no line break. Each becomes one directive for Cargo, and a file
        // name with a line break in it must not be able to write a directive of its own.
        formatter.write_str(&on_one_line(&format!("{place}: {}", self.message)))
    }
}

/// A text with everything escaped that starts a line, steers a terminal, or makes text look different from what it
/// is: control characters, those that turn the direction of writing, and spaces without a width.
///
/// The two joiners of zero width stay. Some languages and emoji are written with them.
pub(crate) fn on_one_line(text: &str) -> String {
    text.chars().fold(String::new(), |mut line, character| {
        if is_deceptive(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
        line
    })
}

pub(crate) fn is_deceptive(character: char) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_place_and_message() {
        let problem = Problem::at_line("seeds/a.rs", 3, "wrong; right it");
        assert_eq!(problem.to_string(), "seeds/a.rs:3: wrong; right it");
        assert_eq!(
            Problem::new("seeds", "is a file").to_string(),
            "seeds: is a file"
        );
    }

    #[test]
    fn a_file_name_cannot_start_a_line_of_its_own() {
        let problem = Problem::new("seeds/a\ncargo::rustc-env=A=b.rs", "bad\r\nname");
        assert_eq!(
            problem.to_string(),
            "seeds/a\\ncargo::rustc-env=A=b.rs: bad\\r\\nname"
        );
    }

    #[test]
    fn what_deceives_is_escaped_and_what_is_written_stays() {
        assert_eq!(
            on_one_line("a\r\nb\u{1b}[2J\u{9b}m\u{202e}c\u{2066}\u{200b}\u{2028}"),
            "a\\r\\nb\\u{1b}[2J\\u{9b}m\\u{202e}c\\u{2066}\\u{200b}\\u{2028}"
        );
        let written = "Größe 修正 👩\u{200d}💻 می\u{200c}خواهم \\ \"'";
        assert_eq!(on_one_line(written), written);
    }
}
