//! Ids and descriptions that were made to become SQL are stored byte for byte, or refused.

use std::collections::BTreeSet;
use std::error::Error;

use kumiko_seeds::{Environment, Seed, State, Status, json};
use kumiko_tests::database::Engine;
use kumiko_tests::seeds::{flags, seed};
use kumiko_tests::{app, on_both_databases};

const TEXTS: [&str; 20] = [
    "'; DROP TABLE kumiko_es_operations; --",
    "'); DELETE FROM kumiko_es_operations; --",
    "' OR '1'='1",
    "\"quoted\" and \"\"twice\"\"",
    "it''s",
    "\\",
    "\\'; SELECT 1; --",
    "E'\\x27'",
    "$1",
    "$$; SELECT 1; $$",
    "$tag$ $1 ?1 :one @two %s %n {} {0}",
    "/* ' */ -- ;",
    "line\nbreak\r\nand\ttab",
    "\u{1b}[2J\u{7}\u{9b}",
    "turned \u{202e}around \u{200b}",
    "größe 修正 🦀 e\u{301} é",
    "\u{feff}\u{fffd}\u{ffff}\u{10ffff}",
    " spaces ",
    "kumiko_es_operations",
    "NULL",
];

/// Seeds with these texts as ids and as descriptions. Each writes its id through a handler.
fn seeds<DB: Engine>() -> Vec<Seed<DB>> {
    let hostile = |text| Seed {
        description: text,
        ..seed(text, |ctx| {
            Box::pin(async move {
                let text = ctx.id();
                ctx.system_write_as("notes:write:add", json!({ "text": text }))
                    .await?;
                Ok(())
            })
        })
    };
    TEXTS.map(hostile).to_vec()
}

/// What was refused, and why in the end.
async fn refusal<DB: Engine>(
    database: &kumiko_tests::database::TestDatabase<DB>,
    seed: Seed<DB>,
) -> Option<String> {
    let stopped = app::runner(vec![seed]).apply(&database.pool).await.err()?;
    let mut cause: &dyn Error = &stopped;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Some(format!("{stopped}: {cause}"))
}

fn nothing<DB: Engine>(id: &'static str, description: &'static str) -> Seed<DB> {
    Seed {
        description,
        ..seed(id, |_| Box::pin(async { Ok(()) }))
    }
}

on_both_databases! {
    async fn texts_are_stored_byte_for_byte(database: &TestDatabase<DB>) {
        let runner = app::runner(seeds());
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied.len(), TEXTS.len());
        let texts: BTreeSet<&str> = TEXTS.into();

        let history = runner.ledger(&database.pool).history().await.unwrap();
        let stored: BTreeSet<&str> = history.markers.iter().map(|marker| &*marker.id).collect();
        assert_eq!(stored, texts);
        for marker in &history.markers {
            assert_eq!(marker.notes.as_deref(), Some(&*marker.id));
            assert_eq!(marker.source_hash.as_deref(), Some(runner.seeds().iter().find(|seed| seed.id == marker.id).unwrap().source_hash), "{:?}", marker.id);
        }
        let notes = database.texts("SELECT text FROM read_notes").await;
        assert_eq!(notes.iter().map(String::as_str).collect::<BTreeSet<_>>(), texts);
        let payloads = database.payloads().await;
        let payloads = payloads.iter().map(|payload| serde_json::from_str::<serde_json::Value>(payload).unwrap());
        let payloads: Vec<_> = payloads.map(|payload| payload["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!(payloads.iter().map(String::as_str).collect::<BTreeSet<_>>(), texts);

        assert_eq!(runner.apply(&database.pool).await.unwrap().applied, []);
    }

    async fn texts_are_found_again_by_hand(database: &TestDatabase<DB>) {
        let runner = app::runner(seeds());
        runner.apply(&database.pool).await.unwrap();
        for text in TEXTS {
            runner.ledger(&database.pool).unmark(text).await.unwrap();
            let left = database.markers().await;
            assert_eq!(left.len(), TEXTS.len() - 1, "{text:?}");
            assert!(!left.contains(&text.to_owned()), "{text:?}");
            let again = runner.seeds().iter().find(|seed| seed.id == text).unwrap();
            runner.ledger(&database.pool).mark(again.info()).await.unwrap();
        }
        let history = runner.ledger(&database.pool).history().await.unwrap();
        let status = Status::compare(runner.seeds().iter().map(Seed::info), history, &flags(&[]), &Environment::Unset);
        assert_eq!(status.count(State::Applied), TEXTS.len());
        assert!(status.seeds.iter().all(|seed| seed.intervention.is_some()));
    }

    /// PostgreSQL cannot store it.
    async fn a_nul_is_stored_or_refused_and_nothing_is_cut_off(database: &TestDatabase<DB>) {
        for (id, description) in [("2026-01-01-a\0b", "Text"), ("2026-01-02-c", "Te\0xt")] {
            let refused = refusal(database, nothing(id, description)).await;
            let markers = app::runner::<DB>(vec![]).ledger(&database.pool).history().await.unwrap().markers;
            let found = markers.iter().find(|marker| marker.id == id);
            if DB::NAME == "SQLite" {
                assert_eq!(refused, None);
                assert_eq!(found.unwrap().notes.as_deref(), Some(description));
            } else {
                let refused = refused.unwrap();
                assert!(refused.contains("invalid byte sequence for encoding \"UTF8\": 0x00"), "{refused}");
                assert_eq!(markers, []);
            }
        }
        let fine = refusal(database, nothing("2026-01-03-d", "Text")).await;
        assert_eq!(fine, None);
    }

    /// An index of PostgreSQL holds no text of that length.
    async fn a_very_long_text_is_stored_or_refused(database: &TestDatabase<DB>) {
        let long: String = (0..20_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_string()).collect();
        let long: &'static str = long.leak();
        assert_eq!(refusal(database, nothing("2026-01-01-a", long)).await, None);
        let markers = app::runner::<DB>(vec![]).ledger(&database.pool).history().await.unwrap().markers;
        assert_eq!(markers[0].notes.as_deref(), Some(long));

        let refused = refusal(database, nothing(long, "Text")).await;
        let count = usize::from(refused.is_none());
        assert_eq!(database.markers().await.len(), 1 + count);
        if let Some(refused) = refused {
            assert!(refused.contains("index row"), "{refused}");
        }
    }
}
