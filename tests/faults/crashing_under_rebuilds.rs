//! A server that crashes or is shut down while two processes rebuild projections beside a writer, and starts again.

use std::cell::Cell;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join;
use kumiko_seeds::events::User;
use kumiko_seeds_testing::{Cluster, Ending};
use kumiko_tests::database::TestDatabase;
use kumiko_tests::replicas::{PATIENCE, ended};
use kumiko_tests::wallets::{Change, handlers, make, prepare};
use kumiko_tests::wallets_by_sql::assert_right;
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, Postgres};
use tokio::process::Command;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

const WALLETS: u128 = 240;

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128((0x0101_0101_0101_0101 * (number % WALLETS + 1)) << 64)
}

/// Without a request that would find a session gone before the test does.
fn pool(url: &str) -> sqlx::PgPool {
    let pool = PoolOptions::new().max_connections(1);
    pool.connect_lazy(url).unwrap()
}

/// Writes until `is_over`, also while there is no server, and gives how many writes were answered.
async fn write_until(url: &str, is_over: &Cell<bool>) -> usize {
    let (pool, handlers) = (pool(url), handlers::<Postgres>());
    let mut answered = 0;
    while !is_over.get() {
        let change = Change::deposit(wallet(fastrand::u128(..WALLETS)), 1);
        let write = handlers.write_as(User::system(), "wallet:write:change", change);
        answered += usize::from(write.retries(1_000).commit(&pool).await.is_ok());
        sleep(Duration::from_millis(8)).await;
    }
    pool.close().await;
    answered
}

/// How many events the rebuild of the wallets has been through, once it is at least at `least`.
async fn until_at(url: &str, least: i64) -> i64 {
    let pool = pool(url);
    let progress = "SELECT done FROM kumiko_es_progress WHERE id = 'projection-rebuild/wallets/1'";
    let looking = async {
        loop {
            let done = sqlx::query_scalar(AssertSqlSafe(progress));
            if let Ok(Some(done)) = done.fetch_optional(&pool).await
                && done >= least
            {
                return done;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    let done = timeout(PATIENCE, looking).await.expect("nothing moves");
    pool.close().await;
    done
}

/// No worker ends before all is done, and nobody starts it again.
#[tokio::test]
async fn rebuilds_go_on_when_it_is_back() {
    let mut server = Cluster::start().unwrap();
    let mut database = TestDatabase::on(&server.url()).await;
    prepare(&database).await;
    let deposits = (0..WALLETS * 4).map(|number| Change::deposit(wallet(number), 1));
    make(&database, &handlers(), deposits).await;
    database
        .execute("UPDATE read_wallets SET balance = balance - 1; UPDATE read_totals SET total = 3")
        .await;
    database.pool.close().await;
    let url = database.url.clone();
    let worker = |()| {
        let mut worker = Command::new(env!("CARGO_BIN_EXE_ops-of-wallets"));
        worker.arg("seed:work").env("DATABASE_URL", &url);
        worker.env("TEST_STEP_SIZE", "20").kill_on_drop(true);
        worker.stdout(Stdio::null()).stderr(Stdio::piped());
        worker.spawn().unwrap()
    };
    let workers = [(); 2].map(worker);
    let is_over = Cell::new(false);
    let crash = async {
        let mut done = 0;
        for ending in [Ending::Crash, Ending::FastShutdown, Ending::Crash] {
            let before = until_at(&url, done + 200).await;
            server.end(ending).unwrap();
            server.start_again().unwrap();
            // What was done is not begun anew.
            done = until_at(&url, 1).await;
            assert!(done >= before, "{done} of {before}");
        }
        for worker in workers {
            let ended = ended(worker).await;
            assert!(ended.status.success(), "{ended:?}");
        }
        is_over.set(true);
    };
    let (answered, ()) = join(write_until(&url, &is_over), crash).await;
    database.pool = database.pool_of(1).await;
    assert_right(&database).await;
    let events = "SELECT CAST(count(*) AS text) FROM kumiko_events";
    let events: usize = database.text(events).await.parse().unwrap();
    assert!(answered > 20, "{answered}");
    assert!(events >= answered + 960, "{events}, {answered}");
    let recorded = "SELECT id FROM kumiko_es_operations WHERE operation_type = 'projection-rebuild' ORDER BY id";
    let expected = [
        "projection-rebuild/totals/1",
        "projection-rebuild/wallets/1",
    ];
    assert_eq!(database.texts(recorded).await, expected);
    database.remove().await;
}
