//! `stream:archive`, `stream:restore` and `stream:list`: streams that are over, kept where nobody sees them.

mod arguments;
mod change;
mod choice;
mod list;

pub use arguments::{StreamArchiveArguments, StreamListArguments, StreamRestoreArguments};
pub use change::{StreamView, StreamsView};
pub(crate) use change::{archive, restore};
pub(crate) use list::run as list;
pub use list::{ArchiveView, ArchivedView};
