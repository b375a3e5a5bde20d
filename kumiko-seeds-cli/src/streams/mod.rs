//! `stream:archive`, `stream:restore`, `stream:list`, `stream:purge` and `stream:import`: streams that are over, kept where nobody sees them, and
//! not for ever.

mod arguments;
mod change;
mod choice;
mod export_file;
mod import;
mod list;
mod purge;
mod purge_view;

pub use arguments::{
    StreamArchiveArguments, StreamImportArguments, StreamListArguments, StreamPurgeArguments,
    StreamRestoreArguments,
};
pub use change::{StreamView, StreamsView};
pub(crate) use change::{archive, restore};
pub use import::ImportView;
pub(crate) use import::run as import;
pub(crate) use list::run as list;
pub use list::{ArchiveView, ArchivedView};
pub(crate) use purge::run as purge;
pub use purge_view::{ConsumerView, PurgeDryRunView, PurgeView};
