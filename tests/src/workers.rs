//! Processes that do the steps of one seed.

use std::time::Duration;

use sqlx::Pool;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::database::{Engine, TestDatabase};
use crate::replicas::{PATIENCE, replica};
use crate::steps::{ID, Items, check_each_once, done_so_far, progress};

/// How long its steps take: short, so that there are many.
pub const STEP_TIME: Duration = Duration::from_millis(20);

/// A process of `release`, whose seed has so many items.
#[must_use]
pub fn worker(release: &str, url: &str, items: i64) -> Command {
    let mut worker = replica(release, url);
    worker.env(Items::VARIABLE, items.to_string());
    worker
}

/// Waits until so many items are done, looking all the time whether what is there belongs together.
///
/// # Panics
/// If it does not.
pub async fn until_done<DB: Engine>(pool: &Pool<DB>, items: i64, done: i64) -> i64 {
    let waiting = async {
        loop {
            match done_so_far(pool, items).await {
                Ok(now) if now >= done => return now,
                Ok(_) => sleep(Duration::from_millis(2)).await,
                Err(found) => panic!("{found}"),
            }
        }
    };
    timeout(PATIENCE, waiting).await.expect("nothing moves")
}

/// The seed is applied, and each item has its event and its row once.
///
/// # Panics
/// If not.
pub async fn check_applied<DB: Engine>(database: &TestDatabase<DB>, items: i64) {
    assert_eq!(database.markers().await, [ID]);
    assert_eq!(progress(database).await, [""; 0]);
    check_each_once(database, items).await;
}
