//! Streams that are purged by processes that are killed, while people restore them and write to them.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join;
use kumiko_seeds::events::{EventStoreError, Handlers, SYSTEM_TENANT_ID, Stream, User};
use tokio::time::sleep;
use uuid::Uuid;

use crate::database::{Engine, TestDatabase};
use crate::replicas::{PATIENCE, is_done_within, program};
use crate::toll::Toll;
use crate::wallets::{Change, handlers, make, prepare};

const WALLETS: u128 = 150;

/// Purges all wallets with so many processes that are killed, and one that is not. In the end each event is in an export, none in the database, and all
/// are there again once the exports are imported.
///
/// # Panics
/// If one is not.
pub async fn purge_and_import<DB: Engine>(
    database: &TestDatabase<DB>,
    most_kills: u64,
    random: Rng,
) -> Toll {
    prepare(database).await;
    let handlers = handlers::<DB>();
    let deposits =
        (0..WALLETS * 3).map(|number| Change::deposit(stream(number % WALLETS).aggregate_id, 1));
    make(database, &handlers, deposits).await;
    let streams: Vec<Stream> = (0..WALLETS).map(stream).collect();
    archive(database, &handlers, &streams).await;
    let folder = tempfile::tempdir().unwrap();
    let is_over = Cell::new(false);
    let random = RefCell::new(random);
    let mut purges = Toll::default();
    let mut files = Vec::new();
    let purging = async {
        loop {
            let file = folder.path().join(format!("{}.jsonl", files.len()));
            let is_spared = purges.processes >= most_kills;
            let life = if is_spared {
                PATIENCE
            } else {
                Duration::from_millis(random.borrow_mut().u64(20..150))
            };
            let is_done = is_done_within(life, &mut purge(&database.url, &file)).await;
            files.push(file);
            purges.processes += 1;
            purges.kills += u64::from(!is_done);
            if is_done && is_spared {
                break;
            }
        }
        is_over.set(true);
    };
    let (written, ()) = join(restores(database, &random, &is_over), purging).await;
    purges.writes = written;
    // What was restored meanwhile goes now.
    let last = folder.path().join("last.jsonl");
    assert!(is_done_within(PATIENCE, &mut purge(&database.url, &last)).await);
    let left = database.text(COUNT).await;
    assert_eq!(left, "0");
    assert_eq!(
        database
            .texts("SELECT CAST(id AS text) FROM read_wallets")
            .await,
        [""; 0]
    );
    for file in files.iter().chain([&last]) {
        imports(database, file).await;
    }
    assert_eq!(
        database.text(COUNT).await,
        (WALLETS * 3 + u128::from(written)).to_string()
    );
    assert_eq!(database.texts(WITH_GAPS).await, [""; 0]);
    handlers
        .restore_streams(&database.pool, &streams)
        .await
        .unwrap();
    let check = handlers
        .check_projection(&database.pool, "wallets", 5)
        .await
        .unwrap();
    assert_eq!(check.wrong(), 0, "{check:?}");
    purges
}

fn stream(number: u128) -> Stream {
    Stream {
        tenant_id: SYSTEM_TENANT_ID,
        aggregate_type: "wallet".to_owned(),
        aggregate_id: Uuid::from_u128((0x0101_0101_0101_0101 * (number + 1)) << 64),
    }
}

/// A purge in a process of its own.
fn purge(url: &str, file: &Path) -> Command {
    let mut purge = Command::new(program().with_file_name("ops-of-wallets"));
    purge
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
        .stderr(Stdio::null());
    purge
}

/// Restores a stream, writes to it and archives it again, time after time. Gives how many events it has written.
async fn restores<DB: Engine>(
    database: &TestDatabase<DB>,
    random: &RefCell<Rng>,
    is_over: &Cell<bool>,
) -> u64 {
    let handlers = handlers::<DB>();
    let mut written = 0;
    while !is_over.get() {
        let streams = [stream(random.borrow_mut().u128(..WALLETS))];
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
