//! Seeds that the boot leaves out, done beside the running app.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{join, join_all};
use kumiko_seeds::{
    Environment, Error, Pace, Progress, Seed, SeedInfo, SeedRunner, SkipFlags, State, Status,
    Steering, WhenPaused, WorkReport, read_cursor,
};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::steps::{
    ID, Items, check_each_once, in_background, notes_in_steps, of_batch, progress, write_notes,
};
use kumiko_tests::{app, note, on_both_databases};
use sqlx::Postgres;
use tokio::sync::Semaphore;

const ITEMS: i64 = 1_234;

fn after<DB: Engine>(ids: &'static [&'static str], seed: Seed<DB>) -> Seed<DB> {
    Seed { after: ids, ..seed }
}

fn seeds<DB: Engine>() -> Vec<Seed<DB>> {
    vec![
        note!("2026-01-01-a"),
        in_background(notes_in_steps(ID)),
        after(&[ID], note!("2026-01-03-c")),
        note!("2026-01-04-d"),
    ]
}

fn runner<DB: Engine>(seeds: Vec<Seed<DB>>) -> SeedRunner<DB> {
    app::runner(seeds).with(Items(ITEMS))
}

/// Steps that begin one by one, as somebody lets them.
#[derive(Clone, Debug)]
struct Gate(Arc<Semaphore>);

impl Gate {
    /// Lets one step through after a while. Whoever steers meanwhile waits for it on SQLite, which has one writer at a time.
    async fn opens_for_one(&self) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.0.add_permits(1);
    }
}

fn gated<DB: Engine>() -> Seed<DB> {
    in_background(of_batch(ID, |context, after, _| {
        async move {
            let Gate(gate) = context.app::<Gate>().unwrap().clone();
            gate.acquire().await?.forget();
            let after = read_cursor(after)?;
            // As many on every machine.
            write_notes(context, after, 100).await?.written()
        }
        .boxed()
    }))
}

fn ids(report: &WorkReport) -> Vec<&'static str> {
    report.applied.iter().map(|seed| seed.id).collect()
}

async fn status<DB: Engine>(database: &TestDatabase<DB>, runner: &SeedRunner<DB>) -> Status {
    let history = runner.ledger(&database.pool).history().await.unwrap();
    let seeds = runner.seeds().iter().map(Seed::info);
    Status::compare(seeds, history, &SkipFlags::default(), &Environment::Unset)
}

