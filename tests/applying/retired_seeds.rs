//! Seeds that are retired: of the app, and without code.

use kumiko_seeds::{
    Environment, Error, Seed, SeedCode, SeedRunner, Selection, SkipFlags, State, Status,
};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::steps::{Items, notes_in_steps};
use kumiko_tests::{app, note, on_both_databases};
use sqlx::Pool;

const FIRST: &str = "2026-01-01-first";
const SECOND: &str = "2026-01-02-second";
const THIRD: &str = "2026-01-03-third";

fn retired<DB: Engine>(seed: Seed<DB>, release: &'static str) -> Seed<DB> {
    Seed {
        code: SeedCode::Retired { release },
        ..seed
    }
}

/// The release that has all of them.
fn before<DB: Engine>() -> SeedRunner<DB> {
    app::runner(vec![note!("2026-01-01-first"), note!("2026-01-02-second")])
}

/// The release in which the first two are retired.
fn after<DB: Engine>() -> SeedRunner<DB> {
    app::runner(vec![
        note!("2026-01-03-third"),
        retired(note!("2026-01-02-second"), "1.5.0"),
        retired(note!("2026-01-01-first"), "1.4.0"),
    ])
}

/// The release in which one seed is in the place of both.
fn squashed<DB: Engine>() -> SeedRunner<DB> {
    app::runner(vec![
        replacing(),
        retired(note!("2026-01-02-second"), "1.5.0"),
        retired(note!("2026-01-01-first"), "1.4.0"),
    ])
}

fn replacing<DB: Engine>() -> Seed<DB> {
    Seed {
        replaces: &[FIRST, SECOND],
        ..note!("2026-01-03-third")
    }
}

/// The runner, with an older release that applies these seeds after its look and before it has the lock.
fn overtaken<DB: Engine>(
    runner: SeedRunner<DB>,
    database: &TestDatabase<DB>,
    seeds: fn() -> Vec<Seed<DB>>,
) -> SeedRunner<DB> {
    let url = database.url.clone();
    runner.preflight_app(move |_| {
        let url = url.clone();
        let older = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let pool = Pool::<DB>::connect(&url).await.unwrap();
                app::runner(seeds()).apply(&pool).await.unwrap();
                pool.close().await;
            });
        });
        older.join().unwrap();
        Vec::new()
    })
}

async fn notes<DB: Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    let notes = "SELECT notes FROM kumiko_es_operations WHERE operation_type = 'seed-migration' ORDER BY id";
    database.texts(notes).await
}

const NOT_RUN: &str = "a seed of a test; not run, since 2026-01-01-first, 2026-01-02-second are applied, which it replaces";
const IN_ITS_PLACE: &str =
    "a seed of a test; retired and not run, since 2026-01-03-third has run, which replaces it";

async fn states<DB: Engine>(
    database: &TestDatabase<DB>,
    runner: &SeedRunner<DB>,
) -> Vec<(State, Option<String>)> {
    let history = runner.ledger(&database.pool).history().await.unwrap();
    let infos = runner.seeds().iter().map(Seed::info);
    let status = Status::compare(
        infos,
        history,
        &SkipFlags::default(),
        &Environment::default(),
    );
    assert!(!status.has_drifted());
    status
        .seeds
        .iter()
        .map(|seed| (seed.state, seed.remark()))
        .collect()
}

