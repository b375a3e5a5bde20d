//! From the arguments of a process to a command.

mod color;
mod format;
mod parsing;
mod two_words;

pub use color::color_arguments;
pub(crate) use format::{Format, format_words};
pub use parsing::{command, parse};
