//! Databases whose defaults would break the protocol.

use kumiko_tests::database::Engine;
use kumiko_tests::replicas::{boot_at_once, each_seed_ran_once};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note};
use sqlx::{Executor, Pool, Postgres};

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
        // The window in which a snapshot older than the lock would double a seed is too small to hit, so
        // the seed itself looks at the level that closes it.
        let looks = seed("2025-12-31-looks", |ctx| {
            Box::pin(async move {
                let query = sqlx::query_scalar("SHOW transaction_isolation");
                let level: String = query.fetch_one(ctx.db().await?).await?;
                if level == "read committed" {
                    Ok(())
                } else {
                    Err(level.into())
                }
            })
        });
        app::runner(vec![looks]).apply(&fresh).await.unwrap();
        fresh
            .execute("DELETE FROM kumiko_es_operations")
            .await
            .unwrap();
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
