//! What PostgreSQL's errors mean.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::backend::Fault;

/// SQLSTATE codes, from appendix A of the PostgreSQL manual.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
const UNDEFINED_TABLE: &str = "42P01";
const UNDEFINED_COLUMN: &str = "42703";
/// Among other things, no aggregate of strings for a column of another type.
const UNDEFINED_FUNCTION: &str = "42883";
const IN_FAILED_TRANSACTION: &str = "25P02";
const SERIALIZATION_FAILURE: &str = "40001";
const DEADLOCK_DETECTED: &str = "40P01";
const UNIQUE_VIOLATION: &str = "23505";
const DUPLICATE_TABLE: &str = "42P07";
/// Among other things, the row type of a table.
const DUPLICATE_OBJECT: &str = "42710";
const INVALID_TEXT_REPRESENTATION: &str = "22P02";
const DATATYPE_MISMATCH: &str = "42804";
const NOT_NULL_VIOLATION: &str = "23502";
/// An administrator or a shutdown, a crash of another session, a start that is not done, a timeout of the session's, too
/// many connections.
const ENDED_SESSION: [&str; 7] = [
    "57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "53300",
];
const QUERY_CANCELED: &str = "57014";
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// Among other things, a statement of all columns that a session keeps, of a table that has got another one.
const FEATURE_NOT_SUPPORTED: &str = "0A000";
/// Among other things, no unique index where `ON CONFLICT` needs one.
const INVALID_COLUMN_REFERENCE: &str = "42P10";

/// What the error of the guard says in every language that a server speaks.
pub(super) const ANOTHER_TRANSACTION: &str = "kumiko: another transaction in ";

/// The constraint that a dry run cannot fulfil.
const A_DRY_RUN_KEEPS_NOTHING: &str = "a_dry_run_keeps_nothing";

/// What an error means.
pub(super) fn of(error: &sqlx::Error) -> Fault {
    let Some(error) = answer(error) else {
        return Fault::Other;
    };
    match error.code() {
        INSUFFICIENT_PRIVILEGE if is_of_row_security(error) => Fault::RowSecurity,
        INSUFFICIENT_PRIVILEGE => Fault::NotPermitted,
        UNDEFINED_TABLE => Fault::TableMissing,
        UNDEFINED_COLUMN
        | UNDEFINED_FUNCTION
        | DATATYPE_MISMATCH
        | NOT_NULL_VIOLATION
        | INVALID_COLUMN_REFERENCE => Fault::OtherShape,
        IN_FAILED_TRANSACTION => Fault::TransactionFailed,
        SERIALIZATION_FAILURE | DEADLOCK_DETECTED => Fault::Passing,
        // Another session has not kept it.
        FEATURE_NOT_SUPPORTED if error.routine() == Some("RevalidateCachedQuery") => Fault::Passing,
        code if ENDED_SESSION.contains(&code) => Fault::SessionEnded,
        QUERY_CANCELED | LOCK_NOT_AVAILABLE => Fault::TookTooLong,
        DUPLICATE_TABLE | DUPLICATE_OBJECT => Fault::CreatedMeanwhile,
        UNIQUE_VIOLATION => match error.constraint() {
            Some(A_DRY_RUN_KEEPS_NOTHING) => Fault::CommitForbidden,
            // A row of the catalogue: a table, its type, an index.
            Some(name) if name.starts_with("pg_") => Fault::CreatedMeanwhile,
            _ => Fault::Other,
        },
        INVALID_TEXT_REPRESENTATION if error.message().contains(ANOTHER_TRANSACTION) => {
            Fault::TransactionEnded
        }
        _ => Fault::Other,
    }
}

/// Whether the server has answered that it did not do what it was told. A fatal error ends the session, perhaps after
/// the commit.
pub(super) fn is_refusal(error: &sqlx::Error) -> bool {
    answer(error).is_some_and(|answer| matches!(answer.severity(), PgSeverity::Error))
}

fn answer(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// The code of such an error is that of a missing privilege, and its message is in the server's language. Only
/// the function in the server's source tells.
fn is_of_row_security(error: &PgDatabaseError) -> bool {
    let routine = error.routine().unwrap_or_default();
    ["check_enable_rls", "ExecWithCheckOptions"].contains(&routine)
}
