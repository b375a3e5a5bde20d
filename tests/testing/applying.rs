//! One seed alone, and the events that it has appended.

use kumiko_seeds::events::{SYSTEM_TENANT_ID, Stream};
use kumiko_seeds_testing::{Error, ExpectedEvent, TestDatabase, TestFailure, json};
use kumiko_tests::app::{self, RenameNote};
use kumiko_tests::note;
use kumiko_tests::seeds::{flags, seed};

use crate::on_both_engines;

fn stream(text: &str) -> Stream {
    Stream {
        tenant_id: SYSTEM_TENANT_ID,
        aggregate_type: "note".to_owned(),
        aggregate_id: app::id(text),
    }
}

on_both_engines! {
    async fn a_seed_is_applied_alone_and_its_events_are_told_apart() {
        let seed_to_test = seed("2026-01-03-renames", |ctx| {
            Box::pin(async move {
                for to in ["second", "third"] {
                    let from = "2026-01-02-b".to_owned();
                    ctx.system_execute(RenameNote { from, to: to.to_owned() }).await?;
                }
                ctx.system_write_as("notes:write:add", json!({ "text": "new" })).await?;
                Ok(())
            })
        });
        let seeds = vec![note!("2026-01-01-a"), note!("2026-01-02-b"), seed_to_test];
        let database = TestDatabase::new(app::runner::<DB>(seeds)).await.unwrap();
        // Although an earlier one is pending.
        database.apply("2026-01-02-b").await.unwrap();
        let applied = database.apply("2026-01-03-renames").await.unwrap();
        let renamed = |to: &str| {
            let payload = json!({ "to": to, "from": "2026-01-02-b" });
            ExpectedEvent::new(&stream("2026-01-02-b"), "note-renamed", payload)
        };
        let added = ExpectedEvent::new(&stream("new"), "note-added", json!({ "text": "new" }));
        applied
            .check_events([renamed("second"), renamed("third"), added.clone()])
            .unwrap();
        assert_eq!(applied.id, "2026-01-03-renames");
        let versions: Vec<_> = applied.events.iter().map(|event| event.version).collect();
        assert_eq!(versions, [2, 3, 1]);

        let other = [renamed("second"), renamed("fourth"), added];
        let shown = format!("{:?}", applied.check_events(other).unwrap_err());
        let note = format!("note {} of tenant {SYSTEM_TENANT_ID}", app::id("2026-01-02-b"));
        let new = format!("note {} of tenant {SYSTEM_TENANT_ID}", app::id("new"));
        assert_eq!(
            shown,
            format!(
                "seed 2026-01-03-renames has appended other events than expected (- expected, + appended):
    note-renamed in {note}: {{\"from\": \"2026-01-02-b\", \"to\": \"second\"}}
  - note-renamed in {note}: {{\"from\": \"2026-01-02-b\", \"to\": \"fourth\"}}
  + note-renamed in {note}: {{\"from\": \"2026-01-02-b\", \"to\": \"third\"}}
    note-added in {new}: {{\"text\": \"new\"}}"
            )
        );
    }

    async fn what_an_event_is_expected_to_be_is_compared() {
        let database = TestDatabase::new(app::runner::<DB>(vec![note!("2026-01-01-a")])).await.unwrap();
        let applied = database.apply("2026-01-01-a").await.unwrap();
        let event = |stream: &Stream, kind: &str, text: &str| ExpectedEvent::new(stream, kind, json!({ "text": text }));
        let right = event(&stream("2026-01-01-a"), "note-added", "2026-01-01-a");
        applied.check_events([right.clone()]).unwrap();
        let of_another_tenant = Stream { tenant_id: app::id("other"), ..stream("2026-01-01-a") };
        let of_another_kind = Stream { aggregate_type: "notice".to_owned(), ..stream("2026-01-01-a") };
        for wrong in [
            event(&of_another_tenant, "note-added", "2026-01-01-a"),
            event(&of_another_kind, "note-added", "2026-01-01-a"),
            event(&stream("other"), "note-added", "2026-01-01-a"),
            event(&stream("2026-01-01-a"), "note-removed", "2026-01-01-a"),
            event(&stream("2026-01-01-a"), "note-added", "b"),
            right.clone().event_version(2),
        ] {
            assert!(applied.check_events([wrong.clone()]).is_err(), "{wrong:?}");
        }
        assert!(applied.check_events([]).is_err());
        assert!(applied.check_events([right.clone(), right]).is_err());
    }

    async fn a_seed_that_fails_shows_which_it_is_and_every_cause() {
        let fails = seed("2026-01-01-fails", |ctx| {
            Box::pin(async move {
                ctx.system_write_as("notes:write:fail", json!({ "text": "a" })).await?;
                Ok(())
            })
        });
        let database = TestDatabase::new(app::runner::<DB>(vec![fails])).await.unwrap();
        let error = database.apply("2026-01-01-fails").await.unwrap_err();
        assert!(matches!(error, Error::Apply { .. }));
        let expected = "seed 2026-01-01-fails failed\n\
                        caused by: write handler \"notes:write:fail\" failed\n\
                        caused by: the note is in bad taste";
        assert_eq!(format!("{error:?}"), expected);
        database.check_rows("SELECT text FROM read_notes", json!([])).await.unwrap();
        drop(database);
        // As the harness shows what a test returns.
        let line = line!() + 1;
        let failed = TestFailure::from(error);
        assert_eq!(format!("{failed:?}"), format!("{expected}\nat {}:{line}", file!()));
    }

    async fn a_seed_that_there_is_not_lists_those_that_there_are() {
        let seeds = vec![note!("2026-01-02-b"), note!("2026-01-01-a")];
        let database = TestDatabase::new(app::runner::<DB>(seeds)).await.unwrap();
        let error = database.apply("2026-01-03-c").await.unwrap_err();
        let expected = "the app has no seed 2026-01-03-c; it has:\n    2026-01-01-a\n    2026-01-02-b";
        assert_eq!(format!("{error:?}"), expected);
        assert!(database.given_seeds_before("2026-01-03-c").await.is_err());
        assert!(database.check_second_run("2026-01-03-c").await.is_err());

        let database = TestDatabase::new(app::runner::<DB>(Vec::new())).await.unwrap();
        let error = database.apply("2026-01-03-c").await.unwrap_err();
        let expected = "the app has no seed 2026-01-03-c; it has none, so seeds() of the app gives a runner \
                        without seeds";
        assert_eq!(error.to_string(), expected);
    }

    async fn a_seed_that_is_applied_is_not_taken_for_one_that_has_run() {
        let database = TestDatabase::new(app::runner::<DB>(vec![note!("2026-01-01-a")])).await.unwrap();
        database.apply("2026-01-01-a").await.unwrap();
        let error = database.apply("2026-01-01-a").await.unwrap_err();
        assert!(matches!(error, Error::AlreadyApplied { id: "2026-01-01-a" }));
    }

    /// They are for the night when a seed keeps an app down, and may be left in somebody's shell.
    async fn flags_that_skip_seeds_mean_nothing() {
        let skips_all = flags(&[("KUMIKO_SKIP_ES_OPS", "1")]);
        let seeds = app::runner::<DB>(vec![note!("2026-01-01-a")]).skip_flags(skips_all);
        let database = TestDatabase::new(seeds).await.unwrap();
        database.apply("2026-01-01-a").await.unwrap();
    }

    async fn an_app_without_events_appends_none() {
        let database = TestDatabase::new(kumiko_seeds::SeedRunner::<DB>::new(
            vec![seed("2026-01-01-a", |_| Box::pin(async { Ok(()) }))].leak(),
        ));
        let database = database.await.unwrap();
        let applied = database.apply("2026-01-01-a").await.unwrap();
        applied.check_events([]).unwrap();
    }
}
