//! Many replicas boot at once: each seed runs once, none of them fails, and it takes hardly longer than
//! one replica alone.

use std::time::{Duration, Instant};

use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::replicas::{PATIENCE, boot_at_once, booted, each_seed_ran_once, ended, replica};
use sqlx::{Postgres, Sqlite};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::timeout;

const ON_POSTGRES: usize = 50;
const ON_SQLITE: usize = 16;

/// What a busy machine may add to any time.
const SLACK: Duration = Duration::from_secs(10);

#[tokio::test]
async fn fifty_replicas_on_postgres() {
    boot_together(
        [Postgres::create().await, Postgres::create().await],
        ON_POSTGRES,
    )
    .await;
}

#[tokio::test]
async fn sixteen_replicas_on_one_sqlite_file() {
    boot_together([Sqlite::create().await, Sqlite::create().await], ON_SQLITE).await;
}

#[tokio::test]
async fn sixteen_replicas_on_one_sqlite_file_with_a_log() {
    boot_together([with_a_log().await, with_a_log().await], ON_SQLITE).await;
}

#[tokio::test]
async fn fifty_replicas_that_wait_for_one_on_postgres() {
    let databases = [Postgres::create().await, Postgres::create().await];
    wait_together(databases, ON_POSTGRES).await;
}

/// A replica that lost the race for one seed looks at once for all that is applied by then.
#[tokio::test]
async fn a_replica_does_not_take_the_lock_once_for_each_seed_of_another() {
    let database = Postgres::create().await;
    time_after_a_wait(&database, ON_POSTGRES).await;
    // PostgreSQL counts how often a marker was looked for by its id, which is done under the lock only.
    // A session hands in its count as it ends.
    let sessions = "SELECT CAST(count(*) AS text) FROM pg_stat_activity
                    WHERE datname = current_database() AND backend_type = 'client backend'";
    let ended =
        async { while database.text(sessions).await != database.pool.size().to_string() {} };
    timeout(PATIENCE, ended).await.expect("a session hangs");
    let looked = database
        .text(
            "SELECT CAST(idx_scan AS text) FROM pg_stat_user_indexes
             WHERE indexrelname = 'kumiko_es_operations_pkey'",
        )
        .await;
    println!("{ON_POSTGRES} replicas took the lock {looked} times");
    let looked: usize = looked.parse().unwrap();
    assert!(looked >= 20, "{looked}");
    // Each would look for each seed if it did not look for all at once. On a busy machine some look again.
    assert!(looked < 20 * ON_POSTGRES / 2, "{looked}");
    database.remove().await;
}

#[tokio::test]
async fn sixteen_replicas_that_wait_for_one_on_sqlite() {
    wait_together([Sqlite::create().await, Sqlite::create().await], ON_SQLITE).await;
}

#[tokio::test]
async fn sixteen_replicas_that_wait_for_one_on_sqlite_with_a_log() {
    wait_together([with_a_log().await, with_a_log().await], ON_SQLITE).await;
}

async fn with_a_log() -> TestDatabase<Sqlite> {
    let database = Sqlite::create().await;
    database.execute("PRAGMA journal_mode = WAL").await;
    database
}

/// Boots one replica on the first database and `count` on the second.
async fn boot_together<DB: Engine>([first, second]: [TestDatabase<DB>; 2], count: usize) {
    let (_, one) = timed(boot_at_once(&first.url, 1)).await;
    // What so many processes cost in any case.
    let (printed, idle) = timed(boot_at_once(&first.url, count)).await;
    assert_eq!(printed, vec![""; count]);
    let (printed, all) = timed(boot_at_once(&second.url, count)).await;
    each_seed_is_applied_by_one(&printed);
    each_seed_ran_once(&second).await;
    let ratio = all.as_secs_f64() / (one + idle).as_secs_f64();
    println!(
        "{}: one replica {one:.1?}, {count} with nothing pending {idle:.1?}, {count} with twenty seeds \
         {all:.1?}; ratio to the sum of the first two {ratio:.2}",
        DB::NAME,
    );
    assert!(all < SLACK + 3 * (one + idle), "{all:?}");
    first.remove().await;
    second.remove().await;
}

/// Starts replicas while another process has the lock, and lets it go when all of them wait.
async fn wait_together<DB: Engine>([first, second]: [TestDatabase<DB>; 2], count: usize) {
    let one = time_after_a_wait(&first, 1).await;
    let all = time_after_a_wait(&second, count).await;
    each_seed_ran_once(&second).await;
    println!(
        "{}: once the lock is free, one replica {one:.1?}, {count} {all:.1?}",
        DB::NAME
    );
    assert!(all < SLACK + 3 * one, "{all:?}");
    first.remove().await;
    second.remove().await;
}

async fn time_after_a_wait<DB: Engine>(database: &TestDatabase<DB>, count: usize) -> Duration {
    let (mut holder, _) = printing(start("hold", database), "holding").await;
    let starting: Vec<_> = (0..count).map(|_| start("boot", database)).collect();
    let mut waiting = Vec::new();
    for replica in starting {
        waiting.push(printing(replica, "waiting").await);
    }
    let began = Instant::now();
    drop(holder.stdin.take());
    ended(holder).await;
    let mut printed = Vec::new();
    for (replica, lines) in waiting {
        printed.push(rest(lines).await);
        booted(replica).await;
    }
    each_seed_is_applied_by_one(&printed);
    began.elapsed()
}

/// Of twenty seeds each was applied by one replica only.
fn each_seed_is_applied_by_one(printed: &[String]) {
    let lines: Vec<&str> = printed.iter().flat_map(|text| text.lines()).collect();
    let applied = lines.iter().filter(|line| line.starts_with("applied "));
    assert_eq!(applied.count(), 20, "{printed:#?}");
}

async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    (future.await, began.elapsed())
}

fn start<DB: Engine>(command: &str, database: &TestDatabase<DB>) -> Child {
    replica(command, &database.url).spawn().unwrap()
}

type Printed = Lines<BufReader<ChildStdout>>;

/// A process that has printed `line`, and what it will print next.
async fn printing(mut process: Child, line: &str) -> (Child, Printed) {
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let printed = timeout(PATIENCE, lines.next_line()).await;
    assert_eq!(printed.unwrap().unwrap().as_deref(), Some(line));
    (process, lines)
}

async fn rest(lines: Printed) -> String {
    let mut text = String::new();
    let mut output = lines.into_inner();
    let read = timeout(PATIENCE, output.read_to_string(&mut text)).await;
    read.expect("a process hangs").unwrap();
    text
}
