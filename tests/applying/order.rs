//! Seeds run in byte order of their ids, whatever order they are given in.

use kumiko_seeds::{Environment, Seed, State, Status};
use kumiko_tests::seeds::{flags, leak};
use kumiko_tests::{app, note, on_both_databases};

on_both_databases! {
    async fn byte_order_of_ids_is_the_order(database: &TestDatabase<DB>) {
        let runner = app::runner(vec![
            note!("2026-01-02-a"),
            note!("2026-01-01-ab"),
            note!("2026-01-01-a-b"),
            note!("2025-12-31-z"),
        ]);
        let report = runner.apply(&database.pool).await.unwrap();
        let applied: Vec<_> = report.applied.iter().map(|seed| seed.id).collect();
        let expected = ["2025-12-31-z", "2026-01-01-a-b", "2026-01-01-ab", "2026-01-02-a"];
        assert_eq!(applied, expected);
        let payloads = database.payloads().await;
        for (payload, id) in payloads.iter().zip(expected) {
            assert!(payload.contains(id), "{payload} at the place of {id}");
        }
    }

    async fn a_seed_added_late_runs_and_is_warned_about(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2026-01-02-b")]).apply(&database.pool).await.unwrap();
        let late = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")]);
        let report = late.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied[0].id, "2026-01-01-a");
        let warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, ["seed 2026-01-01-a is out of order: 2026-01-02-b is already applied"]);
    }

    async fn a_seed_that_is_late_on_purpose_is_in_order(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2026-01-02-b")]).apply(&database.pool).await.unwrap();
        let allowed = Seed { out_of_order: Some("touches other rows"), ..note!("2026-01-01-a") };
        let late = app::runner(vec![allowed, note!("2026-01-02-b")]);
        let history = late.ledger(&database.pool).history().await.unwrap();
        let status = Status::compare(late.infos(), history, &flags(&[]), &Environment::Unset);
        assert!(status.has_pending() && !status.has_drifted());
        assert_eq!(status.seeds[0].state, State::Pending);
        let remark = status.seeds[0].remark();
        assert_eq!(remark.as_deref(), Some("out of order on purpose: touches other rows"));
        let report = late.apply(&database.pool).await.unwrap();
        assert_eq!((report.applied[0].id, report.warnings.len()), ("2026-01-01-a", 0));
    }

    async fn a_binary_that_lacks_an_applied_seed_boots_and_says_so(database: &TestDatabase<DB>) {
        let newer = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")]);
        newer.apply(&database.pool).await.unwrap();
        let older = app::runner(vec![note!("2026-01-01-a")]);
        let report = older.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied, []);
        let warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, ["seed 2026-01-02-b is applied, but missing from this binary"]);
    }

    async fn two_seeds_with_one_id_are_refused(database: &TestDatabase<DB>) {
        let seeds = leak(vec![note!("2026-01-01-a"), note!("2026-01-01-a")]);
        let error = kumiko_seeds::SeedRunner::<DB>::new(seeds).apply(&database.pool).await;
        assert_eq!(error.unwrap_err().to_string(), "two seeds have the id 2026-01-01-a");
    }
}
