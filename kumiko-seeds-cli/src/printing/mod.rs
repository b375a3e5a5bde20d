//! Putting results, failures and questions where people and programs read them.

mod failure;
mod palette;
mod panic;
mod printable;
mod question;
mod result;
mod shell;
mod table;
mod terminal;
mod view;
mod words;

pub(crate) use failure::print_failure;
pub(crate) use palette::{Palette, painted};
pub(crate) use panic::make_panics_printable;
pub use printable::{printable, printable_lines};
pub use question::confirmation;
pub(crate) use result::{print_json, print_text};
pub use shell::shell_word;
pub(crate) use table::Columns;
pub(crate) use terminal::Terminal;
pub use view::Moment;
pub(crate) use view::state;
pub(crate) use words::{counted, milliseconds, seconds};
