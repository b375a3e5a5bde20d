//! Views in their tables, and how events change them.

use std::fmt;

use cqrs_es::persist::PersistenceError;
use cqrs_es::{Aggregate, EventEnvelope, View};
use serde_json::Value;

use crate::ExecuteError;
use crate::table_name::TableName;

/// A table of views of one type.
pub(crate) struct ViewTable<A: Aggregate> {
    name: String,
    update: Update<A>,
}

/// What becomes of a view's payload. The type of the view is only known in here.
type Update<A> = fn(&ViewOf<'_>, Option<Value>, &[EventEnvelope<A>]) -> Result<Value, ExecuteError>;

/// Which view it is, for errors.
pub(crate) struct ViewOf<'a> {
    pub(crate) table: &'a TableName,
    pub(crate) id: &'a str,
}

impl<A: Aggregate> ViewTable<A> {
    pub(crate) fn of<V: View<A>>(name: String) -> Self {
        Self {
            name,
            update: updated::<A, V>,
        }
    }

    pub(crate) fn table(&self) -> Result<TableName, ExecuteError> {
        TableName::new(&self.name)
    }

    /// The payload after `events`; before them it was `stored`, or the view was not there.
    pub(crate) fn update(
        &self,
        view: &ViewOf<'_>,
        stored: Option<Value>,
        events: &[EventEnvelope<A>],
    ) -> Result<Value, ExecuteError> {
        (self.update)(view, stored, events)
    }
}

fn updated<A: Aggregate, V: View<A>>(
    view: &ViewOf<'_>,
    stored: Option<Value>,
    events: &[EventEnvelope<A>],
) -> Result<Value, ExecuteError> {
    let what = || format!("view {} of {}", view.id, view.table.as_str());
    let mut updated = match stored {
        None => V::default(),
        Some(payload) => {
            serde_json::from_value::<V>(payload).map_err(|error| ExecuteError::Unreadable {
                what: what(),
                source: PersistenceError::from(error),
            })?
        }
    };
    for event in events {
        updated.update(event);
    }
    serde_json::to_value(updated).map_err(|error| ExecuteError::Unwritable {
        what: what(),
        source: PersistenceError::from(error),
    })
}

impl<A: Aggregate> fmt::Debug for ViewTable<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("ViewTable")
            .field(&self.name)
            .finish()
    }
}
