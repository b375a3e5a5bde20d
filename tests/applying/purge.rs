//! Streams that were archived for long: purged, with an export and without, and brought back.

use std::error::Error as StdError;
use std::io;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kumiko_seeds::events::{
    ArchivedStreams, EventStoreError, ImportError, Imported, Purge, Purgeable, StreamExport,
    archived_streams, purgeable,
};
use kumiko_seeds::{Error, Pace, ProgressState, Steering, WorkReport, json};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, ROWS, make, runner};
use uuid::Uuid;

use crate::archive::{
    TENANT, archive_all, call, handlers, said, stream, three_wallets, wallet, wrong,
};

/// Keeps lines in memory, as long as it has room.
#[derive(Default)]
pub(crate) struct Kept {
    lines: Mutex<String>,
    is_full: bool,
}

impl StreamExport for Kept {
    fn keep<'a>(
        &'a self,
        lines: &'a str,
    ) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>> {
        async move {
            if self.is_full {
                return Err("the disk is full".into());
            }
            *self.lines.lock().unwrap() += lines;
            Ok(())
        }
        .boxed()
    }
}

impl Kept {
    fn text(&self) -> String {
        self.lines.lock().unwrap().clone()
    }
}

/// Everything that is archived by now.
pub(crate) fn all() -> ArchivedStreams {
    ArchivedStreams::default().before(Utc::now() + TimeDelta::hours(1))
}

pub(crate) async fn purge<DB: Engine>(
    database: &TestDatabase<DB>,
    purge: Purge,
) -> Result<WorkReport, Error> {
    let purging = runner(handlers::<DB>()).purging(&database.pool, purge);
    Ok(purging.await?.work(&database.pool).await)
}

/// Purges, and gives what the ledger says of it.
async fn purged<DB: Engine>(database: &TestDatabase<DB>, asked: Purge) -> String {
    let report = purge(database, asked).await.unwrap();
    assert!(
        report.failed.is_empty() && report.error.is_none(),
        "{report:?}"
    );
    let notes = "SELECT notes FROM kumiko_es_operations
                 WHERE operation_type = 'archived-stream-purge' ORDER BY applied_at DESC, id DESC LIMIT 1";
    database.text(notes).await
}

/// What is wrong with a purge that was not begun, or failed.
async fn refused<DB: Engine>(database: &TestDatabase<DB>, asked: Purge) -> String {
    match purge(database, asked).await {
        Err(error) => said(&error),
        Ok(report) => {
            assert_eq!(report.failed.len(), 1, "{report:?}");
            said(&report.failed[0].error)
        }
    }
}

async fn import<DB: Engine>(
    database: &TestDatabase<DB>,
    text: &str,
) -> Result<[u64; 3], ImportError> {
    let lines: Vec<io::Result<String>> = text.lines().map(|line| Ok(line.to_owned())).collect();
    let handlers = handlers::<DB>();
    let imported = handlers.import_streams(&database.pool, lines).await?;
    let Imported {
        streams,
        events,
        known,
        ..
    } = imported;
    Ok([streams, events, known])
}

/// All that is known of each event.
const EVENTS: &str =
    "SELECT id || ' ' || CAST(tenant_id AS text) || ' ' || CAST(aggregate_id AS text) || ' ' || aggregate_type || ' '
            || version || ' ' || type || ' ' || event_version || ' ' || CAST(payload AS text) || ' '
            || CAST(metadata AS text) || ' ' || CAST(created_at AS text) || ' ' || created_by
     FROM kumiko_events ORDER BY id";

