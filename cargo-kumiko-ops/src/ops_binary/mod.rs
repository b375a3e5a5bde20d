//! The app's ops binary: which one it is, building it, and starting it.

mod build;
mod choice;
mod start;
mod surroundings;

pub(crate) use build::build;
pub(crate) use choice::find;
pub(crate) use start::{Start, start};
