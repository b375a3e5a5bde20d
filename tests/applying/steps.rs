//! Seeds of many steps, in their places in the order.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use kumiko_seeds::{
    Batch, Environment, Error, Progress, Seed, SeedCode, SeedRunner, SkipFlags, State, Status,
    read_cursor,
};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::steps::{
    ID, Items, check_each_once, notes_in_steps, of_batch, progress, write_notes,
};
use kumiko_tests::{app, note, on_both_databases};

const ITEMS: i64 = 1_234;

fn seeds<DB: Engine>() -> Vec<Seed<DB>> {
    vec![
        note!("2026-01-01-a"),
        notes_in_steps(ID),
        note!("2026-01-03-c"),
    ]
}

fn runner<DB: Engine>(seeds: Vec<Seed<DB>>) -> SeedRunner<DB> {
    app::runner(seeds).with(Items(ITEMS))
}

/// Fails at the item with this number, as long as there is one.
#[derive(Clone, Debug)]
struct FailsAt(Arc<AtomicI64>);

fn failing<DB: Engine>() -> Seed<DB> {
    of_batch(ID, |context, after, limit| {
        async move {
            let after = read_cursor(after)?;
            let FailsAt(number) = context.app().unwrap();
            let number = number.load(Ordering::Relaxed);
            let batch = write_notes(context, after, limit).await?;
            let last = after.unwrap_or(0) + i64::try_from(batch.items())?;
            if (after.unwrap_or(0)..last).contains(&number) {
                return Err(format!("item {number} is in bad taste").into());
            }
            batch.written()
        }
        .boxed()
    })
}

/// Does a few steps and fails then.
fn begin_elsewhere<DB: Engine>(url: &str) {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let pool = sqlx::Pool::<DB>::connect(url).await.unwrap();
            let other = runner(vec![failing()]).with(FailsAt(Arc::new(AtomicI64::new(600))));
            other.apply(&pool).await.unwrap_err();
            pool.close().await;
        });
    };
    std::thread::scope(|scope| scope.spawn(run).join()).unwrap();
}

async fn status<DB: Engine>(database: &TestDatabase<DB>, runner: &SeedRunner<DB>) -> Status {
    let history = runner.ledger(&database.pool).history().await.unwrap();
    Status::compare(
        runner.seeds().iter().map(Seed::info),
        history,
        &SkipFlags::default(),
        &Environment::Unset,
    )
}

