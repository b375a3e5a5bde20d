//! Processes that are killed in the middle of rebuilding a projection, while people write.

use std::cell::Cell;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::future::{join, join_all};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, handlers, make, prepare};
use kumiko_tests::writers::write_until;
use tokio::time::sleep;
use uuid::Uuid;

const WALLETS: u128 = 240;
const KILLS: u64 = 10;

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128((0x0101_0101_0101_0101 * (number % 240 + 1)) << 64)
}

fn any_wallet() -> Uuid {
    wallet(fastrand::u128(..WALLETS))
}

/// A worker in a process of its own, told to work in small steps by there being few events in each.
fn worker(url: &str) -> Command {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_ops-of-wallets"));
    worker
        .arg("seed:work")
        .env("DATABASE_URL", url)
        .env("TEST_STEP_SIZE", "60")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    worker
}

/// Whether a worker has come to its end before it was killed.
async fn works_until_killed(url: &str, most: u64) -> bool {
    let mut worker = worker(url).spawn().unwrap();
    let mut left = Duration::from_millis(fastrand::u64(20..most));
    let pause = Duration::from_millis(10);
    loop {
        if let Some(status) = worker.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return true;
        }
        if left.is_zero() {
            worker.kill().unwrap();
            worker.wait().unwrap();
            return false;
        }
        sleep(pause).await;
        left = left.saturating_sub(pause);
    }
}

on_both_databases! {
    async fn what_is_left_is_gone_on_with_and_no_write_fails(database: &TestDatabase<DB>) {
        prepare(database).await;
        let handlers = handlers::<DB>();
        make(database, &handlers, (0..WALLETS * 4).map(|number| Change::deposit(wallet(number), 1))).await;
        let is_over = Cell::new(false);
        let spoil = "UPDATE read_wallets SET balance = balance - 1 WHERE deposits > 1; UPDATE read_totals SET total = 3";
        let rebuild = async {
            let (mut killed, mut rounds) = (0, 0);
            while killed < KILLS {
                while DB::execute(&database.pool, spoil).await.is_err() {}
                // What was recorded in the round before is to be done once more.
                let forget = "DELETE FROM kumiko_es_operations";
                while rounds > 0 && DB::execute(&database.pool, forget).await.is_err() {}
                rounds += 1;
                // Sooner or later one is left alone for long enough.
                while !works_until_killed(&database.url, 300 + 100 * killed * (1 + killed / KILLS)).await {
                    killed += 1;
                }
                for name in ["wallets", "totals"] {
                    let check = handlers.check_projection(&database.pool, name, 5).await.unwrap();
                    assert_eq!(check.wrong(), 0, "{check:?}");
                }
                let left = database.text("SELECT CAST(count(*) AS text) FROM kumiko_es_progress").await;
                assert_eq!(left, "0");
            }
            is_over.set(true);
            (killed, rounds)
        };
        let writers = join_all((0..2).map(|_| write_until(database, &handlers, any_wallet, &is_over)));
        let (written, (killed, rounds)) = join(writers, rebuild).await;
        let written: usize = written.iter().map(|it| it.writes).sum();
        println!("{}: {killed} kills in {rounds} rebuilds beside {written} writes", DB::NAME);
    }
}
