//! What the original's table of projections says of rebuilds.

use futures_util::future::BoxFuture;
use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{Handlers, Projection, ProjectionResult, Projections, StoredEvent};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, handlers, make, prepare, runner};
use uuid::Uuid;

fn fails<'a, DB: Engine>(
    _: &'a mut DB::Connection,
    _: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async { Err("no such currency".into()) })
}

async fn state<DB: Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    let state = "SELECT name || ' ' || status || ' ' || last_processed_event_id || ' ' || coalesce(last_error, '-')
                        || ' ' || (CASE WHEN last_rebuild_at IS NULL THEN 'never' ELSE 'rebuilt' END)
                 FROM kumiko_projections ORDER BY name";
    database.texts(state).await
}

async fn work<DB: Engine>(database: &TestDatabase<DB>, runner: SeedRunner<DB>) -> usize {
    let runner = runner
        .rebuilding(&database.pool, &["wallets"])
        .await
        .unwrap();
    runner.work(&database.pool).await.failed.len()
}

on_both_databases! {
    async fn it_is_idle_rebuilding_or_failed(database: &TestDatabase<DB>) {
        prepare(database).await;
        let time = if DB::NAME == "PostgreSQL" { "timestamptz(3)" } else { "text" };
        database.execute(&format!(
            "CREATE TABLE kumiko_projections (
                 name text PRIMARY KEY, last_processed_event_id bigint NOT NULL DEFAULT 0,
                 status text NOT NULL DEFAULT 'idle', last_rebuild_at {time}, last_error text,
                 updated_at {time} NOT NULL DEFAULT CURRENT_TIMESTAMP)"
        )).await;
        let deposits = (0..9).map(|number| Change::deposit(Uuid::from_u128(number << 64), 1));
        make(database, &handlers(), deposits).await;

        // As it is seen from outside after a step.
        let slow = runner(handlers()).step_size(1..=1);
        let slow = slow.rebuilding(&database.pool, &["wallets"]).await.unwrap();
        let pace = kumiko_seeds::Pace::default().pause(std::time::Duration::from_millis(200));
        let slow = slow.pace(pace);
        let pool = database.pool_of(1).await;
        let seen = async {
            loop {
                let steps = database.texts("SELECT name FROM kumiko_projections").await;
                if !steps.is_empty() {
                    return state(database).await;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        let (report, seen) = futures_util::future::join(slow.work(&pool), seen).await;
        assert_eq!(seen, ["wallets rebuilding 0 - never"]);
        assert_eq!(report.applied.len(), 1);
        assert_eq!(state(database).await, ["wallets idle 9 - rebuilt"]);

        let projection = Projection::new("wallets", 2, fails::<DB>).of("wallet", ["deposited"]).table("read_wallets", "id");
        let failing = Handlers::new().projections(Projections::new().register(projection));
        assert_eq!(work(database, runner(failing)).await, 1);
        let failed = state(database).await;
        assert_eq!(failed.len(), 1);
        assert!(failed[0].starts_with("wallets failed 9 ") && failed[0].contains("no such currency"), "{failed:?}");

        assert_eq!(work(database, runner(handlers())).await, 0);
        assert_eq!(state(database).await, ["wallets idle 9 - rebuilt"]);
    }
}
