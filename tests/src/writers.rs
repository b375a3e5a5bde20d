//! People who write to wallets all the time.

use std::cell::Cell;
use std::time::{Duration, Instant};

use kumiko_seeds::events::{Handlers, User};
use tokio::time::sleep;
use uuid::Uuid;

use crate::database::{Engine, TestDatabase};
use crate::wallets::Change;

/// What one of them has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written {
    /// How often it has written.
    pub writes: usize,
    /// The longest time that a write took.
    pub longest: Duration,
}

/// Writes to wallets that `any` gives until `is_over`. No write fails.
///
/// # Panics
/// If one does.
pub async fn write_until<DB: Engine>(
    database: &TestDatabase<DB>,
    handlers: &Handlers<DB>,
    any: impl Fn() -> Uuid,
    is_over: &Cell<bool>,
) -> Written {
    let pool = database.pool_of(1).await;
    let mut written = Written::default();
    while !is_over.get() {
        let change = Change::deposit(any(), 1);
        let began = Instant::now();
        let write = handlers.write_as(User::system(), "wallet:write:change", change);
        write.retries(1_000).commit(&pool).await.unwrap();
        written.longest = written.longest.max(began.elapsed());
        written.writes += 1;
        // A person rests between two writes, and SQLite knows no queue.
        sleep(Duration::from_millis(10)).await;
    }
    pool.close().await;
    written
}
