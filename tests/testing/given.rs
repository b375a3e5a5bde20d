//! What a seed finds.

use kumiko_seeds::Seed;
use kumiko_seeds::events::{NewEvent, SYSTEM_TENANT_ID, Stream};
use kumiko_seeds_testing::{Error, TestDatabase, json};
use kumiko_tests::{app, note};

use crate::on_both_engines;

/// The ids with a marker.
async fn applied<DB: crate::Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    let history = kumiko_seeds::Ledger::new(database.pool()).history().await;
    let markers = history.unwrap().markers.into_iter();
    markers.map(|marker| marker.id).collect()
}

on_both_engines! {
    async fn a_database_has_the_app_s_tables_and_no_seed() {
        let seeds = app::runner::<DB>(vec![note!("2026-01-01-a")]);
        let database = TestDatabase::new(seeds).await.unwrap();
        database.check_rows("SELECT text FROM read_notes", json!([])).await.unwrap();
        assert_eq!(applied(&database).await, [""; 0]);
    }

    async fn seeds_before_one_are_applied_and_no_others() {
        // In any order, as they may be written by hand.
        let seeds = vec![note!("2026-01-03-c"), note!("2026-01-01-a"), note!("2026-01-02-b")];
        let database = TestDatabase::new(app::runner::<DB>(seeds)).await.unwrap();
        database.given_seeds_before("2026-01-01-a").await.unwrap();
        assert_eq!(applied(&database).await, [""; 0]);
        database.given_seeds_before("2026-01-03-c").await.unwrap();
        assert_eq!(applied(&database).await, ["2026-01-01-a", "2026-01-02-b"]);
    }

    async fn a_seed_runs_whatever_its_environments_and_those_before_where_it_does() {
        let only = |seed, environments| Seed { environments, ..seed };
        let seeds = vec![
            only(note!("2026-01-01-staging"), &["staging"]),
            note!("2026-01-02-all"),
            only(note!("2026-01-03-demo"), &["demo"]),
            only(note!("2026-01-04-both"), &["staging", "demo"]),
            note!("2026-01-05-all"),
        ];
        let database = TestDatabase::new(app::runner::<DB>(seeds)).await.unwrap();
        database.given_seeds_before("2026-01-05-all").await.unwrap();
        assert_eq!(applied(&database).await, ["2026-01-02-all"]);
        database.given_seeds_before("2026-01-04-both").await.unwrap();
        assert_eq!(applied(&database).await, ["2026-01-01-staging", "2026-01-02-all"]);
        database.apply("2026-01-04-both").await.unwrap();
        database.apply("2026-01-03-demo").await.unwrap();
        assert_eq!(applied(&database).await.len(), 4);
    }

    async fn events_are_given_to_streams_that_have_some_and_to_new_ones() {
        let database = TestDatabase::new(app::runner::<DB>(Vec::new())).await.unwrap();
        let stream = Stream {
            tenant_id: SYSTEM_TENANT_ID,
            aggregate_type: "note".to_owned(),
            aggregate_id: app::id("first"),
        };
        for text in ["first", "second"] {
            let event = NewEvent::new("note-added", json!({ "text": text }));
            database.given_events(&stream, [event]).await.unwrap();
        }
        let events = "SELECT version, type FROM kumiko_events ORDER BY id";
        let expected = json!([
            { "version": 1, "type": "note-added" },
            { "version": 2, "type": "note-added" },
        ]);
        database.check_rows(events, expected).await.unwrap();
    }

    async fn a_preparation_that_fails_says_so_with_its_causes() {
        let seeds = app::runner::<DB>(Vec::new()).prepare(|_| Box::pin(async { Err("no disk".into()) }));
        let error = TestDatabase::new(seeds).await.err().unwrap();
        assert_eq!(
            format!("{error:?}"),
            "could not prepare the database for seeds\ncaused by: no disk"
        );
    }

    async fn events_without_a_table_for_them_are_refused() {
        let seeds = kumiko_seeds::SeedRunner::<DB>::new(&[]);
        let database = TestDatabase::new(seeds).await.unwrap();
        let stream = Stream {
            tenant_id: SYSTEM_TENANT_ID,
            aggregate_type: "note".to_owned(),
            aggregate_id: app::id("first"),
        };
        let error = database.given_events(&stream, [NewEvent::new("added", ())]).await.unwrap_err();
        assert!(matches!(error, Error::Events { .. }));
        let shown = format!("{error:?}");
        assert!(shown.starts_with("could not append the events that are given\ncaused by: "), "{shown}");
        assert!(shown.contains("kumiko_events"), "{shown}");
    }
}
