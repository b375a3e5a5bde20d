//! A session that is ended, or a connection that is lost, at any request of a rebuild.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::proxy::{Fate, Proxy};
use kumiko_tests::replicas::PATIENCE;
use kumiko_tests::wallets::{Change, handlers, make, prepare, runner};
use kumiko_tests::wallets_by_sql::assert_right;
use sqlx::Postgres;
use sqlx::pool::PoolOptions;
use tokio::time::timeout;
use uuid::Uuid;

use crate::terminated_session::terminate_victims;

/// So many databases share the requests, since a worker rests after each loss.
const SHARES: usize = 4;
/// One request in so many is cut off, beginning anywhere, so that some runs of the test meet each.
const STRIDE: usize = 3;
const SPOIL: &str = "UPDATE read_wallets SET balance = 7; UPDATE read_totals SET total = 3;
                     DROP TABLE IF EXISTS kumiko_es_operations, kumiko_es_progress";

/// Rebuilds while request `number` is cut off: by turns before it reaches the server, whose session is ended, and before its answer is here.
/// False if it made fewer.
async fn rebuild(database: &TestDatabase<Postgres>, number: usize) -> bool {
    let proxy = Proxy::to(&database.url).await;
    let is_cut = Arc::new(AtomicBool::new(false));
    let (seen, url) = (is_cut.clone(), database.url.clone());
    proxy.decide(move |request, _| {
        if request != number {
            return Fate::Pass;
        }
        seen.store(true, Ordering::SeqCst);
        if number.is_multiple_of(2) {
            terminate_victims(url.clone());
            Fate::Pass
        } else {
            Fate::LoseAnswer
        }
    });
    let pool = PoolOptions::<Postgres>::new()
        .max_connections(2)
        // A request of its own, which would find the session gone before the rebuild does.
        .test_before_acquire(false)
        .connect_lazy(&format!("{}?application_name=victim", proxy.url()))
        .unwrap();
    // A step of wallets in each of two passes.
    let runner = runner(handlers()).step_size(3..=3);
    let report = timeout(PATIENCE, runner.work(&pool)).await.unwrap();
    pool.close().await;
    assert_eq!(report.failed.len(), 0, "{number}: {report:?}");
    assert!(report.left.is_empty(), "{number}: {report:?}");
    is_cut.load(Ordering::SeqCst)
}

#[tokio::test]
async fn it_goes_on_by_itself() {
    let first = fastrand::usize(..STRIDE);
    join_all((0..SHARES).map(async |share| {
        let database = Postgres::create().await;
        prepare(&database).await;
        let deposits = [1, 2].map(|number| Change::deposit(Uuid::from_u128(number << 64), 1));
        make(&database, &handlers(), deposits).await;
        for number in (first + share * STRIDE..).step_by(SHARES * STRIDE) {
            database.execute(SPOIL).await;
            let is_cut = rebuild(&database, number).await;
            assert_right(&database).await;
            if !is_cut {
                assert!(number > 60, "{number}");
                break;
            }
        }
        database.remove().await;
    }))
    .await;
}
