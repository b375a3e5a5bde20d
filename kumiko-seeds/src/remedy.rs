//! What to do about an error, where the library knows more than the database says.

use std::error::Error as StdError;
use std::fmt::Write;

use crate::Error;

/// SQLSTATE codes of statements that a connection believes to have prepared and the server does not
/// know, or the other way round.
const PREPARED_ELSEWHERE: [&str; 2] = ["26000", "42P05"];

pub(crate) fn of(error: &Error) -> Option<String> {
    match error {
        Error::NotPermitted { role, creation, .. } => {
            return Some(grant(role.as_deref(), *creation));
        }
        Error::RowSecurity { table, role, .. } => return Some(policy(table, role.as_deref())),
        _ => {}
    }
    if PREPARED_ELSEWHERE.contains(&code(error)?.as_str()) {
        return Some(
            "the app's own queries use prepared statements, and the database is behind a pooler that does \
             not keep them, like PgBouncer in transaction mode; let PgBouncer keep them \
             (max_prepared_statements, from 1.21 on), or call `.persistent(false)` on the queries of \
             seeds and handlers"
                .to_owned(),
        );
    }
    None
}

/// The SQL that lets `role` apply seeds.
fn grant(role: Option<&str>, creation: Option<&str>) -> String {
    let mut text = "let the owner of the schema run this, and try again:".to_owned();
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
    let _ = write!(
        text,
        "\n    GRANT SELECT, INSERT, UPDATE, DELETE ON kumiko_es_operations TO {role};"
    );
    text
}

/// The SQL that shows all rows of `table` to `role`. A policy gives no more than that; `BYPASSRLS` would hold for all
/// tables, and is for policies that restrict what others permit.
fn policy(table: &str, role: Option<&str>) -> String {
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

/// The code of the database's error somewhere among the causes of `error`.
fn code(error: &Error) -> Option<String> {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(sqlx::Error::Database(error)) = error.downcast_ref() {
            return error.code().map(String::from);
        }
        cause = error.source();
    }
    None
}
