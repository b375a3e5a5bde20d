//! A process that is killed at any step of a run on SQLite: between any two statements, inside them, and
//! while SQLite writes a commit to the disk.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use kumiko_tests::app;
use kumiko_tests::batches::{BATCHES, applied, batches};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::mortal::{Death, VARIABLE};
use kumiko_tests::replicas::{booted, ended, replica};
use sqlx::Sqlite;
use tokio::process::Child;

const SIGKILL: i32 = 9;
/// How many processes are killed at steps spread over the whole run.
const AT_STEPS: usize = 120;
/// How many are killed at different moments of each commit: as it begins, and then at
/// [`SHORTLY_AFTER`], twice that, and so on, for a disk may be quick or slow.
const IN_EACH_COMMIT: u32 = 10;
const SHORTLY_AFTER: Duration = Duration::from_micros(200);
/// How many run at once; most of the time they wait for the disk.
const AT_ONCE: usize = 6;

#[tokio::test]
async fn a_process_killed_at_any_step_with_a_rollback_journal() {
    kill_at_every_step("DELETE").await;
}

#[tokio::test]
async fn a_process_killed_at_any_step_with_a_write_ahead_log() {
    kill_at_every_step("WAL").await;
}

async fn kill_at_every_step(journal_mode: &str) {
    let (steps, commits) = count(journal_mode).await;
    assert!(steps > AT_STEPS, "{steps}");
    assert_eq!(commits, BATCHES.len());
    let at_steps = (0..AT_STEPS).map(|number| 1 + number * (steps - 1) / (AT_STEPS - 1));
    let in_commits = (1..=commits).flat_map(|commit| {
        (0..IN_EACH_COMMIT)
            .map(move |number| Death::InCommit(commit, SHORTLY_AFTER * ((1 << number) >> 1)))
    });
    let deaths: Vec<_> = at_steps.map(Death::AtStep).chain(in_commits).collect();
    let kills = deaths.len();
    let left: Vec<Left> = stream::iter(deaths)
        .map(|death| left_by(death, journal_mode))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let kills_after = |applied| left.iter().filter(|left| left.applied == applied).count();
    let kills_after: Vec<_> = (0..=BATCHES.len()).map(kills_after).collect();
    let half_written = left.iter().filter(|left| left.is_half_written).count();
    println!(
        "{journal_mode}: {kills} processes killed over {steps} steps and {commits} commits; \
         with so many seeds applied, from 0 up: {kills_after:?}; {half_written} left a file half \
         written"
    );
    assert!(kills_after[..BATCHES.len()].iter().all(|kills| *kills > 0));
}

/// What a process left that was killed.
struct Left {
    applied: usize,
    /// Whether the journal is there that brings a file back which is written in part.
    is_half_written: bool,
}

/// How many steps and commits a whole run has.
async fn count(journal_mode: &str) -> (usize, usize) {
    let database = create(journal_mode).await;
    let printed = booted(start(&database, Death::Never)).await;
    let number = |name| {
        let number = printed.lines().find_map(|line| line.strip_prefix(name));
        number.unwrap().parse().unwrap()
    };
    let counted = (number("steps "), number("commits "));
    database.remove().await;
    counted
}

/// Kills a process, looks at what it left, and lets the next boot complete it.
async fn left_by(death: Death, journal_mode: &str) -> Left {
    let died = death.variable();
    let database = create(journal_mode).await;
    // With no connection left open, the next one has to recover what the process left on the disk.
    database.pool.close().await;
    let ended = ended(start(&database, death)).await;
    assert_eq!(ended.status.signal(), Some(SIGKILL), "{died}: {ended:?}");
    let is_half_written = has_hot_journal(&database);

    let pool = database.pool_of(1).await;
    assert_eq!(
        Sqlite::texts(&pool, "PRAGMA integrity_check").await,
        ["ok"],
        "{died}"
    );
    let applied_by_then = applied(&pool)
        .await
        .unwrap_or_else(|found| panic!("{died}: {found}"));
    let report = app::runner(batches()).apply(&pool).await.unwrap();
    let rest: Vec<_> = report.applied.iter().map(|seed| seed.id).collect();
    assert_eq!(rest, BATCHES[applied_by_then..], "{died}");
    assert_eq!(applied(&pool).await, Ok(BATCHES.len()), "{died}");
    pool.close().await;
    database.remove().await;
    Left {
        applied: applied_by_then,
        is_half_written,
    }
}

/// Whether SQLite's rollback journal counts pages, which it does from the moment when all of them are on
/// the disk until the commit is complete. Only in between SQLite writes to the file itself.
fn has_hot_journal(database: &TestDatabase<Sqlite>) -> bool {
    let file = database.url.trim_start_matches("sqlite:");
    let file = file.trim_end_matches("?mode=rwc");
    let journal = std::fs::read(format!("{file}-journal")).unwrap_or_default();
    journal.get(8..12).is_some_and(|count| count != [0; 4])
}

fn start(database: &TestDatabase<Sqlite>, death: Death) -> Child {
    let mut replica = replica("batches", &database.url);
    replica.env(VARIABLE, death.variable());
    replica.spawn().unwrap()
}

async fn create(journal_mode: &str) -> TestDatabase<Sqlite> {
    let database = Sqlite::create().await;
    let set = format!("PRAGMA journal_mode = {journal_mode}");
    database.execute(&set).await;
    database
}
