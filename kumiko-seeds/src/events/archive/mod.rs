//! Streams that are archived: the original's table `kumiko_archived_streams` marks them.
//!
//! `marks`: the only SQL on that table, apart from what appends and loads ask of it. `within`: what a handler and a seed do.
//! `settled`: what an app or a command does, in transactions of its own.
//!
//! `purge`: what is asked for where the events of streams that were archived for long are to be deleted, `purging` the operation, `deleting` a step of it. `exporting`: has their events kept somewhere else before, `exported`: in which form; `import` brings them back.

mod deleting;
mod exported;
mod exporting;
mod import;
mod marks;
mod purge;
mod purging;
mod settled;
mod within;

pub use self::deleting::{Purgeable, purgeable};
pub use self::import::{ImportError, Imported};
pub(in crate::events) use self::marks::{ARCHIVE, mark, unmark};
pub use self::marks::{ArchivedStream, ArchivedStreams, archived_streams};
pub use self::purge::{Purge, Purged, StreamExport};
pub use self::settled::NotProjected;
