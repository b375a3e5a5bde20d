//! Others append to the same aggregate, or change the same view, while a seed does. SQLite has one writer at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use cqrs_es::{EventEnvelope, View};
use kumiko_seeds_cqrs_es::{Commands, ExecuteCommands, ExecuteError};
use kumiko_tests::seeds::seed;
use kumiko_tests_cqrs_es::account::AccountCommand::{Deposit, Open};
use kumiko_tests_cqrs_es::account::{Account, Bank};
use kumiko_tests_cqrs_es::app::{
    Requests, commands, events, failure, has_no_marker, runner, views,
};
use kumiko_tests_cqrs_es::stores;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor, Postgres};

/// A failed statement would end the transaction, and then the seed could not even say so.
#[tokio::test]
async fn a_conflict_is_told_and_the_transaction_goes_on() {
    let database = stores::database::<Postgres>().await;
    let requests = Arc::new(Requests::on(&database).await);
    requests.execute("a1", Open).await.unwrap();
    let quicker = requests.clone();
    let bank = Bank::meanwhile(move || {
        let quicker = quicker.clone();
        Box::pin(async move { quicker.execute("a1", Deposit { amount: 1 }).await.unwrap() })
    });
    let gift = seed("2026-05-20-gift", |ctx| {
        Box::pin(async move {
            let gift = ctx.execute::<Account>("a1", Deposit { amount: 7 }).await;
            let error = gift.unwrap_err();
            assert!(error.is_conflict());
            assert!(matches!(error, ExecuteError::Conflict { sequence: 2, .. }));
            let count = "SELECT count(*) FROM events";
            let count: i64 = sqlx::query_scalar(count).fetch_one(ctx.db().await?).await?;
            assert_eq!(count, 2);
            Ok(())
        })
    });
    let runner = runner(vec![gift]).with(commands(bank));
    assert_eq!(
        failure(runner.apply(&database.pool).await),
        [
            "seed 2026-05-20-gift returned Ok, but a write in it failed: \
             conflict in account a1: somebody else has appended event 2: another writer was quicker"
        ]
    );
    assert_eq!(events(&database).await.len(), 2);
    assert!(has_no_marker(&database).await);
    database.remove().await;
}

#[tokio::test]
async fn a_seed_that_lost_a_race_is_tried_again() {
    let database = stores::database::<Postgres>().await;
    let requests = Arc::new(Requests::on(&database).await);
    requests.execute("a1", Open).await.unwrap();
    let (quicker, is_over) = (requests.clone(), AtomicBool::new(false));
    let bank = Bank::meanwhile(move || {
        let quicker = (!is_over.swap(true, Ordering::Relaxed)).then(|| quicker.clone());
        Box::pin(async move {
            if let Some(quicker) = quicker {
                quicker.execute("a1", Deposit { amount: 1 }).await.unwrap();
            }
        })
    });
    let gift = seed("2026-05-20-gift", |ctx| {
        Box::pin(async move {
            ctx.execute::<Account>("a1", Deposit { amount: 7 }).await?;
            Ok(())
        })
    });
    let runner = runner(vec![gift]).with(commands(bank));
    let report = runner.apply(&database.pool).await.unwrap();
    assert_eq!(
        (report.applied[0].retries, report.applied[0].events),
        (1, 1)
    );
    assert_eq!(events(&database).await.len(), 3);
    requests.execute("a1", Deposit { amount: 1 }).await.unwrap();
    database.remove().await;
}

/// Where the view below finds the database. It is changed by one test alone.
static URL: OnceLock<String> = OnceLock::new();

/// A view that somebody else changes whenever it is updated.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Contested {}

impl View<Account> for Contested {
    fn update(&mut self, _: &EventEnvelope<Account>) {
        let others = async {
            let mut connection = PgConnection::connect(URL.get().unwrap()).await.unwrap();
            let insert = "INSERT INTO account_view VALUES ('a1', 1, '{}')
                          ON CONFLICT (view_id) DO UPDATE SET version = account_view.version + 1";
            connection.execute(insert).await.unwrap();
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let others = move || runtime.unwrap().block_on(others);
        std::thread::spawn(others).join().unwrap();
    }
}

#[tokio::test]
async fn a_view_that_others_have_changed_is_not_overwritten() {
    let database = stores::database::<Postgres>().await;
    URL.set(database.url.clone()).unwrap();
    let opens = || {
        let opens = seed("2026-05-20-opens", |ctx| {
            Box::pin(async move {
                ctx.execute::<Account>("a1", Open).await?;
                Ok(())
            })
        });
        let commands = Commands::<Account>::on_event_store(Bank::default());
        runner(vec![opens]).with(commands.view::<Contested>("account_view"))
    };
    // It is tried three times more.
    assert_eq!(
        failure(opens().apply(&database.pool).await)[1..],
        [
            "conflict in view a1 of account_view: it is no longer at version 3",
            "another writer was quicker"
        ]
    );
    assert!(events(&database).await.is_empty());
    assert_eq!(views(&database).await, ["a1 4 {}"]);
    database.remove().await;
}
