//! What a run writes to the log, and that it prints nothing by itself.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::Once;

use kumiko_seeds::json;
use kumiko_tests::seeds::{flags, seed, skippable};
use kumiko_tests::{app, note, on_both_databases};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// What this test has logged. Each runs on a thread of its own.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the events and spans of the library, a line each. One for all tests: with one for each, a place
/// in the code that logs may be asked about while there is none, and stays silent.
struct Log;

impl Log {
    fn start() {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| tracing::subscriber::set_global_default(Self).unwrap());
        LINES.take();
    }

    fn write(kind: &str, metadata: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
        let mut line = Line(format!("{kind} {}", metadata.level()));
        record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push(line.0));
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "kumiko_seeds"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let metadata = attributes.metadata();
        Self::write(metadata.name(), metadata, |line| attributes.record(line));
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        Self::write("event", event.metadata(), |line| event.record(line));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "duration" {
            write!(self.0, " duration").unwrap();
        } else {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }
}

on_both_databases! {
    async fn every_step_is_in_the_log(database: &TestDatabase<DB>) {
        Log::start();
        let fails = seed("2026-01-03-fails", |ctx| Box::pin(async move {
            ctx.unmanaged_db().await?;
            ctx.system_write_as("notes:write:fail", json!({ "text": "x" })).await?;
            Ok(())
        }));
        let seeds = vec![skippable(note!("2026-01-01-a")), note!("2026-01-02-b"), fails];
        app::runner(seeds)
            .skip_flags(flags(&[("KUMIKO_SKIP_ES_OPS_2026_01_01_A", "1")]))
            .apply(&database.pool)
            .await
            .unwrap_err();
        assert_eq!(
            LINES.take(),
            [
                "event WARN message=seed skipped by its flag id=\"2026-01-01-a\" \
                 flag=\"KUMIKO_SKIP_ES_OPS_2026_01_01_A\"",
                "event DEBUG message=compared seeds with the database applied=0 to_apply=2",
                "apply INFO to_apply=2",
                "event INFO message=seed started id=\"2026-01-02-b\"",
                "seed INFO id=\"2026-01-02-b\"",
                "event DEBUG message=seed writes id=\"2026-01-02-b\" handler=\"notes:write:add\" \
                 tenant_id=00000000-0000-4000-8000-000000000000",
                "event INFO message=seed applied id=\"2026-01-02-b\" duration",
                "event INFO message=seed started id=\"2026-01-03-fails\"",
                "seed INFO id=\"2026-01-03-fails\"",
                "event INFO message=seed writes outside the event store id=\"2026-01-03-fails\"",
                "event DEBUG message=seed writes id=\"2026-01-03-fails\" handler=\"notes:write:fail\" \
                 tenant_id=00000000-0000-4000-8000-000000000000",
                "event ERROR message=seed failed id=\"2026-01-03-fails\" error=\"seed 2026-01-03-fails failed: \
                 write handler \\\"notes:write:fail\\\" failed: the note is in bad taste\"",
            ]
        );
    }

    async fn a_run_with_nothing_to_do_has_no_span(database: &TestDatabase<DB>) {
        Log::start();
        let apply = async || {
            let seeds = vec![note!("2026-01-01-a")];
            app::runner(seeds).apply(&database.pool).await.unwrap();
            LINES.take()
        };
        apply().await;
        assert_eq!(
            apply().await,
            ["event DEBUG message=compared seeds with the database applied=1 to_apply=0"]
        );
    }
}
