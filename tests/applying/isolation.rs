//! Databases whose defaults would break the protocol.

use kumiko_tests::database::Engine;
use kumiko_tests::{app, note};
use sqlx::{Pool, Postgres};

use crate::replicas::{boot_at_once, each_seed_ran_once};

#[tokio::test]
async fn replicas_on_a_database_that_defaults_to_serializable() {
    for level in ["serializable", "repeatable read"] {
        let database = Postgres::create().await;
        let name = database.url.rsplit_once('/').unwrap().1;
        database
            .execute(&format!(
                "ALTER DATABASE {name} SET default_transaction_isolation = '{level}'"
            ))
            .await;
        let fresh = Pool::<Postgres>::connect(&database.url).await.unwrap();
        assert_eq!(
            Postgres::texts(&fresh, "SHOW transaction_isolation").await,
            [level]
        );
        fresh.close().await;
        boot_at_once(&database.url, 8).await;
        each_seed_ran_once(&database).await;
        database.remove().await;
    }
}

#[tokio::test]
async fn a_database_that_defaults_to_read_only_transactions() {
    let database = Postgres::create().await;
    let name = database.url.rsplit_once('/').unwrap().1;
    database
        .execute(&format!(
            "ALTER DATABASE {name} SET default_transaction_read_only = on"
        ))
        .await;
    let fresh = Pool::<Postgres>::connect(&database.url).await.unwrap();
    let report = app::runner(vec![note!("2026-01-01-a")])
        .apply(&fresh)
        .await
        .unwrap();
    assert_eq!(report.applied.len(), 1);
    fresh.close().await;
    database.remove().await;
}
