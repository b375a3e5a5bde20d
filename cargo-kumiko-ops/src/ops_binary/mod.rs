//! The app's ops binary: which one it is, building it, and starting it.

mod arguments;
mod build;
mod choice;
mod differences;
mod of_files;
mod start;
mod surroundings;

pub(crate) use arguments::BuildArguments;
pub(crate) use choice::{find, is_ops_name, new_name, source};
pub(crate) use of_files::build_of_files;
pub(crate) use start::{Start, start};