on_both_databases! {
    async fn each_item_is_done_once_in_its_place(database: &TestDatabase<DB>) {
        let steps = Arc::new(Mutex::new(Vec::new()));
        let said = steps.clone();
        let runner = runner(seeds()).observe(move |it| {
            if let Progress::Stepped { items, progress, .. } = it {
                said.lock().unwrap().push((items, progress.done, progress.total));
            }
        });
        let report = runner.apply(&database.pool).await.unwrap();
        let ids: Vec<_> = report.applied.iter().map(|seed| seed.id).collect();
        assert_eq!(ids, ["2026-01-01-a", ID, "2026-01-03-c"]);
        assert_eq!(report.applied[1].events, 1_234);
        let total = Some(1_234);
        let steps = steps.lock().unwrap().clone();
        assert_eq!(steps[0], (100, 100, total));
        // The last finds nothing more to do.
        assert_eq!(steps.last(), Some(&(0, 1_234, total)));
        check_each_once(database, ITEMS).await;
        assert_eq!(database.markers().await, ids);
        assert_eq!(progress(database).await, [""; 0]);
        let again = runner.apply(&database.pool).await.unwrap();
        assert!(again.applied.is_empty());
    }

    async fn a_step_that_fails_is_undone_and_the_next_run_goes_on_after_the_last(
        database: &TestDatabase<DB>
    ) {
        let fails_at = FailsAt(Arc::new(AtomicI64::new(600)));
        let runner = runner(vec![failing(), note!("2026-01-03-c")]).with(fails_at.clone());
        let stopped = runner.apply(&database.pool).await.unwrap_err();
        assert_eq!(
            format!("{stopped:?}"),
            "seed 2026-01-02-steps failed\ncaused by: item 600 is in bad taste\nnote: stopped at: \
             2026-01-02-steps; applied before: none; not attempted: 2026-01-03-c; the failed step is rolled \
             back, so a retry is safe"
        );
        let [row] = &progress(database).await[..] else { unreachable!() };
        let done: i64 = row.rsplit_once(' ').unwrap().1.split_once('/').unwrap().0.parse().unwrap();
        assert!((1..=600).contains(&done), "{row}");
        assert_eq!(*row, format!("{ID} failed {done} {done}/1234"));
        check_each_once(database, done).await;

        let status = status(database, &runner).await;
        assert_eq!(status.seeds[0].state, State::Failed);
        let remark = status.seeds[0].remark().unwrap();
        assert!(
            remark.ends_with(&format!(
                ", failed after {done}: seed {ID} failed: item 600 is in bad taste"
            )),
            "{remark}"
        );

        fails_at.0.store(0, Ordering::Relaxed);
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied.len(), 2);
        assert_eq!(report.applied[0].events, 1_234);
        check_each_once(database, ITEMS).await;
    }

    async fn a_cursor_that_does_not_advance_is_an_error(database: &TestDatabase<DB>) {
        let stands = of_batch(ID, |_, _, _| async { Batch::new(Some(7_i64), 1).written() }.boxed());
        let stopped = runner(vec![stands]).apply(&database.pool).await.unwrap_err();
        assert!(matches!(stopped.error, Error::CursorStands { .. }), "{stopped:?}");
        assert_eq!(
            stopped.error.to_string(),
            "seed 2026-01-02-steps: `batch` gave the cursor that it was given, 7; it has to advance"
        );
        assert_eq!(progress(database).await, ["2026-01-02-steps failed 7 1/1234"]);
    }

    async fn many_replicas_take_turns(database: &TestDatabase<DB>) {
        let runs = (0..8).map(|_| async {
            let pool = database.pool_of(1).await;
            let report = runner(seeds()).step_time(Duration::from_millis(5)).apply(&pool).await.unwrap();
            pool.close().await;
            report
        });
        let reports = futures_util::future::join_all(runs).await;
        let applied = reports.iter().flat_map(|report| &report.applied).count();
        assert_eq!(applied, 3);
        check_each_once(database, ITEMS).await;
        assert_eq!(database.markers().await, ["2026-01-01-a", ID, "2026-01-03-c"]);
    }

    /// Then it has not looked since the tables are there.
    async fn a_replica_goes_on_with_what_another_has_begun_meanwhile(database: &TestDatabase<DB>) {
        let url = database.url.clone();
        let runner = runner(vec![notes_in_steps(ID)]).observe(move |progress| {
            if let Progress::Started { .. } = progress {
                begin_elsewhere::<DB>(&url);
            }
        });
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied[0].events, 1_234);
        check_each_once(database, ITEMS).await;
    }

    /// A release in which it is one transaction, and a person who marks it.
    async fn what_is_under_way_is_neither_run_nor_marked(database: &TestDatabase<DB>) {
        let fails_at = FailsAt(Arc::new(AtomicI64::new(600)));
        let first = runner(vec![failing()]).with(fails_at);
        first.apply(&database.pool).await.unwrap_err();
        let at_once = runner(vec![note!("2026-01-02-steps")]);
        let refused = at_once.apply(&database.pool).await.unwrap_err();
        assert!(matches!(refused.error, Error::UnderWay { .. }), "{refused:?}");
        let info = at_once.seeds()[0].info();
        let refused = at_once.ledger(&database.pool).mark(info).await.unwrap_err();
        assert!(matches!(refused, Error::UnderWay { .. }), "{refused:?}");
        assert_eq!(database.markers().await, [""; 0]);
    }

    async fn another_source_is_refused(database: &TestDatabase<DB>) {
        let fails_at = FailsAt(Arc::new(AtomicI64::new(600)));
        let first = runner(vec![failing()]).with(fails_at.clone());
        first.apply(&database.pool).await.unwrap_err();
        let edited = Seed { source_hash: "1111111111111111", text_hash: "", ..failing() };
        let refused = runner(vec![edited]).with(fails_at).apply(&database.pool).await.unwrap_err();
        assert!(matches!(refused.error, Error::OtherSourceUnderWay { .. }), "{refused:?}");
    }

    /// Nothing is done yet that it could do again.
    async fn another_source_goes_on_where_no_step_is_done(database: &TestDatabase<DB>) {
        let fails_at = |item| FailsAt(Arc::new(AtomicI64::new(item)));
        let first = |item| runner(vec![failing()]).with(fails_at(item));
        let edited = || Seed { source_hash: "1111111111111111", text_hash: "", ..failing() };
        first(1).apply(&database.pool).await.unwrap_err();
        runner(vec![edited()]).with(fails_at(600)).apply(&database.pool).await.unwrap_err();
        // From its first step on it is that one's.
        let refused = first(600).apply(&database.pool).await.unwrap_err();
        assert!(matches!(refused.error, Error::OtherSourceUnderWay { .. }), "{refused:?}");
        runner(vec![edited()]).with(fails_at(0)).apply(&database.pool).await.unwrap();
        check_each_once(database, ITEMS).await;
    }

    /// The original looks rows up by id alone, and so does whoever has marked the seed by SQL.
    async fn a_marker_of_another_service_ends_it(database: &TestDatabase<DB>) {
        let fails_at = FailsAt(Arc::new(AtomicI64::new(600)));
        let runner = runner(vec![failing()]).with(fails_at);
        runner.apply(&database.pool).await.unwrap_err();
        let before = database.payloads().await.len();
        database.execute(
            "INSERT INTO kumiko_es_operations (id, operation_type, duration_ms, applied_by)
             VALUES ('2026-01-02-steps', 'seed-migration', 1, 'boot')"
        ).await;
        // It is not pending any more.
        let report = runner.apply(&database.pool).await.unwrap();
        assert!(report.applied.is_empty());
        assert_eq!(database.payloads().await.len(), before);
    }

    async fn an_app_with_a_name_has_steps_of_its_own(database: &TestDatabase<DB>) {
        let fails_at = FailsAt(Arc::new(AtomicI64::new(600)));
        let shop = runner(vec![failing()]).with(fails_at.clone()).app("shop");
        shop.apply(&database.pool).await.unwrap_err();
        let rows = database.texts("SELECT id || ' ' || state FROM kumiko_es_progress").await;
        assert_eq!(rows, ["shop/2026-01-02-steps failed"]);
        assert_eq!(status(database, &shop).await.seeds[0].state, State::Failed);
        let other = runner(vec![failing()]).with(fails_at).app("other");
        assert_eq!(status(database, &other).await.seeds[0].state, State::Pending);
    }

    async fn a_dry_run_tries_the_first_steps_and_says_how_much_it_will_be(database: &TestDatabase<DB>) {
        let tried = runner(seeds()).dry_run(&database.pool).await.unwrap();
        let steps = &tried.seeds[1];
        assert_eq!((steps.id, steps.events.len()), (ID, 300));
        let estimate = steps.estimate.unwrap();
        assert_eq!((estimate.items, estimate.total, estimate.is_whole), (300, Some(1_234), false));
        assert!(estimate.duration.unwrap() > steps.duration, "{estimate:?}");
        assert_eq!(tried.seeds[0].estimate, None);
        assert_eq!(tried.seeds[2].id, "2026-01-03-c");
        let few = app::runner(seeds()).with(Items(7)).dry_run(&database.pool).await.unwrap();
        let estimate = few.seeds[1].estimate.unwrap();
        assert_eq!((estimate.items, estimate.total, estimate.is_whole), (7, Some(7), true));
        assert_eq!(status(database, &runner::<DB>(seeds())).await.count(State::Pending), 3);
    }
}

#[test]
fn a_seed_of_steps_has_no_run() {
    let seed: Seed<sqlx::Sqlite> = notes_in_steps(ID);
    assert!(matches!(seed.code, SeedCode::Batch { .. }));
}
