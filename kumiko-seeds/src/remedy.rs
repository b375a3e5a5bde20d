//! What to do about an error, where the library knows more than the database says.

mod doubtful;
mod environment;
mod migration;
mod missing_table;
mod privileges;

use std::error::Error as StdError;
use std::iter::successors;

use sqlx::error::DatabaseError;

use crate::Error;
#[cfg(feature = "events")]
use crate::events::{EventStoreError, ProjectionError};

/// SQLSTATE codes of statements that a connection believes to have prepared and the server does not
/// know, or the other way round.
const PREPARED_ELSEWHERE: [&str; 2] = ["26000", "42P05"];

/// A write in a read-only transaction of PostgreSQL, and on a read-only connection to SQLite.
const READ_ONLY: [&str; 2] = ["25006", "8"];

/// What `PgBouncer` refuses an option of a connection with.
const PROTOCOL_VIOLATION: &str = "08P01";

/// What to do where the options of a connection do not reach the server.
const TO_THE_SERVER: &str = "a pooler in front of PostgreSQL refuses or drops the options of connections, and a schema is one; connect \
                             to the server itself for this";

impl Error {
    /// What to do about it, where more can be said than the message does: complete sentences or SQL,
    /// without a line break at the end.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        of(self)
    }
}

fn of(error: &Error) -> Option<String> {
    let remedies = [doubtful::remedy, environment::remedy, migration::remedy];
    if let Some(remedy) = remedies.iter().find_map(|remedy| remedy(error)) {
        return Some(remedy);
    }
    let first: &(dyn StdError + 'static) = error;
    let mut causes = successors(Some(first), |&cause| cause.source());
    causes.find_map(|cause| of_cause(error, cause))
}

/// What to do about `error`, as far as this one of its causes tells.
fn of_cause(error: &Error, cause: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(Error::NotPermitted {
        role,
        creation,
        privileges,
        ..
    }) = cause.downcast_ref()
    {
        let role = role.as_deref();
        return Some(privileges::of_table(role, *creation, privileges));
    }
    if let Some(Error::NotInSchema { schema }) = cause.downcast_ref() {
        return Some(format!(
            "does the schema {schema} exist, and has the role USAGE on it? or else {TO_THE_SERVER}"
        ));
    }
    if let Some(Error::RowSecurity { table, role, .. }) = cause.downcast_ref() {
        return Some(privileges::policy(table, role.as_deref()));
    }
    #[cfg(feature = "events")]
    match cause.downcast_ref() {
        Some(EventStoreError::RowSecurity { table, role, .. }) => {
            return Some(privileges::policy(table, role.as_deref()));
        }
        Some(EventStoreError::NotCreated {
            creation, source, ..
        }) => return privileges::of_event_tables(creation, source),
        _ => {}
    }
    #[cfg(feature = "events")]
    if let Some(ProjectionError::RowSecurity { table, role }) = cause.downcast_ref() {
        return Some(privileges::policy(table, Some(role)));
    }
    match cause.downcast_ref() {
        Some(sqlx::Error::Database(cause)) => of_database(error, &**cause),
        _ => None,
    }
}

fn of_database(error: &Error, cause: &dyn DatabaseError) -> Option<String> {
    let code = cause.code()?;
    if PREPARED_ELSEWHERE.contains(&&*code) {
        return Some(
            "statements are prepared, and the database is behind a pooler that does not keep them, like \
             PgBouncer in transaction mode; let PgBouncer keep them (max_prepared_statements, from 1.21 on), \
             or call `.unnamed_statements()` on the SeedRunner, and `.persistent(false)` on the queries of \
             seeds and handlers"
                .to_owned(),
        );
    }
    if code == PROTOCOL_VIOLATION && cause.message().contains("unsupported startup parameter") {
        return Some(TO_THE_SERVER.to_owned());
    }
    if READ_ONLY.contains(&&*code) && matches!(error, Error::Seed { .. }) {
        return Some(
            "ctx.db() only reads; write through a handler, so that there is an event:\n    \
             ctx.system_write_as(\"feature:write:name\", json!({ \"id\": id })).await?;\n\
             or, if the data has no events, on the connection for such data:\n    \
             ctx.unmanaged_db().await?"
                .to_owned(),
        );
    }
    missing_table::remedy(&code, cause.message())
        .or_else(|| privileges::remedy(&code, cause.message()))
}
