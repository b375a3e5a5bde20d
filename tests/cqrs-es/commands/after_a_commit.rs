//! What tells the outside world waits for the commit.

use std::sync::mpsc;

use cqrs_es::EventEnvelope;
use kumiko_seeds::Seed;
use kumiko_seeds_cqrs_es::ExecuteCommands;
use kumiko_tests::seeds::seed;
use kumiko_tests_cqrs_es::account::AccountCommand::{DepositTwice, Nothing, Open};
use kumiko_tests_cqrs_es::account::{Account, Bank};
use kumiko_tests_cqrs_es::app::{commands, runner};
use kumiko_tests_cqrs_es::on_both_stores;
use kumiko_tests_cqrs_es::stores::Store;

struct Fails;

fn opens<DB: Store>() -> Seed<DB> {
    seed("2026-05-20-opens", |ctx| {
        Box::pin(async move {
            ctx.execute::<Account>("a1", Open).await?;
            ctx.execute::<Account>("a1", Nothing).await?;
            ctx.execute::<Account>("a1", DepositTwice { amount: 7 })
                .await?;
            if ctx.app::<Fails>().is_some() {
                return Err("as it was told to".into());
            }
            Ok(())
        })
    })
}

on_both_stores! {
    async fn events_are_told_once_and_only_when_they_are_committed(database: &TestDatabase<DB>) {
        let (sender, outbox) = mpsc::channel::<Vec<EventEnvelope<Account>>>();
        let runner = || {
            let sender = sender.clone();
            let commands = commands(Bank::default());
            runner::<DB>(vec![opens()]).with(commands.after_commit(move |events| sender.send(events).unwrap()))
        };
        runner().with(Fails).apply(&database.pool).await.unwrap_err();
        runner().dry_run(&database.pool).await.unwrap();
        assert!(outbox.try_recv().is_err());
        runner().apply(&database.pool).await.unwrap();
        runner().apply(&database.pool).await.unwrap();
        let sequences = |events: Vec<EventEnvelope<Account>>| -> Vec<usize> {
            events.iter().map(|event| event.sequence).collect()
        };
        let told: Vec<_> = outbox.try_iter().map(sequences).collect();
        assert_eq!(told, [vec![1], vec![2, 3]]);
    }
}
