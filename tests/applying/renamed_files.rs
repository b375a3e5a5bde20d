//! A seed whose file was renamed is known by its source, and does not run again.

use kumiko_seeds::{Environment, Error, Seed, State, Status};
use kumiko_tests::seeds::flags;
use kumiko_tests::{app, note, on_both_databases};

on_both_databases! {
    async fn it_is_refused_until_it_is_marked(database: &TestDatabase<DB>) {
        let old = note!("2026-01-01-old");
        app::runner(vec![old]).apply(&database.pool).await.unwrap();
        let new = Seed { id: "2026-01-02-new", ..old };
        let runner = app::runner(vec![note!("2025-01-01-before"), new]);
        for error in [
            runner.apply(&database.pool).await.unwrap_err(),
            runner.dry_run(&database.pool).await.unwrap_err(),
        ] {
            assert_eq!(
                format!("{error:?}"),
                "nothing was written, because pending seeds are applied already under other names:
  2026-01-02-new was 2026-01-01-old
note: stopped at: no seed; applied before: none; not attempted: 2025-01-01-before, 2026-01-02-new; the failed step is \
                 rolled back, so a retry is safe
help: mark them, so that they do not run again; one that is to run again needs other code, if only another DESCRIPTION:
    cargo kumiko-ops seed:mark 2026-01-02-new"
            );
        }
        assert_eq!(database.markers().await, ["2026-01-01-old"]);
        let status = |history| Status::compare(runner.seeds().iter().map(Seed::info), history, &flags(&[]), &Environment::Unset);
        let before = status(runner.ledger(&database.pool).history().await.unwrap());
        let states: Vec<_> = before.seeds.iter().map(|seed| (seed.state, seed.remark())).collect();
        assert_eq!(
            states,
            [
                (State::OutOfOrder, None),
                (State::Missing, Some("its text is now that of 2026-01-02-new".to_owned())),
                (State::Renamed, Some("applied as 2026-01-01-old, whose file is gone".to_owned())),
            ]
        );
        assert!(before.has_drifted());

        runner.ledger(&database.pool).mark(new.info()).await.unwrap();
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied.len(), 1);
        let warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, ["seed 2025-01-01-before is out of order: 2026-01-02-new is already applied"]);
        let after = status(runner.ledger(&database.pool).history().await.unwrap());
        assert_eq!(after.seeds[1].state, State::Former);
        assert_eq!(after.seeds[1].remark().as_deref(), Some("its file is now 2026-01-02-new"));
        assert!(!after.has_drifted() && !after.has_pending());
        // Whoever goes back to the release before has the old file again.
        let report = app::runner(vec![note!("2025-01-01-before"), old]).apply(&database.pool).await.unwrap();
        assert_eq!((report.applied.len(), report.warnings.len()), (0, 0));
    }

    async fn only_what_a_run_would_apply_stops_it(database: &TestDatabase<DB>) {
        let old = note!("2026-01-01-old");
        app::runner(vec![old]).apply(&database.pool).await.unwrap();
        let renamed = kumiko_tests::seeds::skippable(Seed { id: "2026-01-02-new", skip_flag: "KUMIKO_SKIP_ES_OPS_NEW", ..old });
        let seeds = vec![note!("2026-01-03-other"), renamed];
        let skipping = app::runner(seeds).skip_flags(flags(&[("KUMIKO_SKIP_ES_OPS_NEW", "1")]));
        let report = skipping.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied[0].id, "2026-01-03-other");
    }

    async fn a_copy_of_a_seed_that_is_still_there_runs(database: &TestDatabase<DB>) {
        let first = kumiko_tests::seeds::seed("2026-01-01-first", |_| Box::pin(async { Ok(()) }));
        app::runner(vec![first]).apply(&database.pool).await.unwrap();
        let copy = Seed { id: "2026-01-02-copy", ..first };
        let report = app::runner(vec![first, copy]).apply(&database.pool).await.unwrap();
        assert_eq!(report.applied[0].id, "2026-01-02-copy");
        // With another text it runs, too.
        let edited = Seed { id: "2026-01-03-edited", source_hash: "1111111111111111", text_hash: "", ..first };
        let report = app::runner(vec![edited]).apply(&database.pool).await;
        assert!(!matches!(report, Err(stopped) if matches!(stopped.error, Error::Renamed { .. })));
    }
}
