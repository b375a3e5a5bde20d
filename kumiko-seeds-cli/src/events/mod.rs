//! `event:replay`: delivers events to a reactor again.

mod arguments;
mod choice;
mod dry_run;
mod replay;

pub use arguments::EventReplayArguments;
pub use dry_run::{EventCountView, ReplayDryRunView};
pub(crate) use replay::run as replay;
