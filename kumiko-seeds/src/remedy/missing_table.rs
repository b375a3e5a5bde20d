//! How tables come to be that the library reads and the app creates.

/// The read models of the original, which the lookups read.
const READ_MODELS: [&str; 3] = ["read_users", "read_tenant_memberships", "read_tenants"];

pub(super) fn remedy(code: &str, message: &str) -> Option<String> {
    const UNDEFINED_TABLE: &str = "42P01";
    let database = if code == UNDEFINED_TABLE {
        "Postgres"
    } else if message.starts_with("no such table") {
        "Sqlite"
    } else {
        return None;
    };
    // The rest of the message is in the server's language.
    if message.contains("kumiko_events") {
        Some(format!(
            "nothing has created the table of events; let the app's SeedRunner do it before the first pending \
             seed:\n    \
             .prepare(|connection| Box::pin(async move {{\n        \
             kumiko_seeds::events::create_event_tables::<sqlx::{database}>(connection).await?;\n        \
             Ok(())\n    \
             }}))"
        ))
    } else if READ_MODELS.iter().any(|table| message.contains(table)) {
        Some(
            "the lookups read read_users, read_tenant_memberships and read_tenants; if the app has other read \
             models, give its SeedRunner lookups of its own:\n    \
             .lookups(AppLookups)\n\
             or else let the app's schema migrations create these three before the first pending seed:\n    \
             .migrations(&MIGRATIONS)"
                .to_owned(),
        )
    } else {
        None
    }
}
