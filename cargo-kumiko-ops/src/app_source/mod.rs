//! What the source of an app says about its seeds, read without compiling it.

mod app_name;
mod crate_name;
mod library;
mod seeds_function;
mod source;
mod text_file;

pub(crate) use app_name::{AppName, app_name};
pub(crate) use crate_name::{crate_name, unnameable};
pub(crate) use library::{Library, library};
pub(crate) use seeds_function::{
    Declared, SeedsFunction, declares, modules, seeds_function, wiring,
};
pub(crate) use source::{Source, is_blank_or_comment, mentions};
pub(crate) use text_file::TextFile;
