//! Texts in commands that are shown to be pasted. Pure.

use std::borrow::Cow;

/// A text as one word of a shell.
#[must_use]
pub fn shell_word(text: &str) -> String {
    // No shell has a word with a NUL in it, and no argument of a process is one.
    shlex::try_quote(text).map_or_else(|_| text.replace('\0', ""), Cow::into_owned)
}
