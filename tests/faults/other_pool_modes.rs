//! PgBouncer in its other modes: one is as good as no pooler, the other forbids transactions.

use kumiko_seeds::Targets;
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

/// Otherwise it might be another schema in which seeds run: a transaction may get any session.
#[tokio::test]
async fn a_schema_that_a_pooler_refuses_is_not_looked_for_in_another_way() {
    let database = Postgres::create().await;
    database
        .execute("CREATE SCHEMA tenant_a; CREATE SCHEMA tenant_b")
        .await;
    let runner = app::runner::<Postgres>(vec![note!("2026-01-01-a")]);
    for mode in [PoolMode::Session, PoolMode::Transaction] {
        let pooler = PgBouncer::start(&server_url(), mode).unwrap();
        let options = pooler.url(&database.url).parse().unwrap();
        let targets = Targets::<Postgres>::schemas(&options, "tenant_%")
            .await
            .unwrap();
        let outcomes = runner.apply_each(&targets).await;
        let [canary, other] = outcomes.as_slice() else {
            panic!("{outcomes:?}");
        };
        let Some(Err(stopped)) = &canary.result else {
            panic!("{canary:?}");
        };
        assert_eq!(stopped.to_string(), "could not connect to the database");
        let remedy = stopped.error.remedy().unwrap();
        assert!(
            remedy.ends_with("connect to the server itself for this"),
            "{remedy}"
        );
        assert!(other.result.is_none());
    }
    let tables = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'kumiko%'";
    assert_eq!(database.texts(tables).await, [""; 0]);
    database.remove().await;
}
