//! A dry run lists the events, and keeps nothing.

use kumiko_seeds::AppendedEvent;
use kumiko_seeds_cqrs_es::ExecuteCommands;
use kumiko_tests::seeds::seed;
use kumiko_tests_cqrs_es::account::AccountCommand::{Deposit, Nothing, Open};
use kumiko_tests_cqrs_es::account::{Account, Bank};
use kumiko_tests_cqrs_es::app::{commands, is_untouched, runner};
use kumiko_tests_cqrs_es::on_both_stores;

on_both_stores! {
    async fn a_dry_run_lists_events_and_keeps_none(database: &TestDatabase<DB>) {
        let opens = seed("2026-05-20-opens", |ctx| {
            Box::pin(async move {
                ctx.execute::<Account>("a1", Open).await?;
                ctx.execute::<Account>("a1", Nothing).await?;
                ctx.execute::<Account>("a1", Deposit { amount: 7 }).await?;
                Ok(())
            })
        });
        let bank = Bank::default();
        let runner = runner(vec![opens]).with(commands(bank.clone()));
        let dry = runner.dry_run(&database.pool).await.unwrap();
        assert_eq!(
            dry.seeds[0].events,
            [
                AppendedEvent::new("account", "a1", 1, "opened"),
                AppendedEvent::new("account", "a1", 2, "deposited"),
            ]
        );
        assert!(is_untouched(database).await);
        assert_eq!(bank.asked(), 3, "services are called for real");
    }
}
