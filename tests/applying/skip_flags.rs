//! Environment flags that skip seeds.

use kumiko_seeds::AppliedBy;
use kumiko_tests::seeds::{flags, seed, skippable};
use kumiko_tests::{app, note, on_both_databases};

const A: &str = "KUMIKO_SKIP_ES_OPS_2026_01_01_A";
const B: &str = "KUMIKO_SKIP_ES_OPS_2026_01_02_B";

on_both_databases! {
    async fn a_flag_skips_a_skippable_seed_until_it_is_gone(database: &TestDatabase<DB>) {
        let seeds = || vec![skippable(note!("2026-01-01-a")), note!("2026-01-02-b")];
        let report = app::runner(seeds())
            .skip_flags(flags(&[(A, "1")]))
            .apply(&database.pool)
            .await
            .unwrap();
        assert_eq!((report.skipped[0].id, report.skipped[0].flag), ("2026-01-01-a", A));
        assert_eq!(report.applied[0].id, "2026-01-02-b");
        assert_eq!(report.warnings, []);
        assert_eq!(database.markers().await, ["2026-01-02-b"]);

        let report = app::runner(seeds()).apply(&database.pool).await.unwrap();
        assert_eq!(report.applied[0].id, "2026-01-01-a");
    }

    async fn only_the_value_1_counts(database: &TestDatabase<DB>) {
        let report = app::runner(vec![skippable(note!("2026-01-01-a"))])
            .skip_flags(flags(&[(A, "true"), ("KUMIKO_SKIP_ES_OPS", "yes")]))
            .apply(&database.pool)
            .await
            .unwrap();
        assert_eq!(report.applied.len(), 1);
        let warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "KUMIKO_SKIP_ES_OPS=\"yes\" has no effect: only 1 counts",
                "KUMIKO_SKIP_ES_OPS_2026_01_01_A=\"true\" has no effect: only 1 counts"
            ]
        );
    }

    async fn a_flag_without_effect_is_warned_about(database: &TestDatabase<DB>) {
        let report = app::runner(vec![skippable(note!("2026-01-01-a")), note!("2026-01-02-b")])
            .skip_flags(flags(&[(B, "1"), ("KUMIKO_SKIP_ES_OPS_2026_01_03_C", "1")]))
            .apply(&database.pool)
            .await
            .unwrap();
        assert_eq!(report.applied.len(), 2);
        let warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "KUMIKO_SKIP_ES_OPS_2026_01_02_B=1 has no effect: seed 2026-01-02-b does not say \
                 `pub const SKIPPABLE: bool = true;`",
                "KUMIKO_SKIP_ES_OPS_2026_01_03_C=1 has no effect: no seed has this flag"
            ]
        );
    }

    async fn flags_without_effect_are_mentioned_when_a_seed_ends_the_boot(database: &TestDatabase<DB>) {
        let fails = seed("2026-01-02-b", |_| Box::pin(async { Err("no".into()) }));
        let error = app::runner(vec![fails])
            .skip_flags(flags(&[(A, "1"), (B, "1"), ("KUMIKO_SKIP_ES_OPS", "true")]))
            .apply(&database.pool)
            .await
            .unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            "seed 2026-01-02-b failed\n\
             caused by: no\n\
             note: stopped at: 2026-01-02-b; applied before: none; not attempted: none; \
             the failed step is rolled back, so a retry is safe\n\
             note: KUMIKO_SKIP_ES_OPS=\"true\" has no effect: only 1 counts\n\
             note: KUMIKO_SKIP_ES_OPS_2026_01_01_A=1 has no effect: no seed has this flag\n\
             note: KUMIKO_SKIP_ES_OPS_2026_01_02_B=1 has no effect: seed 2026-01-02-b does not say \
             `pub const SKIPPABLE: bool = true;`\n\
             help: to leave 2026-01-02-b out with KUMIKO_SKIP_ES_OPS_2026_01_02_B=1, write \
             `pub const SKIPPABLE: bool = true;` into it and build again; with KUMIKO_SKIP_ES_OPS=1 an app boots \
             without any seed"
        );
    }

    async fn one_flag_skips_everything_at_boot_and_asks_no_database(database: &TestDatabase<DB>) {
        let pool = database.pool_of(1).await;
        pool.close().await;
        let seeds = || vec![note!("2026-01-01-a"), skippable(note!("2026-01-02-b"))];
        let all = flags(&[("KUMIKO_SKIP_ES_OPS", "1")]);
        let report = app::runner(seeds()).skip_flags(all.clone()).apply(&pool).await.unwrap();
        let skipped: Vec<_> = report.skipped.iter().map(|seed| (seed.id, seed.flag)).collect();
        let flag = "KUMIKO_SKIP_ES_OPS";
        assert_eq!(skipped, [("2026-01-01-a", flag), ("2026-01-02-b", flag)]);
        assert_eq!((report.applied, report.warnings), (vec![], vec![]));

        // Whoever types `seed:apply` means it.
        let report = app::runner(seeds())
            .skip_flags(all)
            .applied_by(AppliedBy::Cli)
            .apply(&database.pool)
            .await
            .unwrap();
        assert_eq!(report.applied.len(), 2);
        assert_eq!(
            report.warnings[0].to_string(),
            "KUMIKO_SKIP_ES_OPS=1 has no effect here: it skips seeds only when an app boots"
        );
    }
}
