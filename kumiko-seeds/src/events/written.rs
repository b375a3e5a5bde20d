//! A write that succeeded.

use std::fmt;

use serde_json::Value;

use crate::AppendedEvent;
use crate::journal::AfterCommit;

/// A write that succeeded.
#[non_exhaustive]
pub struct Written {
    /// What the handler returned, as JSON.
    pub output: Value,
    /// The events that the handler appended, in their order.
    pub events: Vec<AppendedEvent>,
    after_commit: Vec<AfterCommit>,
}

impl Written {
    pub(super) fn new(
        output: Value,
        events: Vec<AppendedEvent>,
        after_commit: Vec<AfterCommit>,
    ) -> Self {
        Self {
            output,
            events,
            after_commit,
        }
    }

    /// Says that the write is committed, and does what its handler asked to be done
    /// [then](super::WriteContext::after_commit). It is for the app to say after
    /// [`Write::within`](super::Write::within); [`Write::commit`](super::Write::commit) and runs of seeds have said it already.
    pub fn committed(&mut self) {
        for action in self.after_commit.drain(..) {
            action.call("a write");
        }
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Written")
            .field("output", &self.output)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}
