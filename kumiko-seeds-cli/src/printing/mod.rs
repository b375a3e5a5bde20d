//! Putting results, failures and questions where people and programs read them.

mod failure;
mod palette;
mod printable;
mod question;
mod result;
mod table;
mod terminal;
mod view;
mod words;

pub(crate) use failure::{make_panics_printable, print_failure};
pub(crate) use palette::{Palette, painted};
pub use printable::{printable, printable_lines};
pub use question::confirmation;
pub(crate) use result::{print_json, print_text};
pub(crate) use table::Columns;
pub(crate) use terminal::Terminal;
pub use view::Moment;
pub(crate) use view::state;
pub use words::shell_word;
pub(crate) use words::{counted, milliseconds, seconds};
