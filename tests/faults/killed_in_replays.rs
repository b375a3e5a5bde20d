//! Processes that are killed in the middle of delivering events again, while people write.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::future::{join, join_all};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, handlers, make, prepare};
use kumiko_tests::writers::write_until;
use tokio::time::sleep;
use uuid::Uuid;

const EVENTS: usize = 400;
const KILLS: usize = 12;
const STEP: usize = 10;

fn any_wallet() -> Uuid {
    Uuid::from_u128(fastrand::u128(1..=20) << 64)
}

/// A replay in a process of its own, whose reactor writes down what it is given.
fn replay(url: &str, delivered: &Path) -> Command {
    let mut replay = Command::new(env!("CARGO_BIN_EXE_ops-of-wallets"));
    replay
        .args(["event:replay", "mail"])
        .env("DATABASE_URL", url)
        .env("TEST_STEP_SIZE", STEP.to_string())
        .env("TEST_TAKES_MS", "2")
        .env("TEST_DELIVERED", delivered)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    replay
}

/// Whether it has come to its end within so many milliseconds, after which it is killed.
async fn is_done_within(mut left: u64, mut replay: Command) -> bool {
    const PAUSE: u64 = 5;
    let mut replay = replay.spawn().unwrap();
    loop {
        if let Some(status) = replay.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return true;
        }
        if left < PAUSE {
            replay.kill().unwrap();
            replay.wait().unwrap();
            return false;
        }
        sleep(Duration::from_millis(PAUSE)).await;
        left -= PAUSE;
    }
}

on_both_databases! {
    async fn each_event_is_delivered_and_none_is_passed_over(database: &TestDatabase<DB>) {
        prepare(database).await;
        let handlers = handlers::<DB>();
        make(database, &handlers, (0..EVENTS).map(|_| Change::deposit(any_wallet(), 1))).await;
        let folder = tempfile::tempdir().unwrap();
        let delivered = folder.path().join("delivered");
        let is_over = Cell::new(false);
        let replays = async {
            let mut killed = 0;
            loop {
                let most = if killed < KILLS { 400 } else { 60_000 };
                if is_done_within(fastrand::u64(most / 4..most), replay(&database.url, &delivered)).await {
                    break;
                }
                killed += 1;
            }
            is_over.set(true);
            killed
        };
        let writers = join_all((0..2).map(|_| write_until(database, &handlers, any_wallet, &is_over)));
        let (_, killed) = join(writers, replays).await;
        let delivered = fs::read_to_string(delivered).unwrap();
        // Events by their places: writers who were in each other's way have left ids out.
        let all = database.texts("SELECT CAST(id AS text) FROM kumiko_events ORDER BY kumiko_events.id").await;
        let place = |key: &str| {
            let id = key.strip_prefix("mail/").unwrap();
            1 + all.iter().position(|known| known == id).unwrap()
        };
        let places: Vec<usize> = delivered.lines().map(place).collect();
        let mut last = 0;
        for place in &places {
            // The next one, or one of the step that was in flight.
            assert!(*place <= last + 1, "{place} came after {last}: {places:?}");
            assert!(last.saturating_sub(*place) < STEP, "{place} came again after {last}: {places:?}");
            last = last.max(*place);
        }
        assert!(last >= EVENTS, "{last}");
        let again = places.len() - last;
        let markers = database.texts("SELECT id FROM kumiko_es_operations WHERE operation_type = 'event-replay'").await;
        assert_eq!(markers, ["event-replay/mail/1"]);
        assert!(killed > 0);
        println!("{}: {killed} kills, {again} of {last} events delivered again", DB::NAME);
    }
}
