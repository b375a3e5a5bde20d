//! What the app does before its first pending seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kumiko_tests::{app, note, on_both_databases};

on_both_databases! {
    async fn it_runs_once_and_only_if_a_seed_is_pending(database: &TestDatabase<DB>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let runner = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")])
            .prepare(move |connection| {
                counted.fetch_add(1, Ordering::Relaxed);
                Box::pin(app::create_tables::<DB>(connection))
            });
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 1);
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    async fn if_it_fails_it_is_undone_and_no_seed_is_attempted(database: &TestDatabase<DB>) {
        let runner = app::runner(vec![note!("2026-01-01-a")]).prepare(|connection| {
            Box::pin(async move {
                app::create_tables::<DB>(connection).await?;
                Err("no disk".into())
            })
        });
        let stopped = runner.apply(&database.pool).await.unwrap_err();
        assert_eq!(stopped.to_string(), "could not prepare the database for seeds");
        assert_eq!(std::error::Error::source(&*stopped).unwrap().to_string(), "no disk");
        assert_eq!((stopped.seed, stopped.not_attempted), (None, vec!["2026-01-01-a"]));
        let created = DB::execute(&database.pool, "SELECT 1 FROM read_notes").await;
        assert!(created.is_err());
    }
}
