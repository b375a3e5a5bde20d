//! The SQL that gives a role what it lacks.

use std::fmt::Write;

/// Who a grant is for, where that is not known: to be replaced, and refused by the server if it is not.
const UNKNOWN_ROLE: &str = "the app's role";

const INSUFFICIENT_PRIVILEGE: &str = "42501";
#[cfg(feature = "events")]
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What lets `role` do with one of the library's tables what it was about to.
pub(super) fn of_table(role: Option<&str>, creation: Option<&str>, privileges: &str) -> String {
    let mut text = OWNER_OF_SCHEMA.to_owned();
    for line in creation.unwrap_or_default().lines() {
        // Indented in the source by eight.
        let line = line.strip_prefix("        ").unwrap_or(line);
        if !line.is_empty() {
            let _ = write!(text, "\n    {line}");
        }
    }
    if creation.is_some() {
        text.push(';');
    }
    let role = role.map_or_else(|| "PUBLIC".to_owned(), quoted);
    let _ = write!(text, "\n    GRANT {privileges} TO {role};");
    text
}

/// What is left to be done where the event store's tables or indexes could not be created by `creation`.
#[cfg(feature = "events")]
pub(super) fn of_event_tables(creation: &str, source: &sqlx::Error) -> Option<String> {
    let code = source.as_database_error()?.code()?;
    match &*code {
        INSUFFICIENT_PRIVILEGE => Some(format!(
            "{OWNER_OF_SCHEMA}\n    {};\n{}\n    GRANT SELECT, INSERT, UPDATE, DELETE ON kumiko_snapshots TO {};",
            creation.replace('\n', "\n    "),
            of_events(),
            quoted(UNKNOWN_ROLE)
        )),
        LOCK_NOT_AVAILABLE => Some(format!(
            "another transaction that writes events is in the way; try again, or let the owner of the table do it \
             without stopping anybody:\n    {};",
            creation
                .replace("INDEX IF", "INDEX CONCURRENTLY IF")
                .replace('\n', "\n    ")
        )),
        _ => None,
    }
}

#[cfg(feature = "events")]
fn of_events() -> String {
    format!(
        "    GRANT SELECT, INSERT ON kumiko_events TO {0};\n    \
         GRANT USAGE ON SEQUENCE kumiko_events_id_seq TO {0};",
        quoted(UNKNOWN_ROLE)
    )
}

/// What gives a role the privilege that `message` says it lacks, where that is English.
pub(super) fn remedy(code: &str, message: &str) -> Option<String> {
    if code != INSUFFICIENT_PRIVILEGE {
        return None;
    }
    let (kind, name) = message
        .strip_prefix("permission denied for ")?
        .split_once(' ')?;
    let (name, role) = (quoted(name), quoted(UNKNOWN_ROLE));
    match kind {
        "schema" => Some(format!(
            "{OWNER_OF_SCHEMA}\n    GRANT USAGE, CREATE ON SCHEMA {name} TO {role};\n\
             or let the owner create the tables"
        )),
        "database" => Some(format!(
            "let the owner of the database run this, and try again:\n    \
             GRANT CREATE ON DATABASE {name} TO {role};\n\
             or let them create the schema in which rebuilds compute rows, once, for tables in the schema public for example:\n    \
             CREATE SCHEMA kumiko_rebuild_public AUTHORIZATION {role};"
        )),
        "table" => Some(format!(
            "let the owner of the table run this, as far as the app needs it, and try again:\n    \
             GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {role};"
        )),
        "sequence" => Some(format!(
            "let the owner of the sequence run this, and try again:\n    \
             GRANT USAGE ON SEQUENCE {name} TO {role};"
        )),
        _ => None,
    }
}

const OWNER_OF_SCHEMA: &str = "let the owner of the schema run this, and try again:";

/// The SQL that shows all rows of `table` to `role`. A policy gives no more than that; `BYPASSRLS` would hold for all
/// tables, and is for policies that restrict what others permit.
pub(super) fn policy(table: &str, role: Option<&str>) -> String {
    let name = quoted(&format!("kumiko seeds of {}", role.unwrap_or("all")));
    let to = role.map_or_else(|| "PUBLIC".to_owned(), quoted);
    let altered = role.map_or_else(|| "CURRENT_USER".to_owned(), quoted);
    format!(
        "let the owner of the table run this, and try again:\n    \
         CREATE POLICY {name} ON {table} TO {to} USING (true) WITH CHECK (true);\n\
         or, if a restrictive policy is in the way, let a superuser run this:\n    \
         ALTER ROLE {altered} BYPASSRLS;"
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
