//! What the original's table of projections says of rebuilds.

use std::time::Duration;

use futures_util::future::BoxFuture;
use kumiko_seeds::events::{Handlers, Projection, ProjectionResult, Projections, StoredEvent};
use kumiko_seeds::{Pace, SeedRunner, SkipFlags, WorkReport, error_chain};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, handlers, make, prepare, runner};
use sqlx::Postgres;
use tokio::time::sleep;
use uuid::Uuid;

use crate::role::Role;

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

/// Leaves time between two steps to look from outside.
async fn rebuild_slowly<DB: Engine>(database: &TestDatabase<DB>) -> WorkReport {
    let slow = runner(handlers()).step_size(1..=1);
    let slow = slow.rebuilding(&database.pool, &["wallets"]);
    let pace = Pace::default().pause(Duration::from_millis(200));
    let slow = slow.await.unwrap().pace(pace);
    slow.work(&database.pool_of(1).await).await
}

/// The state as soon as it is seen from outside that a rebuild has begun.
async fn begun<DB: Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    let rebuilding = "SELECT name FROM kumiko_projections WHERE status = 'rebuilding'";
    while database.texts(rebuilding).await.is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    state(database).await
}

on_both_databases! {
    async fn without_the_table_nothing_happens(database: &TestDatabase<DB>) {
        prepare(database).await;
        make(database, &handlers(), [Change::deposit(Uuid::from_u128(1 << 64), 1)]).await;
        assert_eq!(work(database, runner(handlers())).await, 0);
        let projection = Projection::new("wallets", 2, fails::<DB>).of("wallet", ["deposited"]).table("read_wallets", "id");
        let failing = Handlers::new().projections(Projections::new().register(projection));
        assert_eq!(work(database, runner(failing)).await, 1);
        let tables = database.texts(DB::TABLES).await;
        assert!(!tables.contains(&"kumiko_projections".to_owned()), "{tables:?}");
    }

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

        let (report, seen) = futures_util::future::join(rebuild_slowly(database), begun(database)).await;
        assert_eq!(seen, ["wallets rebuilding 0 - never"]);
        assert_eq!(report.applied.len(), 1);
        assert_eq!(state(database).await, ["wallets idle 9 - rebuilt"]);

        let projection = Projection::new("wallets", 2, fails::<DB>).of("wallet", ["deposited"]).table("read_wallets", "id");
        let failing = Handlers::new().projections(Projections::new().register(projection));
        assert_eq!(work(database, runner(failing)).await, 1);
        let failed = state(database).await;
        assert_eq!(failed.len(), 1);
        assert!(failed[0].starts_with("wallets failed 9 ") && failed[0].contains("no such currency"), "{failed:?}");

        // What a failure leaves is gone at the beginning, and what comes late at the end.
        let late = async {
            let seen = begun(database).await;
            database.execute("UPDATE kumiko_projections SET last_error = 'late'").await;
            seen
        };
        let (report, seen) = futures_util::future::join(rebuild_slowly(database), late).await;
        assert_eq!(seen, ["wallets rebuilding 9 - rebuilt"]);
        assert_eq!(report.applied.len(), 1, "{report:?}");
        assert_eq!(state(database).await, ["wallets idle 9 - rebuilt"]);
    }
}

/// Row level security that hides the row would leave the original's tools with an old state, and nobody would know.
#[tokio::test]
async fn a_hidden_state_is_an_error_that_says_what_to_run() {
    let database = Postgres::create().await;
    prepare(&database).await;
    let deposit = Change::deposit(Uuid::from_u128(1 << 64), 1);
    make(&database, &handlers(), [deposit]).await;
    assert_eq!(work(&database, runner(handlers())).await, 0);
    database
        .execute(
            "CREATE TABLE kumiko_projections (
                 name text PRIMARY KEY, last_processed_event_id bigint NOT NULL DEFAULT 0,
                 status text NOT NULL DEFAULT 'idle', last_rebuild_at timestamptz(3), last_error text,
                 updated_at timestamptz(3) NOT NULL DEFAULT now());
             INSERT INTO kumiko_projections (name, status) VALUES ('wallets', 'failed');
             ALTER TABLE kumiko_projections ENABLE ROW LEVEL SECURITY;
             CREATE POLICY writes ON kumiko_projections FOR INSERT WITH CHECK (true)",
        )
        .await;
    let role = Role::create(&database).await;
    let grant = format!(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO {:?}",
        role.name
    );
    database.execute(&grant).await;
    let role = role.reconnect().await;
    let runner = SeedRunner::new(&[]).handlers(handlers());
    let runner = runner.skip_flags(SkipFlags::default());
    let runner = runner.rebuilding(&role.pool, &["wallets"]).await.unwrap();
    let report = runner.work(&role.pool).await;
    assert_eq!(report.failed.len(), 1, "{report:?}");
    let error = &report.failed[0].error;
    let told = error_chain(error).join(": ");
    assert!(told.contains("kumiko_projections"), "{told}");
    let remedy = error.remedy().unwrap_or_default();
    assert!(remedy.contains("CREATE POLICY"), "{remedy}");
    role.remove(&database).await;
    database.remove().await;
}
