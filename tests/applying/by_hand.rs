//! Markers set and taken away by hand, and seeds edited after they were applied.

use kumiko_seeds::{Environment, InterventionKind, Seed, State, Status};
use kumiko_tests::seeds::flags;
use kumiko_tests::{app, note, on_both_databases};

on_both_databases! {
    async fn a_marked_seed_is_applied_without_being_run(database: &TestDatabase<DB>) {
        let seeds = vec![note!("2026-01-01-a"), note!("2026-01-02-b")];
        let runner = app::runner(seeds.clone());
        runner.ledger(&database.pool).mark(seeds[0].info()).await.unwrap();
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied.len(), 1);
        assert_eq!(database.payloads().await.len(), 1);

        let history = runner.ledger(&database.pool).history().await.unwrap();
        assert_eq!(history.markers.len(), 2);
        assert_eq!(history.markers[0].notes.as_deref(), Some("a seed of a test"));
        let [marked] = history.interventions.as_slice() else { panic!("{history:?}") };
        assert_eq!((marked.id.as_str(), marked.kind), ("2026-01-01-a", InterventionKind::Marked));

        let twice = runner.ledger(&database.pool).mark(seeds[1].info()).await.unwrap_err();
        assert_eq!(twice.to_string(), "seed 2026-01-02-b is applied already");
    }

    async fn an_unmarked_seed_is_pending_and_runs_again(database: &TestDatabase<DB>) {
        let nothing = app::runner::<DB>(vec![]).ledger(&database.pool).unmark("2026-01-01-a").await;
        assert_eq!(nothing.unwrap_err().to_string(), "seed 2026-01-01-a is not applied");

        let runner = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")]);
        runner.apply(&database.pool).await.unwrap();
        for _ in 0..2 {
            runner.ledger(&database.pool).unmark("2026-01-02-b").await.unwrap();
            assert_eq!(database.markers().await, ["2026-01-01-a"]);
            database.execute("DELETE FROM kumiko_events").await;
            database.execute("DELETE FROM read_notes").await;
            let report = runner.apply(&database.pool).await.unwrap();
            assert_eq!(report.applied[0].id, "2026-01-02-b");
        }
        let nothing = runner.ledger(&database.pool).unmark("2026-01-03-c").await.unwrap_err();
        assert_eq!(nothing.to_string(), "seed 2026-01-03-c is not applied");

        let history = runner.ledger(&database.pool).history().await.unwrap();
        assert_eq!(history.interventions.len(), 2, "{history:?}");
        let seeds = runner.seeds().iter().map(Seed::info);
        let status = Status::compare(seeds, history, &flags(&[]), &Environment::Unset);
        assert_eq!(status.seeds[0].remark(), None);
        let remark = status.seeds[1].remark().unwrap();
        assert!(remark.starts_with("unmarked by hand at "), "{remark}");
        assert_eq!(status.seeds[1].state, State::Applied);
    }

    async fn a_seed_edited_after_it_was_applied_has_changed(database: &TestDatabase<DB>) {
        let seed = note!("2026-01-01-a");
        app::runner(vec![seed]).apply(&database.pool).await.unwrap();
        let edited = app::runner(vec![Seed { source_hash: "1111111111111111", text_hash: "", ..seed }]);
        let report = edited.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied, []);
        let warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            ["applied from other source text than this binary's, and not run again: 2026-01-01-a; edited since, or of \
              another app in this database that has seeds of the same ids, and then this app's were never run: apps \
              that share a database need names (`SeedRunner::app`)"]
        );
        let history = edited.ledger(&database.pool).history().await.unwrap();
        assert_eq!(history.markers[0].source_hash.as_deref(), Some(seed.source_hash));
        let status = Status::compare(edited.seeds().iter().map(Seed::info), history, &flags(&[]), &Environment::Unset);
        assert_eq!(status.seeds[0].state, State::Changed);
        assert_eq!(status.seeds[0].remark().as_deref(), Some("edited since it was applied"));
        assert!(!status.has_pending() && !status.has_drifted());

        // Repeating it takes the new source for the applied one.
        edited.ledger(&database.pool).unmark("2026-01-01-a").await.unwrap();
        database.execute("DELETE FROM kumiko_events").await;
        database.execute("DELETE FROM read_notes").await;
        edited.apply(&database.pool).await.unwrap();
        let history = edited.ledger(&database.pool).history().await.unwrap();
        assert_eq!(history.markers[0].source_hash.as_deref(), Some("1111111111111111"));
    }
}
