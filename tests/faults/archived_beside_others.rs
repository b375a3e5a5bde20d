//! Streams that are archived and restored all the time, beside people who write to them and rebuilds of their rows.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::{join_all, join4};
use kumiko_seeds::events::{
    Access, EventStoreError, HandlerResult, Handlers, NewEvent, SYSTEM_TENANT_ID, Stream, User,
    WriteContext,
};
use kumiko_seeds::json;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{self, Change, make, prepare, runner};
use tokio::time::sleep;
use uuid::Uuid;

const WALLETS: u128 = 12;
const WRITERS: usize = 3;
const ROUNDS: usize = 4;

/// Deposits of streams that are not archived, beside the rows, as one statement sees both.
const WRONG: &str = "
    SELECT CAST(event.id AS text) || ' should have ' || event.balance FROM (
        SELECT aggregate_id AS id, sum(CAST(payload->>'amount' AS bigint)) AS balance
        FROM kumiko_events WHERE type = 'deposited' AND NOT EXISTS (
            SELECT 1 FROM kumiko_archived_streams AS archived WHERE archived.aggregate_id = kumiko_events.aggregate_id)
        GROUP BY aggregate_id) AS event
    LEFT JOIN read_wallets AS wallet ON wallet.id = event.id
    WHERE wallet.id IS NULL OR wallet.balance <> event.balance
    UNION ALL
    SELECT CAST(id AS text) || ' should not be there' FROM read_wallets WHERE EXISTS (
        SELECT 1 FROM kumiko_archived_streams AS archived WHERE archived.aggregate_id = read_wallets.id)";

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128((0x0101_0101_0101_0101 * (number + 1)) << 64)
}

/// Handlers close the first half, and somebody on call archives the other.
fn one_to_close() -> Uuid {
    wallet(fastrand::u128(..WALLETS / 2))
}

fn one_to_archive() -> Uuid {
    wallet(fastrand::u128(WALLETS / 2..WALLETS))
}

/// Says that the wallet is closed, and archives it.
async fn close<DB: Engine>(mut write: WriteContext<'_, DB>, id: Uuid) -> HandlerResult {
    let stream = write.stream("wallet", id);
    let version = write.stream_version(&stream).await?;
    let retired = NewEvent::new("retired", json!({}));
    write.append(&stream, version, [retired]).await?;
    write.archive(&stream, None).await?;
    Ok(())
}

async fn reopen<DB: Engine>(mut write: WriteContext<'_, DB>, id: Uuid) -> HandlerResult {
    let stream = write.stream("wallet", id);
    write.restore(&stream).await?;
    Ok(())
}

fn handlers<DB: Engine>() -> Handlers<DB> {
    wallets::handlers()
        .register("wallet:write:close", Access::OpenToAll, close)
        .register("wallet:write:reopen", Access::OpenToAll, reopen)
}

async fn write<DB: Engine>(database: &TestDatabase<DB>, handler: &str, id: Uuid) {
    let handlers = handlers::<DB>();
    let write = handlers.write_as(User::system(), handler, id);
    write.retries(1_000).commit(&database.pool).await.unwrap();
}

async fn closes_and_reopens<DB: Engine>(database: &TestDatabase<DB>, is_over: &Cell<bool>) -> u32 {
    let mut closed = 0;
    while !is_over.get() {
        let id = one_to_close();
        write(database, "wallet:write:close", id).await;
        sleep(Duration::from_millis(fastrand::u64(..20))).await;
        write(database, "wallet:write:reopen", id).await;
        closed += 1;
    }
    closed
}

/// No row is there once a stream is archived, whoever was writing it then.
async fn archives_and_restores<DB: Engine>(
    database: &TestDatabase<DB>,
    is_over: &Cell<bool>,
) -> u32 {
    let handlers = handlers::<DB>();
    let mut archived = 0;
    while !is_over.get() {
        let stream = Stream {
            tenant_id: SYSTEM_TENANT_ID,
            aggregate_type: "wallet".to_owned(),
            aggregate_id: one_to_archive(),
        };
        let streams = [stream];
        let user = User::system();
        let done = handlers.archive_streams(&database.pool, &streams, &user, None);
        done.await.unwrap();
        let row = format!(
            "SELECT CAST(id AS text) FROM read_wallets WHERE id = '{}'",
            streams[0].aggregate_id
        );
        assert_eq!(database.texts(&row).await, [""; 0]);
        sleep(Duration::from_millis(fastrand::u64(..20))).await;
        let restored = handlers.restore_streams(&database.pool, &streams);
        restored.await.unwrap();
        archived += 1;
    }
    archived
}

/// Writes to any of them, and is refused where one is archived. Gives how often it has written.
async fn writes<DB: Engine>(database: &TestDatabase<DB>, is_over: &Cell<bool>) -> u32 {
    let handlers = handlers::<DB>();
    let mut written = 0;
    while !is_over.get() {
        let id = wallet(fastrand::u128(..WALLETS));
        let change = Change::deposit(id, 1);
        let write = handlers.write_as(User::system(), "wallet:write:change", change);
        match write.retries(1_000).commit(&database.pool).await {
            Ok(_) => written += 1,
            Err(error) => {
                let refused = error.of_handler::<EventStoreError>();
                let is_archived = matches!(refused, Some(EventStoreError::StreamArchived { .. }));
                assert!(is_archived, "{error:?}");
            }
        }
        sleep(Duration::from_millis(3)).await;
    }
    written
}

on_both_databases! {
    async fn rows_are_there_as_long_as_streams_are(database: &TestDatabase<DB>) {
        prepare(database).await;
        let deposits = (0..WALLETS).map(|number| Change::deposit(wallet(number), 1));
        make(database, &handlers(), deposits).await;
        // There is the table from here on.
        write(database, "wallet:write:close", wallet(0)).await;
        write(database, "wallet:write:reopen", wallet(0)).await;
        let is_over = Cell::new(false);
        let rebuilds = async {
            for _ in 0..ROUNDS {
                let runner = runner(handlers::<DB>()).step_size(1..=20);
                let runner = runner.rebuilding(&database.pool, &["wallets"]).await.unwrap();
                let report = runner.work(&database.pool).await;
                assert_eq!(report.applied.len(), 1, "{report:?}");
                // What handlers close goes and comes in one moment.
                let last = wallet(WALLETS / 2 - 1).to_string();
                let wrong = database.texts(WRONG).await;
                let wrong: Vec<_> = wrong.iter().filter(|line| line[..36] <= *last).collect();
                assert!(wrong.is_empty(), "{wrong:?}");
            }
            is_over.set(true);
        };
        let writers = join_all((0..WRITERS).map(|_| writes(database, &is_over)));
        let (written, closed, archived, ()) = join4(
            writers,
            closes_and_reopens(database, &is_over),
            archives_and_restores(database, &is_over),
            rebuilds,
        )
        .await;
        println!("{}: {written:?} writes, {closed} closed, {archived} archived", DB::NAME);
        assert!(closed > 3 && archived > 3);
        assert_eq!(database.texts(WRONG).await, [""; 0]);
        let handlers = handlers::<DB>();
        let check = handlers.check_projection(&database.pool, "wallets", 10).await.unwrap();
        assert_eq!(check.wrong(), 0, "{check:?}");
    }
}
