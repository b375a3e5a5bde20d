//! Whether what the write side prepares gets a name.

use crate::app_values::AppValues;

/// Whether a statement is prepared under a name, so that its connection keeps it, and another of the kind costs a round
/// trip less.
///
/// A pool can be told to keep none, but its connections tell nobody. They name each statement all the same, and never
/// close it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// It is.
    Named,
    /// It is if the connection has kept one before.
    LikeOthers,
}

impl Naming {
    /// The naming for a write of a seed that has appended so many events: only the first finds out what the connection
    /// keeps.
    pub(super) fn after(events: u64, values: &AppValues) -> Self {
        if events == 0 && !values.unnamed_statements() {
            Self::Named
        } else {
            Self::LikeOthers
        }
    }
}
