//! Events, views and marker are committed together or not at all, and the app goes on from there.

use kumiko_seeds::Seed;
use kumiko_seeds_cqrs_es::ExecuteCommands;
use kumiko_tests::seeds::seed;
use kumiko_tests_cqrs_es::account::Account;
use kumiko_tests_cqrs_es::account::AccountCommand::{Deposit, DepositTwice, Open, Withdraw};
use kumiko_tests_cqrs_es::app::{Requests, events, failure, has_no_marker, runner, views};
use kumiko_tests_cqrs_es::on_both_stores;
use kumiko_tests_cqrs_es::stores::Store;

/// Tells the seed to fail after its commands.
struct Fails;

/// Three commands on two accounts, one of which people have used.
fn gift<DB: Store>() -> Seed<DB> {
    seed("2026-05-20-gift", |ctx| {
        Box::pin(async move {
            let gift = DepositTwice { amount: 7 };
            ctx.execute::<Account>("a1", gift).await?;
            let given = ctx.execute::<Account>("a1", Deposit { amount: 1 }).await?;
            assert_eq!(given[0].sequence, 5);
            ctx.execute::<Account>("a2", Open).await?;
            if ctx.app::<Fails>().is_some() {
                return Err("as it was told to".into());
            }
            Ok(())
        })
    })
}

on_both_stores! {
    async fn a_seed_that_fails_leaves_nothing_and_then_succeeds_once(database: &TestDatabase<DB>) {
        let requests = Requests::<DB>::on(database).await;
        requests.execute("a1", Open).await.unwrap();
        requests.execute("a1", Deposit { amount: 100 }).await.unwrap();
        let before = (events(database).await, views(database).await);

        let stopped = runner(vec![gift()]).with(Fails).apply(&database.pool).await;
        assert_eq!(failure(stopped).last().unwrap(), "as it was told to");
        assert_eq!((events(database).await, views(database).await), before);
        assert!(has_no_marker(database).await);

        let report = runner(vec![gift()]).apply(&database.pool).await.unwrap();
        assert_eq!(report.applied[0].events, 4);
        let report = runner(vec![gift()]).apply(&database.pool).await.unwrap();
        assert!(report.applied.is_empty());
        assert_eq!(database.markers().await, ["2026-05-20-gift"]);

        requests.execute("a1", Withdraw { amount: 115 }).await.unwrap();
        requests.execute("a2", Deposit { amount: 3 }).await.unwrap();
        let positions: Vec<String> = events(database)
            .await
            .iter()
            .map(|event| event.split(' ').take(3).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            positions,
            [
                "a1 1 opened", "a1 2 deposited", "a1 3 deposited", "a1 4 deposited", "a1 5 deposited",
                "a1 6 withdrawn", "a2 1 opened", "a2 2 deposited",
            ]
        );
        assert_eq!(
            views(database).await,
            [
                "a1 5 {\"balance\":0,\"history\":[\"1 opened by a person\",\"2 deposited by a person\",\
                 \"3 deposited by nobody\",\"4 deposited by nobody\",\"5 deposited by nobody\",\
                 \"6 withdrawn by a person\"]}",
                "a2 2 {\"balance\":3,\"history\":[\"1 opened by nobody\",\"2 deposited by a person\"]}",
            ]
        );
    }
}
