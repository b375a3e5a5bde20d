//! What led to an error, as people should read it.

use std::any::Any;
use std::error::Error as StdError;

/// An error and what led to it, as texts for people: what the error says first, then its causes from the nearest on.
///
/// Of what a database says, code and message are in them; the drivers' own texts leave one of the two out. A text that
/// only repeats a part of the one before it is left out.
#[must_use]
pub fn error_chain(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut texts = vec![text(error)];
    texts.extend(causes(error));
    texts
}

/// What a panic says; none if it is a value that is not a message.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
}

/// An error, its cause, the cause of that, and so on.
pub(crate) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// An error with its causes on one line.
pub(crate) fn with_causes(error: &(dyn StdError + 'static)) -> String {
    error_chain(error).join(": ")
}

/// The texts of an error's causes, from the nearest to the first.
pub(crate) fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut causes = Vec::new();
    let mut last = error;
    let mut said = text(error);
    // The source of a database's error is the error itself, once more.
    while let Some(cause) = last.source().filter(|_| !is_of_database(last)) {
        let text = text(cause);
        // Some drivers' errors repeat their source in their own text.
        if !said.contains(&text) {
            causes.push(text.clone());
            said = text;
        }
        last = cause;
    }
    causes
}

/// What an error says. The drivers' own texts leave the error code out, or put in the line of the
/// server's source that raised the error.
fn text(error: &(dyn StdError + 'static)) -> String {
    match error.downcast_ref() {
        Some(sqlx::Error::Database(error)) => match error.code() {
            Some(code) => format!("the database says: {} (code {code})", error.message()),
            None => format!("the database says: {}", error.message()),
        },
        _ => error.to_string(),
    }
}

fn is_of_database(error: &(dyn StdError + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(sqlx::Error::Database(_)))
}