/// All bytes of all tables.
async fn dump<DB: Engine>(database: &TestDatabase<DB>) -> String {
    if DB::NAME == "PostgreSQL" {
        let tables = "SELECT CAST(query_to_xml('SELECT * FROM ' || quote_ident(table_name), true, false, '') AS text)
                      FROM information_schema.tables WHERE table_schema = current_schema()";
        return database.texts(tables).await.join("\n");
    }
    let name = format!(
        "kumiko-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    );
    let folder = std::env::temp_dir().join(name);
    database
        .execute(&format!("VACUUM INTO '{}'", folder.display()))
        .await;
    let bytes = std::fs::read(&folder).unwrap();
    std::fs::remove_file(folder).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// As it might have been written by somebody else.
const SECRET: &str = "{\"id\": \"00000000-0000-0001-0000-000000000000\", \"name\":\"s3cr3t\",\n\"amount\": 0, \"what\": \"named\", \"rate\": 12345678901234567890.12345678901234567890}";

/// Three wallets, with a payload and what was made of it wherever the library keeps some.
async fn with_a_secret<DB: Engine>(database: &TestDatabase<DB>) {
    three_wallets(database).await;
    let gone = [stream(1), stream(2)];
    let archive = archive_all(&database.pool, &gone, Some("the owner has left"));
    archive.await.unwrap();
    let id = wallet(1);
    database.execute(&format!("UPDATE kumiko_events SET payload = '{SECRET}' WHERE aggregate_id = '{id}' AND version = 2")).await;
    let key = r#"{"idempotencyKey": "once", "note": "s3cr3t"}"#;
    database.execute(&format!("UPDATE kumiko_events SET metadata = '{key}' WHERE aggregate_id = '{id}' AND version = 1")).await;
    let snapshot = format!(
        "INSERT INTO kumiko_snapshots (aggregate_id, tenant_id, aggregate_type, version, state)
         VALUES ('{id}', '{TENANT}', 'wallet', 2, '\"s3cr3t\"')"
    );
    database.execute(&snapshot).await;
    // As they are after the original has archived a stream.
    database
        .execute(&format!(
            "INSERT INTO read_wallets (id, balance, deposits, name) VALUES ('{id}', 1, 1, 's3cr3t')"
        ))
        .await;
    let identity = if DB::NAME == "PostgreSQL" {
        "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    } else {
        "INTEGER PRIMARY KEY"
    };
    for (table, of, payload) in [
        (
            "kumiko_rebuild_dead_letters",
            "projection_name text,",
            "payload",
        ),
        (
            "kumiko_upcaster_dead_letters",
            "from_version integer, target_version integer,",
            "original_payload",
        ),
    ] {
        let create = format!(
            "CREATE TABLE {table} (id {identity}, {of} event_id text, tenant_id {uuid}, aggregate_id text, aggregate_type text,
             event_type text, error_message text, {payload} text,
             created_at {time} DEFAULT CURRENT_TIMESTAMP)",
            time = if DB::NAME == "PostgreSQL" { "timestamptz" } else { "text" },
            uuid = if DB::NAME == "PostgreSQL" { "uuid" } else { "text" },
        );
        database.execute(&create).await;
        let insert = format!(
            "INSERT INTO {table} (event_id, tenant_id, aggregate_id, {payload}) VALUES ('2', '{TENANT}', '{id}', '\"s3cr3t\"')"
        );
        database.execute(&insert).await;
    }
}

on_both_databases! {
    async fn nothing_is_left_but_the_mark_and_all_of_it_comes_back(database: &TestDatabase<DB>) {
        with_a_secret(database).await;
        let (events, rows) = (database.texts(EVENTS).await, database.texts(ROWS).await);
        assert!(dump(database).await.contains("s3cr3t"));
        let mut connection = database.pool.acquire().await.unwrap();
        let found: Purgeable = purgeable::<DB>(&mut connection, &all()).await.unwrap();
        assert_eq!((found.streams, found.events), (2, 4));
        drop(connection);

        let export = Arc::new(Kept::default());
        let asked = Purge::of(all()).because("asked by their owner").exported_to(export.clone());
        let notes = purged(database, asked).await;
        assert!(notes.starts_with("Purge streams archived before "), "{notes}");
        assert!(notes.ends_with(" UTC; streams: 2, events: 4 (asked by their owner)"), "{notes}");
        assert!(!dump(database).await.contains("s3cr3t"));
        assert_eq!(database.texts(EVENTS).await, events[4..]);
        assert_eq!(database.texts(ROWS).await, [format!("{} 5 1 wallet 3", wallet(3))]);
        assert_eq!(wrong(database, "wallets").await, 0);

        // The mark is left, and keeps the id from being used again.
        let mut connection = database.pool.acquire().await.unwrap();
        let marks = archived_streams::<DB>(&mut connection, &all()).await.unwrap();
        drop(connection);
        assert_eq!(marks.iter().map(|mark| mark.is_purged).collect::<Vec<_>>(), [true, true]);
        let handlers = handlers::<DB>();
        let refused = handlers.restore_streams(&database.pool, &[stream(1)]).await.unwrap_err();
        assert!(matches!(refused, EventStoreError::Purged { .. }), "{refused:?}");
        let payload = json!(Change::deposit(wallet(1), 1));
        let write = handlers.write_as(kumiko_seeds::events::User::system(), "wallet:write:change", payload).in_tenant(TENANT);
        let refused = said(&write.commit(&database.pool).await.unwrap_err());
        assert!(refused.contains("is archived"), "{refused}");
        assert_eq!(call(database, "wallet:write:restore-if-possible", 1).await, Ok(json!(false)));
        let again = purged(database, Purge::of(all())).await;
        assert!(again.ends_with("; streams: 0, events: 0"), "{again}");

        let text = export.text();
        assert_eq!(text.lines().count(), 8, "{text}");
        assert_eq!(import(database, &text).await.unwrap(), [2, 4, 0]);
        assert_eq!(import(database, &text).await.unwrap(), [2, 0, 4]);
        let mut came_back = database.texts(EVENTS).await;
        if DB::NAME == "SQLite" {
            came_back[1] = came_back[1].replace("3cr3t\", \"amount", "3cr3t\",\n\"amount");
        }
        assert_eq!(came_back, events);
        handlers.restore_streams(&database.pool, &[stream(1), stream(2)]).await.unwrap();
        assert_eq!(database.texts(ROWS).await.len(), rows.len() + 1);
        assert_eq!(wrong(database, "wallets").await, 0);
        make(database, &handlers, [Change::deposit(wallet(1), 1)]).await;
    }

    async fn what_is_live_or_newer_or_of_others_stays(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        let before = database.texts(EVENTS).await;
        archive_all(&database.pool, &[stream(1), stream(2)], None).await.unwrap();
        let yesterday = Utc::now() - TimeDelta::days(1);
        for nothing in [all().of("purse"), all().in_tenant(Uuid::from_u128(5)), all().before(yesterday)] {
            let notes = purged(database, Purge::of(nothing)).await;
            assert!(notes.ends_with("; streams: 0, events: 0"), "{notes}");
        }
        handlers::<DB>().restore_streams(&database.pool, &[stream(2)]).await.unwrap();
        assert_eq!(database.texts(EVENTS).await, before);
        let notes = purged(database, Purge::of(all().of("wallet").in_tenant(TENANT))).await;
        assert!(notes.contains(&format!(", of type wallet, of tenant {TENANT}; streams: 1, events: 2")), "{notes}");
        assert_eq!(database.texts(EVENTS).await, before[2..]);
        let ids = "SELECT id FROM kumiko_es_operations WHERE operation_type = 'archived-stream-purge' AND id LIKE '%/type-wallet/%'";
        let id = database.text(ids).await;
        let parts: Vec<&str> = id.split('/').collect();
        assert_eq!([parts[0], parts[3], parts[4]], ["archived-stream-purge", &format!("tenant-{TENANT}"), "1"]);
        assert!(parts[1].strip_prefix("before-").is_some_and(|at| at.parse::<DateTime<Utc>>().is_ok()), "{id}");
    }

    async fn what_cannot_be_exported_stays(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        let before = database.texts(EVENTS).await;
        archive_all(&database.pool, &[stream(1), stream(2)], None).await.unwrap();
        let full = Arc::new(Kept { is_full: true, ..Kept::default() });
        let asked = Purge::of(all());
        let refused = refused(database, asked.clone().exported_to(full)).await;
        assert!(refused.ends_with(": events could not be exported, so they stay: the disk is full"), "{refused}");
        assert_eq!(database.texts(EVENTS).await, before);
        // It goes on when it is asked for again.
        let export = Arc::new(Kept::default());
        let notes = purged(database, asked.exported_to(export.clone())).await;
        assert!(notes.ends_with("streams: 2, events: 4"), "{notes}");
        assert_eq!(import(database, &export.text()).await.unwrap(), [2, 4, 0]);
        assert_eq!(database.texts(EVENTS).await, before);
    }

    async fn one_that_was_interrupted_goes_on(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        archive_all(&database.pool, &[stream(1), stream(2), stream(3)], None).await.unwrap();
        let asked = all();
        // It rests between two steps, so that it hears of the stop however soon the server answers.
        let one_by_one = runner(handlers::<DB>()).step_size(1..=1).pace(Pace::default().share(50));
        let purging = one_by_one.purging(&database.pool, Purge::of(asked.clone()).because("by law")).await.unwrap();
        let ledger = purging.ledger(&database.pool);
        // It stops after its first step.
        let steps = std::sync::atomic::AtomicU32::new(0);
        let steps = Arc::new(steps);
        let (counting, stopped) = (steps.clone(), Arc::new(tokio::sync::Notify::new()));
        let stopping = stopped.clone();
        let purging = purging.observe(move |progress| {
            if matches!(progress, kumiko_seeds::Progress::Stepped { .. }) {
                counting.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                stopping.notify_one();
            }
        });
        let report = purging.work_until(&database.pool, stopped.notified()).await;
        assert!(report.is_stopped, "{report:?}");
        let done = steps.load(std::sync::atomic::Ordering::Relaxed);
        assert!(done < 3, "{done}");
        let [progress] = &ledger.history().await.unwrap().progress[..] else { panic!("{:?}", ledger.history().await) };
        assert_eq!((progress.done, progress.total), (u64::from(done), Some(3)));
        let id = progress.id.clone();
        ledger.steer(&id, Steering::Pause).await.unwrap();
        // A purge of a later moment does the other one first, and leaves it while it is paused.
        let later = all().before(Utc::now() + TimeDelta::hours(2)).of("purse");
        purged(database, Purge::of(later)).await;
        assert_eq!(ledger.history().await.unwrap().progress[0].state, ProgressState::Paused);
        ledger.steer(&id, Steering::Resume).await.unwrap();
        let later = all().before(Utc::now() + TimeDelta::hours(2));
        let report = purge(database, Purge::of(later)).await.unwrap();
        assert_eq!(report.applied.len(), 2, "{report:?}");
        assert_eq!(ledger.history().await.unwrap().progress, []);
        assert_eq!(database.texts(EVENTS).await, [""; 0]);
        let notes = format!("SELECT notes FROM kumiko_es_operations WHERE id = '{id}'");
        let notes = database.text(&notes).await;
        assert!(notes.ends_with("; streams: 3, events: 6 (by law)"), "{notes}");
    }

    async fn events_that_a_consumer_has_yet_to_read_stay(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        let before = database.texts(EVENTS).await;
        archive_all(&database.pool, &[stream(1)], None).await.unwrap();
        database.execute("CREATE TABLE kumiko_event_consumers (name text, instance_id text, last_processed_event_id bigint, status text)").await;
        database.execute("INSERT INTO kumiko_event_consumers VALUES ('search', '__shared__', 1, 'idle'), ('mail', 'a', 0, 'dead'),
                          ('gone', 'b', 0, 'disabled'), ('quick', '__shared__', 2, 'processing')").await;
        let refused = refused(database, Purge::of(all())).await;
        assert_eq!(refused, "nothing was begun: mail of a (at event 0), search (at event 1) have not read all events \
                             that are to be purged, the last of which is event 2");
        assert_eq!(database.texts(EVENTS).await, before);
        database.execute("UPDATE kumiko_event_consumers SET last_processed_event_id = 2 WHERE status <> 'disabled'").await;
        purged(database, Purge::of(all())).await;
        assert_eq!(database.texts(EVENTS).await, before[2..]);
    }

    async fn a_long_stream_is_exported_page_by_page(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        let id = wallet(2);
        let many = format!(
            "WITH RECURSIVE numbers (number) AS (SELECT 3 UNION ALL SELECT number + 1 FROM numbers WHERE number < 2500)
             INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by)
             SELECT aggregate_id, aggregate_type, tenant_id, number, 'noted', payload, metadata, created_by
             FROM numbers CROSS JOIN kumiko_events WHERE aggregate_id = '{id}' AND version = 1"
        );
        database.execute(&many).await;
        let before = database.texts(EVENTS).await;
        archive_all(&database.pool, &[stream(1), stream(2)], None).await.unwrap();
        let export = Arc::new(Kept::default());
        let asked = Purge::of(all()).exported_to(export.clone());
        let notes = purged(database, asked.clone()).await;
        assert!(notes.ends_with("streams: 2, events: 2502"), "{notes}");
        let counted = asked.purged();
        assert_eq!((counted.streams, counted.events, &counted.to_rebuild[..]), (2, 2502, &["totals".to_owned()][..]));
        assert_eq!(import(database, &export.text()).await.unwrap(), [2, 2502, 0]);
        assert_eq!(database.texts(EVENTS).await, before);
    }

    async fn an_export_that_is_not_right_is_refused(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        archive_all(&database.pool, &[stream(1), stream(2)], None).await.unwrap();
        let export = Arc::new(Kept::default());
        purged(database, Purge::of(all()).exported_to(export.clone())).await;
        let text = export.text();
        let lines: Vec<&str> = text.lines().collect();
        let malformed = |lines: &[&str]| lines.join("\n");
        for (text, problem) in [
            (malformed(&lines[1..]), "line 1 is not of an export of streams: a stream has to begin here".to_owned()),
            (malformed(&[lines[0], lines[1], lines[3]]), "line 3 is not of an export of streams: 2 events were exported, and 1 are here".to_owned()),
            (malformed(&[lines[0], lines[1], lines[4]]), "line 3 is not of an export of streams: the stream before it has no end".to_owned()),
            (format!("{}\nx", lines[..4].join("\n")), "line 5 is not of an export of streams: expected value at line 1 column 1".to_owned()),
        ] {
            assert_eq!(import(database, &text).await.map_err(|error| said(&error)), Err(problem), "{text}");
        }
        // The first stream of the last one was whole.
        assert_eq!(database.texts(EVENTS).await.len(), 4);
        let handlers = handlers::<DB>();
        for cut in [lines[..6].join("\n"), lines[..6].join("\n") + "\n" + &lines[6][..20]] {
            let cut: Vec<io::Result<String>> = cut.lines().map(|line| Ok(line.to_owned())).collect();
            let imported = handlers.import_streams(&database.pool, cut).await.unwrap();
            assert!(imported.is_cut_off, "{imported:?}");
            assert_eq!((imported.streams, imported.known), (1, 2), "{imported:?}");
        }
        // Somebody has it in use by now.
        handlers.restore_streams(&database.pool, &[stream(1)]).await.unwrap();
        let in_use = import(database, &text).await.unwrap_err();
        assert!(matches!(in_use, ImportError::InUse { .. }), "{in_use:?}");
        archive_all(&database.pool, &[stream(1)], None).await.unwrap();
        let other = text.replace("wallet 1", "wallet I");
        let taken = import(database, &other).await.unwrap_err();
        assert!(matches!(taken, ImportError::Taken { .. }), "{taken:?}");
        assert_eq!(import(database, &text).await.unwrap(), [2, 2, 2]);
        let elsewhere = import(database, &text.replace("\"id\":1,", "\"id\":1000,")).await.unwrap_err();
        let said = said(&elsewhere);
        if DB::NAME == "PostgreSQL" {
            assert_eq!(said, "event 1000 is not of this database, whose last event is 6");
        } else {
            assert!(matches!(elsewhere, ImportError::Taken { .. }), "{said}");
        }
    }
}
