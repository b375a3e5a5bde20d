//! A run whose future is dropped.

use std::time::Duration;

use kumiko_seeds::json;
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note, on_both_databases};

on_both_databases! {
    async fn it_rolls_back_frees_the_lock_and_spoils_no_connection(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2026-01-01-a")]).apply(&database.pool).await.unwrap();
        let hangs = seed("2026-01-02-hangs", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add", json!({ "text": "lost" })).await?;
            // Read-only, which is the state a connection must not keep.
            ctx.db().await?;
            std::future::pending().await
        }));
        let pool = database.pool_of(1).await;
        let runner = app::runner(vec![note!("2026-01-01-a"), hangs]);
        let run = tokio::time::timeout(Duration::from_millis(300), runner.apply(&pool));
        assert!(run.await.is_err());

        DB::execute(&pool, "INSERT INTO read_notes (text) VALUES ('by the app')").await.unwrap();
        assert_eq!(database.payloads().await.len(), 1);
        let next = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-hangs")]);
        assert_eq!(next.apply(&pool).await.unwrap().applied.len(), 1);
        pool.close().await;
    }
}
