//! What a fault left in a PostgreSQL database, read once no lost transaction can change it any more.

use kumiko_tests::database::{Engine, TestDatabase};
use sqlx::Postgres;

/// The ids that have a marker, in order, and one field of the events' payloads, in order.
pub(crate) async fn markers_and_events(
    database: &TestDatabase<Postgres>,
    field: &str,
) -> (Vec<String>, Vec<String>) {
    // A lost transaction has the lock until it has ended.
    let wait = "BEGIN; SELECT pg_advisory_xact_lock(1702063984); COMMIT";
    database.execute(wait).await;
    let mut markers = Vec::new();
    if has_table(database, "kumiko_es_operations").await {
        markers = database.markers().await;
    }
    let mut events = Vec::new();
    if has_table(database, "kumiko_events").await {
        let query = format!("SELECT payload->>'{field}' FROM kumiko_events ORDER BY id");
        events = database.texts(&query).await;
    }
    (markers, events)
}

async fn has_table(database: &TestDatabase<Postgres>, name: &str) -> bool {
    let query = format!("SELECT 'yes' WHERE to_regclass('{name}') IS NOT NULL");
    !Postgres::texts(&database.pool, &query).await.is_empty()
}

/// Takes away what a run makes.
pub(crate) async fn start_over(database: &TestDatabase<Postgres>) {
    let drop =
        "DROP TABLE IF EXISTS kumiko_es_operations, kumiko_es_progress, kumiko_events, read_notes";
    database.execute(drop).await;
}
