//! What a run prepares in its session, to do it for each seed anew, is gone when the app gets the connection back.

use std::time::Duration;

use kumiko_seeds::events::{Access, HandlerResult, WriteContext};
use kumiko_seeds::{Seed, SeedRunner, SkipFlags, json};
use kumiko_tests::app::{create_tables, handlers};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::note;
use kumiko_tests::seeds::seed;
use serde::Deserialize;
use sqlx::{Connection, PgConnection, Pool, Postgres};

/// The prepared statements that are not the driver's.
const NAMES: &str = "SELECT CAST(name AS text) FROM pg_prepared_statements WHERE from_sql";

#[derive(Deserialize)]
struct Sql {
    sql: String,
}

/// Runs any SQL in the transaction of its seed, as a handler.
async fn run(mut write: WriteContext<'_, Postgres>, Sql { sql }: Sql) -> HandlerResult {
    Postgres::run(write.connection().await?, &sql).await?;
    Ok(())
}

/// A seed that runs SQL in a handler, with which a session stays the run's own.
macro_rules! sql {
    ($id:literal, $sql:expr) => {
        seed($id, |ctx| {
            Box::pin(async move {
                let sql: &str = $sql;
                ctx.system_write_as("any:write:sql", json!({ "sql": sql }))
                    .await?;
                Ok(())
            })
        })
    };
}

/// A runner without a preparation, after which a connection is not kept.
fn runner(seeds: Vec<Seed<Postgres>>) -> SeedRunner<Postgres> {
    let handlers = handlers().register("any:write:sql", Access::OpenToAll, run);
    SeedRunner::new(seeds.leak())
        .handlers(handlers)
        .skip_flags(SkipFlags::default())
}

/// A database with a place for names, and a pool of one connection.
async fn prepared() -> (TestDatabase<Postgres>, Pool<Postgres>) {
    let database = Postgres::create().await;
    let table = "CREATE TABLE seen (seed text, name text)";
    database.execute(table).await;
    create_tables::<Postgres>(&mut database.pool.acquire().await.unwrap())
        .await
        .unwrap();
    let pool = database.pool_of(1).await;
    (database, pool)
}

const NOTE_NAMES: &str =
    "INSERT INTO seen SELECT 'later', name FROM pg_prepared_statements WHERE from_sql";