/// Waits until the table of progress says this of the seed.
async fn until<DB: Engine>(database: &TestDatabase<DB>, expected: &str) {
    for _ in 0..1_000 {
        if progress(database).await == [expected] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(progress(database).await, [expected]);
}

/// The step that was waiting at the gate is done, and no other. On SQLite it may not have begun.
async fn assert_within_a_step<DB: Engine>(database: &TestDatabase<DB>, state: &str) {
    let found = progress(database).await;
    let at = |done: i64| [format!("{ID} {state} {done} {done}/1234")];
    assert!(found == at(100) || found == at(200), "{found:?}");
}

on_both_databases! {
    async fn the_boot_leaves_them_out_and_a_worker_does_them(database: &TestDatabase<DB>) {
        let runner = runner(seeds());
        let boot = runner.apply(&database.pool).await.unwrap();
        let applied: Vec<_> = boot.applied.iter().map(|seed| seed.id).collect();
        assert_eq!(applied, ["2026-01-01-a", "2026-01-04-d"]);
        assert_eq!(boot.left_to_background, [ID, "2026-01-03-c"]);
        let before = status(database, &runner).await;
        assert_eq!(before.count(State::Pending), 2);
        assert!(before.seeds[1].background);
        assert_eq!(before.seeds[2].remark().unwrap(), format!("waits for {ID}"));

        let report = runner.work(&database.pool).await;
        assert_eq!(ids(&report), [ID, "2026-01-03-c"]);
        assert_eq!((report.left.len(), report.failed.len(), report.is_stopped), (0, 0, false));
        check_each_once(database, ITEMS).await;
        let again = runner.work(&database.pool).await;
        assert_eq!(ids(&again), [""; 0]);
    }

    /// It does not know that the app has booted.
    async fn a_worker_prepares_the_database_itself(database: &TestDatabase<DB>) {
        let report = runner(seeds()).work(&database.pool).await;
        assert_eq!(ids(&report), [ID, "2026-01-03-c"]);
        check_each_once(database, ITEMS).await;
    }

    async fn any_number_of_workers_do_each_item_once(database: &TestDatabase<DB>) {
        let works = (0..6).map(|_| async {
            let pool = database.pool_of(1).await;
            let report = runner(seeds()).step_time(Duration::from_millis(5)).work(&pool).await;
            pool.close().await;
            report
        });
        let reports = join_all(works).await;
        let applied: Vec<_> = reports.iter().flat_map(ids).collect();
        assert_eq!(applied.len(), 2, "{reports:?}");
        check_each_once(database, ITEMS).await;
    }

    /// The app has the one connection between two steps.
    async fn a_pool_of_one_is_enough_for_the_app_and_its_worker(database: &TestDatabase<DB>) {
        let pool = database.pool_of(1).await;
        let runner = app::runner(seeds()).with(Items(200)).step_size(1..=20);
        let work = runner.work(&pool);
        let app = async {
            let mut writes = 0;
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                let insert = format!("INSERT INTO read_notes (text) VALUES ('of the app {writes}')");
                DB::execute(&pool, &insert).await.unwrap();
                writes += 1;
                if database.markers().await.contains(&ID.to_owned()) {
                    return writes;
                }
            }
        };
        // The tables are there before the app asks for them.
        runner.run_preparation(&database.pool).await.unwrap();
        let earlier = SeedInfo::new("2025-01-01-earlier", "an earlier seed");
        runner.ledger(&database.pool).mark(earlier).await.unwrap();
        let (report, writes) = tokio::time::timeout(
            Duration::from_mins(1),
            join(work, app),
        )
        .await
        .unwrap();
        assert_eq!(ids(&report), [ID, "2026-01-03-c"]);
        assert!(writes >= 5, "{writes}");
        pool.close().await;
    }

    async fn it_is_told_to_stop_after_the_step_in_flight(database: &TestDatabase<DB>) {
        let gate = Gate(Arc::new(Semaphore::new(2)));
        let runner = runner(vec![gated()]).with(gate.clone());
        let stop = async {
            until(database, "2026-01-02-steps running 200 200/1234").await;
            // Into the third step, which ends before the worker does.
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let work = runner.work_until(&database.pool, stop.inspect(|()| gate.0.add_permits(1)));
        let report = work.await;
        assert!(report.is_stopped);
        assert_eq!(report.left, [ID]);
        let done = if progress(database).await == ["2026-01-02-steps running 300 300/1234"] { 300 } else { 200 };
        check_each_once(database, done).await;
    }

    async fn a_pause_takes_hold_within_a_step_and_a_resumed_seed_goes_on(database: &TestDatabase<DB>) {
        let gate = Gate(Arc::new(Semaphore::new(1)));
        let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let runner = runner(vec![gated()]).with(gate.clone()).observe(move |progress| {
            if let Progress::Paused { id } = progress {
                said.send(id).unwrap();
            }
        });
        let ledger = runner.ledger(&database.pool);
        let steering = async {
            until(database, "2026-01-02-steps running 100 100/1234").await;
            let (paused, ()) = join(ledger.steer(ID, Steering::Pause), gate.opens_for_one()).await;
            assert_eq!(paused.unwrap().state.as_str(), "paused");
            gate.0.add_permits(100);
            assert_eq!(heard.recv().await, Some(ID));
            assert_within_a_step(database, "paused").await;
            let twice = ledger.steer(ID, Steering::Pause).await.unwrap_err();
            assert_eq!(
                twice.to_string(),
                "seed 2026-01-02-steps is paused: there is nothing to pause"
            );
            ledger.steer(ID, Steering::Resume).await.unwrap();
        };
        let (report, ()) = join(runner.work(&database.pool), steering).await;
        assert_eq!(ids(&report), [ID]);
        check_each_once(database, ITEMS).await;
        let over = ledger.steer(ID, Steering::Pause).await.unwrap_err();
        assert_eq!(over.to_string(), "seed 2026-01-02-steps is not under way");
    }

    async fn a_cancelled_seed_is_left_until_somebody_takes_it_up_again(database: &TestDatabase<DB>) {
        let gate = Gate(Arc::new(Semaphore::new(1)));
        let runner = runner(vec![gated(), after(&[ID], note!("2026-01-03-c"))]).with(gate.clone());
        let ledger = runner.ledger(&database.pool);
        let steering = async {
            until(database, "2026-01-02-steps running 100 100/1234").await;
            let (cancelled, ()) = join(ledger.steer(ID, Steering::Cancel), gate.opens_for_one()).await;
            cancelled.unwrap();
            gate.0.add_permits(100);
        };
        let (report, ()) = join(runner.work(&database.pool), steering).await;
        assert_eq!(ids(&report), [""; 0]);
        assert_eq!(report.left, [ID, "2026-01-03-c"]);
        assert_within_a_step(database, "cancelled").await;
        let status = status(database, &runner).await;
        assert_eq!((status.seeds[0].state, status.seeds[1].state), (State::Cancelled, State::Pending));

        ledger.steer(ID, Steering::Retry).await.unwrap();
        let report = runner.work(&database.pool).await;
        assert_eq!(ids(&report), [ID, "2026-01-03-c"]);
        check_each_once(database, ITEMS).await;
    }

    async fn a_cancelled_seed_can_be_marked(database: &TestDatabase<DB>) {
        let gate = Gate(Arc::new(Semaphore::new(1)));
        let runner = runner(vec![gated(), after(&[ID], note!("2026-01-03-c"))]).with(gate);
        let ledger = runner.ledger(&database.pool);
        let stop = until(database, "2026-01-02-steps running 100 100/1234");
        // Dropped in the middle of a step.
        tokio::select! { _ = runner.work(&database.pool) => unreachable!(), () = stop => {} }
        ledger.steer(ID, Steering::Cancel).await.unwrap();
        ledger.mark(runner.seeds()[0].info()).await.unwrap();
        assert_eq!(progress(database).await, [""; 0]);
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied.len(), 1);
        check_each_once(database, 100).await;
    }

    async fn a_failed_seed_waits_for_a_retry_and_the_app_goes_on(database: &TestDatabase<DB>) {
        let fails = in_background(of_batch(ID, |context, after, limit| {
            async move {
                let after = read_cursor(after)?;
                if after.is_some() {
                    return Err("item 101 is in bad taste".into());
                }
                write_notes(context, after, limit).await?.written()
            }
            .boxed()
        }));
        let other = in_background(note!("2026-01-05-e"));
        let runner = runner(vec![fails, other]);
        let report = runner.work(&database.pool).await;
        assert_eq!(ids(&report), ["2026-01-05-e"]);
        let [failed] = &report.failed[..] else { unreachable!("{report:?}") };
        assert!(matches!(failed.error, Error::Seed { id: ID, .. }), "{failed:?}");
        assert_eq!(progress(database).await, ["2026-01-02-steps failed 100 100/1234"]);
        // Another worker leaves it alone.
        let report = runner.work(&database.pool).await;
        assert_eq!((report.failed.len(), report.left.as_slice()), (0, &[ID][..]));

        let mended = self::runner(vec![in_background(notes_in_steps(ID))]);
        let ledger = mended.ledger(&database.pool);
        ledger.steer(ID, Steering::Retry).await.unwrap();
        assert_eq!(ids(&mended.work(&database.pool).await), [ID]);
        check_each_once(database, ITEMS).await;
    }

    async fn another_source_goes_on_or_begins_anew_when_it_is_told_to(database: &TestDatabase<DB>) {
        let gate = Gate(Arc::new(Semaphore::new(1)));
        let first = runner(vec![gated()]).with(gate);
        let stop = until(database, "2026-01-02-steps running 100 100/1234");
        tokio::select! { _ = first.work(&database.pool) => unreachable!(), () = stop => {} }
        let edited = Seed { source_hash: "1111111111111111", text_hash: "", ..in_background(notes_in_steps(ID)) };
        let edited = runner(vec![edited]);
        let report = edited.work(&database.pool).await;
        assert!(
            matches!(report.failed[0].error, Error::OtherSourceUnderWay { done: 100, .. }),
            "{report:?}"
        );
        let ledger = edited.ledger(&database.pool);
        let info = edited.seeds()[0].info();
        let restarted = ledger.steer(ID, Steering::Restart(info.clone())).await.unwrap();
        assert_eq!((restarted.done, restarted.cursor), (0, None));
        database.execute("DELETE FROM read_notes; DELETE FROM kumiko_events").await;
        assert_eq!(ids(&edited.work(&database.pool).await), [ID]);
        check_each_once(database, ITEMS).await;
    }

    async fn a_throttle_holds_steps_back_and_says_why(database: &TestDatabase<DB>) {
        let is_busy = Arc::new(AtomicBool::new(false));
        let asked = is_busy.clone();
        let pace = Pace::default().throttle(move || {
            asked.load(Ordering::Relaxed).then(|| "it is rush hour".to_owned())
        });
        let gate = Gate(Arc::new(Semaphore::new(1)));
        let runner = runner(vec![gated()]).with(gate.clone()).pace(pace);
        let steering = async {
            until(database, "2026-01-02-steps running 100 100/1234").await;
            is_busy.store(true, Ordering::Relaxed);
            gate.0.add_permits(100);
            let mut remark = String::new();
            while !remark.ends_with(", held back: it is rush hour") {
                tokio::time::sleep(Duration::from_millis(10)).await;
                remark = status(database, &runner).await.seeds[0].remark().unwrap();
            }
            let before = progress(database).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(progress(database).await, before);
            is_busy.store(false, Ordering::Relaxed);
        };
        let (report, ()) = join(runner.work(&database.pool), steering).await;
        assert_eq!(ids(&report), [ID]);
        check_each_once(database, ITEMS).await;
    }

    async fn a_share_of_the_time_is_kept(database: &TestDatabase<DB>) {
        let began = std::time::Instant::now();
        let runner = runner(vec![in_background(notes_in_steps(ID))]).pace(Pace::default().share(20));
        let report = runner.work(&database.pool).await;
        let (took, worked) = (began.elapsed(), report.applied[0].duration);
        assert!(took > worked * 3, "{took:?} {worked:?}");
    }

    async fn a_command_leaves_a_paused_seed(database: &TestDatabase<DB>) {
        let gate = Gate(Arc::new(Semaphore::new(1)));
        let runner = runner(vec![gated()]).with(gate).when_paused(WhenPaused::Leaves);
        let stop = until(database, "2026-01-02-steps running 100 100/1234");
        tokio::select! { _ = runner.work(&database.pool) => unreachable!(), () = stop => {} }
        runner.ledger(&database.pool).steer(ID, Steering::Pause).await.unwrap();
        let report = runner.work(&database.pool).await;
        assert_eq!((report.left.as_slice(), report.is_stopped), (&[ID][..], false));
    }

    async fn a_seed_under_way_that_the_app_lost_is_missing_until_it_is_cancelled(
        database: &TestDatabase<DB>
    ) {
        let gate = Gate(Arc::new(Semaphore::new(1)));
        let first = runner(vec![gated()]).with(gate);
        let stop = until(database, "2026-01-02-steps running 100 100/1234");
        tokio::select! { _ = first.work(&database.pool) => unreachable!(), () = stop => {} }
        let other = runner::<DB>(vec![note!("2026-01-01-a")]);
        let found = status(database, &other).await;
        assert_eq!((found.count(State::Missing), found.has_drifted()), (1, true));
        first.ledger(&database.pool).steer(ID, Steering::Cancel).await.unwrap();
        let found = status(database, &other).await;
        assert_eq!((found.count(State::Missing), found.has_drifted()), (0, false));
    }

    /// Under its new name it would do again what is done.
    async fn a_seed_that_was_renamed_does_not_begin_anew(database: &TestDatabase<DB>) {
        let gate = Gate(Arc::new(Semaphore::new(1)));
        let first = runner(vec![gated()]).with(gate);
        let stop = until(database, "2026-01-02-steps running 100 100/1234");
        tokio::select! { _ = first.work(&database.pool) => unreachable!(), () = stop => {} }
        let renamed = || Seed { id: "2026-01-07-steps", ..in_background(notes_in_steps(ID)) };
        let renamed = runner(vec![renamed()]);
        let report = renamed.work(&database.pool).await;
        let error = &report.failed[0].error;
        assert_eq!(
            error.to_string(),
            "seed 2026-01-07-steps is under way as 2026-01-02-steps, whose file is gone (100 items are done)"
        );
        assert_eq!(
            error.remedy().unwrap(),
            "give the file its name back until the seed is applied:\n    git mv seeds/2026-01-07-steps.rs \
             seeds/2026-01-02-steps.rs\nor give up what is under way, and the seed begins anew under its new \
             name:\n    cargo kumiko-ops seed:cancel 2026-01-02-steps"
        );
        let back = runner(vec![in_background(notes_in_steps(ID))]);
        assert_eq!(ids(&back.work(&database.pool).await), [ID]);
        check_each_once(database, ITEMS).await;

        // Applied, it is what a run refuses as well.
        let report = renamed.work(&database.pool).await;
        assert!(matches!(report.failed[0].error, Error::Renamed { .. }), "{report:?}");
        check_each_once(database, ITEMS).await;
    }
}

/// It takes the lock of seeds for its boot, and looks for each seed by its id.
#[tokio::test]
async fn the_original_waits_for_no_step_and_takes_none_for_an_applied_seed() {
    let database = Postgres::create().await;
    let gate = Gate(Arc::new(Semaphore::new(1)));
    let runner = runner(vec![gated()]).with(gate.clone());
    let original = async {
        until(&database, "2026-01-02-steps running 100 100/1234").await;
        // The second step waits at the gate.
        let held = "SELECT CAST(count(*) AS text) FROM pg_locks
                    WHERE locktype = 'advisory' AND classid = 1702063984 AND objsubid = 2
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while database.text(held).await != "1" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let lock = "SELECT CAST(pg_try_advisory_xact_lock(1702063984) AS text)";
        assert_eq!(database.text(lock).await, "true");
        let row = format!("SELECT id FROM kumiko_es_operations WHERE id = '{ID}'");
        assert_eq!(database.texts(&row).await, [""; 0]);
        gate.0.add_permits(100);
    };
    let (report, ()) = join(runner.work(&database.pool), original).await;
    assert_eq!(ids(&report), [ID]);
    database.remove().await;
}
