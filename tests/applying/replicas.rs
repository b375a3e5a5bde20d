//! A replica that comes second to a seed. Many of them at once are in `tests/faults/replicas.rs`.

use kumiko_tests::database::Engine;
use kumiko_tests::{app, note};

/// Between the look at what is applied and the lock, another replica may apply a seed. Here that is
/// certain: the markers hide from everything but the re-check.
#[tokio::test]
async fn a_seed_applied_after_the_first_look_is_not_run_again() {
    let database = sqlx::Postgres::create().await;
    let runner = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")]);
    runner.apply(&database.pool).await.unwrap();
    database
        .execute(
            "ALTER TABLE kumiko_es_operations RENAME TO markers;
             CREATE VIEW kumiko_es_operations AS SELECT * FROM markers
             WHERE EXISTS (SELECT 1 FROM pg_locks WHERE pid = pg_backend_pid() AND granted
                           AND locktype = 'advisory' AND objid = 1702063984)",
        )
        .await;
    let report = runner.apply(&database.pool).await.unwrap();
    assert_eq!(report.applied, []);
    assert_eq!(report.applied_elsewhere, ["2026-01-01-a", "2026-01-02-b"]);
    assert_eq!(database.payloads().await.len(), 2);
    database.remove().await;
}
