//! What a run of seeds needs beside its database: signals that end it, progress on stderr, stdout kept for the result.

mod cause;
mod interrupt;
mod kept_stdout;
mod notify;
mod progress_display;
mod view;
mod warnings;

pub(crate) use cause::cause;
pub(crate) use interrupt::{Interrupt, Signal, interrupted};
pub(crate) use kept_stdout::KeptStdout;
pub use notify::NotifyArguments;
pub(crate) use progress_display::{Action, ProgressDisplay};
pub use view::AppliedView;
pub(crate) use view::texts;
pub(crate) use warnings::print_warnings;
