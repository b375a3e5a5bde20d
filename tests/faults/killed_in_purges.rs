//! Processes that are killed in the middle of a purge, while people restore streams and write to them.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::future::join;
use kumiko_seeds::events::{EventStoreError, Handlers, SYSTEM_TENANT_ID, Stream, User};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, handlers, make, prepare};
use tokio::time::sleep;
use uuid::Uuid;

const WALLETS: u128 = 150;
const KILLS: u64 = 8;

fn stream(number: u128) -> Stream {
    Stream {
        tenant_id: SYSTEM_TENANT_ID,
        aggregate_type: "wallet".to_owned(),
        aggregate_id: Uuid::from_u128((0x0101_0101_0101_0101 * (number + 1)) << 64),
    }
}

/// Whether a purge has come to its end before it was killed.
async fn purges_until_killed(url: &str, file: &Path, most: u64) -> bool {
    let mut purge = Command::new(env!("CARGO_BIN_EXE_ops-of-wallets"))
        .args([
            "stream:purge",
            "--before",
            "2100-01-01T00:00:00Z",
            "--export",
        ])
        .arg(file)
        .env("DATABASE_URL", url)
        .env("TEST_STEP_SIZE", "7")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut left = Duration::from_millis(fastrand::u64(20..most));
    let pause = Duration::from_millis(10);
    loop {
        if let Some(status) = purge.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return true;
        }
        if left.is_zero() {
            purge.kill().unwrap();
            purge.wait().unwrap();
            return false;
        }
        sleep(pause).await;
        left = left.saturating_sub(pause);
    }
}

/// Restores a stream, writes to it and archives it again, time after time. Gives how many events it has written.
async fn restores<DB: Engine>(database: &TestDatabase<DB>, is_over: &Cell<bool>) -> u128 {
    let handlers = handlers::<DB>();
    let mut written = 0;
    while !is_over.get() {
        let streams = [stream(fastrand::u128(..WALLETS))];
        match handlers.restore_streams(&database.pool, &streams).await {
            Ok(_) => {
                let deposit = Change::deposit(streams[0].aggregate_id, 1);
                make(database, &handlers, [deposit]).await;
                written += 1;
                archive(database, &handlers, &streams).await;
            }
            Err(EventStoreError::Purged { .. }) => {}
            Err(error) => assert!(is_busy(&error), "{error:?}"),
        }
        sleep(Duration::from_millis(10)).await;
    }
    written
}

/// Whether a SQLite file was in somebody else's hands for too long.
fn is_busy(error: &EventStoreError) -> bool {
    kumiko_seeds::error_chain(error)
        .iter()
        .any(|cause| cause.contains("database is locked"))
}

async fn archive<DB: Engine>(
    database: &TestDatabase<DB>,
    handlers: &Handlers<DB>,
    streams: &[Stream],
) {
    let user = User::system();
    loop {
        let archived = handlers.archive_streams(&database.pool, streams, &user, None);
        match archived.await {
            Err(error) if is_busy(&error) => {}
            archived => break drop(archived.unwrap()),
        }
    }
}

async fn imports<DB: Engine>(database: &TestDatabase<DB>, file: &Path) {
    let Ok(file) = File::open(file) else {
        return;
    };
    let handlers = handlers::<DB>();
    let lines = BufReader::new(file).lines();
    handlers
        .import_streams(&database.pool, lines)
        .await
        .unwrap();
}

/// Streams with an event before which one is missing.
const WITH_GAPS: &str = "
    SELECT CAST(aggregate_id AS text) FROM kumiko_events
    GROUP BY tenant_id, aggregate_id HAVING count(*) <> max(version) ORDER BY 1";

const COUNT: &str = "SELECT CAST(count(*) AS text) FROM kumiko_events";

on_both_databases! {
    async fn no_event_is_lost_and_none_is_left(database: &TestDatabase<DB>) {
        prepare(database).await;
        let handlers = handlers::<DB>();
        let deposits = (0..WALLETS * 3).map(|number| Change::deposit(stream(number % WALLETS).aggregate_id, 1));
        make(database, &handlers, deposits).await;
        let streams: Vec<Stream> = (0..WALLETS).map(stream).collect();
        archive(database, &handlers, &streams).await;
        let folder = tempfile::tempdir().unwrap();
        let is_over = Cell::new(false);
        let purges = async {
            let mut files = Vec::new();
            loop {
                let file = folder.path().join(format!("{}.jsonl", files.len()));
                let most = if files.len() < KILLS as usize { 150 } else { 60_000 };
                let is_done = purges_until_killed(&database.url, &file, most).await;
                files.push(file);
                if is_done && files.len() > KILLS as usize {
                    break;
                }
            }
            is_over.set(true);
            files
        };
        let (written, files) = join(restores(database, &is_over), purges).await;
        println!("{}: {} purges, {written} events written meanwhile", DB::NAME, files.len());
        // What was restored meanwhile goes now.
        let last = folder.path().join("last.jsonl");
        assert!(purges_until_killed(&database.url, &last, 60_000).await);
        let left = database.text(COUNT).await;
        assert_eq!(left, "0");
        assert_eq!(database.texts("SELECT CAST(id AS text) FROM read_wallets").await, [""; 0]);
        for file in files.iter().chain([&last]) {
            imports(database, file).await;
        }
        assert_eq!(database.text(COUNT).await, (WALLETS * 3 + written).to_string());
        assert_eq!(database.texts(WITH_GAPS).await, [""; 0]);
        handlers.restore_streams(&database.pool, &streams).await.unwrap();
        let check = handlers.check_projection(&database.pool, "wallets", 5).await.unwrap();
        assert_eq!(check.wrong(), 0, "{check:?}");
    }
}
