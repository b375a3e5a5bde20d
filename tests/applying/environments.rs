//! Seeds that are for some environments alone.

use kumiko_seeds::{Environment, Report, Seed, SeedRunner, Selection, State, Status};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::flags;
use kumiko_tests::{app, note, on_both_databases};

const STAGING: &str = "2026-01-02-staging";

/// A seed for every environment, one for two of them, one that waits for it, and one in the background.
fn seeds<DB: Engine>() -> Vec<Seed<DB>> {
    let two = |seed: Seed<DB>| Seed {
        environments: &["staging", "demo"],
        ..seed
    };
    vec![
        note!("2026-01-01-all"),
        two(note!("2026-01-02-staging")),
        Seed {
            after: &[STAGING],
            ..two(note!("2026-01-03-waits"))
        },
        Seed {
            background: true,
            ..two(note!("2026-01-04-background"))
        },
        note!("2026-01-05-last"),
    ]
}

fn runner<DB: Engine>(environment: impl Into<Environment>) -> SeedRunner<DB> {
    app::runner(seeds()).environment(environment)
}

fn applied(report: &Report) -> Vec<&str> {
    report.applied.iter().map(|seed| seed.id).collect()
}

async fn status<DB: Engine>(database: &TestDatabase<DB>, environment: &Environment) -> Status {
    let runner = runner::<DB>(environment.clone());
    let history = runner.ledger(&database.pool).history().await.unwrap();
    Status::compare(runner.infos(), history, &flags(&[]), environment)
}

async fn nothing_is_applied<DB: Engine>(database: &TestDatabase<DB>) -> bool {
    let status = status(database, &Environment::Every).await;
    status.count(State::Applied) == 0
}

on_both_databases! {
    async fn a_seed_runs_where_it_is_for_and_keeps_nobody_waiting_elsewhere(database: &TestDatabase<DB>) {
        for elsewhere in [Environment::Unset, "production".into()] {
            let report = runner(elsewhere.clone()).apply(&database.pool).await.unwrap();
            assert_eq!(report.not_here, [STAGING, "2026-01-03-waits", "2026-01-04-background"]);
            assert_eq!(report.left_to_background, [""; 0]);
            assert_eq!(report.warnings, []);
            let work = runner(elsewhere.clone()).work(&database.pool).await;
            assert_eq!((work.applied.len(), work.left.len()), (0, 0));
            let status = status(database, &elsewhere).await;
            assert!(!status.has_pending() && !status.has_drifted());
            assert_eq!(status.count(State::NotHere), 3);
            let remark = match elsewhere {
                Environment::Unset => "not for this environment: KUMIKO_ENVIRONMENT is not set",
                _ => "not for production",
            };
            assert_eq!(status.seeds[1].remark().as_deref(), Some(remark));
            assert_eq!(status.seeds[1].environments, ["staging", "demo"]);
        }
        assert_eq!(database.markers().await, ["2026-01-01-all", "2026-01-05-last"]);

        // The database is copied to where they are for: they come later than what is applied, and are in order.
        let staging = Environment::from("staging");
        let before = status(database, &staging).await;
        assert!(before.has_pending() && !before.has_drifted());
        let remark = before.seeds[1].remark();
        assert_eq!(remark.as_deref(), Some("runs after 2026-01-05-last, which is applied"));
        let report = runner(staging.clone()).apply(&database.pool).await.unwrap();
        assert_eq!(applied(&report), [STAGING, "2026-01-03-waits"]);
        assert_eq!(report.left_to_background, ["2026-01-04-background"]);
        assert_eq!((&*report.not_here, &*report.warnings), (&[] as &[&str], &[] as &[_]));
        let work = runner(staging).work(&database.pool).await;
        assert_eq!(work.applied.len(), 1);

        // And back: what is applied is applied.
        let back = status(database, &"production".into()).await;
        assert_eq!(back.count(State::Applied), 5);
    }

    async fn one_that_is_asked_for_elsewhere_is_refused(database: &TestDatabase<DB>) {
        for (selection, environment, message) in [
            (
                Selection::Only(STAGING.into()),
                Environment::from("production"),
                "seed 2026-01-02-staging is not for production, only for staging, demo",
            ),
            (
                Selection::OnlyOutOfOrder(STAGING.into()),
                Environment::Unset,
                "seed 2026-01-02-staging is not for this environment: KUMIKO_ENVIRONMENT is not set, only for staging, demo",
            ),
            (
                Selection::UpTo("2026-01-03-waits".into()),
                Environment::from("qa"),
                "seed 2026-01-03-waits is not for qa, only for staging, demo",
            ),
        ] {
            let runner = runner(environment).select(selection);
            for refused in [
                runner.apply(&database.pool).await.unwrap_err(),
                runner.dry_run(&database.pool).await.unwrap_err(),
            ] {
                assert_eq!(refused.to_string(), message);
                assert_eq!(
                    refused.error.remedy().as_deref(),
                    Some("if this is one of those, say so:\n    export KUMIKO_ENVIRONMENT=staging")
                );
            }
        }
        assert!(nothing_is_applied(database).await);
        let only = Selection::OnlyOutOfOrder(STAGING.into());
        let report = runner("demo").select(only.clone()).apply(&database.pool).await.unwrap();
        assert_eq!(applied(&report), [STAGING]);
        // Where it is applied, there is nothing to refuse.
        let report = runner("production").select(only).apply(&database.pool).await.unwrap();
        assert_eq!(applied(&report), [""; 0]);
    }

    async fn an_environment_that_the_app_does_not_have_is_refused(database: &TestDatabase<DB>) {
        let declared = || seeds().into_iter().map(|seed| Seed {
            known_environments: &["production", "staging", "demo"],
            ..seed
        });
        let misspelt = app::runner(declared().collect()).environment("prodution");
        let message = "there is no environment \"prodution\": the app has demo, production, staging";
        let refused = misspelt.apply(&database.pool).await.unwrap_err();
        assert_eq!(refused.to_string(), message);
        assert_eq!(misspelt.dry_run(&database.pool).await.unwrap_err().to_string(), message);
        assert_eq!(misspelt.work(&database.pool).await.error.unwrap().to_string(), message);
        assert!(nothing_is_applied(database).await);
        let right = app::runner(declared().collect()).environment("production");
        assert_eq!(right.apply(&database.pool).await.unwrap().applied.len(), 2);
    }
}
