//! Many processes boot at once: each seed runs once, and none of them fails.

use kumiko_tests::database::Engine;
use kumiko_tests::replicas::{boot_at_once, each_seed_ran_once};
use kumiko_tests::{app, note, on_both_databases};

on_both_databases! {
    async fn eight_processes_on_an_empty_database(database: &TestDatabase<DB>) {
        let printed = boot_at_once(&database.url, 8).await;
        each_seed_ran_once(database).await;
        // Each replica accounts for each seed, and no two claim the same.
        let lines: Vec<&str> = printed.iter().flat_map(|text| text.lines()).collect();
        let applied = lines.iter().filter(|line| line.starts_with("applied ")).count();
        assert_eq!(applied, 20, "{printed:#?}");

        let again = boot_at_once(&database.url, 2).await;
        assert_eq!(again, ["", ""]);
        each_seed_ran_once(database).await;
    }
}

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
             WHERE current_setting('kumiko_seeds.transaction', true) = '1'",
        )
        .await;
    let report = runner.apply(&database.pool).await.unwrap();
    assert_eq!(report.applied, []);
    assert_eq!(report.applied_elsewhere, ["2026-01-01-a", "2026-01-02-b"]);
    assert_eq!(database.payloads().await.len(), 2);
    database.remove().await;
}