#[tokio::test]
async fn each_is_prepared_once_for_all_seeds_of_a_run() {
    let (database, pool) = prepared().await;
    let seeds = vec![
        // The ledger is made with the first, so the chain begins with the second.
        note!("2026-01-01-first"),
        note!("2026-01-01-second"),
        sql!(
            "2026-01-02-early",
            "INSERT INTO seen SELECT 'early', name FROM pg_prepared_statements WHERE from_sql"
        ),
        note!("2026-01-03-between"),
        sql!("2026-01-04-later", NOTE_NAMES),
        note!("2026-01-05-last"),
    ];
    runner(seeds).apply(&pool).await.unwrap();
    let early = database
        .texts("SELECT name FROM seen WHERE seed = 'early' ORDER BY name")
        .await;
    let later = database
        .texts("SELECT name FROM seen WHERE seed = 'later' ORDER BY name")
        .await;
    // Guard, search path, marker, lock and look.
    assert_eq!(early.len(), 5, "{early:?}");
    assert_eq!(early, later);
    assert_eq!(Postgres::texts(&pool, NAMES).await, [""; 0]);
    pool.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_run_of_one_seed_prepares_nothing() {
    let (database, pool) = prepared().await;
    let only = sql!("2026-01-01-only", NOTE_NAMES);
    runner(vec![only]).apply(&pool).await.unwrap();
    assert_eq!(
        database
            .text("SELECT CAST(count(*) AS text) FROM seen")
            .await,
        "0"
    );
    assert_eq!(Postgres::texts(&pool, NAMES).await, [""; 0]);
    pool.close().await;
    database.remove().await;
}

/// Applies `seeds`, of which the last fails, and looks at the connection that the app has then.
async fn assert_nothing_is_left(seeds: Vec<Seed<Postgres>>) {
    let (database, pool) = prepared().await;
    let session = "SELECT CAST(pg_backend_pid() AS text)";
    let before = Postgres::texts(&pool, session).await;
    runner(seeds).apply(&pool).await.unwrap_err();
    assert_eq!(Postgres::texts(&pool, NAMES).await, [""; 0]);
    let after = Postgres::texts(&pool, session).await;
    assert_eq!(before, after, "the connection was not kept");
    pool.close().await;
    database.remove().await;
}

#[tokio::test]
async fn nothing_is_left_after_an_error_of_the_database() {
    assert_nothing_is_left(vec![
        note!("2026-01-01-first"),
        note!("2026-01-02-second"),
        sql!("2026-01-03-fails", "SELECT 1 / 0"),
    ])
    .await;
}

#[tokio::test]
async fn nothing_is_left_after_an_error_of_the_seed_itself() {
    assert_nothing_is_left(vec![
        note!("2026-01-01-first"),
        note!("2026-01-02-second"),
        seed("2026-01-03-fails", |_| Box::pin(async { Err("no".into()) })),
    ])
    .await;
}

#[tokio::test]
async fn nothing_is_left_after_a_marker_that_is_refused() {
    assert_nothing_is_left(vec![
        note!("2026-01-01-first"),
        note!("2026-01-02-second"),
        sql!(
            "2026-01-03-taken",
            "INSERT INTO kumiko_es_operations VALUES ('2026-01-03-taken', 'other', now(), 0, 'boot')"
        ),
    ])
    .await;
}

/// What came after the marker in the same message was not prepared.
#[tokio::test]
async fn nothing_is_left_after_a_marker_that_is_refused_where_the_chain_begins() {
    assert_nothing_is_left(vec![
        note!("2026-01-01-first"),
        sql!(
            "2026-01-02-taken",
            "INSERT INTO kumiko_es_operations VALUES ('2026-01-02-taken', 'other', now(), 0, 'boot')"
        ),
        note!("2026-01-03-never"),
    ])
    .await;
}

#[tokio::test]
async fn nothing_is_left_after_a_handler_has_committed() {
    assert_nothing_is_left(vec![
        note!("2026-01-01-first"),
        note!("2026-01-02-second"),
        sql!("2026-01-03-commits", "COMMIT"),
    ])
    .await;
}

/// The last seed is found applied with the lock, and its transaction rolled back.
#[tokio::test]
async fn nothing_is_left_after_a_seed_that_somebody_else_has_applied() {
    let (database, pool) = prepared().await;
    let seeds = vec![
        note!("2026-01-01-first"),
        note!("2026-01-01-second"),
        sql!(
            "2026-01-02-marks-the-next",
            "INSERT INTO kumiko_es_operations VALUES ('2026-01-03-last', 'seed-migration', now(), 0, 'boot')"
        ),
        note!("2026-01-03-last"),
    ];
    runner(seeds).apply(&pool).await.unwrap();
    assert_eq!(database.payloads().await.len(), 2);
    assert_eq!(Postgres::texts(&pool, NAMES).await, [""; 0]);
    pool.close().await;
    database.remove().await;
}

/// Somebody waits for the lock in the server, and so gets it between two seeds.
#[tokio::test]
async fn nothing_is_left_when_somebody_else_gets_the_lock_between_two_seeds() {
    let (database, pool) = prepared().await;
    let seeds = vec![
        note!("2026-01-01-first"),
        note!("2026-01-01-second"),
        sql!("2026-01-02-slow", "SELECT pg_sleep(1)"),
        note!("2026-01-03-last"),
    ];
    let applied = tokio::spawn(async move {
        let pool = pool;
        runner(seeds).apply(&pool).await.unwrap();
        Postgres::texts(&pool, NAMES).await
    });
    let sleeps = "SELECT CAST(count(*) AS text) FROM pg_stat_activity \
                  WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while database.text(sleeps).await != "1" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    let lock = "SELECT pg_advisory_xact_lock(1702063984)";
    Postgres::run(&mut transaction, lock).await.unwrap();
    assert_eq!(database.payloads().await.len(), 2, "the lock came too late");
    transaction.rollback().await.unwrap();
    assert_eq!(applied.await.unwrap(), [""; 0]);
    assert_eq!(database.payloads().await.len(), 3);
    other.close().await.unwrap();
    database.remove().await;
}

/// A seed may do anything in its session, so it is asked what is left of what was prepared.
#[tokio::test]
async fn a_seed_that_takes_statements_away_is_in_nobody_s_way() {
    let (database, pool) = prepared().await;
    let seeds = vec![
        note!("2026-01-01-first"),
        note!("2026-01-02-second"),
        seed("2026-01-03-takes-one-away", |ctx| {
            Box::pin(async move {
                let sql = "DO $$ BEGIN EXECUTE (SELECT 'DEALLOCATE ' || min(name) \
                           FROM pg_prepared_statements WHERE from_sql); END $$";
                Postgres::run(ctx.unmanaged_db().await?, sql).await?;
                Ok(())
            })
        }),
        note!("2026-01-04-after"),
        seed("2026-01-05-takes-all-away", |ctx| {
            Box::pin(async move {
                let sql = "DO $$ DECLARE statement text; BEGIN \
                           FOR statement IN SELECT name FROM pg_prepared_statements WHERE from_sql \
                           LOOP EXECUTE 'DEALLOCATE ' || statement; END LOOP; END $$";
                Postgres::run(ctx.unmanaged_db().await?, sql).await?;
                Ok(())
            })
        }),
        note!("2026-01-06-after"),
        sql!("2026-01-07-later", NOTE_NAMES),
        note!("2026-01-08-last"),
    ];
    runner(seeds).apply(&pool).await.unwrap();
    let later = database.texts("SELECT DISTINCT name FROM seen").await;
    assert_eq!(later.len(), 5, "{later:?}");
    assert_eq!(database.payloads().await.len(), 5);
    assert_eq!(Postgres::texts(&pool, NAMES).await, [""; 0]);
    pool.close().await;
    database.remove().await;
}
