//! Workers that are killed again and again while they do a seed of many steps, and started again.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::replicas::booted;
use kumiko_tests::steps::{ID, done_so_far};
use kumiko_tests::workers::{check_applied, until_done, worker};
use tokio::process::Child;

const SIGKILL: i32 = 9;
const KILLS: i64 = 50;
/// Two work beside the app and two in a boot, which is how a release that moves a seed to the background meets the one before.
const RELEASES: [&str; 4] = ["work", "steps", "work", "steps"];

on_both_databases! {
    async fn fifty_kills_among_four_workers_double_and_lose_nothing(database: &TestDatabase<DB>) {
        kill_and_restart(database, items()).await;
    }
}

/// `KUMIKO_FAULTS_ITEMS`, or as many as take a few seconds.
fn items() -> i64 {
    let value = std::env::var("KUMIKO_FAULTS_ITEMS");
    value.map_or(8_000, |value| value.parse().unwrap())
}

/// The kills are spread over the items, so that the last ones come when most are done.
async fn kill_and_restart<DB: Engine>(database: &TestDatabase<DB>, items: i64) {
    let start = |release: &str| worker(release, &database.url, items).spawn().unwrap();
    let mut workers = RELEASES.map(start);
    let (mut killed, mut reported) = (0, 0);
    for kill in 0..KILLS {
        until_done(&database.pool, items, kill * items / (KILLS + 1)).await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(..15))).await;
        let index = fastrand::usize(..workers.len());
        let dying = std::mem::replace(&mut workers[index], start(RELEASES[index]));
        let (was_killed, printed) = killed_or_done(dying).await;
        killed += usize::from(was_killed);
        reported += count_reports(&printed);
        done_so_far(&database.pool, items).await.unwrap();
    }
    for worker in workers {
        reported += count_reports(&booted(worker).await);
    }
    check_applied(database, items).await;
    // One may have been killed between its last commit and its report.
    assert!(reported <= 1, "{reported}");
    println!("{}: {killed} of {KILLS} kills met a worker", DB::NAME);
    assert!(killed >= usize::try_from(KILLS).unwrap() - 5, "{killed}");
}

/// Kills a process. Whether it was still there, and what it had printed.
async fn killed_or_done(mut process: Child) -> (bool, String) {
    process.start_kill().unwrap();
    let output = process.wait_with_output().await.unwrap();
    let was_killed = output.status.signal() == Some(SIGKILL);
    assert!(was_killed || output.status.success(), "{output:?}");
    (was_killed, String::from_utf8(output.stdout).unwrap())
}

fn count_reports(printed: &str) -> usize {
    let applied = format!("applied {ID}");
    printed.lines().filter(|line| **line == applied).count()
}
