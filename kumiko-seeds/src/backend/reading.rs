//! The statements that read the table of operations. What differs between the databases is left open.
//!
//! **Invariant:** each is one message, which begins with a statement of one row and one number: not 0 if row level
//! security is active, so that rows may be hidden. Without it nothing found would look like nothing there.

/// The ids of applied seeds in one value, with character 31 between two; null if there are none. Thousands of rows
/// would take the client several times as long.
macro_rules! applied {
    ($row_security:expr, $text:ident, $aggregate:literal, $character:literal) => {
        concat!(
            $row_security,
            "; SELECT ",
            $text!(concat!($aggregate, "(id, ", $character, "(31))")),
            " FROM kumiko_es_operations WHERE operation_type = 'seed-migration'"
        )
    };
}
pub(super) use applied;

/// One operation; `$1` its id.
macro_rules! look {
    ($row_security:expr, $text:ident, $time:ident) => {
        concat!(
            $row_security,
            "; SELECT ",
            $text!("operation_type"),
            ", ",
            $time!("applied_at"),
            " FROM kumiko_es_operations WHERE id = $1"
        )
    };
}
pub(super) use look;

/// All that concerns seeds.
macro_rules! history {
    ($row_security:expr, $text:ident, $time:ident) => {
        concat!(
            $row_security,
            "; SELECT ",
            $text!("id"),
            ", ",
            $text!("operation_type"),
            ", ",
            $time!("applied_at"),
            ", duration_ms, ",
            $text!("applied_by"),
            ", ",
            $text!("notes"),
            " FROM kumiko_es_operations
             WHERE operation_type IN ('seed-migration', 'seed-source', 'seed-mark', 'seed-unmark')"
        )
    };
}
pub(super) use history;