on_both_databases! {
    async fn where_they_are_applied_nothing_is_missing(database: &TestDatabase<DB>) {
        before().apply(&database.pool).await.unwrap();
        let runner = after();
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!((report.applied[0].id, report.applied.len(), report.warnings), (THIRD, 1, vec![]));
        assert_eq!(
            states(database, &runner).await,
            [
                (State::Applied, Some("retired, last in 1.4.0".to_owned())),
                (State::Applied, Some("retired, last in 1.5.0".to_owned())),
                (State::Applied, None),
            ]
        );
        // Whoever goes back to the release before has them again.
        assert!(before().apply(&database.pool).await.unwrap().applied.is_empty());
    }

    /// As one that was restored, or never was started with the releases between.
    async fn a_database_without_them_is_refused_before_the_first_write(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2026-01-01-first")]).apply(&database.pool).await.unwrap();
        let runner = after();
        for stopped in [
            runner.apply(&database.pool).await.unwrap_err(),
            runner.dry_run(&database.pool).await.unwrap_err(),
            after().select(Selection::OnlyOutOfOrder(THIRD.to_owned())).apply(&database.pool).await.unwrap_err(),
            // To have a baseline says nothing of a database that is not new.
            after().baseline_contains_retired().apply(&database.pool).await.unwrap_err(),
        ] {
            assert_eq!(
                format!("{stopped:?}"),
                "nothing was written, because this release does not have seeds any more that are not applied here:
  2026-01-02-second, last in 1.5.0
note: stopped at: no seed; applied before: none; not attempted: none; the failed step is rolled back, so a retry is safe
help: start 1.5.0 on this database first, and then this release again; or, if what they do is done here, mark them:
    cargo kumiko-ops seed:mark 2026-01-02-second"
            );
        }
        assert_eq!(database.markers().await, [FIRST]);
        let states = states(database, &runner).await;
        assert_eq!(states[1], (State::Retired, Some("retired, last in 1.5.0".to_owned())));

        before().apply(&database.pool).await.unwrap();
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(database.markers().await, [FIRST, SECOND, THIRD]);
        assert_eq!(database.payloads().await.len(), 3);
    }

    async fn one_that_is_marked_is_applied(database: &TestDatabase<DB>) {
        let runner = after();
        for seed in [&runner.seeds()[1], &runner.seeds()[2]] {
            runner.ledger(&database.pool).mark(seed.info()).await.unwrap();
        }
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(database.payloads().await.len(), 1);
    }

    async fn a_new_database_is_refused_unless_its_baseline_contains_them(database: &TestDatabase<DB>) {
        let refused = after().apply(&database.pool).await.unwrap_err();
        let Error::Retired { ids, releases } = refused.error else {
            panic!("{refused:?}");
        };
        assert_eq!((ids, releases), (vec![FIRST.to_owned(), SECOND.to_owned()], vec!["1.4.0".to_owned(), "1.5.0".to_owned()]));

        let runner = after().baseline_contains_retired();
        let tried = runner.dry_run(&database.pool).await.unwrap();
        assert_eq!((tried.seeds.len(), tried.seeds[0].id), (1, THIRD));
        // Nothing of that was kept.
        after().apply(&database.pool).await.unwrap_err();
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!((report.applied.len(), report.applied[0].id, report.warnings), (1, THIRD, vec![]));
        assert_eq!(database.markers().await, [FIRST, SECOND, THIRD]);
        let notes = "SELECT notes FROM kumiko_es_operations WHERE id = '2026-01-01-first'";
        assert_eq!(
            database.texts(notes).await,
            ["a seed of a test; retired and not run, since the baseline of a new database contains it"]
        );
        // From then on it is like any other database, for whichever release.
        after().apply(&database.pool).await.unwrap();
        assert!(before().apply(&database.pool).await.unwrap().applied.is_empty());
    }

    /// There is no event, which alone would make it a new one.
    async fn a_database_with_a_marker_is_not_new(database: &TestDatabase<DB>) {
        let runner = after().baseline_contains_retired();
        runner.ledger(&database.pool).mark(runner.seeds()[2].info()).await.unwrap();
        let refused = runner.apply(&database.pool).await.unwrap_err();
        let Error::Retired { ids, .. } = refused.error else {
            panic!("{refused:?}");
        };
        assert_eq!(ids, [SECOND]);
    }

    async fn a_worker_begins_nothing_before_they_are_applied(database: &TestDatabase<DB>) {
        let runner = || {
            let worked = Seed { background: true, ..note!("2026-01-03-third") };
            app::runner(vec![worked, retired(note!("2026-01-01-first"), "1.4.0")])
        };
        let report = runner().work(&database.pool).await;
        assert_eq!((report.applied.len(), report.left), (0, vec![THIRD]));
        app::runner(vec![note!("2026-01-01-first")]).apply(&database.pool).await.unwrap();
        let report = runner().work(&database.pool).await;
        assert_eq!(report.applied[0].id, THIRD);
    }

    /// It has no marker yet, and is not new.
    async fn one_that_is_under_way_is_refused(database: &TestDatabase<DB>) {
        let in_steps = || notes_in_steps::<DB>("2026-01-01-first");
        // Its steps fail, since there is nothing that says how many there are.
        app::runner(vec![in_steps()]).apply(&database.pool).await.unwrap_err();
        assert_eq!(database.texts("SELECT id FROM kumiko_es_progress").await, [FIRST]);
        let runner = || app::runner(vec![retired(in_steps(), "1.4.0")]);
        let refused = runner().apply(&database.pool).await.unwrap_err();
        assert!(matches!(refused.error, Error::Retired { .. }), "{refused:?}");
        let refused = runner().baseline_contains_retired().apply(&database.pool).await.unwrap_err();
        assert!(matches!(refused.error, Error::UnderWay { .. }), "{refused:?}");
        app::runner(vec![in_steps()]).with(Items(10)).apply(&database.pool).await.unwrap();
        runner().apply(&database.pool).await.unwrap();
    }

    async fn where_all_that_it_replaces_is_applied_a_seed_is_recorded(database: &TestDatabase<DB>) {
        before().apply(&database.pool).await.unwrap();
        let runner = squashed();
        assert_eq!(
            states(database, &runner).await[2],
            (State::Pending, Some("what it replaces is applied, so it will only be recorded".to_owned()))
        );
        let tried = runner.dry_run(&database.pool).await.unwrap();
        assert_eq!((tried.seeds[0].id, tried.seeds[0].events.len()), (THIRD, 0));
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!((report.applied.len(), report.applied[0].id, report.applied[0].events), (1, THIRD, 0));
        assert_eq!(database.payloads().await.len(), 2);
        assert_eq!(notes(database).await[2], NOT_RUN);
        assert_eq!(states(database, &runner).await[2], (State::Applied, None));
        assert!(runner.apply(&database.pool).await.unwrap().applied.is_empty());
    }

    async fn where_nothing_is_applied_it_runs_in_their_place(database: &TestDatabase<DB>) {
        let runner = squashed();
        let tried = runner.dry_run(&database.pool).await.unwrap();
        assert_eq!((tried.seeds.len(), tried.seeds[0].events.len()), (1, 1));
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!((report.applied.len(), report.applied[0].id, report.warnings), (1, THIRD, vec![]));
        assert_eq!(database.markers().await, [FIRST, SECOND, THIRD]);
        assert_eq!(notes(database).await, [IN_ITS_PLACE, IN_ITS_PLACE, "a seed of a test"]);
        assert_eq!(database.payloads().await.len(), 1);
        assert_eq!(states(database, &runner).await[0], (State::Applied, Some("retired, last in 1.4.0".to_owned())));
        // The older release that still runs finds them applied.
        assert!(before().apply(&database.pool).await.unwrap().applied.is_empty());
        assert!(squashed().apply(&database.pool).await.unwrap().applied.is_empty());
    }

    async fn where_some_are_applied_it_is_refused_before_the_first_write(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2026-01-01-first")]).apply(&database.pool).await.unwrap();
        let runner = squashed();
        for stopped in [
            runner.apply(&database.pool).await.unwrap_err(),
            runner.dry_run(&database.pool).await.unwrap_err(),
        ] {
            assert_eq!(
                format!("{stopped:?}"),
                "seed 2026-01-03-third replaces seeds of which some are applied here and others are not:
  2026-01-01-first, applied
  2026-01-02-second, last in 1.5.0
note: stopped at: no seed; applied before: none; not attempted: none; the failed step is rolled back, so a retry is safe
help: start 1.5.0 on this database first, and then this release again; or, if what they do is done here, mark them:
    cargo kumiko-ops seed:mark 2026-01-02-second"
            );
        }
        assert_eq!(database.markers().await, [FIRST]);
        let states: Vec<State> = states(database, &runner).await.into_iter().map(|(state, _)| state).collect();
        assert_eq!(states, [State::Applied, State::Retired, State::Pending]);
        runner.ledger(&database.pool).mark(runner.seeds()[1].info()).await.unwrap();
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(notes(database).await[2], NOT_RUN);
    }

    async fn what_an_older_release_applies_meanwhile_counts(database: &TestDatabase<DB>) {
        let both = || vec![note!("2026-01-01-first"), note!("2026-01-02-second")];
        overtaken(squashed(), database, both).apply(&database.pool).await.unwrap();
        assert_eq!(database.payloads().await.len(), 2);
        assert_eq!(notes(database).await[2], NOT_RUN);
    }

    async fn if_that_is_some_of_it_the_seed_is_refused(database: &TestDatabase<DB>) {
        let one = || vec![note!("2026-01-01-first")];
        let refused = overtaken(squashed(), database, one).apply(&database.pool).await.unwrap_err();
        let Error::HalfReplaced { applied, left, .. } = refused.error else {
            panic!("{refused:?}");
        };
        assert_eq!((applied, left), (vec![FIRST.to_owned()], vec![SECOND.to_owned()]));
        assert_eq!(database.payloads().await.len(), 1);
        assert_eq!(database.markers().await, [FIRST]);
    }

    /// As in a copy that was restored in part, or where a person has marked it.
    async fn where_it_is_applied_what_it_replaces_needs_no_marker(database: &TestDatabase<DB>) {
        let runner = squashed();
        runner.ledger(&database.pool).mark(runner.seeds()[0].info()).await.unwrap();
        let report = runner.apply(&database.pool).await.unwrap();
        assert!(report.applied.is_empty() && report.warnings.is_empty());
        assert_eq!(database.markers().await, [THIRD]);
        assert_eq!(states(database, &runner).await.len(), 1);
    }

    async fn what_a_baseline_contains_is_not_done_again(database: &TestDatabase<DB>) {
        let runner = squashed().baseline_contains_retired();
        assert_eq!(runner.dry_run(&database.pool).await.unwrap().seeds.len(), 0);
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(database.payloads().await.len(), 0);
        assert_eq!(notes(database).await[2], NOT_RUN);
    }

    async fn a_worker_begins_nothing_before_it_has_run(database: &TestDatabase<DB>) {
        let worked = Seed { background: true, after: &[FIRST], ..note!("2026-01-04-fourth") };
        let runner = app::runner(vec![replacing(), worked, retired(note!("2026-01-01-first"), "1.4.0"),
            retired(note!("2026-01-02-second"), "1.5.0")]);
        assert_eq!(runner.work(&database.pool).await.applied.len(), 0);
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(runner.work(&database.pool).await.applied[0].id, "2026-01-04-fourth");
    }

    async fn what_is_under_way_is_not_replaced(database: &TestDatabase<DB>) {
        let in_steps = || notes_in_steps::<DB>("2026-01-01-first");
        app::runner(vec![in_steps()]).apply(&database.pool).await.unwrap_err();
        let runner = app::runner(vec![
            Seed { replaces: &[FIRST], ..note!("2026-01-03-third") },
            retired(in_steps(), "1.4.0"),
        ]);
        let refused = runner.apply(&database.pool).await.unwrap_err();
        assert!(matches!(refused.error, Error::UnderWay { .. }), "{refused:?}");
        assert_eq!(database.markers().await, [""; 0]);
    }
}
