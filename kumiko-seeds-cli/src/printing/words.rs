//! Durations and amounts as people say them, and texts as a shell reads them. Pure.

use std::borrow::Cow;
use std::time::Duration;

/// `640ms`, `3.2s`: as the steps of a run have it, which the library words.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{}ms", duration.as_millis())
    } else {
        format!("{:.1}s", duration.as_secs_f64())
    }
}

/// `1 seed`, `2 seeds`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// As [`seconds`], from the amount that a marker has.
pub(crate) fn milliseconds(milliseconds: i32) -> String {
    seconds(Duration::from_millis(
        milliseconds.try_into().unwrap_or_default(),
    ))
}

/// A text as one word of a shell.
#[must_use]
pub fn shell_word(text: &str) -> String {
    // No shell has a word with a NUL in it, and no argument of a process is one.
    shlex::try_quote(text).map_or_else(|_| text.replace('\0', ""), Cow::into_owned)
}
