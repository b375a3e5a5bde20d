//! Projections that are rebuilt while people write and read them all the time, on rows that many of them write at once.

use std::cell::Cell;

use futures_util::future::{join, join_all};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, handlers, make, prepare, runner};
use kumiko_tests::wallets_by_sql::{assert_right, wrong};
use kumiko_tests::writers::write_until;
use uuid::Uuid;

const WALLETS: u128 = 60;
/// The first wallets, whose rows nobody spoils.
const RIGHT: u128 = 20;
const WRITERS: usize = 4;
const ROUNDS: usize = 3;

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128((0x0101_0101_0101_0101 * (number + 1)) << 64)
}

fn any_wallet() -> Uuid {
    wallet(fastrand::u128(..WALLETS))
}

/// Reads until `is_over`. Rows that nobody spoils are right at each moment.
async fn read<DB: Engine>(database: &TestDatabase<DB>, is_over: &Cell<bool>) -> usize {
    let pool = database.pool_of(1).await;
    let last = wallet(RIGHT - 1);
    let mut read = 0;
    while !is_over.get() {
        let wrong = DB::texts(&pool, &wrong(&format!("event.id <= '{last}'"))).await;
        let right = (0..RIGHT).map(|number| wallet(number).to_string());
        let spoilt: Vec<_> = right.filter(|id| wrong.contains(id)).collect();
        assert!(spoilt.is_empty(), "{spoilt:?}");
        read += 1;
    }
    pool.close().await;
    read
}

/// Deletes rows, makes others wrong, and adds some that no event is of.
async fn spoil<DB: Engine>(database: &TestDatabase<DB>) {
    for number in RIGHT..WALLETS {
        let id = wallet(number);
        let sql = match fastrand::u8(..10) {
            0 | 1 => format!("DELETE FROM read_wallets WHERE id = '{id}'"),
            2..=4 => format!("UPDATE read_wallets SET balance = balance + 7 WHERE id = '{id}'"),
            // As if the last event had not been applied: the next one makes it look right.
            5 | 6 => format!(
                "UPDATE read_wallets SET balance = balance - 1, deposits = deposits - 1 WHERE id = '{id}'"
            ),
            7 => format!(
                "INSERT INTO read_wallets (id, balance) VALUES ('{}', 1)",
                Uuid::from_u128(fastrand::u128(..))
            ),
            _ => continue,
        };
        while DB::execute(&database.pool, &sql).await.is_err() {}
    }
    let total = "UPDATE read_totals SET total = total - 1";
    while DB::execute(&database.pool, total).await.is_err() {}
}

on_both_databases! {
    async fn nobody_fails_and_rows_are_as_events_say(database: &TestDatabase<DB>) {
        prepare(database).await;
        let handlers = handlers::<DB>();
        make(database, &handlers, (0..WALLETS).map(|number| Change::deposit(wallet(number), 1))).await;
        let is_over = Cell::new(false);
        let writers = join_all((0..WRITERS).map(|_| write_until(database, &handlers, any_wallet, &is_over)));
        let rebuild = async {
            for _ in 0..ROUNDS {
                spoil(database).await;
                let runner = runner(self::handlers()).step_size(1..=500);
                let runner = runner.rebuilding(&database.pool, &["wallets", "totals"]).await.unwrap();
                let report = runner.work(&database.pool).await;
                assert_eq!(report.applied.len(), 2, "{report:?}");
                assert_right(database).await;
            }
            is_over.set(true);
        };
        let ((writes, reads), ()) = join(join(writers, read(database, &is_over)), rebuild).await;
        let written: usize = writes.iter().map(|it| it.writes).sum();
        let longest = writes.iter().map(|it| it.longest).max();
        println!("{}: {written} writes, the longest {longest:?}; {reads} reads", DB::NAME);
        assert!(written > 100 && reads > 10);
        for name in ["wallets", "totals"] {
            let check = handlers.check_projection(&database.pool, name, 10).await.unwrap();
            assert_eq!(check.wrong(), 0, "{check:?}");
        }
    }
}
