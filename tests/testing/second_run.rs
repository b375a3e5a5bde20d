//! A second run changes nothing, or is caught at it.

use kumiko_seeds::SeedRunner;
use kumiko_seeds_testing::{Error, TestDatabase, json};
use kumiko_tests::database;
use kumiko_tests::{app, note, seeds::seed};

use crate::on_both_engines;

on_both_engines! {
    async fn one_that_changes_nothing_passes() {
        let looks = seed("2026-01-01-looks", |ctx| {
            Box::pin(async move {
                let there = ctx.unmanaged_db().await?;
                let insert = "INSERT INTO read_notes (text) VALUES ('a') ON CONFLICT DO NOTHING";
                <DB as database::Engine>::run(there, insert).await?;
                Ok(())
            })
        });
        let database = TestDatabase::new(app::runner::<DB>(vec![looks])).await.unwrap();
        database.apply("2026-01-01-looks").await.unwrap();
        for _ in 0..2 {
            database.check_second_run("2026-01-01-looks").await.unwrap();
        }
        // It is applied as before.
        assert!(matches!(
            database.apply("2026-01-01-looks").await.unwrap_err(),
            Error::AlreadyApplied { .. }
        ));
    }

    async fn one_that_appends_again_is_caught_with_what_it_has_changed() {
        let counts = seed("2026-01-01-journals", |ctx| {
            Box::pin(async move {
                ctx.system_write_as("journal:write:add", json!({ "number": 7 })).await?;
                Ok(())
            })
        });
        let database = TestDatabase::new(app::runner::<DB>(vec![counts])).await.unwrap();
        database.apply("2026-01-01-journals").await.unwrap();
        let error = database.check_second_run("2026-01-01-journals").await.unwrap_err();
        let shown = error.to_string();
        let expected = "seed 2026-01-01-journals, run a second time, has changed what was there \
                        (- before, + after):\n  table ";
        assert!(shown.starts_with(expected), "{shown}");
        assert!(shown.contains("kumiko_events\"\n    + {"), "{shown}");
        assert!(shown.contains("read_journal\"\n    + {\"number\": 7}"), "{shown}");
        assert!(!shown.contains("kumiko_es_operations"), "{shown}");
    }

    /// As many rows as before, and others.
    async fn one_that_overwrites_is_caught() {
        let turns = seed("2026-01-01-turns", |ctx| {
            Box::pin(async move {
                let there = ctx.unmanaged_db().await?;
                <DB as database::Engine>::run(there, "UPDATE read_journal SET number = -number").await?;
                Ok(())
            })
        });
        let database = TestDatabase::new(app::runner::<DB>(vec![turns])).await.unwrap();
        database.execute("INSERT INTO read_journal VALUES (1)").await.unwrap();
        database.apply("2026-01-01-turns").await.unwrap();
        let shown = database.check_second_run("2026-01-01-turns").await.unwrap_err().to_string();
        assert!(shown.ends_with("\n    - {\"number\": -1}\n    + {\"number\": 1}"), "{shown}");
    }

    async fn one_that_fails_is_told_apart() {
        let database = TestDatabase::new(app::runner::<DB>(vec![note!("2026-01-01-a")])).await.unwrap();
        database.apply("2026-01-01-a").await.unwrap();
        let error = database.check_second_run("2026-01-01-a").await.unwrap_err();
        assert!(matches!(error, Error::SecondRunFailed { .. }), "{error:?}");
        let shown = format!("{error:?}");
        let expected = "seed 2026-01-01-a, run a second time, has changed nothing, but failed\n\
                        caused by: seed 2026-01-01-a failed\n\
                        caused by: write handler \"notes:write:add\" failed\n\
                        caused by: version conflict in stream note ";
        assert!(shown.starts_with(expected), "{shown}");
        // It is applied as before.
        assert!(matches!(
            database.apply("2026-01-01-a").await.unwrap_err(),
            Error::AlreadyApplied { .. }
        ));
    }

    async fn a_preparation_that_is_not_to_be_repeated_is_caught() {
        let seeds = app::runner::<DB>(vec![note!("2026-01-01-a")]).prepare(|connection| {
            Box::pin(async move {
                app::create_tables::<DB>(connection).await?;
                <DB as database::Engine>::run(connection, "INSERT INTO read_journal VALUES (1)").await?;
                Ok(())
            })
        });
        let database = TestDatabase::new(seeds).await.unwrap();
        database.apply("2026-01-01-a").await.unwrap();
        let error = database.check_second_run("2026-01-01-a").await.unwrap_err();
        assert!(matches!(error, Error::PreparationChanged { .. }), "{error:?}");
        assert!(error.to_string().ends_with("\n    + {\"number\": 1}"), "{error:?}");
    }

    async fn a_table_that_it_creates_is_a_change() {
        let creates = seed("2026-01-01-creates", |ctx| {
            Box::pin(async move {
                let there = ctx.unmanaged_db().await?;
                let sql = "CREATE TABLE IF NOT EXISTS first (a integer);
                           CREATE TABLE IF NOT EXISTS second (a integer)";
                <DB as database::Engine>::run(there, sql).await?;
                Ok(())
            })
        });
        let database = TestDatabase::new(SeedRunner::<DB>::new(vec![creates].leak())).await.unwrap();
        database.apply("2026-01-01-creates").await.unwrap();
        database.execute("DROP TABLE second").await.unwrap();
        let shown = database.check_second_run("2026-01-01-creates").await.unwrap_err().to_string();
        assert!(shown.ends_with("second\" is new"), "{shown}");
    }

    async fn one_that_has_not_run_cannot_run_again() {
        let database = TestDatabase::new(app::runner::<DB>(vec![note!("2026-01-01-a")])).await.unwrap();
        let error = database.check_second_run("2026-01-01-a").await.unwrap_err();
        assert!(matches!(error, Error::NotApplied { id: "2026-01-01-a" }), "{error:?}");
    }
}
