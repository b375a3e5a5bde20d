//! What a seed writes is what the published store would have written.

use kumiko_seeds_cqrs_es::ExecuteCommands;
use kumiko_tests::seeds::seed;
use kumiko_tests_cqrs_es::account::Account;
use kumiko_tests_cqrs_es::account::AccountCommand::{
    self, Deposit, DepositTwice, Nothing, Open, Withdraw,
};
use kumiko_tests_cqrs_es::app::{Requests, events, runner, views};
use kumiko_tests_cqrs_es::on_both_stores;

/// The last one takes all that is there, so it is refused if an old event or one of the seed's own was not read.
const COMMANDS: [AccountCommand; 5] = [
    Nothing,
    DepositTwice { amount: 5 },
    Nothing,
    Deposit { amount: -1 },
    Withdraw { amount: 49 },
];

on_both_stores! {
    /// The old events are of a version before the app's, so that nobody reads them without upcasters.
    async fn events_and_views_are_the_same(database: &TestDatabase<DB>) {
        for id in ["by a seed", "by people"] {
            let old = format!(
                "INSERT INTO events VALUES
                 ('account', '{id}', 1, 'opened', '1.0', '\"Opened\"', '{{}}'),
                 ('account', '{id}', 2, 'deposited', '1.0', '{{\"Deposited\":{{\"amount\":40}}}}', '{{}}')"
            );
            database.execute(&old).await;
        }
        let requests = Requests::<DB>::on(database).await;
        for command in COMMANDS {
            requests.execute("by people", command).await.unwrap();
        }
        requests.execute("new by people", Open).await.unwrap();
        let gift = seed("2026-05-20-gift", |ctx| {
            Box::pin(async move {
                let who = [("who", "a person")];
                for command in COMMANDS {
                    ctx.execute::<Account>("by a seed", command).metadata(who).await?;
                }
                ctx.execute::<Account>("new by a seed", Open).metadata(who).await?;
                Ok(())
            })
        });
        runner(vec![gift]).apply(&database.pool).await.unwrap();

        for rows in [events(database).await, views(database).await] {
            let (by_seed, by_people): (Vec<String>, Vec<String>) =
                rows.into_iter().partition(|row| row.contains("by a seed"));
            assert!(by_seed.len() >= 2, "{by_seed:?}");
            let as_by_people = |row: &String| row.replacen("by a seed", "by people", 1);
            let by_seed: Vec<String> = by_seed.iter().map(as_by_people).collect();
            assert_eq!(by_seed, by_people);
        }
    }
}
