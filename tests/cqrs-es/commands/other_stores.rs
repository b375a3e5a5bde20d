//! An app that keeps snapshots is told so, before a seed does any harm to it.

use kumiko_seeds::Seed;
use kumiko_seeds_cqrs_es::ExecuteCommands;
use kumiko_tests::seeds::seed;
use kumiko_tests_cqrs_es::account::Account;
use kumiko_tests_cqrs_es::account::AccountCommand::{Deposit, Open};
use kumiko_tests_cqrs_es::app::{Requests, events, failure, has_no_marker, runner};
use kumiko_tests_cqrs_es::on_both_stores;
use kumiko_tests_cqrs_es::stores::Store;

/// Not the account that people have opened: also a new one would be in conflict for good.
fn opens<DB: Store>() -> Seed<DB> {
    seed("2026-05-20-opens", |ctx| {
        Box::pin(async move {
            ctx.execute::<Account>("a2", Open).await?;
            Ok(())
        })
    })
}

on_both_stores! {
    async fn an_app_on_the_aggregate_store_is_refused(database: &TestDatabase<DB>) {
        let requests = Requests::<DB>::on_aggregate_store(database).await;
        requests.execute("a1", Open).await.unwrap();
        let stopped = failure(runner(vec![opens()]).apply(&database.pool).await);
        assert_eq!(
            *stopped.last().unwrap(),
            "snapshots holds snapshots of \"account\"; only apps that use the event store are supported, which keeps none"
        );
        assert_eq!(events(database).await.len(), 1);
        assert!(has_no_marker(database).await);
        requests.execute("a2", Open).await.unwrap();
        requests.execute("a2", Deposit { amount: 1 }).await.unwrap();
    }

    async fn snapshots_of_other_aggregates_are_in_nobodys_way(database: &TestDatabase<DB>) {
        database.execute("INSERT INTO snapshots VALUES ('basket', 'b1', 1, 1, '{}')").await;
        runner(vec![opens()]).apply(&database.pool).await.unwrap();
        assert_eq!(events(database).await.len(), 1);
    }

    async fn the_table_of_snapshots_need_not_be_there(database: &TestDatabase<DB>) {
        database.execute("DROP TABLE snapshots").await;
        runner(vec![opens()]).apply(&database.pool).await.unwrap();
        assert_eq!(events(database).await.len(), 1);
    }
}
