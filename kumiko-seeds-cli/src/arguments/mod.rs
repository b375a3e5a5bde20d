//! What the arguments of all commands share.

pub(crate) mod color;
mod environment;
mod format;
pub(crate) mod two_words;

pub use environment::EnvironmentArguments;
pub(crate) use format::{Format, format_words};

#[cfg(feature = "events")]
use crate::failure::Failure;

/// The id that was given with an option.
#[cfg(feature = "events")]
pub(crate) fn id(option: &str, text: &str) -> Result<uuid::Uuid, Failure> {
    text.parse()
        .map_err(|_| Failure::new(format!("{option} takes the id of one, not {text:?}")))
}
