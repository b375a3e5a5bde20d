//! The tables of the app. A real one has migrations here.

use std::error::Error;

use kumiko_seeds::events::create_event_tables;
use sqlx::{AssertSqlSafe, Database as _, Executor};

use crate::Database;

type Connection = <Database as sqlx::Database>::Connection;

/// The read models, and what each has beyond the columns that all have.
const READ_MODELS: [(&str, &str); 3] = [
    (
        "read_tenants",
        "key text NOT NULL UNIQUE, name text NOT NULL",
    ),
    (
        "read_users",
        "email text NOT NULL UNIQUE, display_name text NOT NULL",
    ),
    (
        "read_tenant_memberships",
        "user_id text NOT NULL, roles text NOT NULL, UNIQUE (user_id, tenant_id)",
    ),
];

/// Creates what is missing. Runs under the lock of seeds, so replicas do not race.
pub(crate) async fn create(
    connection: &mut Connection,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    create_event_tables::<Database>(connection).await?;
    let (uuid, timestamp, now) = if Database::NAME == "PostgreSQL" {
        ("uuid", "timestamptz", "now()")
    } else {
        ("text", "text", "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))")
    };
    for (table, columns) in READ_MODELS {
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {table} (
                id {uuid} PRIMARY KEY,
                tenant_id {uuid} NOT NULL,
                version integer NOT NULL DEFAULT 1,
                inserted_at {timestamp} NOT NULL DEFAULT {now},
                inserted_by_id text,
                {columns}
            )"
        );
        connection.execute(AssertSqlSafe(create)).await?;
    }
    Ok(())
}
