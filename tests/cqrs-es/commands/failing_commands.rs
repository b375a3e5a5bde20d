//! A command that failed, or was never awaited, fails its seed, whatever the seed makes of it.

use kumiko_seeds::SeedRunner;
use kumiko_seeds_cqrs_es::{Commands, ExecuteCommands, ExecuteError};
use kumiko_tests::seeds::seed;
use kumiko_tests_cqrs_es::account::AccountCommand::{Deposit, Open, Withdraw};
use kumiko_tests_cqrs_es::account::{Account, AccountError, AccountView, Bank};
use kumiko_tests_cqrs_es::app::{failure, is_untouched, runner};
use kumiko_tests_cqrs_es::on_both_stores;

on_both_stores! {
    async fn a_refusal_that_is_swallowed_fails_the_seed(database: &TestDatabase<DB>) {
        let swallows = seed("2026-05-20-swallows", |ctx| {
            Box::pin(async move {
                ctx.execute::<Account>("a1", Open).await?;
                let refused = ctx.execute::<Account>("a1", Withdraw { amount: 1 }).await.unwrap_err();
                let ExecuteError::Refused { source, .. } = refused else {
                    return Err(refused.into());
                };
                assert!(matches!(source.downcast_ref(), Some(AccountError::NotEnough(0))));
                let late = ctx.execute::<Account>("a1", Deposit { amount: 1 }).await.unwrap_err();
                assert_eq!(
                    late.to_string(),
                    "nothing was done by the command to account a1, because a write in it failed: account a1 \
                     refuses the command: there are only 0 in the account"
                );
                Ok(())
            })
        });
        assert_eq!(
            failure(runner(vec![swallows]).apply(&database.pool).await),
            [
                "seed 2026-05-20-swallows returned Ok, but a write in it failed: account a1 refuses the command: \
                 there are only 0 in the account"
            ]
        );
        assert!(is_untouched(database).await);
    }

    async fn a_command_that_was_never_awaited_fails_the_seed(database: &TestDatabase<DB>) {
        let forgets = seed("2026-05-20-forgets", |ctx| {
            Box::pin(async move {
                ctx.execute::<Account>("a1", Open).await?;
                drop(ctx.execute::<Account>("a1", Deposit { amount: 1 }));
                Ok(())
            })
        });
        assert_eq!(
            failure(runner(vec![forgets]).apply(&database.pool).await),
            [
                "seed 2026-05-20-forgets returned Ok, but the command to account a1 was not awaited to its end"
            ]
        );
        assert!(is_untouched(database).await);
    }

    async fn an_aggregate_that_was_not_handed_over_is_named(database: &TestDatabase<DB>) {
        let opens = seed("2026-05-20-opens", |ctx| {
            Box::pin(async move {
                ctx.execute::<Account>("a1", Open).await?;
                Ok(())
            })
        });
        let runner = SeedRunner::<DB>::new(vec![opens].leak());
        assert_eq!(
            *failure(runner.apply(&database.pool).await).last().unwrap(),
            "the runner knows no commands of \"account\"; hand them over: \
             `runner.with(Commands::<…>::on_event_store(services))`"
        );
        assert!(is_untouched(database).await);
    }

    async fn a_view_that_fails_takes_its_events_with_it(database: &TestDatabase<DB>) {
        database.execute("INSERT INTO account_view VALUES ('a1', 1, '{\"balance\":\"much\"}')").await;
        let opens = seed("2026-05-20-opens", |ctx| {
            Box::pin(async move {
                ctx.execute::<Account>("a1", Open).await.unwrap_err();
                Ok(())
            })
        });
        let stopped = failure(runner(vec![opens]).apply(&database.pool).await);
        assert!(stopped[0].contains("view a1 of account_view could not be read: invalid type"), "{stopped:?}");
        database.execute("DELETE FROM account_view").await;
        assert!(is_untouched(database).await);
    }

    async fn what_is_no_name_of_a_table_enters_no_statement(database: &TestDatabase<DB>) {
        let opens = || seed("2026-05-20-opens", |ctx| {
            Box::pin(async move {
                ctx.execute::<Account>("a1", Open).await?;
                Ok(())
            })
        });
        let commands = || Commands::<Account>::on_event_store(Bank::default());
        for commands in [
            commands().tables("events; DROP TABLE events", "snapshots"),
            commands().tables("events", "snapshots s"),
            commands().view::<AccountView>("account_view --"),
        ] {
            let stopped = failure(runner(vec![opens()]).with(commands).apply(&database.pool).await);
            assert!(stopped.last().unwrap().contains("is no name of a table"), "{stopped:?}");
            assert!(is_untouched(database).await);
        }
    }
}
