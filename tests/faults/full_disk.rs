//! A disk that is full at any point of a run on SQLite: the run fails and says so, nothing is left in
//! part, and once there is space the next run goes on.

use std::collections::BTreeMap;
use std::str::FromStr;

use kumiko_tests::app;
use kumiko_tests::batches::{BATCHES, applied, batches};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::replicas::{PATIENCE, program};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Pool, Sqlite};
use tokio::process::Command;
use tokio::time::timeout;

const PREPARE: &str = "could not prepare the database for seeds";
const TABLE: &str = "could not create the table kumiko_es_operations";
const SEED: &str = "seed failed";
const COMMIT: &str = "could not commit the seed with its marker";
const COMMIT_OF_PREPARE: &str = "could not commit the transaction";

#[tokio::test]
async fn a_database_that_may_not_grow_with_a_rollback_journal() {
    not_larger_than_each_size(SqliteJournalMode::Delete).await;
}

#[tokio::test]
async fn a_database_that_may_not_grow_with_a_write_ahead_log() {
    not_larger_than_each_size(SqliteJournalMode::Wal).await;
}

/// Without a journal beside it that is written earlier, the file itself is written in the commit.
#[tokio::test]
async fn a_process_that_may_write_no_larger_files_with_a_rollback_journal() {
    let stopped = with_each_limit_on_files(1, "PRAGMA journal_mode = DELETE").await;
    assert!(stopped.contains_key(PREPARE) && stopped.contains_key(COMMIT));
}

/// The log is as large at the start as its index always is, which no limit may forbid.
#[tokio::test]
async fn a_process_that_may_write_no_larger_files_with_a_write_ahead_log() {
    let fill = "PRAGMA journal_mode = WAL;
                PRAGMA wal_autocheckpoint = 0;
                INSERT INTO by_the_app VALUES (hex(zeroblob(16384)))";
    let stopped = with_each_limit_on_files(70, fill).await;
    assert!(stopped.contains_key(COMMIT));
}

/// Lets SQLite itself refuse every page after the first, the second, and so on.
async fn not_larger_than_each_size(journal_mode: SqliteJournalMode) {
    let mut stopped: BTreeMap<&str, usize> = BTreeMap::new();
    for pages in 1.. {
        let database = Sqlite::create().await;
        let pool = pool_of_one(&database, journal_mode, pages).await;
        let Err(error) = app::runner(batches()).apply(&pool).await else {
            break;
        };
        let left = applied(&pool).await.unwrap();
        assert_eq!(left, error.report.applied.len());
        let step = step_of(&format!("{error:?}"), "database or disk is full", left);
        *stopped.entry(step).or_default() += 1;

        let settings =
            "SELECT query_only || ' ' || timeout FROM pragma_query_only, pragma_busy_timeout";
        assert_eq!(Sqlite::texts(&pool, settings).await, ["0 5000"]);
        pool.close().await;
        // Its connections know no limit.
        database.execute("CREATE TABLE by_the_app (text)").await;
        the_next_run_completes(&database.pool, left).await;
        database.remove().await;
    }
    println!("{journal_mode:?}: {stopped:?}");
    // The marker mostly fits where the seed did.
    stopped.remove(COMMIT);
    let steps: Vec<_> = stopped.into_keys().collect();
    assert_eq!(steps, [TABLE, PREPARE, SEED]);
}

/// Small pages, so that there are many, and no waiting for the disk, since no process dies.
async fn pool_of_one(
    database: &TestDatabase<Sqlite>,
    journal_mode: SqliteJournalMode,
    pages: usize,
) -> Pool<Sqlite> {
    let options = SqliteConnectOptions::from_str(&database.url).unwrap();
    let options = options
        .page_size(512)
        .journal_mode(journal_mode)
        .synchronous(SqliteSynchronous::Off)
        .pragma("max_page_count", pages.to_string());
    let pool = PoolOptions::new().max_connections(1);
    pool.connect_with(options).await.unwrap()
}

/// Lets the kernel refuse what a process writes beyond the first block of a file, the second, and so on.
/// Where it stopped, and how often.
async fn with_each_limit_on_files(first: usize, fill: &str) -> BTreeMap<&'static str, usize> {
    let mut stopped = BTreeMap::new();
    for blocks in first.. {
        let database = Sqlite::create().await;
        let small = "PRAGMA page_size = 512; CREATE TABLE by_the_app (text);";
        database.execute(&format!("{small} {fill}")).await;
        let Err(printed) = run_with_limit(&database, blocks).await else {
            break;
        };
        let check = database.texts("PRAGMA integrity_check").await;
        assert_eq!(check, ["ok"]);
        let left = applied(&database.pool).await.unwrap();
        let error = printed.strip_prefix("Error: ").unwrap();
        let step = step_of(error, "disk I/O error", left);
        *stopped.entry(step).or_default() += 1;
        the_next_run_completes(&database.pool, left).await;
        database.remove().await;
    }
    println!("{fill}: {stopped:?}");
    stopped
}

/// Runs a replica that may write so many blocks of 512 bytes to a file. The error is what it printed.
async fn run_with_limit(database: &TestDatabase<Sqlite>, blocks: usize) -> Result<(), String> {
    // A shell is the one program that sets both: the limit, and that a write fails there rather than
    // the process.
    let script = "trap '' XFSZ; ulimit -f $1; exec $2 batches $3";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh", &blocks.to_string()]);
    shell.arg(program()).arg(&database.url).kill_on_drop(true);
    let output = timeout(PATIENCE, shell.output()).await;
    let output = output.expect("a process hangs").unwrap();
    if output.status.success() {
        return Ok(());
    }
    assert_eq!(output.status.code(), Some(1));
    Err(String::from_utf8(output.stderr).unwrap())
}

/// The step at which a run stopped, after a look at what its error says.
fn step_of(error: &str, reason: &str, applied: usize) -> &'static str {
    let step = [PREPARE, TABLE, COMMIT, COMMIT_OF_PREPARE]
        .into_iter()
        .find(|step| error.starts_with(step))
        .unwrap_or(SEED);
    if step == SEED {
        let first = format!("seed {} failed\n", BATCHES[applied]);
        assert!(error.starts_with(&first), "{error}");
    }
    let cause = format!("the database says: {reason} (code ");
    assert!(error.contains(&cause), "{error}");
    let before = match applied {
        0 => "none".to_owned(),
        _ => BATCHES[..applied].join(", "),
    };
    let note = format!("; applied before: {before}; ");
    assert!(error.contains(&note), "{error}");
    assert!(error.contains("a retry is safe"), "{error}");
    step
}

async fn the_next_run_completes(pool: &Pool<Sqlite>, left: usize) {
    let report = app::runner(batches()).apply(pool).await.unwrap();
    let rest: Vec<_> = report.applied.iter().map(|seed| seed.id).collect();
    assert_eq!(rest, BATCHES[left..]);
    assert_eq!(applied(pool).await, Ok(BATCHES.len()));
}
