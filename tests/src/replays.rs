//! Events that are delivered again by processes that are killed, while people write.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use fastrand::Rng;
use futures_util::future::{join, join_all};
use uuid::Uuid;

use crate::database::{Engine, TestDatabase};
use crate::replicas::{PATIENCE, is_done_within, program};
use crate::toll::Toll;
use crate::wallets::{Change, handlers, make, prepare};
use crate::writers::write_until;

/// How many events a step has.
const STEP: usize = 10;

/// Delivers so many events, and those of two writers meanwhile, by so many processes that are killed, and one that is not. In the end each was
/// delivered, in order, and again only those of a step that was in flight.
///
/// # Panics
/// If one was not.
pub async fn replay_under_kills<DB: Engine>(
    database: &TestDatabase<DB>,
    events: usize,
    most_kills: u64,
    mut random: Rng,
) -> Toll {
    prepare(database).await;
    let handlers = handlers::<DB>();
    let of_writers = RefCell::new(random.fork());
    let any_wallet = || Uuid::from_u128(of_writers.borrow_mut().u128(1..=20) << 64);
    make(
        database,
        &handlers,
        (0..events).map(|_| Change::deposit(any_wallet(), 1)),
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    let delivered = folder.path().join("delivered");
    let is_over = Cell::new(false);
    let mut toll = Toll::default();
    let replays = async {
        loop {
            let life = if toll.kills < most_kills {
                std::time::Duration::from_millis(random.u64(100..400))
            } else {
                PATIENCE
            };
            toll.processes += 1;
            if is_done_within(life, &mut replay(&database.url, &delivered)).await {
                break;
            }
            toll.kills += 1;
        }
        is_over.set(true);
    };
    let writers = (0..2).map(|_| write_until(database, &handlers, any_wallet, &is_over));
    let (written, ()) = join(join_all(writers), replays).await;
    toll.writes = written.iter().map(|written| written.writes as u64).sum();
    let delivered = fs::read_to_string(delivered).unwrap();
    check(database, events, &delivered).await;
    toll
}

/// A replay in a process of its own, whose reactor writes down what it is given.
fn replay(url: &str, delivered: &Path) -> Command {
    let mut replay = Command::new(program().with_file_name("ops-of-wallets"));
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

async fn check<DB: Engine>(database: &TestDatabase<DB>, events: usize, delivered: &str) {
    // Events by their places: writers who were in each other's way have left ids out.
    let all = "SELECT CAST(id AS text) FROM kumiko_events ORDER BY kumiko_events.id";
    let all = database.texts(all).await;
    let place = |key: &str| {
        let id = key.strip_prefix("mail/").unwrap();
        1 + all.iter().position(|known| known == id).unwrap()
    };
    let places: Vec<usize> = delivered.lines().map(place).collect();
    let mut last = 0;
    for place in &places {
        // The next one, or one of the step that was in flight.
        assert!(*place <= last + 1, "{place} came after {last}: {places:?}");
        assert!(
            last.saturating_sub(*place) < STEP,
            "{place} came again after {last}: {places:?}"
        );
        last = last.max(*place);
    }
    assert!(last >= events, "{last}");
    let markers = "SELECT id FROM kumiko_es_operations WHERE operation_type = 'event-replay'";
    assert_eq!(database.texts(markers).await, ["event-replay/mail/1"]);
}
