//! The statements that read the table of operations. What differs between the databases is left open.
//!
//! **Invariant:** each is one message, which begins with a statement of one row and one number: not 0 if row level
//! security is active, so that rows may be hidden. Without it nothing found would look like nothing there.

/// Beside each marker the row of its seed's source. One that is older than the marker does not count: it is of a marker
/// that was taken away, and another service has applied the seed since.
macro_rules! with_source {
    () => {
        " FROM kumiko_es_operations AS marker
          LEFT JOIN kumiko_es_operations AS source
            ON source.id = marker.id || '/source' AND source.operation_type = 'seed-source'
               AND source.applied_at >= marker.applied_at "
    };
}
pub(super) use with_source;

/// The applied seeds in one value, with character 31 between two, and where there is a row of the source, with
/// character 30 and the hash behind the id; null if there are none. Thousands of rows would take the client several
/// times as long.
macro_rules! applied {
    ($row_security:expr, $text:ident, $aggregate:literal, $character:literal) => {
        concat!(
            $row_security,
            "; SELECT ",
            $text!(concat!(
                $aggregate,
                "(marker.id || CASE WHEN source.id IS NULL THEN '' ELSE ",
                $character,
                "(30) || coalesce(source.notes, '') END, ",
                $character,
                "(31))"
            )),
            reading::with_source!(),
            "WHERE marker.operation_type = 'seed-migration'"
        )
    };
}
pub(super) use applied;

/// The operations with the ids `$1` and `$2`, with the hash of the source where there is one.
macro_rules! look {
    ($row_security:expr, $text:ident, $time:ident) => {
        concat!(
            $row_security,
            "; SELECT ",
            $text!("marker.id"),
            ", ",
            $text!("marker.operation_type"),
            ", ",
            $time!("marker.applied_at"),
            ", ",
            $text!("source.notes"),
            reading::with_source!(),
            "WHERE marker.id IN ($1, $2)"
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
