//! What the arguments of all commands share.

pub(crate) mod color;
mod format;
pub(crate) mod two_words;

pub(crate) use format::{Format, format_words};
