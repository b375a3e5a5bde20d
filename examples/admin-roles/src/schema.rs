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
        "user_id text NOT NULL, roles text NOT NULL, is_admin boolean NOT NULL DEFAULT false,
         UNIQUE (user_id, tenant_id)",
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
    add_is_admin(connection).await
}

/// A database from before version 2 of the members lacks a column. Its values come with the rebuild.
async fn add_is_admin(connection: &mut Connection) -> Result<(), Box<dyn Error + Send + Sync>> {
    let existing = if Database::NAME == "PostgreSQL" {
        "SELECT CAST(column_name AS text) FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = 'read_tenant_memberships'"
    } else {
        "SELECT name FROM pragma_table_info('read_tenant_memberships')"
    };
    let existing: Vec<String> = sqlx::query_scalar(existing)
        .fetch_all(&mut *connection)
        .await?;
    if !existing.iter().any(|column| column == "is_admin") {
        let add = "ALTER TABLE read_tenant_memberships ADD COLUMN is_admin boolean NOT NULL DEFAULT false";
        connection.execute(add).await?;
    }
    Ok(())
}
