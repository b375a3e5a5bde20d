//! Statements of the library's own, and their parameters.

use chrono::{DateTime, Utc};
#[cfg(feature = "events")]
use uuid::Uuid;

/// One statement with values for `$1`, `$2` … in it.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq)]
pub struct Statement<'a> {
    pub sql: String,
    pub values: Vec<Parameter<'a>>,
}

/// The value of `$1`, `$2` … in a statement.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Parameter<'a> {
    Text(&'a str),
    Integer(i32),
    /// `bigint` on PostgreSQL.
    Long(i64),
    Null,
    /// `timestamptz` on PostgreSQL, ISO 8601 in UTC on SQLite.
    Time(DateTime<Utc>),
    /// `uuid` on PostgreSQL, hyphenated text on SQLite.
    #[cfg(feature = "events")]
    Uuid(Uuid),
}
