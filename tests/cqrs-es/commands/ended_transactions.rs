//! A seed that commits on its own is noticed before the next command writes. SQLite refuses such a commit.

use kumiko_seeds_cqrs_es::ExecuteCommands;
use kumiko_tests::database::Engine;
use kumiko_tests::seeds::seed;
use kumiko_tests_cqrs_es::account::AccountCommand::Open;
use kumiko_tests_cqrs_es::account::{Account, Bank};
use kumiko_tests_cqrs_es::app::{commands, events, runner};
use kumiko_tests_cqrs_es::stores;
use sqlx::Postgres;

#[tokio::test]
async fn no_command_writes_after_a_commit_of_the_seeds_own() {
    let database = stores::database::<Postgres>().await;
    let commits = seed("2026-05-20-commits", |ctx| {
        Box::pin(async move {
            Postgres::run(ctx.unmanaged_db().await?, "COMMIT").await?;
            let refused = ctx.execute::<Account>("a1", Open).await.unwrap_err();
            assert_eq!(
                refused.to_string(),
                "nothing was written, because the transaction was ended before, by a COMMIT or ROLLBACK"
            );
            Err(refused.into())
        })
    });
    let bank = Bank::default();
    let runner = runner(vec![commits]).with(commands(bank.clone()));
    runner.apply(&database.pool).await.unwrap_err();
    assert!(events(&database).await.is_empty());
    assert_eq!(bank.asked(), 0);
    database.remove().await;
}
