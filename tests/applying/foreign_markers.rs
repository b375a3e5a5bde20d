//! Markers that another service wrote: no row of a seed's source is beside them.

use kumiko_seeds::{Environment, Seed, State, Status};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::flags;
use kumiko_tests::{app, note, on_both_databases};

/// Applies a seed as another service does, which knows nothing of what this library writes beside its markers.
async fn apply_elsewhere<DB: Engine>(database: &TestDatabase<DB>, id: &str) {
    let insert = format!(
        "INSERT INTO kumiko_es_operations (id, operation_type, duration_ms, applied_by)
         VALUES ('{id}', 'seed-migration', 1, 'boot')"
    );
    database.execute(&insert).await;
}

async fn status<DB: Engine>(
    database: &TestDatabase<DB>,
    runner: &kumiko_seeds::SeedRunner<DB>,
) -> Status {
    let history = runner.ledger(&database.pool).history().await.unwrap();
    Status::compare(
        runner.seeds().iter().map(Seed::info),
        history,
        &flags(&[]),
        &Environment::Unset,
    )
}

on_both_databases! {
    async fn they_are_no_drift_and_nobody_is_warned(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2026-01-01-a")]).apply(&database.pool).await.unwrap();
        for id in ["2026-01-02-b", "2026-12-31-theirs"] {
            apply_elsewhere(database, id).await;
        }
        let runner = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b"), note!("2026-01-03-c")]);
        let before = status(database, &runner).await;
        assert!(before.has_pending() && !before.has_drifted());
        let report = runner.apply(&database.pool).await.unwrap();
        let applied: Vec<_> = report.applied.iter().map(|seed| seed.id).collect();
        assert_eq!((applied, report.warnings), (vec!["2026-01-03-c"], vec![]));

        let after = status(database, &runner).await;
        let states: Vec<_> = after.seeds.iter().map(|seed| seed.state).collect();
        assert_eq!(states, [State::Applied, State::Applied, State::Applied, State::Foreign]);
        assert!(!after.has_pending() && !after.has_drifted());
        assert_eq!(after.seeds[3].remark().as_deref(), Some("applied by another service"));
    }

    /// The other service has applied it since it was unmarked here, from whatever source.
    async fn a_source_that_is_older_than_the_marker_is_not_the_marker_s(database: &TestDatabase<DB>) {
        let seed = note!("2026-01-01-a");
        let runner = app::runner(vec![seed]);
        runner.apply(&database.pool).await.unwrap();
        runner.ledger(&database.pool).unmark(seed.id).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        apply_elsewhere(database, seed.id).await;

        let edited = app::runner(vec![Seed { source_hash: "1111111111111111", text_hash: "", ..seed }]);
        assert_eq!(edited.apply(&database.pool).await.unwrap().warnings, []);
        assert_eq!(status(database, &edited).await.seeds[0].state, State::Applied);
        let without = app::runner::<DB>(vec![]);
        assert_eq!(without.apply(&database.pool).await.unwrap().warnings, []);
        assert_eq!(status(database, &without).await.seeds[0].state, State::Foreign);
    }

    async fn a_seed_marked_without_its_source_has_not_changed(database: &TestDatabase<DB>) {
        let seed = note!("2026-01-01-a");
        let runner = app::runner(vec![seed]);
        let info = kumiko_seeds::SeedInfo::new(seed.id, seed.description);
        runner.ledger(&database.pool).mark(info).await.unwrap();
        assert_eq!(runner.apply(&database.pool).await.unwrap().warnings, []);
        assert_eq!(status(database, &runner).await.seeds[0].state, State::Applied);
        let without = app::runner::<DB>(vec![]);
        assert_eq!(status(database, &without).await.seeds[0].state, State::Missing);
    }
}
