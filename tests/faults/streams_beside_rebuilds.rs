//! Rows are rebuilt while streams are migrated, undone, written anew in place, and purged.

use futures_util::future::join;
use kumiko_seeds::Seed;
use kumiko_seeds::events::{
    ArchivedStreams, MigrateResult, MigratedEvent, NewStreams, OldStream, Purge, Streams, User,
};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::migrations::{
    NEW, OLD, append, deposit, of_old, runner, stream, to_new_tenant, wrong,
};
use kumiko_tests::wallets::{handlers, prepare};
use kumiko_tests::{migration, on_both_databases, undoing};

const WALLETS: u128 = 30;

/// The rows of wallets beside the deposits of live streams, as one statement sees both.
const WRONG: &str = "
    SELECT CAST(event.id AS text) || ' should have ' || event.balance || ' and not ' || coalesce(wallet.balance, -1) FROM (
        SELECT aggregate_id AS id, sum(CAST(payload->>'amount' AS bigint)) AS balance
        FROM kumiko_events WHERE type = 'deposited' AND NOT EXISTS (
            SELECT 1 FROM kumiko_archived_streams AS archived
            WHERE archived.tenant_id = kumiko_events.tenant_id AND archived.aggregate_id = kumiko_events.aggregate_id)
        GROUP BY aggregate_id) AS event
    LEFT JOIN read_wallets AS wallet ON wallet.id = event.id
    WHERE wallet.id IS NULL OR wallet.balance <> event.balance";

async fn fill<DB: Engine>(database: &TestDatabase<DB>) {
    prepare(database).await;
    for number in 1..=WALLETS {
        let of = stream(OLD, number);
        append(database, &of, 0, [deposit(number, 5), deposit(number, 6)]).await;
    }
    // The last is over, so that there is the table of marks.
    let (handlers, user) = (handlers::<DB>(), User::system());
    let last = [stream(OLD, WALLETS)];
    let archived = handlers.archive_streams(&database.pool, &last, &user, None);
    archived.await.unwrap();
}

/// One more in each deposit.
fn with_interest(old: &OldStream, into: &mut NewStreams) -> MigrateResult {
    let mut stream = into.stream(old.stream.clone());
    for event in &old.events {
        let amount = event.payload["amount"].as_i64();
        let amount = amount.ok_or("a deposit has no amount")?;
        let mut payload = event.payload.clone();
        payload["amount"] = (amount + 1).into();
        stream.append(MigratedEvent::of(event).payload(&payload));
    }
    Ok(())
}

fn in_place() -> Streams {
    Streams::of("wallet").in_tenant(OLD).in_place()
}

/// What is done to streams, one after another.
fn changes<DB: Engine>() -> Vec<Seed<DB>> {
    vec![
        migration!("2026-03-01-moves", of_old(), to_new_tenant),
        undoing!("2026-03-02-undoes", "2026-03-01-moves"),
        migration!("2026-03-03-anew", in_place(), with_interest),
        migration!("2026-03-04-moves", of_old(), to_new_tenant),
    ]
}

/// Does something to streams beside one rebuild, and looks whether the rows are what live streams say.
///
/// No other rebuild comes in between, which would make right what the two have made wrong together. `change` gives how much was applied.
async fn beside_a_rebuild<DB: Engine>(
    database: &TestDatabase<DB>,
    change: impl Future<Output = usize>,
) {
    let rebuilt = async {
        let rebuilding = runner::<DB>(vec![]).step_size(1..=7);
        let rebuilding = rebuilding.rebuilding(&database.pool, &["wallets"]);
        rebuilding.await.unwrap().work(&database.pool).await
    };
    let (changed, rebuilt) = join(change, rebuilt).await;
    assert_eq!((changed, rebuilt.applied.len()), (1, 1), "{rebuilt:?}");
    assert_eq!(database.texts(WRONG).await, [""; 0]);
    assert_eq!(wrong(database, "wallets").await, 0);
}

on_both_databases! {
    async fn rows_are_what_live_streams_say(database: &TestDatabase<DB>) {
        fill(database).await;
        for last in 1..=changes::<DB>().len() {
            let seeds: Vec<Seed<DB>> = changes().into_iter().take(last).collect();
            let runner = runner(seeds).step_size(1..=4);
            let change = async { runner.apply(&database.pool).await.unwrap().applied.len() };
            beside_a_rebuild(database, change).await;
        }
        let purging = runner::<DB>(vec![]).step_size(1..=4);
        let purging = purging.purging(&database.pool, Purge::of(ArchivedStreams::default())).await.unwrap();
        let purge = async { purging.work(&database.pool).await.applied.len() };
        beside_a_rebuild(database, purge).await;
        let balances = "SELECT CAST(count(*) AS text) FROM read_wallets WHERE balance = 13";
        assert_eq!(database.text(balances).await, (WALLETS - 1).to_string());
        let left = format!("SELECT CAST(count(*) AS text) FROM kumiko_events WHERE tenant_id <> '{NEW}'");
        assert_eq!(database.text(&left).await, "0");
    }
}
