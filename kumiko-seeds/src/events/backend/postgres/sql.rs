//! Pieces of SQL that several statements have.

/// A text that was bound as bytes. What is bound as a text the server reads in the session's `client_encoding`, which is
/// the app's, and stores something else without an error.
macro_rules! text {
    ($bytes:literal) => {
        concat!("convert_from(", $bytes, ", 'UTF8')")
    };
}

macro_rules! json {
    ($bytes:literal) => {
        concat!("CAST(", text!($bytes), " AS jsonb)")
    };
}

macro_rules! time {
    ($column:literal) => {
        concat!("CAST(", $column, " AS timestamptz)")
    };
}

/// Whether streams are archived.
///
/// The table is the original's and need not exist, and a statement that names a table that is not there is an
/// error, which ends the transaction. What is only named in a text that the statement executes is not
/// looked up before. That makes one statement right for every database, without anything to be known of
/// the database before and to be wrong later. It costs a microsecond where there is no table, and fifty where
/// there is one.
macro_rules! archived {
    ($condition:literal) => {
        concat!(
            "CASE WHEN to_regclass('kumiko_archived_streams') IS NULL THEN false
                  ELSE CAST(query_to_xml(
                      format('SELECT 1 FROM kumiko_archived_streams WHERE ",
            $condition,
            "), false, true, '') AS text) <> '' END"
        )
    };
}

/// Whether row level security is active on the table of archived streams.
macro_rules! archive_is_secured {
    () => {
        "coalesce(row_security_active(to_regclass('kumiko_archived_streams')), false)"
    };
}

/// What `$value` is in the last event up to one of this tenant, aggregate and version, which may be another stream's.
///
/// A connection keeps a statement's plan, and may have made it when the table was tiny. A look at one row by `=` would
/// read the whole table then, and go on with that as the table grows. The next row in the order of an index is
/// found by the index, whatever the size.
macro_rules! in_last_event {
    ($value:expr, $tenant:literal, $aggregate:literal, $version:literal) => {
        concat!(
            "(SELECT ",
            $value,
            " FROM kumiko_events AS old
              WHERE (old.tenant_id, old.aggregate_id, old.version) <= (",
            $tenant,
            ", ",
            $aggregate,
            ", ",
            $version,
            ") ORDER BY old.tenant_id DESC, old.aggregate_id DESC, old.version DESC LIMIT 1)"
        )
    };
}
