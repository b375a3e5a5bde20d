//! `projection:status`, `projection:check` and `projection:rebuild`: the read tables that the app computes from events.

mod arguments;
mod check;
mod choice;
mod rebuild;
mod status;

pub use arguments::{
    ProjectionCheckArguments, ProjectionRebuildArguments, ProjectionStatusArguments,
};
pub(crate) use check::run as check;
pub use check::{
    CheckView, CheckedProjectionView, SetAsideView, UncheckedProjectionView, WrongRowView,
};
pub(crate) use rebuild::run as rebuild;
pub(crate) use status::run as status;
pub use status::{ProjectionStatusView, ProjectionView};
