//! Roles that may less than the owner of the database.

use kumiko_tests::database::Engine;
use kumiko_tests::seeds::seed;
use sqlx::Postgres;

use crate::role::{Role, sql};

#[tokio::test]
async fn a_role_that_may_not_create_tables_is_told_what_the_owner_has_to_run() {
    let database = Postgres::create().await;
    let role = Role::create(&database).await;
    let refusal = role.refusal().await;
    assert_eq!(
        refusal,
        "the role \"app\" may not create the table kumiko_es_operations
caused by: the database says: permission denied for schema public (code 42501)
note: stopped at: 2026-01-01-idle; applied before: none; not attempted: none; the failed step is rolled back, so a retry is safe
help: let the owner of the schema run this, and try again:
    CREATE TABLE IF NOT EXISTS kumiko_es_operations (
        id text PRIMARY KEY,
        operation_type text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now(),
        duration_ms integer NOT NULL,
        applied_by text NOT NULL,
        notes text
    );
    CREATE INDEX IF NOT EXISTS kumiko_es_operations_type_idx
        ON kumiko_es_operations (operation_type);
    GRANT SELECT, INSERT, UPDATE, DELETE ON kumiko_es_operations TO \"app\";"
    );
    database.execute(&sql(&refusal, &role)).await;
    assert_eq!(role.refusal().await, "");
    assert_eq!(database.markers().await, ["2026-01-01-idle"]);
    // Where the table is, a dry run does not ask for more than a run does.
    let next = vec![seed("2026-01-02-next", |_| Box::pin(async { Ok(()) }))];
    let runner = kumiko_seeds::SeedRunner::new(next.leak());
    assert_eq!(runner.dry_run(&role.pool).await.unwrap().seeds.len(), 1);
    role.remove(&database).await;
    database.remove().await;
}

#[tokio::test]
async fn a_role_that_may_not_read_or_write_the_table_is_told_so() {
    let database = Postgres::create().await;
    let role = Role::create(&database).await;
    database
        .execute(
            "CREATE TABLE kumiko_es_operations (
                 id text PRIMARY KEY, operation_type text NOT NULL,
                 applied_at timestamptz NOT NULL DEFAULT now(), duration_ms integer NOT NULL,
                 applied_by text NOT NULL, notes text)",
        )
        .await;
    let refusal = role.refusal().await;
    let step = "the role \"app\" may not read which seeds are applied\n";
    assert!(refusal.starts_with(step), "{refusal}");

    let name = &role.name;
    let select = format!("GRANT SELECT ON kumiko_es_operations TO \"{name}\"");
    database.execute(&select).await;
    let refusal = role.refusal().await;
    let step = "the role \"app\" may not write the seed's marker\n";
    assert!(refusal.starts_with(step), "{refusal}");
    assert_eq!(database.markers().await, [""; 0]);

    let sql = sql(&refusal, &role);
    assert_eq!(
        sql,
        format!("    GRANT SELECT, INSERT, UPDATE, DELETE ON kumiko_es_operations TO {name:?};")
    );
    database.execute(&sql).await;
    assert_eq!(role.refusal().await, "");
    role.remove(&database).await;
    database.remove().await;
}

/// The settings of a role reach the runner's transaction, which must not mind.
#[tokio::test]
async fn a_role_whose_defaults_would_break_the_protocol() {
    for (setting, value) in [
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_isolation", "repeatable read"),
        ("default_transaction_read_only", "on"),
        ("default_transaction_deferrable", "on"),
        ("standard_conforming_strings", "off"),
        ("backslash_quote", "off"),
        ("bytea_output", "escape"),
        ("search_path", "elsewhere"),
    ] {
        let database = Postgres::create().await;
        let role = Role::create(&database).await;
        let name = &role.name;
        database
            .execute(&format!(
                "CREATE SCHEMA elsewhere AUTHORIZATION \"{name}\";
                 GRANT CREATE ON SCHEMA public TO \"{name}\";
                 ALTER ROLE \"{name}\" SET {setting} = '{value}'"
            ))
            .await;
        let role = role.reconnect().await;
        assert_eq!(
            Postgres::texts(&role.pool, &format!("SHOW {setting}")).await,
            [value]
        );
        assert_eq!(role.refusal().await, "", "{setting}");
        assert_eq!(role.refusal().await, "", "{setting}");
        role.remove(&database).await;
        database.remove().await;
    }
}
