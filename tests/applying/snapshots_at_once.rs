//! Snapshots of aggregates that several transactions save and delete at once.

use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use kumiko_seeds::events::{
    Access, Aggregate, AggregateResult, HandlerResult, Handlers, Part, StoredEvent, WriteContext,
    forget_snapshots,
};
use kumiko_tests::app::id;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{self, Change};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{Pool, Postgres, Transaction};
use uuid::Uuid;

use crate::snapshots::{TENANT, ask, create_tables, deposits, handlers, snapshots, user};

const PATIENCE: Duration = Duration::from_secs(30);

async fn given(database: &TestDatabase<Postgres>, amounts: &[i64]) -> String {
    ask(
        database,
        TENANT,
        "accounts:write:deposit",
        deposits("a", amounts),
    )
    .await
}

/// Four deposits, a snapshot of none.
async fn an_account() -> TestDatabase<Postgres> {
    let database = Postgres::create().await;
    create_tables(&database).await;
    given(&database, &[1, 1, 1, 1]).await;
    database
}

/// A transaction that is open, and whose load has saved a snapshot.
async fn saving(database: &TestDatabase<Postgres>) -> Transaction<'static, Postgres> {
    let mut transaction = database.pool.begin().await.unwrap();
    load_within(&mut transaction).await;
    let saved = "SELECT count(*) FROM kumiko_snapshots";
    let saved: i64 = sqlx::query_scalar(saved)
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(saved, 1);
    transaction
}

/// Loads the account and appends nothing.
async fn load_within(transaction: &mut Transaction<'static, Postgres>) {
    let handlers = handlers::<Postgres>();
    let load = handlers.write_as(user(), "accounts:write:one", "a");
    load.in_tenant(TENANT).within(transaction).await.unwrap();
}

async fn forget(pool: Pool<Postgres>) -> u64 {
    let mut transaction = pool.begin().await.unwrap();
    let part = Some(Part::Aggregate(id("a")));
    let forgotten = forget_snapshots::<Postgres>(&mut transaction, "account", part).await;
    transaction.commit().await.unwrap();
    forgotten.unwrap()
}

/// Comes back when a session waits for what `event` says.
async fn is_waited_for(database: &TestDatabase<Postgres>, event: &str) {
    let waiting = format!(
        "SELECT CAST(pid AS text) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event = '{event}'"
    );
    let waited_for = async {
        while database.texts(&waiting).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited_for = tokio::time::timeout(PATIENCE, waited_for).await;
    waited_for.expect("somebody waits");
}

#[tokio::test]
async fn nobody_waits_for_whoever_saves_one() {
    for end in ["commit", "rollback", "kill"] {
        let database = an_account().await;
        let mut first = saving(&database).await;
        // Another goes on without. It would wait for the first at the key of the table.
        let append = tokio::time::timeout(PATIENCE, given(&database, &[1])).await;
        assert_eq!(append.expect("it does not wait"), "[4,4]");
        assert_eq!(snapshots(&database).await, [""; 0]);
        match end {
            "commit" => first.commit().await.unwrap(),
            "rollback" => first.rollback().await.unwrap(),
            _ => {
                let pid = "SELECT CAST(pg_backend_pid() AS text)";
                let pid: String = sqlx::query_scalar(pid)
                    .fetch_one(&mut *first)
                    .await
                    .unwrap();
                database
                    .text(&format!(
                        "SELECT CAST(pg_terminate_backend({pid}, 10000) AS text)"
                    ))
                    .await;
                drop(first);
            }
        }
        let expected: &[&str] = if end == "commit" { &["one 4 1 4"] } else { &[] };
        assert_eq!(snapshots(&database).await, expected, "{end}");
        // The next one saves, unless one event since a snapshot is too few.
        assert_eq!(given(&database, &[1]).await, "[5,5]");
        let expected = if end == "commit" {
            "one 4 1 4"
        } else {
            "one 5 1 5"
        };
        assert_eq!(snapshots(&database).await, [expected], "{end}");
        database.remove().await;
    }
}

#[tokio::test]
async fn whoever_forgets_them_waits_for_those_that_are_being_saved() {
    let database = an_account().await;
    let first = saving(&database).await;
    let forgetting = tokio::spawn(forget(database.pool.clone()));
    is_waited_for(&database, "advisory").await;
    // Meanwhile nobody waits, and nobody saves: not even of another aggregate.
    let other = || {
        ask(
            &database,
            TENANT,
            "accounts:write:deposit",
            deposits("b", &[1, 1, 1]),
        )
    };
    for expected in ["[0,0]", "[3,3]"] {
        let append = tokio::time::timeout(PATIENCE, other()).await;
        assert_eq!(append.expect("it does not wait"), expected);
    }
    assert_eq!(snapshots(&database).await, [""; 0]);
    assert!(!forgetting.is_finished());
    first.commit().await.unwrap();
    assert_eq!(forgetting.await.unwrap(), 1);
    assert_eq!(snapshots(&database).await, [""; 0]);
    assert_eq!(other().await, "[6,6]");
    assert_eq!(snapshots(&database).await, ["one 6 1 6"]);
    database.remove().await;
}

/// What an aggregate of a test says that it has come to its event, and what lets it go on.
static GATE: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>> = Mutex::new(None);

/// An account that stops at its first event after a snapshot.
#[derive(Default, Serialize, Deserialize)]
struct Stopping {
    balance: i64,
}

impl Aggregate for Stopping {
    const SNAPSHOT_EVERY: Option<u32> = Some(1);

    fn apply(&mut self, event: &StoredEvent) -> AggregateResult {
        let gate = GATE.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((reached, go_on)) = gate {
            reached.send(())?;
            go_on.recv_timeout(PATIENCE)?;
        }
        self.balance += event.payload["amount"].as_i64().unwrap_or_default();
        Ok(())
    }
}

async fn stop(mut write: WriteContext<'_, Postgres>, (): ()) -> HandlerResult<i64> {
    let stream = write.stream("account", id("a"));
    let (stopping, _) = write.load_aggregate::<Stopping>(&stream).await?;
    Ok(stopping.balance)
}

/// `apply` stops the thread that it is called in.
fn load_in_a_thread_of_its_own(url: &str) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let pool = Pool::<Postgres>::connect(url).await.unwrap();
        let handlers = Handlers::new().register("stop", Access::OpenToAll, stop);
        let write = handlers.write_as(user(), "stop", ()).in_tenant(TENANT);
        let loaded = write.commit(&pool).await.unwrap().output;
        pool.close().await;
        loaded
    })
}

