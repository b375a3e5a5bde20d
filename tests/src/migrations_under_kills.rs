//! Streams that are migrated by processes that are killed again and again, beside people who write to these.

use std::cell::{Cell, RefCell};
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join;
use kumiko_seeds::events::{EventStoreError, SYSTEM_TENANT_ID, User};
use tokio::process::Child;
use tokio::time::sleep;

use crate::database::{Engine, TestDatabase};
use crate::migrations::{NEW, OLD, deposit, moves, runner, stream, wrong};
use crate::replicas::replica;
use crate::toll::Toll;
use crate::wallets::{handlers, prepare};

const SIGKILL: i32 = 9;
const WORKERS: usize = 3;

/// Moves so many wallets to another tenant, by processes of which so many are killed. After each kill and in the end an old stream is as it was, or
/// whole in its new place, and each answered write is there.
///
/// # Panics
/// If one is not.
pub async fn migrate_under_kills<DB: Engine>(
    database: &TestDatabase<DB>,
    wallets: u128,
    kills: u128,
    mut random: Rng,
) -> Toll {
    fill(database, wallets).await;
    let is_over = Cell::new(false);
    let of_writer = RefCell::new(random.fork());
    let any = || of_writer.borrow_mut().u128(1..=wallets);
    let killing = async {
        let killed = kill_and_restart(database, wallets, kills, random).await;
        is_over.set(true);
        killed
    };
    let (killed, written) = join(killing, writes(database, any, &is_over)).await;
    // A boot finds nothing more to do.
    let report = runner(vec![moves()]).apply(&database.pool).await.unwrap();
    assert!(report.applied.is_empty());
    assert_eq!(migrated(database).await, wallets);
    assert_eq!(database.texts(&apart()).await, [""; 0]);
    assert_eq!(database.texts(GAPS).await, [""; 0]);
    assert_eq!(database.text(WRITTEN).await, written.to_string());
    assert_eq!(wrong(database, "wallets").await, 0);
    Toll {
        processes: WORKERS as u64 + u64::try_from(kills).unwrap(),
        kills: killed,
        writes: written,
    }
}

const GAPS: &str =
    "SELECT CAST(aggregate_id AS text) FROM kumiko_events GROUP BY tenant_id, aggregate_id
                    HAVING count(*) <> max(version) OR min(version) <> 1";
/// What the writer writes, and no migration has.
const WRITTEN: &str = "SELECT CAST(count(*) AS text) FROM kumiko_events
                       WHERE CAST(payload->>'amount' AS integer) = 7 AND metadata->'migratedFrom' IS NULL";

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

async fn fill<DB: Engine>(database: &TestDatabase<DB>, wallets: u128) {
    prepare(database).await;
    let handlers = handlers::<DB>();
    let mut connection = database.pool.acquire().await.unwrap();
    DB::run(&mut connection, "BEGIN").await.unwrap();
    for number in 1..=wallets {
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
async fn writes<DB: Engine>(
    database: &TestDatabase<DB>,
    any: impl Fn() -> u128,
    is_over: &Cell<bool>,
) -> u64 {
    let mut written = 0;
    while !is_over.get() {
        let number = any();
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

async fn kill_and_restart<DB: Engine>(
    database: &TestDatabase<DB>,
    wallets: u128,
    kills: u128,
    mut random: Rng,
) -> u64 {
    let start = || replica("migrate", &database.url).spawn().unwrap();
    let mut workers: Vec<Child> = (0..WORKERS).map(|_| start()).collect();
    let mut killed = 0;
    for kill in 0..kills {
        while migrated(database).await < kill * wallets / (kills + 1) {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(Duration::from_millis(random.u64(..15))).await;
        let index = random.usize(..WORKERS);
        let dying = std::mem::replace(&mut workers[index], start());
        killed += u64::from(killed_or_done(dying).await);
        assert_eq!(database.texts(&apart()).await, [""; 0]);
    }
    for worker in workers {
        let output = worker.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    killed
}
