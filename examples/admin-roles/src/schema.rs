//! The tables of the app. A real one has migrations here.

use std::error::Error;

use kumiko_seeds::events::create_event_tables;
use sqlx::{Database as _, Executor};

use crate::Database;

type Connection = <Database as sqlx::Database>::Connection;

/// Creates what is missing. Runs under the lock of seeds, so replicas do not race.
pub(crate) async fn create(
    connection: &mut Connection,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    create_event_tables::<Database>(connection).await?;
    let tables = if Database::NAME == "PostgreSQL" {
        POSTGRES
    } else {
        SQLITE
    };
    connection.execute(sqlx::raw_sql(tables)).await?;
    Ok(())
}

/// What every read model of the app begins with.
macro_rules! tables {
    ($uuid:literal, $timestamp:literal, $now:literal) => {
        concat!(
            "CREATE TABLE IF NOT EXISTS read_tenants (
                id ",
            $uuid,
            " PRIMARY KEY,
                tenant_id ",
            $uuid,
            " NOT NULL,
                version integer NOT NULL DEFAULT 1,
                inserted_at ",
            $timestamp,
            " NOT NULL DEFAULT ",
            $now,
            ",
                inserted_by_id text,
                key text NOT NULL UNIQUE,
                name text NOT NULL
            );
            CREATE TABLE IF NOT EXISTS read_users (
                id ",
            $uuid,
            " PRIMARY KEY,
                tenant_id ",
            $uuid,
            " NOT NULL,
                version integer NOT NULL DEFAULT 1,
                inserted_at ",
            $timestamp,
            " NOT NULL DEFAULT ",
            $now,
            ",
                inserted_by_id text,
                email text NOT NULL UNIQUE,
                display_name text NOT NULL
            );
            CREATE TABLE IF NOT EXISTS read_tenant_memberships (
                id ",
            $uuid,
            " PRIMARY KEY,
                tenant_id ",
            $uuid,
            " NOT NULL,
                version integer NOT NULL DEFAULT 1,
                inserted_at ",
            $timestamp,
            " NOT NULL DEFAULT ",
            $now,
            ",
                inserted_by_id text,
                user_id text NOT NULL,
                roles text NOT NULL,
                UNIQUE (user_id, tenant_id)
            )"
        )
    };
}

const POSTGRES: &str = tables!("uuid", "timestamptz", "now()");
const SQLITE: &str = tables!("text", "text", "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))");
