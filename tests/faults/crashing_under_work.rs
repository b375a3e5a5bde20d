//! A server that crashes or is shut down while workers do a seed of many steps, and starts again.

use std::time::Duration;

use kumiko_seeds_testing::{Cluster, Ending};
use kumiko_tests::database::TestDatabase;
use kumiko_tests::replicas::booted;
use kumiko_tests::workers::{check_applied, until_done, worker};

const ITEMS: i64 = 3_000;

/// No worker ends before all is done, and nobody starts it again.
#[tokio::test]
async fn workers_go_on_when_it_is_back() {
    let mut server = Cluster::start().unwrap();
    let mut database = TestDatabase::on(&server.url()).await;
    let start = |()| worker("work", &database.url, ITEMS).spawn().unwrap();
    let workers = [(); 3].map(start);
    let ends = [Ending::Crash, Ending::FastShutdown, Ending::Crash];
    for (end, ending) in (1..).zip(ends) {
        until_done(&database.pool, ITEMS, end * ITEMS / 5).await;
        database.pool.close().await;
        server.end(ending).unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.start_again().unwrap();
        database.pool = database.pool_of(1).await;
    }
    let mut applied = 0;
    for worker in workers {
        applied += booted(worker)
            .await
            .lines()
            .filter(|line| line.starts_with("applied "))
            .count();
    }
    assert!(applied <= 1, "{applied}");
    check_applied(&database, ITEMS).await;
    database.remove().await;
}
