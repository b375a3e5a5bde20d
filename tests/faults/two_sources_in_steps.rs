//! A release works on a seed of many steps when the next one arrives, in which the seed has another source.

use std::time::Duration;

use futures_util::future::join;
use kumiko_seeds::{Error, Pace, Seed, SeedRunner};
use kumiko_tests::database::Engine;
use kumiko_tests::steps::{ID, Items, in_background, notes_in_steps};
use kumiko_tests::workers::{check_applied, until_done};
use kumiko_tests::{app, on_both_databases};

const ITEMS: i64 = 1_000;

fn runner<DB: Engine>(seed: Seed<DB>) -> SeedRunner<DB> {
    let runner = app::runner(vec![seed]).with(Items(ITEMS));
    runner
        .step_time(Duration::from_millis(10))
        .pace(Pace::default().pause(Duration::from_millis(20)))
}

fn edited<DB: Engine>(seed: Seed<DB>) -> Seed<DB> {
    Seed {
        source_hash: "1111111111111111",
        text_hash: "",
        ..seed
    }
}

on_both_databases! {
    async fn the_newer_does_nothing_and_the_older_finishes(database: &TestDatabase<DB>) {
        let older = runner(in_background(notes_in_steps(ID)));
        let newer = async {
            let runner = runner(edited(in_background(notes_in_steps(ID))));
            let before = until_done(&database.pool, ITEMS, 100).await;
            let report = runner.work(&database.pool).await;
            let [failed] = &report.failed[..] else { panic!("{report:?}") };
            assert!(
                matches!(failed.error, Error::OtherSourceUnderWay { done, .. } if done < ITEMS.cast_unsigned()),
                "{report:?}"
            );
            let in_a_boot = self::runner(edited(notes_in_steps(ID))).apply(&database.pool).await.unwrap_err();
            assert!(matches!(in_a_boot.error, Error::OtherSourceUnderWay { .. }), "{in_a_boot:?}");
            // The older goes on.
            until_done(&database.pool, ITEMS, before + 200).await;
            runner
        };
        let (report, newer) = join(older.work(&database.pool), newer).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        check_applied(database, ITEMS).await;
        let report = newer.work(&database.pool).await;
        assert!(report.applied.is_empty() && report.failed.is_empty() && report.left.is_empty(), "{report:?}");
        check_applied(database, ITEMS).await;
    }
}
