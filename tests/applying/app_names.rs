//! Apps that share a database, each with a name of its own.

use kumiko_seeds::{Environment, Error, Seed, SeedRunner, State, Status};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::flags;
use kumiko_tests::{app, note, on_both_databases};

fn named<DB: Engine>(name: &str, seeds: Vec<Seed<DB>>) -> SeedRunner<DB> {
    app::runner(seeds).app(name)
}

async fn states<DB: Engine>(
    database: &TestDatabase<DB>,
    runner: &SeedRunner<DB>,
) -> Vec<(String, State)> {
    let history = runner.ledger(&database.pool).history().await.unwrap();
    let seeds = runner.seeds().iter().map(Seed::info);
    let status = Status::compare(seeds, history, &flags(&[]), &Environment::Unset);
    let seeds = status.seeds.into_iter();
    seeds.map(|seed| (seed.id, seed.state)).collect()
}

fn edited<DB: Engine>(seed: Seed<DB>) -> Seed<DB> {
    Seed {
        source_hash: "1111111111111111",
        text_hash: "",
        ..seed
    }
}

on_both_databases! {
    async fn seeds_of_one_id_run_once_for_each_app(database: &TestDatabase<DB>) {
        let billing = || note!("2026-01-01-start");
        let shop = || Seed { source_hash: "2222222222222222", text_hash: "", ..kumiko_tests::seeds::seed("2026-01-01-start", |ctx| {
            Box::pin(async move {
                ctx.system_write_as("notes:write:add", kumiko_seeds::json!({ "text": "of the shop" })).await?;
                Ok(())
            })
        }) };
        for _ in 0..2 {
            for runner in [named("billing", vec![billing()]), named("shop", vec![shop()])] {
                let report = runner.apply(&database.pool).await.unwrap();
                assert_eq!(report.warnings, []);
                assert_eq!(states(database, &runner).await, [("2026-01-01-start".to_owned(), State::Applied)]);
            }
        }
        let ids = "SELECT id FROM kumiko_es_operations ORDER BY id";
        assert_eq!(
            database.texts(ids).await,
            [
                "billing/2026-01-01-start",
                "billing/2026-01-01-start/source",
                "shop/2026-01-01-start",
                "shop/2026-01-01-start/source",
            ]
        );
        assert_eq!(database.payloads().await.len(), 2);
        // The others' seeds are no concern of an app without a name, whatever it has itself.
        let unnamed = app::runner(vec![note!("2026-01-02-unnamed")]);
        let report = unnamed.apply(&database.pool).await.unwrap();
        assert_eq!((report.applied.len(), report.warnings), (1, vec![]));
        assert_eq!(states(database, &unnamed).await, [("2026-01-02-unnamed".to_owned(), State::Applied)]);
    }

    async fn marks_and_their_traces_are_the_app_s_own(database: &TestDatabase<DB>) {
        let seed = note!("2026-01-01-start");
        let (billing, shop) = (named("billing", vec![seed]), named("shop", vec![seed]));
        billing.ledger(&database.pool).mark(seed.info()).await.unwrap();
        let twice = billing.ledger(&database.pool).mark(seed.info()).await.unwrap_err();
        assert_eq!(twice.to_string(), "seed 2026-01-01-start is applied already");
        let other = shop.ledger(&database.pool).unmark(seed.id).await.unwrap_err();
        assert_eq!(other.to_string(), "seed 2026-01-01-start is not applied");
        billing.ledger(&database.pool).unmark(seed.id).await.unwrap();
        billing.ledger(&database.pool).mark(seed.info()).await.unwrap();
        assert_eq!(billing.ledger(&database.pool).history().await.unwrap().interventions.len(), 3);
        assert_eq!(shop.ledger(&database.pool).history().await.unwrap().interventions, []);
        assert_eq!(database.markers().await, ["billing/2026-01-01-start"]);
        assert_eq!(billing.apply(&database.pool).await.unwrap().applied, []);
        assert_eq!(shop.apply(&database.pool).await.unwrap().applied.len(), 1);
    }

    async fn an_app_that_takes_a_name_does_not_run_its_seeds_again(database: &TestDatabase<DB>) {
        let seeds = || vec![note!("2026-01-01-a"), note!("2026-01-02-b")];
        app::runner(seeds()).apply(&database.pool).await.unwrap();
        let mut later = seeds();
        later.push(note!("2026-01-03-c"));
        let billing = named("billing", later);
        let report = billing.apply(&database.pool).await.unwrap();
        assert_eq!((report.applied.len(), report.warnings), (1, vec![]));
        assert_eq!(billing.apply(&database.pool).await.unwrap().applied, []);
        assert_eq!(
            database.markers().await,
            ["2026-01-01-a", "2026-01-02-b", "billing/2026-01-03-c"]
        );
        let states = states(database, &billing).await;
        assert!(states.iter().all(|(_, state)| *state == State::Applied), "{states:?}");
        // The replicas of the release before do not run what has the name, as it is not theirs.
        let before = app::runner(seeds()).apply(&database.pool).await.unwrap();
        assert_eq!((before.applied, before.warnings), (vec![], vec![]));
    }

    async fn a_marker_that_may_be_another_app_s_is_refused(database: &TestDatabase<DB>) {
        let seed = note!("2026-01-01-a");
        app::runner(vec![seed]).apply(&database.pool).await.unwrap();
        let billing = named("billing", vec![note!("2025-01-01-first"), edited(seed)]);
        let stopped = billing.apply(&database.pool).await.unwrap_err();
        assert_eq!(
            format!("{stopped:?}"),
            "nothing was written, because it is not known whose markers these are, written without the app's name and \
             from another source text: 2026-01-01-a
note: stopped at: no seed; applied before: none; not attempted: 2025-01-01-first, 2026-01-01-a; the failed step is \
             rolled back, so a retry is safe
help: if such a seed is this app's and was edited since, mark it; if the marker is another app's, rename the file:
    cargo kumiko-ops seed:mark 2026-01-01-a"
        );
        assert_eq!(database.markers().await, ["2026-01-01-a"]);
        let expected = [
            ("2025-01-01-first".to_owned(), State::Pending),
            ("2026-01-01-a".to_owned(), State::Contested),
        ];
        assert_eq!(states(database, &billing).await, expected);

        billing.ledger(&database.pool).mark(edited(seed).info()).await.unwrap();
        assert_eq!(billing.apply(&database.pool).await.unwrap().applied.len(), 1);
        assert_eq!(states(database, &billing).await[1].1, State::Applied);
    }

    /// A replica of the release before, which has no name yet, may apply the seed meanwhile.
    async fn what_is_applied_without_the_name_is_noticed_under_the_lock(database: &TestDatabase<DB>) {
        app::runner::<DB>(vec![note!("2025-01-01-first")]).apply(&database.pool).await.unwrap();
        for (id, applied, own) in [
            ("2026-01-01-same", "1111111111111111", "1111111111111111"),
            ("2026-01-02-other", "2222222222222222", "3333333333333333"),
        ] {
            let pending = Seed { id, source_hash: own, text_hash: "", ..note!("2026-01-01-a") };
            let runner = named("billing", vec![pending]).prepare(move |connection| {
                let insert = format!(
                    "INSERT INTO kumiko_es_operations (id, operation_type, duration_ms, applied_by, notes) VALUES
                         ('{id}', 'seed-migration', 1, 'boot', NULL),
                         ('{id}/source', 'seed-source', 0, 'boot', '{applied}')"
                );
                Box::pin(async move { Ok(DB::run(connection, &insert).await?) })
            });
            match runner.apply(&database.pool).await {
                Ok(report) => assert_eq!((applied, report.applied_elsewhere), (own, vec![id])),
                Err(stopped) => {
                    assert_ne!(applied, own, "{stopped:?}");
                    assert!(matches!(stopped.error, Error::Contested { .. }), "{stopped:?}");
                }
            }
        }
        assert_eq!(database.payloads().await.len(), 1);
    }

    async fn a_name_that_is_none_is_refused(database: &TestDatabase<DB>) {
        let runner = named("Billing/EU", vec![note!("2026-01-01-a")]);
        let expected = "\"Billing/EU\" is no name for an app: it is made of a-z, 0-9 and -";
        let info = runner.seeds()[0].info();
        for error in [
            runner.apply(&database.pool).await.unwrap_err().error,
            runner.dry_run(&database.pool).await.unwrap_err().error,
            runner.ledger(&database.pool).mark(info.clone()).await.unwrap_err(),
            runner.ledger(&database.pool).unmark(info.id).await.unwrap_err(),
            runner.ledger(&database.pool).history().await.unwrap_err(),
        ] {
            assert_eq!(error.to_string(), expected);
            assert!(matches!(error, Error::AppName { .. }));
        }
    }
}
