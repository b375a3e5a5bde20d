//! Streams that are archived: the original's table `kumiko_archived_streams` marks them.
//!
//! `marks`: the only SQL on that table, apart from what appends and loads ask of it. `within`: what a handler and a seed do.
//! `settled`: what an app or a command does, in transactions of its own.

mod marks;
mod settled;
mod within;

pub(in crate::events) use self::marks::ARCHIVE;
pub use self::marks::{ArchivedStream, ArchivedStreams, archived_streams};
pub use self::settled::NotProjected;
