//! What the source of an app says about its seeds, read without compiling it.

mod app_name;
mod library;
mod seeds_function;
mod source;

pub(crate) use app_name::{AppName, app_name};
pub(crate) use library::{Library, library};
pub(crate) use seeds_function::{
    Declared, SeedsFunction, declares, function_of, modules, seeds_function, wiring,
};
pub(crate) use source::{Source, is_blank_or_comment, mentions};
