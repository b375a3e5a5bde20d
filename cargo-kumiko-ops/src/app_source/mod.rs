//! What the source of an app says about its seeds, read without compiling it.

mod app_name;
mod crate_name;
mod library;
mod seeds_function;
mod source;
mod wiring;

use std::path::PathBuf;

pub(crate) use app_name::{AppName, app_name};
pub(crate) use crate_name::{crate_name, unnameable};
pub(crate) use library::{Library, library};
pub(crate) use seeds_function::{Declared, SeedsFunction, declares, modules, seeds_function};
pub(crate) use source::{Source, is_blank_or_comment, mentions};
pub(crate) use wiring::wiring;

/// A text file.
pub(crate) struct TextFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}
