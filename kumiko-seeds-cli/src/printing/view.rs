//! What every view writes in the same way, for programs and for people. Pure.

use std::fmt;

use chrono::{DateTime, Utc};
use kumiko_seeds::State;
use serde::{Serialize, Serializer};

/// A point in time: RFC 3339 for programs, seconds for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub DateTime<Utc>);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.format("%Y-%m-%d %H:%M:%S"))
    }
}

/// Writes where a seed stands, or that this is not known.
pub(crate) fn state<T: Copy + Into<Option<State>>, S: Serializer>(
    state: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let state: Option<State> = (*state).into();
    state.map(State::as_str).serialize(serializer)
}
