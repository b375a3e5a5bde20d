//! PgBouncer in its other modes: one is as good as no pooler, the other forbids transactions.

use kumiko_seeds_testing::{PgBouncer, PoolMode};
use kumiko_tests::database::{Engine, server_url};
use kumiko_tests::replicas::{boot_at_once, each_seed_ran_once};
use kumiko_tests::{app, note};
use sqlx::{Pool, Postgres};

/// More processes than connections: the others wait for a connection before they wait for the lock.
#[tokio::test]
async fn session_mode_works_with_prepared_statements() {
    let pooler = PgBouncer::start(&server_url(), PoolMode::Session).unwrap();
    let database = Postgres::create().await;
    boot_at_once(&pooler.url(&database.url), 4).await;
    each_seed_ran_once(&database).await;
    database.remove().await;
}

#[tokio::test]
async fn statement_mode_is_refused_with_nothing_done() {
    let pooler = PgBouncer::start(&server_url(), PoolMode::Statement).unwrap();
    let database = Postgres::create().await;
    let url = pooler.url(&database.url);
    let pool = Pool::<Postgres>::connect(&url).await.unwrap();
    let runner = app::runner(vec![note!("2026-01-01-a")]);
    let stopped = runner.apply(&pool).await.unwrap_err();
    assert_eq!(stopped.to_string(), "could not take the lock of seeds");
    let cause = std::error::Error::source(&*stopped).unwrap().to_string();
    let expected = "transaction blocks not allowed in statement pooling mode";
    assert!(cause.contains(expected), "{cause}");
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.texts(tables).await, [""; 0]);
    database.remove().await;
}
