//! Projections after a test's writes.

use futures_util::future::BoxFuture;
use kumiko_seeds::events::{
    Handlers, NewEvent, Projection, ProjectionResult, Projections, SYSTEM_TENANT_ID, StoredEvent,
    Stream, User,
};
use kumiko_seeds_testing::{Error, TestDatabase, json};
use kumiko_tests::wallets::{Change, handlers, runner};
use uuid::Uuid;

use crate::{Engine, on_both_engines};

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128(number << 64)
}

/// Reads the total without a lock, and then writes an absolute value.
fn loses_updates<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        let amount = event.payload["amount"].as_i64().unwrap_or_default();
        let read = "INSERT INTO read_totals (what, total) SELECT 'all', 0 WHERE NOT EXISTS (SELECT 1 FROM read_totals)";
        DB::run(connection, read).await?;
        // What the statement reads is older than what it waits for.
        let write = format!(
            "UPDATE read_totals SET total = (SELECT t.total FROM read_totals AS t) + {amount}"
        );
        Ok(DB::run(connection, &write).await?)
    })
}

on_both_engines! {
    async fn rows_that_are_as_events_say_pass_and_others_are_shown() {
        let database = TestDatabase::new(runner::<DB>(handlers())).await.unwrap();
        let stream = Stream {
            tenant_id: SYSTEM_TENANT_ID,
            aggregate_type: "wallet".to_owned(),
            aggregate_id: wallet(1),
        };
        // What is given goes to the projections as well.
        let deposit = NewEvent::new("deposited", Change::deposit(wallet(1), 5));
        database.given_events(&stream, [deposit.clone(), deposit]).await.unwrap();
        let rows = json!([{ "balance": 10, "deposits": 2 }]);
        database.check_rows("SELECT balance, deposits FROM read_wallets", rows).await.unwrap();
        database.check_projection("wallets").await.unwrap();
        DB::run(&mut database.pool().acquire().await.unwrap(), "UPDATE read_wallets SET balance = 1").await.unwrap();
        let wrong = database.check_projection("wallets").await.unwrap_err();
        assert_eq!(
            format!("{wrong:?}"),
            format!(
                "1 rows of projection wallets are not what its events say:\n    \
                 read_wallets {}: different (balance)\n\
                 help: let `apply` depend on nothing but the event and the row as it is: `n = n + 1`, an upsert, or a read FOR UPDATE; \
                 and take the time from the event",
                wallet(1)
            )
        );
        let unknown = database.check_projection("walets").await.unwrap_err();
        assert_eq!(format!("{unknown:?}"), "there is no projection \"walets\"; there are wallets, totals");
    }

    async fn two_writes_at_once_are_both_kept() {
        let database = TestDatabase::new(runner::<DB>(handlers())).await.unwrap();
        let handlers = handlers::<DB>();
        let deposit = |number| {
            let change = Change::deposit(wallet(number), 5);
            handlers.write_as(User::system(), "wallet:write:change", change)
        };
        database.check_at_once(deposit(1), deposit(1), "wallets").await.unwrap();
        database.check_at_once(deposit(1), deposit(2), "totals").await.unwrap();
        let rows = json!([{ "total": 20 }]);
        database.check_rows("SELECT total FROM read_totals", rows).await.unwrap();
    }

    async fn an_apply_that_loses_updates_is_noticed() {
        let losing = || -> Handlers<DB> {
            let projection = Projection::new("totals", 1, loses_updates::<DB>)
                .of("wallet", ["deposited"])
                .shared_table("read_totals");
            handlers().projections(Projections::new().register(projection))
        };
        let database = TestDatabase::new(runner::<DB>(losing())).await.unwrap();
        let handlers = losing();
        let deposit = |number| {
            let change = Change::deposit(wallet(number), 5);
            handlers.write_as(User::system(), "wallet:write:change", change)
        };
        deposit(3).commit(database.pool()).await.unwrap();
        let checked = database.check_at_once(deposit(1), deposit(2), "totals").await;
        // SQLite has one writer at a time.
        if DB::NAME == "PostgreSQL" {
            assert!(matches!(checked, Err(Error::WrongRows { .. })), "{checked:?}");
        } else {
            checked.unwrap();
        }
    }
}
