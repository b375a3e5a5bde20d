//! Replicas that boot and are killed at random, for as long as one likes.
//!
//! Some replicas boot again and again on a database with pending seeds. Most of them are killed with
//! SIGKILL before they are done, and PostgreSQL's sessions are ended behind their backs, until all seeds
//! are applied. The first has many steps. Then comes the next database. At any time each seed must be there as a whole, once and
//! in order, or not at all; of the first as many items as its cursor says.
//!
//! By turns with that, two projections are rebuilt by processes that are killed, while people write: one of rows that are each computed from one
//! aggregate, and one that is computed from all. In the end each row must be what the events say.
//!
//! So are archived streams purged by such processes, while people restore them and write; in the end each event is in an export, and all come
//! back. Streams are migrated: each is as it was, or whole in its new place. And events are delivered again: each at least once and in order.
//!
//! `KUMIKO_SOAK_SECONDS` says how long; `KUMIKO_SOAK_SEED`, which each run prints, repeats the choices of
//! a run, though not the timing of the machine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod figures;
mod rebuilds;
mod round;

use std::io::Write;
use std::time::{Duration, Instant};

use fastrand::Rng;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::migrations_under_kills::migrate_under_kills;
use kumiko_tests::purges::purge_and_import;
use kumiko_tests::replays::replay_under_kills;
use sqlx::{Postgres, Sqlite};

use self::figures::Figures;
use self::rebuilds::rebuilds;
use self::round::round;

/// As long as continuous integration waits.
const SECONDS: u64 = 20;

#[tokio::test]
async fn random_kills_on_postgres() {
    soak::<Postgres>("PostgreSQL", &["SELECT 1"]).await;
}

#[tokio::test]
async fn random_kills_on_sqlite() {
    let modes = ["PRAGMA journal_mode = DELETE", "PRAGMA journal_mode = WAL"];
    soak::<Sqlite>("SQLite", &modes).await;
}

/// One database after the other, set up in turns with one of these statements. After a violation its
/// database stays for a look.
async fn soak<DB: Engine>(name: &str, set_ups: &[&str]) {
    let seconds = number("KUMIKO_SOAK_SECONDS").unwrap_or(SECONDS);
    let seed = number("KUMIKO_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..));
    say(&format!("{name}: {seconds} s with KUMIKO_SOAK_SEED={seed}"));
    let mut random = Rng::with_seed(seed);
    let mut figures = Figures::default();
    let stop = |database: &TestDatabase<DB>, set_up: &str, violation: &str| -> Figures {
        let url = &database.url;
        let without_password = url.rsplit_once('@').map_or(url.as_str(), |(_, rest)| rest);
        panic!("with KUMIKO_SOAK_SEED={seed}, {set_up} on {without_password}: {violation}");
    };
    let began = Instant::now();
    // How much of the time went to other operations than seeds.
    let mut others = Duration::ZERO;
    // A short soak does not come to all of them, so each run begins with another.
    let first = random.usize(..OPERATIONS.len());
    let mut operations = OPERATIONS.into_iter().cycle().skip(first);
    for set_up in set_ups.iter().cycle() {
        if began.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
        let database = DB::create().await;
        database.execute(set_up).await;
        let ended = round(&database, random.fork()).await;
        figures += ended.unwrap_or_else(|violation| stop(&database, set_up, &violation));
        database.remove().await;
        // It takes longer than the seeds of a database do.
        if others * 2 > began.elapsed() {
            continue;
        }
        let (clock, database) = (Instant::now(), DB::create().await);
        database.execute(set_up).await;
        let ended = operate(&database, operations.next().unwrap(), random.fork()).await;
        figures += ended.unwrap_or_else(|violation| stop(&database, set_up, &violation));
        database.remove().await;
        others += clock.elapsed();
    }
    say(&format!("{name}: {figures}"));
}

/// What is done by turns beside seeds.
#[derive(Clone, Copy)]
enum Operation {
    Rebuilds,
    Purge,
    Migration,
    Replay,
}

const OPERATIONS: [Operation; 4] = [
    Operation::Rebuilds,
    Operation::Purge,
    Operation::Migration,
    Operation::Replay,
];

async fn operate<DB: Engine>(
    database: &TestDatabase<DB>,
    operation: Operation,
    mut random: Rng,
) -> Result<Figures, String> {
    let kills = random.u64(..5);
    let (toll, done) = match operation {
        Operation::Rebuilds => return rebuilds(database, random).await,
        Operation::Purge => {
            let purges = Figures {
                purges: 1,
                ..Figures::default()
            };
            (purge_and_import(database, kills, random).await, purges)
        }
        Operation::Migration => {
            let migrations = Figures {
                migrations: 1,
                ..Figures::default()
            };
            let toll = migrate_under_kills(database, 200, kills.into(), random).await;
            (toll, migrations)
        }
        Operation::Replay => {
            let replays = Figures {
                replays: 1,
                ..Figures::default()
            };
            (
                replay_under_kills(database, 150, kills, random).await,
                replays,
            )
        }
    };
    let mut figures = Figures::from(toll);
    figures += done;
    Ok(figures)
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap())
}

/// Prints a line that the test harness does not keep to itself.
fn say(line: &str) {
    let line = format!("{line}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
