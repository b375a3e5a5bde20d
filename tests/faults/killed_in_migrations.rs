//! Processes that are killed again and again while they migrate streams, beside people who write to these, and started again.

use std::cell::Cell;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use futures_util::future::join;
use kumiko_seeds::events::{EventStoreError, SYSTEM_TENANT_ID, User};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::migrations::{NEW, OLD, deposit, moves, runner, stream, wrong};
use kumiko_tests::on_both_databases;
use kumiko_tests::replicas::replica;
use kumiko_tests::wallets::{handlers, prepare};
use tokio::process::Child;
use tokio::time::sleep;

const SIGKILL: i32 = 9;
const WALLETS: u128 = 600;
const KILLS: u128 = 20;
const WORKERS: usize = 3;

/// What does not belong together, as one statement sees it: an old stream is as it was, or closed, archived and in the new tenant, with
/// as many events.
fn apart() -> String {
    format!(
        "SELECT CAST(aggregate_id AS text) || ' ' || old || ' ' || new || ' ' || closed || ' ' || archived FROM (
             SELECT aggregate_id,
                    sum(CASE WHEN tenant_id = '{OLD}' AND type = 'deposited' THEN 1 ELSE 0 END) AS old,
                    sum(CASE WHEN tenant_id = '{NEW}' AND metadata->'migratedFrom' IS NOT NULL THEN 1 ELSE 0 END) AS new,
                    sum(CASE WHEN type = 'kumiko:stream-migrated' THEN 1 ELSE 0 END) AS closed,
                    (SELECT count(*) FROM kumiko_archived_streams AS archived
                     WHERE archived.aggregate_id = kumiko_events.aggregate_id) AS archived
             FROM kumiko_events WHERE tenant_id IN ('{OLD}', '{NEW}') GROUP BY aggregate_id) AS streams
         WHERE NOT (closed = 0 AND new = 0 AND archived = 0 OR closed = 1 AND new = old AND archived = 1)"
    )
}

async fn fill<DB: Engine>(database: &TestDatabase<DB>) {
    prepare(database).await;
    let handlers = handlers::<DB>();
    let mut connection = database.pool.acquire().await.unwrap();
    DB::run(&mut connection, "BEGIN").await.unwrap();
    for number in 1..=WALLETS {
        let events = [deposit(number, 1), deposit(number, 2)];
        let (of, user) = (stream(OLD, number), User::system());
        let appended = handlers.append_events(&mut connection, &of, 0, events, &user);
        appended.await.unwrap();
    }
    // So that there is the table that is looked at.
    let other = kumiko_seeds::events::Stream {
        tenant_id: SYSTEM_TENANT_ID,
        ..stream(OLD, 9_999)
    };
    let user = User::system();
    let appended = handlers.append_events(&mut connection, &other, 0, [deposit(9_999, 1)], &user);
    appended.await.unwrap();
    DB::run(&mut connection, "COMMIT").await.unwrap();
    drop(connection);
    let others = [other];
    let archived = handlers.archive_streams(&database.pool, &others, &user, None);
    archived.await.unwrap();
}

async fn migrated<DB: Engine>(database: &TestDatabase<DB>) -> u128 {
    let done = "SELECT CAST(count(*) - 1 AS text) FROM kumiko_archived_streams";
    database.text(done).await.parse().unwrap()
}

/// Appends to any wallet, where it is. Gives how many events were taken.
async fn writes<DB: Engine>(database: &TestDatabase<DB>, is_over: &Cell<bool>) -> usize {
    let mut written = 0;
    while !is_over.get() {
        let number = fastrand::u128(1..=WALLETS);
        let mut transaction = database.pool.begin().await.unwrap();
        let handlers = handlers::<DB>();
        for tenant in [OLD, NEW] {
            let of = stream(tenant, number);
            let version = handlers.store().stream_version(&mut transaction, &of).await;
            let version = version.unwrap();
            let (event, user) = (deposit(number, 7), User::system());
            let appended = handlers.append_events(&mut transaction, &of, version, [event], &user);
            match appended.await {
                Ok(_) => {
                    transaction.commit().await.unwrap();
                    written += 1;
                    break;
                }
                Err(EventStoreError::StreamArchived { .. }) => {}
                // Of another writer, and on SQLite one who wrote between reading and writing.
                Err(_) => break,
            }
        }
        sleep(Duration::from_millis(2)).await;
    }
    written
}

/// Kills a process. Whether it was still there.
async fn killed_or_done(mut process: Child) -> bool {
    process.start_kill().unwrap();
    let output = process.wait_with_output().await.unwrap();
    let was_killed = output.status.signal() == Some(SIGKILL);
    assert!(was_killed || output.status.success(), "{output:?}");
    was_killed
}

async fn kill_and_restart<DB: Engine>(database: &TestDatabase<DB>) -> usize {
    let start = || replica("migrate", &database.url).spawn().unwrap();
    let mut workers: Vec<Child> = (0..WORKERS).map(|_| start()).collect();
    let mut killed = 0;
    for kill in 0..KILLS {
        while migrated(database).await < kill * WALLETS / (KILLS + 1) {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(Duration::from_millis(fastrand::u64(..15))).await;
        let index = fastrand::usize(..WORKERS);
        let dying = std::mem::replace(&mut workers[index], start());
        killed += usize::from(killed_or_done(dying).await);
        assert_eq!(database.texts(&apart()).await, [""; 0]);
    }
    for worker in workers {
        let output = worker.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    killed
}

on_both_databases! {
    async fn twenty_kills_migrate_each_stream_once(database: &TestDatabase<DB>) {
        fill(database).await;
        let is_over = Cell::new(false);
        let kills = async {
            let killed = kill_and_restart(database).await;
            is_over.set(true);
            killed
        };
        let (killed, written) = join(kills, writes(database, &is_over)).await;
        println!("{}: {killed} of {KILLS} kills met a worker, beside {written} writes", DB::NAME);
        assert!(killed >= 12, "{killed}");
        // A boot finds nothing more to do.
        let report = runner(vec![moves()]).apply(&database.pool).await.unwrap();
        assert!(report.applied.is_empty());
        assert_eq!(migrated(database).await, WALLETS);
        assert_eq!(database.texts(&apart()).await, [""; 0]);
        let gaps = "SELECT CAST(aggregate_id AS text) FROM kumiko_events GROUP BY tenant_id, aggregate_id
                    HAVING count(*) <> max(version) OR min(version) <> 1";
        assert_eq!(database.texts(gaps).await, [""; 0]);
        let taken = database.text("SELECT CAST(count(*) AS text) FROM kumiko_events
                                   WHERE CAST(payload->>'amount' AS integer) = 7 AND metadata->'migratedFrom' IS NULL").await;
        assert_eq!(taken, written.to_string());
        assert_eq!(wrong(database, "wallets").await, 0);
    }
}
