//! Timeouts that a database sets for its sessions: what they interrupt is undone and said, and they do
//! not interrupt what is no statement and no idleness.

use std::time::Duration;

use kumiko_seeds::{ApplyError, Seed, json};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::replicas::replica;
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note};
use sqlx::{Connection, Pool, Postgres};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::{sleep, timeout};

/// A database with this setting for all sessions but those that the tests already have.
async fn database_with(setting: &str) -> (TestDatabase<Postgres>, Pool<Postgres>) {
    let database = Postgres::create().await;
    let first = app::runner(vec![note!("2025-12-31-first")]);
    first.apply(&database.pool).await.unwrap();
    let name = database.url.rsplit_once('/').unwrap().1;
    let alter = format!("ALTER DATABASE {name} SET {setting}");
    database.execute(&alter).await;
    let limited = database.pool_of(3).await;
    (database, limited)
}

/// Applies `interrupted` on `limited`, which fails, and then a harmless seed of the same id without
/// the limit, which must find nothing of the first.
async fn fails_and_is_repeated(
    database: TestDatabase<Postgres>,
    limited: Pool<Postgres>,
    interrupted: Seed<Postgres>,
) -> Box<ApplyError> {
    let run = app::runner(vec![interrupted]);
    let run = timeout(Duration::from_secs(20), run.apply(&limited)).await;
    let stopped = run.unwrap().unwrap_err();
    assert_eq!(database.payloads().await.len(), 1);
    let repeated = app::runner(vec![note!("2026-01-01-a")]);
    repeated.apply(&database.pool).await.unwrap();
    assert_eq!(
        database.markers().await,
        ["2025-12-31-first", "2026-01-01-a"]
    );
    assert_eq!(database.payloads().await.len(), 2);
    limited.close().await;
    database.remove().await;
    stopped
}

#[track_caller]
fn assert_text(stopped: &ApplyError, expected: &[&str]) {
    let text = format!("{stopped:?}");
    for part in expected {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(text.contains("so a retry is safe"), "{text}");
}

#[tokio::test]
async fn a_statement_of_a_seed_that_takes_too_long() {
    let (database, limited) = database_with("statement_timeout = '300ms'").await;
    let slow = seed("2026-01-01-a", |ctx| {
        Box::pin(async move {
            let note = json!({ "text": "2026-01-01-a" });
            ctx.system_write_as("notes:write:add", note).await?;
            Postgres::run(ctx.db().await?, "SELECT pg_sleep(10)").await?;
            Ok(())
        })
    });
    let stopped = fails_and_is_repeated(database, limited, slow).await;
    let cause = "canceling statement due to statement timeout";
    assert_text(&stopped, &["seed 2026-01-01-a failed", cause]);
}

/// It is over its time although the database is asked nothing; the seed learns of it when it asks.
#[tokio::test]
async fn a_seed_that_computes_for_longer_than_a_transaction_may_idle() {
    let setting = "idle_in_transaction_session_timeout = '200ms'";
    let (database, limited) = database_with(setting).await;
    let computes = seed("2026-01-01-a", |ctx| {
        Box::pin(async move {
            let note = json!({ "text": "2026-01-01-a" });
            ctx.system_write_as("notes:write:add", note).await?;
            sleep(Duration::from_millis(600)).await;
            Ok(())
        })
    });
    let stopped = fails_and_is_repeated(database, limited, computes).await;
    let cause = "terminating connection due to idle-in-transaction timeout";
    assert_text(&stopped, &["could not", cause]);
}

#[tokio::test]
async fn a_row_that_somebody_else_has_locked_for_too_long() {
    let (database, limited) = database_with("lock_timeout = '300ms'").await;
    let mut other = database.pool.acquire().await.unwrap().detach();
    Postgres::run(&mut other, "BEGIN; LOCK TABLE read_notes")
        .await
        .unwrap();
    let waits = seed("2026-01-01-a", |ctx| {
        Box::pin(async move {
            let note = json!({ "text": "2026-01-01-a" });
            ctx.system_write_as("notes:write:add", note).await?;
            Ok(())
        })
    });
    let run = app::runner(vec![waits]).apply(&limited).await;
    other.close().await.unwrap();
    let cause = "canceling statement due to lock timeout";
    assert_text(&run.unwrap_err(), &["seed 2026-01-01-a failed", cause]);
    // Not locked any more.
    let report = app::runner(vec![waits]).apply(&limited).await.unwrap();
    assert_eq!(report.applied.len(), 1);
    assert_eq!(database.payloads().await.len(), 2);
    limited.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_table_of_operations_that_somebody_has_locked_for_too_long() {
    let (database, limited) = database_with("lock_timeout = '300ms'").await;
    let mut other = database.pool.acquire().await.unwrap().detach();
    let lock = "BEGIN; LOCK TABLE kumiko_es_operations";
    Postgres::run(&mut other, lock).await.unwrap();
    let run = app::runner(vec![note!("2026-01-01-a")])
        .apply(&limited)
        .await;
    other.close().await.unwrap();
    let cause = "canceling statement due to lock timeout";
    let step = "could not read which seeds are applied";
    assert_text(&run.unwrap_err(), &[step, cause]);
    let report = app::runner(vec![note!("2026-01-01-a")])
        .apply(&limited)
        .await
        .unwrap();
    assert_eq!(report.applied.len(), 1);
    limited.close().await;
    database.remove().await;
}

/// The lock is asked for again and again, each time in a transaction of its own.
#[tokio::test]
async fn the_wait_for_the_lock_of_seeds_is_none_of_them() {
    let settings = [
        "statement_timeout = '250ms'",
        "lock_timeout = '250ms'",
        "idle_in_transaction_session_timeout = '250ms'",
    ];
    for setting in settings {
        let (database, limited) = database_with(setting).await;
        let direct = format!(
            "{}?options=-c%20idle_in_transaction_session_timeout=0",
            database.url
        );
        let mut holder = replica("hold", &direct).spawn().unwrap();
        let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        let line = timeout(Duration::from_secs(20), lines.next_line()).await;
        assert_eq!(line.unwrap().unwrap().as_deref(), Some("holding"));
        let runner = app::runner(vec![note!("2026-01-01-a")]);
        let (run, ()) = tokio::join!(runner.apply(&limited), async {
            sleep(Duration::from_millis(700)).await;
            drop(holder.stdin.take());
        });
        assert_eq!(run.unwrap().applied.len(), 1, "{setting}");
        holder.wait().await.unwrap();
        limited.close().await;
        database.remove().await;
    }
}
