//! The settings of an app's own sessions, as an `after_connect` of its pool makes them, do not reach the ledger.

use std::time::Duration;

use chrono::Utc;
use kumiko_seeds::{Error, SeedRunner};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note};
use sqlx::pool::PoolOptions;
use sqlx::{Executor, Pool, Postgres};

const SETTINGS: [&str; 18] = [
    "SET DateStyle = 'SQL, DMY'",
    "SET DateStyle = 'Postgres, MDY'",
    "SET DateStyle = 'German'",
    "SET DateStyle = 'ISO, YMD'",
    "SET TimeZone = 'Europe/Berlin'",
    "SET TimeZone = 'Asia/Kathmandu'",
    "SET DateStyle = 'German'; SET TimeZone = 'America/St_Johns'",
    "SET IntervalStyle = 'iso_8601'",
    "SET bytea_output = 'escape'",
    "SET extra_float_digits = -15",
    "SET standard_conforming_strings = off; SET escape_string_warning = on",
    "SET backslash_quote = off",
    "SET client_encoding = 'LATIN1'",
    "SET client_encoding = 'EUC_JP'",
    "SET search_path = public, pg_catalog",
    "SET search_path = \"$user\", public, pg_temp, pg_catalog",
    "SET lc_messages = 'C'; SET lc_time = 'C'",
    "SET transform_null_equals = on; SET array_nulls = off; SET quote_all_identifiers = on",
];

async fn pool_with(database: &TestDatabase<Postgres>, settings: &'static str) -> Pool<Postgres> {
    PoolOptions::new()
        .max_connections(2)
        .after_connect(move |connection: &mut sqlx::PgConnection, _| {
            Box::pin(async move { connection.execute(settings).await.map(drop) })
        })
        .connect(&database.url)
        .await
        .unwrap()
}

#[tokio::test]
async fn no_setting_makes_the_ledger_unreadable() {
    for settings in SETTINGS {
        let database = Postgres::create().await;
        let pool = pool_with(&database, settings).await;
        let seed = kumiko_seeds::Seed {
            description: "für alle: 5 € 'mehr' \\ 日本",
            ..note!("2026-01-01-a")
        };
        let before = Utc::now();
        let runner = app::runner(vec![seed, note!("2026-01-02-b")]);
        let report = runner.apply(&pool).await;
        assert_eq!(
            report.map(|report| report.applied.len()).ok(),
            Some(2),
            "{settings}"
        );
        assert_eq!(runner.apply(&pool).await.unwrap().applied, [], "{settings}");
        runner.ledger(&pool).unmark("2026-01-02-b").await.unwrap();
        runner
            .ledger(&pool)
            .mark(runner.seeds()[1].info())
            .await
            .unwrap();

        let history = runner.ledger(&pool).history().await.unwrap();
        let [marker, _] = history.markers.as_slice() else {
            panic!("{history:?}")
        };
        assert_eq!(
            marker.notes.as_deref(),
            Some(seed.description),
            "{settings}"
        );
        let age = marker.applied_at - before;
        assert!(age.num_seconds().abs() < 60, "{settings}: {age}");
        assert_eq!(history.interventions.len(), 2);
        let plain = runner.ledger(&database.pool).history().await.unwrap();
        assert_eq!(history, plain, "{settings}");
        pool.close().await;
        database.remove().await;
    }
}

#[tokio::test]
async fn the_holder_of_the_lock_is_named_with_its_time() {
    let database = Postgres::create().await;
    let pool = pool_with(&database, SETTINGS[6]).await;
    let mut holder = database.pool.begin().await.unwrap();
    holder
        .execute("SELECT pg_advisory_xact_lock(1702063984)")
        .await
        .unwrap();
    let runner = SeedRunner::new(vec![seed("2026-01-01-a", |_| Box::pin(async { Ok(()) }))].leak())
        .lock_timeout(Duration::from_millis(10));
    let stopped = runner.apply(&pool).await.unwrap_err();
    let Error::LockTimeout {
        holder: Some(named),
        ..
    } = stopped.error
    else {
        panic!("{stopped}")
    };
    let age = Utc::now() - named.since.unwrap();
    assert!(age.num_seconds().abs() < 60, "{age}");
    holder.rollback().await.unwrap();
    pool.close().await;
    database.remove().await;
}
