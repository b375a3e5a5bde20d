//! A pool of one connection: a run that asked for a second would wait for itself.

use std::time::Duration;

use kumiko_seeds::json;
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note, on_both_databases};
use tokio::time::timeout;

on_both_databases! {
    async fn one_connection_is_enough(database: &TestDatabase<DB>) {
        let pool = database.pool_of(1).await;
        let reads = seed("2026-01-02-reads", |ctx| Box::pin(async move {
            DB::run(ctx.db().await?, "SELECT text FROM read_notes").await?;
            ctx.system_write_as("notes:write:add", json!({ "text": "read" })).await?;
            Ok(())
        }));
        let fails = seed("2026-01-03-fails", |_| Box::pin(async { Err("no".into()) }));
        let runner = app::runner(vec![note!("2026-01-01-a"), reads, fails]);
        let runs = async {
            let stopped = runner.apply(&pool).await.unwrap_err();
            assert_eq!(stopped.report.applied.len(), 2);
            runner.dry_run(&pool).await.unwrap_err();
            runner.ledger(&pool).history().await.unwrap();
            app::runner(vec![note!("2026-01-03-fails")]).apply(&pool).await.unwrap();
        };
        timeout(Duration::from_secs(20), runs).await.expect("the run waits for itself");
        assert_eq!(database.markers().await.len(), 3);
        pool.close().await;
    }
}
