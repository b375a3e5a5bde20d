//! Many clients and seeds write to the same streams at once: no event is lost, none is doubled.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use kumiko_seeds::events::{Access, HandlerResult, Handlers, NewEvent, User, WriteContext};
use kumiko_seeds::{Seed, json};
use kumiko_tests::app;
use kumiko_tests::database::Engine;
use kumiko_tests::on_both_databases;
use kumiko_tests::seeds::seed;
use serde::{Deserialize, Serialize};
use sqlx::Pool;
use uuid::Uuid;

const CLIENTS: u32 = 16;
const STREAMS: u64 = 3;

/// How long the clients write. A minute is `KUMIKO_TEST_SECONDS=60`.
fn time() -> Duration {
    let seconds = std::env::var("KUMIKO_TEST_SECONDS").ok();
    Duration::from_secs(seconds.and_then(|text| text.parse().ok()).unwrap_or(3))
}

/// One of many that differ in `by` or in `number`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Deposit {
    account: u64,
    by: String,
    number: u64,
}

/// Appends after what it has read, and counts in a projection, which loses a deposit if two transactions interleave.
async fn deposit<DB: Engine>(
    mut write: WriteContext<'_, DB>,
    deposit: Deposit,
) -> HandlerResult<i32> {
    let stream = write.stream("account", Uuid::from_u128(deposit.account.into()));
    let version = write.stream_version(&stream).await?;
    let event = NewEvent::new("deposited", &deposit);
    let version = write.append(&stream, version, [event]).await?;
    let account = deposit.account;
    let update = format!("UPDATE read_accounts SET deposits = {version} WHERE account = {account}");
    DB::run(write.connection().await?, &update).await?;
    Ok(version)
}

fn seeds<DB: Engine>() -> Vec<Seed<DB>> {
    vec![
        seed("2026-01-01-one-by-one", |ctx| {
            Box::pin(async move {
                for number in 0..20u64 {
                    let account = number % STREAMS;
                    let deposit = json!({ "account": account, "by": ctx.id(), "number": number });
                    ctx.system_write_as("account:write:deposit", deposit)
                        .await?;
                }
                Ok(())
            })
        }),
        seed("2026-01-02-at-once", |ctx| {
            Box::pin(async move {
                let by = ctx.id();
                let deposits = (0..20u64).map(move |number| Deposit {
                    account: number % STREAMS,
                    by: by.to_owned(),
                    number,
                });
                ctx.system_batch("account:write:deposit", deposits).await?;
                Ok(())
            })
        }),
    ]
}

/// Writes until the time is over; the numbers of the deposits that are said to be made.
async fn client<DB: Engine>(
    handlers: &Handlers<DB>,
    pool: &Pool<DB>,
    client: u32,
    end: Instant,
) -> BTreeSet<String> {
    let by = format!("client {client}");
    let mut made = BTreeSet::new();
    for number in 0.. {
        if Instant::now() > end {
            break;
        }
        let deposit = Deposit {
            account: fastrand::u64(..STREAMS),
            by: by.clone(),
            number,
        };
        let user = User::new(&by, ["Teller"]);
        // Half of them want to know of a conflict at once.
        let retries = if client.is_multiple_of(2) { 0 } else { 5 };
        let write = handlers.write_as(user, "account:write:deposit", deposit);
        match write.retries(retries).commit(pool).await {
            Ok(_) => {
                made.insert(format!("{by} {number}"));
            }
            Err(error) if error.is_conflict() => {}
            // SQLite is fair to nobody, and has one writer.
            Err(error) if format!("{error:?}").contains("database is locked") => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    made
}

/// Runs until both are applied: a seed that lost too often against so many writers fails, and is started again.
async fn boots<DB: Engine>(handlers: &Arc<Handlers<DB>>, pool: &Pool<DB>) -> u32 {
    let runner = app::runner(seeds()).handlers(handlers.clone());
    let mut failures = 0;
    while let Err(stopped) = runner.apply(pool).await {
        let said = format!("{stopped:?}");
        assert!(
            said.contains("version conflict in stream account"),
            "{said}"
        );
        failures += 1;
    }
    failures
}

on_both_databases! {
    async fn no_event_is_lost_or_doubled(database: &TestDatabase<DB>) {
        app::create_tables::<DB>(&mut database.pool.acquire().await.unwrap()).await.unwrap();
        database.execute("CREATE TABLE read_accounts (account integer, deposits integer)").await;
        for account in 0..STREAMS {
            database.execute(&format!("INSERT INTO read_accounts VALUES ({account}, 0)")).await;
        }
        let handlers = Arc::new(
            app::handlers::<DB>().register("account:write:deposit", Access::OpenToAll, deposit::<DB>),
        );
        let pool = database.pool_of(CLIENTS + 1).await;
        let end = Instant::now() + time();
        let clients = join_all((0..CLIENTS).map(|number| client(&handlers, &pool, number, end)));
        let (made, failures) = join(clients, boots(&handlers, &pool)).await;
        pool.close().await;

        let mut expected: BTreeSet<String> = made.into_iter().flatten().collect();
        println!("{} deposits by clients; the seeds were started {} times", expected.len(), failures + 1);
        assert!(expected.len() > 20, "the clients made only {}", expected.len());
        for seed in seeds::<DB>() {
            expected.extend((0..20).map(|number| format!("{} {number}", seed.id)));
        }
        let events = "SELECT (payload->>'by') || ' ' || CAST(payload->>'number' AS text) FROM kumiko_events";
        let stored = database.texts(events).await;
        assert_eq!(stored.len(), expected.len(), "an event is lost or doubled");
        assert_eq!(stored.into_iter().collect::<BTreeSet<_>>(), expected);
        let gaps = "SELECT CAST(aggregate_id AS text) FROM kumiko_events GROUP BY aggregate_id
                    HAVING COUNT(*) <> MAX(version)";
        assert_eq!(database.texts(gaps).await, [""; 0]);
        let counted = database.text("SELECT CAST(SUM(deposits) AS text) FROM read_accounts").await;
        assert_eq!(counted, expected.len().to_string());
    }
}
