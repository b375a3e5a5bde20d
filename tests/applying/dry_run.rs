//! What would be done, found out by doing it and rolling it back.

use kumiko_seeds::json;
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note, on_both_databases};

on_both_databases! {
    async fn it_lists_the_events_and_leaves_no_trace(database: &TestDatabase<DB>) {
        // The second seed needs what the first one does.
        let second = seed("2026-01-02-b", |ctx| Box::pin(async move {
            DB::run(ctx.db().await?, "SELECT text FROM read_notes").await?;
            let rename = app::RenameNote { from: "2026-01-01-a".into(), to: "b".into() };
            ctx.system_execute(rename).await?;
            ctx.system_write_as("notes:write:add", json!({ "text": "c" })).await?;
            Ok(())
        }));
        let runner = app::runner(vec![note!("2026-01-01-a"), second]);
        let dry = runner.dry_run(&database.pool).await.unwrap();
        let events: Vec<_> = dry
            .seeds
            .iter()
            .flat_map(|seed| seed.events.iter().map(move |event| {
                format!("{} {} {} {}", seed.id, event.event_type, event.aggregate_type, event.version)
            }))
            .collect();
        assert_eq!(
            events,
            [
                "2026-01-01-a note-added note 1",
                "2026-01-02-b note-renamed note 2",
                "2026-01-02-b note-added note 1"
            ]
        );
        assert_eq!(dry.seeds[0].events[0].tenant_id.as_deref().unwrap(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(dry.seeds[0].events[0].aggregate_id, app::id("2026-01-01-a").to_string());
        assert_eq!(dry.warnings, []);
        for table in ["kumiko_events", "kumiko_es_operations", "read_notes"] {
            let there = DB::execute(&database.pool, &format!("SELECT 1 FROM {table}")).await;
            assert!(there.is_err(), "{table}");
        }

        // Then it goes as it said.
        let report = runner.apply(&database.pool).await.unwrap();
        let events: Vec<_> = report.applied.iter().map(|seed| seed.events).collect();
        assert_eq!(events, [1, 2]);
        assert_eq!(runner.dry_run(&database.pool).await.unwrap().seeds, []);
    }

    async fn it_fails_where_the_run_would(database: &TestDatabase<DB>) {
        let fails = seed("2026-01-02-fails", |_| Box::pin(async { Err("no".into()) }));
        let runner = app::runner(vec![note!("2026-01-01-a"), fails, note!("2026-01-03-c")]);
        let stopped = runner.dry_run(&database.pool).await.unwrap_err();
        assert_eq!(
            format!("{stopped:?}"),
            "seed 2026-01-02-fails failed\ncaused by: no\nnote: stopped at: 2026-01-02-fails; applied \
             before: none; not attempted: 2026-01-03-c; the failed step is rolled back, so a retry is safe"
        );
        assert_eq!(runner.ledger(&database.pool).history().await.unwrap().markers, []);
    }
}
