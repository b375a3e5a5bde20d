//! The database of a command: where its URL is, what is wrong with it, what stands there, and what it tells.

mod arguments;
mod connect;
mod failed;
mod history;
mod kind;
mod look;
mod place;
mod shown_url;
mod sqlite_url;
#[cfg(test)]
mod tests;
mod url;
mod url_fault;

pub use arguments::DatabaseArguments;
pub(crate) use connect::{connect, open, parse};
pub use history::read_history;
pub(crate) use history::say_that_there_is_none;
pub use look::Look;
pub(crate) use look::find;
pub(crate) use place::Place;
pub use url::DatabaseUrl;
