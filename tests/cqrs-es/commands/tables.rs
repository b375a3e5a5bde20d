//! Tables have the names that the app has given them.

use kumiko_seeds_cqrs_es::ExecuteCommands;
use kumiko_tests::seeds::seed;
use kumiko_tests_cqrs_es::account::AccountCommand::{Deposit, Open};
use kumiko_tests_cqrs_es::account::{Account, Bank};
use kumiko_tests_cqrs_es::app::{Requests, commands, events, failure, runner};
use kumiko_tests_cqrs_es::on_both_stores;
use kumiko_tests_cqrs_es::stores::create_tables;

on_both_stores! {
    /// The stores put the names into their statements as they are, so `My_Events` is another name to PostgreSQL in quotes.
    async fn tables_of_other_names_are_found(database: &TestDatabase<DB>) {
        for (id, tables) in [
            ("2026-05-20-folded", ("My_Events", "My_Snapshots")),
            ("2026-05-21-quoted", ("\"Your Events\"", "\"Your Snapshots\"")),
        ] {
            let (events_table, snapshots_table) = tables;
            create_tables(database, events_table, snapshots_table).await;
            let requests = Requests::<DB>::in_tables(database, Some(tables)).await;
            requests.execute(id, Open).await.unwrap();
            let gift = || seed(id, |ctx| {
                Box::pin(async move {
                    ctx.execute::<Account>(ctx.id(), Deposit { amount: 7 }).await?;
                    Ok(())
                })
            });
            let runner = || runner(vec![gift()]).with(commands(Bank::default()).tables(events_table, snapshots_table));
            runner().apply(&database.pool).await.unwrap();
            requests.execute(id, Deposit { amount: 1 }).await.unwrap();
            let count = format!("SELECT CAST(count(*) AS text) FROM {events_table}");
            assert_eq!(database.text(&count).await, "3");

            database.execute("DELETE FROM kumiko_es_operations").await;
            let snapshot = format!("INSERT INTO {snapshots_table} VALUES ('account', 'a', 1, 1, '{{}}')");
            database.execute(&snapshot).await;
            let stopped = failure(runner().apply(&database.pool).await);
            assert!(stopped.last().unwrap().contains("holds snapshots"), "{stopped:?}");
        }
        assert!(events(database).await.is_empty());
    }
}