/// A load that has read a snapshot and the one event after it saves none of its own, if that one is deleted before it comes to that.
#[tokio::test]
async fn what_began_with_a_forgotten_one_is_not_saved() {
    let database = an_account().await;
    given(&database, &[]).await;
    given(&database, &[1]).await;
    database
        .execute(r#"UPDATE kumiko_snapshots SET state = '{"balance": 1000, "note": ""}'"#)
        .await;
    for by_hand in [false, true] {
        let (reached, is_reached) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel();
        *GATE.lock().unwrap() = Some((reached, goes_on));
        let loading = tokio::task::spawn_blocking({
            let url = database.url.clone();
            move || load_in_a_thread_of_its_own(&url)
        });
        let is_reached = move || is_reached.recv_timeout(PATIENCE);
        tokio::task::spawn_blocking(is_reached)
            .await
            .unwrap()
            .unwrap();
        if by_hand {
            // Deleted, but not committed when the statement begins that saves.
            let mut transaction = database.pool.begin().await.unwrap();
            Postgres::run(&mut transaction, "DELETE FROM kumiko_snapshots")
                .await
                .unwrap();
            go_on.send(()).unwrap();
            is_waited_for(&database, "transactionid").await;
            transaction.commit().await.unwrap();
        } else {
            assert_eq!(forget(database.pool.clone()).await, 1);
            go_on.send(()).unwrap();
        }
        let balance = loading.await.unwrap();
        assert_eq!(balance, if by_hand { 6 } else { 1001 });
        assert_eq!(snapshots(&database).await, [""; 0], "{by_hand}");
        // As it was, for the next round.
        given(&database, &[]).await;
        given(&database, &[1]).await;
    }
    database.remove().await;
}

on_both_databases! {
    async fn a_rebuild_of_an_aggregate_or_a_tenant_forgets_them(database: &TestDatabase<DB>) {
        wallets::prepare(database).await;
        let handlers = wallets::handlers::<DB>();
        let wallet = |number: u128| Uuid::from_u128(number << 64);
        wallets::make(database, &handlers, (1..4).map(|number| Change::deposit(wallet(number), 1))).await;
        let tenant = |number: u128| Uuid::from_u128(number);
        for (number, aggregate_type) in [(1, "wallet"), (2, "wallet"), (3, "wallet"), (4, "purse")] {
            let tenant = tenant(if number == 3 { 2 } else { 1 });
            let wallet = wallet(number);
            database.execute(&format!(
                "INSERT INTO kumiko_snapshots (aggregate_id, tenant_id, aggregate_type, version, state)
                 VALUES ('{wallet}', '{tenant}', '{aggregate_type}', 1, '{{}}')"
            )).await;
        }
        for (part, left) in [(Part::Aggregate(wallet(1)), vec![2, 3, 4]), (Part::Tenant(tenant(2)), vec![2, 4])] {
            let runner = wallets::runner(wallets::handlers());
            let runner = runner.rebuilding_part(&database.pool, "wallets", part).await.unwrap();
            let report = runner.work(&database.pool).await;
            assert_eq!(report.applied.len(), 1, "{:?}", report.failed);
            let left: Vec<String> = left.into_iter().map(|number| wallet(number).to_string()).collect();
            let there = "SELECT CAST(aggregate_id AS text) FROM kumiko_snapshots ORDER BY aggregate_id";
            assert_eq!(database.texts(there).await, left);
        }
        // One of the whole projection leaves them.
        let runner = wallets::runner(wallets::handlers());
        let report = runner.rebuilding(&database.pool, &["wallets"]).await.unwrap().work(&database.pool).await;
        assert_eq!(report.applied.len(), 1, "{:?}", report.failed);
        assert_eq!(database.texts("SELECT CAST(version AS text) FROM kumiko_snapshots").await.len(), 2);
    }
}
