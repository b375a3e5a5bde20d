//! The table of operations belongs to others too.

use kumiko_tests::database::Engine;
use kumiko_tests::{app, note, on_both_databases};
use sqlx::Postgres;

/// As the original creates it, with rows as the original writes them.
const ORIGINAL: &str = r#"
    CREATE TABLE "kumiko_es_operations" ("id" text PRIMARY KEY NOT NULL,
        "operation_type" text NOT NULL, "applied_at" timestamp with time zone DEFAULT now() NOT NULL,
        "duration_ms" integer NOT NULL, "applied_by" text NOT NULL, "notes" text);
    CREATE INDEX "kumiko_es_operations_type_idx" ON "kumiko_es_operations" USING btree ("operation_type");
    INSERT INTO kumiko_es_operations (id, operation_type, duration_ms, applied_by, notes) VALUES
        ('2026-01-01-a', 'seed-migration', 12, 'boot', 'from another language'),
        ('2026-01-05-rebuild', 'projection-rebuild', 12, 'cli', NULL)"#;

#[tokio::test]
async fn a_table_written_by_the_original_is_taken_over() {
    let database = Postgres::create().await;
    database.execute(ORIGINAL).await;
    let runner = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")]);
    let report = runner.apply(&database.pool).await.unwrap();
    let applied: Vec<_> = report.applied.iter().map(|seed| seed.id).collect();
    assert_eq!(applied, ["2026-01-02-b"]);
    assert_eq!(
        report.warnings,
        [],
        "operations of other types are none of our business"
    );

    let marker = &runner
        .ledger(&database.pool)
        .history()
        .await
        .unwrap()
        .markers[0];
    assert_eq!(marker.notes.as_deref(), Some("from another language"));
    assert_eq!(
        (marker.duration_ms, marker.applied_by.as_str()),
        (12, "boot")
    );
    database.remove().await;
}

#[tokio::test]
async fn our_table_is_the_original_s_to_the_letter() {
    const SHAPE: &str = "
        SELECT column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_name = 'kumiko_es_operations'
        UNION ALL
        SELECT indexdef FROM pg_indexes WHERE tablename = 'kumiko_es_operations' ORDER BY 1";
    let (ours, theirs) = (Postgres::create().await, Postgres::create().await);
    app::runner(vec![note!("2026-01-01-a")])
        .apply(&ours.pool)
        .await
        .unwrap();
    theirs.execute(ORIGINAL).await;
    assert_eq!(ours.texts(SHAPE).await, theirs.texts(SHAPE).await);
    ours.remove().await;
    theirs.remove().await;
}

on_both_databases! {
    async fn an_id_of_another_operation_is_not_taken_for_a_marker(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2026-01-01-a")]).apply(&database.pool).await.unwrap();
        database.execute(
            "INSERT INTO kumiko_es_operations (id, operation_type, duration_ms, applied_by)
             VALUES ('2026-01-02-b', 'projection-rebuild', 1, 'cli')",
        ).await;
        let stopped = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")])
            .apply(&database.pool)
            .await
            .unwrap_err();
        assert_eq!(
            stopped.to_string(),
            "the id 2026-01-02-b is taken by an operation of type projection-rebuild; rename the \
             seed's file"
        );
    }
}
