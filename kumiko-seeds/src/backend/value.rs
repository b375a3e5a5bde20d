//! Values for the library's own statements.

#[cfg(feature = "events")]
use uuid::Uuid;

/// A value for `$1`, `$2` … of a statement.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Text(&'a str),
    Integer(i32),
    /// `uuid` on PostgreSQL, hyphenated text on SQLite.
    #[cfg(feature = "events")]
    Uuid(Uuid),
    /// JSON as text: `jsonb` on PostgreSQL, text on SQLite.
    #[cfg(feature = "events")]
    Json(&'a str),
}
