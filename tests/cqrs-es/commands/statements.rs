//! Values are bound, and statements are named only on connections that keep them.

use kumiko_seeds::Seed;
use kumiko_seeds_cqrs_es::ExecuteCommands;
use kumiko_tests::seeds::seed;
use kumiko_tests_cqrs_es::account::Account;
use kumiko_tests_cqrs_es::account::AccountCommand::{Deposit, Open};
use kumiko_tests_cqrs_es::app::runner;
use kumiko_tests_cqrs_es::stores;
use sqlx::Postgres;

/// What the session has prepared.
const PREPARED: &str =
    "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%events%'";

fn secret<DB: stores::Store>(id: &'static str) -> Seed<DB> {
    seed(id, |ctx| {
        Box::pin(async move {
            ctx.execute::<Account>("secret", Open).await?;
            let secret = ctx.execute::<Account>("secret", Deposit { amount: 4711 });
            secret.metadata([("who", "a secret")]).await?;
            Ok(())
        })
    })
}

#[tokio::test]
async fn nothing_that_is_stored_stands_in_a_statement() {
    let database = stores::database::<Postgres>().await;
    let looks = seed("2026-05-21-looks", |ctx| {
        Box::pin(async move {
            ctx.execute::<Account>("another secret", Open).await?;
            let prepared: Vec<String> = sqlx::query_scalar(PREPARED)
                .persistent(false)
                .fetch_all(ctx.db().await?)
                .await?;
            assert_eq!(prepared.len(), 2, "one reads, one appends: {prepared:?}");
            for statement in prepared {
                assert!(!statement.contains("secret") && !statement.contains("4711"));
            }
            Ok(())
        })
    });
    let seeds = vec![secret("2026-05-20-secret"), looks];
    runner(seeds).apply(&database.pool).await.unwrap();
    database.remove().await;
}

#[tokio::test]
async fn statements_have_no_names_if_the_app_asks_for_that() {
    let database = stores::database::<Postgres>().await;
    let looks = seed("2026-05-21-looks", |ctx| {
        Box::pin(async move {
            ctx.execute::<Account>("another secret", Open).await?;
            let prepared: Vec<String> = sqlx::query_scalar(PREPARED)
                .persistent(false)
                .fetch_all(ctx.db().await?)
                .await?;
            assert_eq!(prepared, [""; 0]);
            Ok(())
        })
    });
    let runner = runner(vec![looks]).unnamed_statements();
    runner.apply(&database.pool).await.unwrap();
    database.remove().await;
}
