//! A connection that is lost at each round trip of a seed of many steps, in a boot and beside the app.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use kumiko_seeds::{Seed, SeedRunner, read_cursor};
use kumiko_tests::app;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::proxy::{Fate, Proxy};
use kumiko_tests::replicas::PATIENCE;
use kumiko_tests::steps::{ID, Items, done_so_far, in_background, of_batch, write_notes};
use kumiko_tests::workers::check_applied;
use sqlx::pool::PoolOptions;
use sqlx::{Pool, Postgres};
use tokio::time::{sleep, timeout};

use crate::aftermath::start_over;

/// Two steps, and one that finds nothing more to do.
const ITEMS: i64 = 3;

/// A step has few requests, as each of them is lost twice.
fn two_at_a_time() -> Seed<Postgres> {
    of_batch(ID, |context, after, limit| {
        async move {
            let after = read_cursor(after)?;
            write_notes(context, after, limit.min(2)).await?.written()
        }
        .boxed()
    })
}

/// What comes of both at once is one of the two.
const FATES: [fn() -> Fate; 2] = [|| Fate::LoseRequest, || Fate::LoseAnswer];

fn runner(seed: Seed<Postgres>) -> SeedRunner<Postgres> {
    app::runner(vec![seed]).with(Items(ITEMS))
}

/// A pool through a proxy that loses request `number`, and whether it has.
async fn losing(
    database: &TestDatabase<Postgres>,
    connections: u32,
    number: usize,
    fate: fn() -> Fate,
) -> (Proxy, Pool<Postgres>, Arc<AtomicBool>) {
    let proxy = Proxy::to(&database.url).await;
    let is_lost = Arc::new(AtomicBool::new(false));
    let seen = is_lost.clone();
    proxy.decide(move |request, _| {
        if request != number {
            return Fate::Pass;
        }
        seen.store(true, Ordering::SeqCst);
        fate()
    });
    let pool = PoolOptions::new().max_connections(connections);
    let pool = pool.connect_lazy(proxy.url()).unwrap();
    (proxy, pool, is_lost)
}

/// What is left is looked at once the lost transaction has ended.
async fn look(database: &TestDatabase<Postgres>) -> Result<i64, String> {
    let locks = "SELECT CAST(count(*) AS text) FROM pg_locks WHERE locktype = 'advisory'
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while database.text(locks).await != "0" {
        sleep(Duration::from_millis(1)).await;
    }
    done_so_far(&database.pool, ITEMS).await
}

/// Loses each request in turn, in each way, while `run` does the seed. What it leaves belongs together.
async fn lose_each(
    connections: u32,
    run: impl AsyncFn(&TestDatabase<Postgres>, &Pool<Postgres>) -> Result<(), String>,
) {
    join_all(FATES.map(async |fate| {
        let database = Postgres::create().await;
        for number in 0.. {
            start_over(&database).await;
            let (_proxy, pool, is_lost) = losing(&database, connections, number, fate).await;
            let ended = timeout(PATIENCE, run(&database, &pool)).await;
            ended
                .unwrap()
                .unwrap_or_else(|problem| panic!("request {number}: {problem}"));
            pool.close().await;
            check_applied(&database, ITEMS).await;
            if !is_lost.load(Ordering::SeqCst) {
                assert!(number > 20, "{number}");
                break;
            }
        }
        database.remove().await;
    }))
    .await;
}

#[tokio::test]
async fn a_boot_fails_and_the_next_goes_on() {
    // Of one connection, so that the lost one has to be given up before another can be had.
    lose_each(1, async |database, pool| {
        if runner(two_at_a_time()).apply(pool).await.is_err() {
            look(database).await?;
            let next = runner(two_at_a_time()).apply(&database.pool).await;
            next.map_err(|stopped| format!("{stopped:?}"))?;
        }
        Ok(())
    })
    .await;
}

/// It ends only when all is done.
#[tokio::test]
async fn a_worker_goes_on_by_itself() {
    // Of one it would lend the connection to others after each step, and connect anew each time.
    lose_each(2, async |_, pool| {
        let report = runner(in_background(two_at_a_time())).work(pool).await;
        let is_done = report.failed.is_empty() && report.error.is_none() && report.left.is_empty();
        is_done.then_some(()).ok_or_else(|| format!("{report:?}"))
    })
    .await;
}
