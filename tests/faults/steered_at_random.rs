//! People who pause, resume, cancel and retry a seed of many steps at random while workers do it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use kumiko_seeds::{Error, ProgressState, SeedRunner, Steering, WorkReport};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::steps::{ID, Items, done_so_far, in_background, notes_in_steps, progress};
use kumiko_tests::workers::check_applied;
use kumiko_tests::{app, on_both_databases};
use tokio::time::sleep;

const ITEMS: i64 = 6_000;
const STEERED: Duration = Duration::from_secs(4);

on_both_databases! {
    async fn each_item_is_done_once_and_in_the_end_all_are(database: &TestDatabase<DB>) {
        let is_over = Cell::new(false);
        let works = join_all((0..3).map(|_| work_until(database, &is_over)));
        let (reports, ()) = join(works, steer(database, &is_over)).await;
        let applied = reports.iter().flatten().flat_map(|report| &report.applied);
        assert_eq!(applied.count(), 1, "{reports:?}");
        check_applied(database, ITEMS).await;
    }
}

fn runner<DB: Engine>() -> SeedRunner<DB> {
    let runner = app::runner(vec![in_background(notes_in_steps(ID))]).with(Items(ITEMS));
    runner.step_time(Duration::from_millis(10))
}

/// A worker ends when the seed is cancelled; then it is started again, as long as somebody may take it up.
async fn work_until<DB: Engine>(
    database: &TestDatabase<DB>,
    is_over: &Cell<bool>,
) -> Vec<WorkReport> {
    let pool = database.pool_of(2).await;
    let runner = runner();
    let mut reports = Vec::new();
    loop {
        let was_over = is_over.get();
        let report = runner.work(&pool).await;
        assert!(
            report.failed.is_empty() && report.error.is_none(),
            "{report:?}"
        );
        let is_done = report.left.is_empty();
        reports.push(report);
        if is_done {
            pool.close().await;
            return reports;
        }
        assert!(!was_over, "{reports:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn steer<DB: Engine>(database: &TestDatabase<DB>, is_over: &Cell<bool>) {
    let ledger = runner::<DB>().ledger(&database.pool);
    let (began, mut turned) = (Instant::now(), [0; 4]);
    while began.elapsed() < STEERED {
        let choice = fastrand::usize(..turned.len());
        let steering = [
            Steering::Pause,
            Steering::Resume,
            Steering::Cancel,
            Steering::Retry,
        ];
        match ledger.steer(ID, steering[choice].clone()).await {
            Ok(_) => turned[choice] += 1,
            Err(Error::Steering { .. } | Error::NotUnderWay { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
        done_so_far(&database.pool, ITEMS).await.unwrap();
        sleep(Duration::from_millis(fastrand::u64(..30))).await;
    }
    println!(
        "{}: paused, resumed, cancelled, retried {turned:?} times",
        DB::NAME
    );
    assert!(turned.iter().all(|times| *times > 0), "{turned:?}");
    // It may have been applied meanwhile.
    for (state, steering) in [
        (ProgressState::Paused, Steering::Resume),
        (ProgressState::Cancelled, Steering::Retry),
    ] {
        let found = progress(database).await;
        if found
            .iter()
            .any(|line| line.starts_with(&format!("{ID} {state} ")))
        {
            ledger.steer(ID, steering).await.unwrap();
        }
    }
    is_over.set(true);
}
