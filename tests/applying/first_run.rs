//! The first run applies what is pending; the second does nothing.

use std::sync::{Arc, Mutex};

use kumiko_seeds::{AppliedBy, Report};
use kumiko_tests::{app, note, on_both_databases};

on_both_databases! {
    async fn the_first_run_applies_and_the_second_does_not(database: &TestDatabase<DB>) {
        let runner = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")]);
        let first = runner.apply(&database.pool).await.unwrap();
        let applied: Vec<_> = first.applied.iter().map(|seed| seed.id).collect();
        assert_eq!(applied, ["2026-01-01-a", "2026-01-02-b"]);
        assert_eq!((first.skipped.len(), first.applied_elsewhere.len()), (0, 0));
        assert_eq!(first.warnings, []);

        let second = runner.apply(&database.pool).await.unwrap();
        assert_eq!(second, Report::default());

        assert_eq!(database.markers().await, ["2026-01-01-a", "2026-01-02-b"]);
        assert_eq!(
            database.texts("SELECT text FROM read_notes ORDER BY text").await,
            ["2026-01-01-a", "2026-01-02-b"]
        );
        assert_eq!(database.payloads().await.len(), 2);
    }

    async fn a_marker_says_who_when_how_long_and_what(database: &TestDatabase<DB>) {
        let runner = app::runner(vec![note!("2026-01-01-a")]).applied_by(AppliedBy::CiPipeline);
        let report = runner.apply(&database.pool).await.unwrap();
        let markers = runner.ledger(&database.pool).history().await.unwrap().markers;
        let [marker] = markers.as_slice() else { panic!("{markers:?}") };
        assert_eq!(marker.id, "2026-01-01-a");
        assert_eq!(marker.applied_by, "ci-pipeline");
        assert_eq!(marker.notes.as_deref(), Some("a seed of a test"));
        assert_eq!(
            u128::try_from(marker.duration_ms).unwrap(),
            report.applied[0].duration.as_millis()
        );
        let now = database.text("SELECT CAST(CURRENT_TIMESTAMP AS text)").await;
        assert_eq!(marker.applied_at.format("%Y-%m-%d").to_string(), now[..10]);
        assert_eq!(
            database.text("SELECT operation_type FROM kumiko_es_operations WHERE id = '2026-01-01-a'").await,
            "seed-migration"
        );
    }

    async fn no_seeds_leave_no_trace(database: &TestDatabase<DB>) {
        let runner = app::runner(vec![]);
        assert_eq!(runner.apply(&database.pool).await.unwrap(), Report::default());
        assert_eq!(runner.ledger(&database.pool).history().await.unwrap().markers, []);
        let created = DB::execute(&database.pool, "SELECT 1 FROM kumiko_es_operations").await;
        assert!(created.is_err());
    }

    async fn a_pool_of_one_connection_will_do(database: &TestDatabase<DB>) {
        let pool = database.pool_of(1).await;
        let runner = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")]);
        assert_eq!(runner.apply(&pool).await.unwrap().applied.len(), 2);
        assert_eq!(runner.apply(&pool).await.unwrap().applied.len(), 0);
        pool.close().await;
    }

    async fn each_step_is_observed_as_it_happens(database: &TestDatabase<DB>) {
        let steps = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&steps);
        app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")])
            .observe(move |progress| {
                let text = progress.to_string();
                seen.lock().unwrap().push(text.split(" in ").next().unwrap().to_owned());
            })
            .apply(&database.pool)
            .await
            .unwrap();
        assert_eq!(
            *steps.lock().unwrap(),
            [
                "applying 2026-01-01-a",
                "applied 2026-01-01-a",
                "applying 2026-01-02-b",
                "applied 2026-01-02-b"
            ]
        );
    }
}
