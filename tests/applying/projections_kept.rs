//! Projections whose rows are computed from many aggregates: their shadows are kept from step to step.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kumiko_seeds::events::{
    Access, HandlerResult, Handlers, NewEvent, Projection, ProjectionCheck, ProjectionResult,
    Projections, StoredEvent, User, WriteContext, create_event_tables,
};
use kumiko_seeds::{Progress, SeedRunner, SkipFlags, WorkReport, json};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use serde::Deserialize;
use sqlx::Pool;
use tokio::sync::Notify;
use uuid::Uuid;

const REBUILD: &str = "projection-rebuild/tags/1";

/// How often each tag was used in each place, and who has a place for themselves.
const ROWS: &str = "
    SELECT tag || '|' || place || '|' || uses FROM read_tags
    UNION ALL SELECT CAST(place AS text) || '|' || owner FROM read_places ORDER BY 1";

#[derive(Deserialize)]
struct Noted {
    id: Uuid,
    events: Vec<(String, i64, String)>,
}

async fn note<DB: Engine>(mut write: WriteContext<'_, DB>, noted: Noted) -> HandlerResult<i32> {
    let stream = write.stream("note", noted.id);
    let version = write.stream_version(&stream).await?;
    let events = noted.events.into_iter().map(|(what, place, text)| {
        let payload = json!({ "place": place, "text": text });
        NewEvent::new(what, &payload)
    });
    Ok(write.append(&stream, version, events).await?)
}

fn apply<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    let place = &event.payload["place"];
    let text = event.payload["text"].as_str().unwrap_or_default();
    let text = text.replace('\'', "''");
    let sql = match event.event_type.as_str() {
        "tagged" => format!(
            "INSERT INTO read_tags (tag, place, uses) VALUES ('{text}', {place}, 1)
             ON CONFLICT (tag, place) DO UPDATE SET uses = read_tags.uses + 1"
        ),
        _ => format!("INSERT INTO read_places (place, owner) VALUES ({place}, '{text}')"),
    };
    async move { Ok(DB::run(connection, &sql).await?) }.boxed()
}

fn tags<DB: Engine>() -> Projection<DB> {
    tags_of(1)
}

fn tags_of<DB: Engine>(version: u32) -> Projection<DB> {
    Projection::new("tags", version, apply::<DB>)
        .of("note", ["tagged", "taken"])
        .shared_table("read_tags")
        .shared_table("read_places")
}

fn handlers_with<DB: Engine>(projection: Projection<DB>) -> Handlers<DB> {
    Handlers::new()
        .register("note:write:note", Access::OpenToAll, note)
        .projections(Projections::new().register(projection))
}

fn runner_with<DB: Engine>(projection: Projection<DB>) -> SeedRunner<DB> {
    SeedRunner::new(&[])
        .handlers(handlers_with(projection))
        .skip_flags(SkipFlags::default())
        .step_size(1..=40)
}

fn runner<DB: Engine>() -> SeedRunner<DB> {
    runner_with(tags())
}

async fn noted<DB: Engine>(
    database: &TestDatabase<DB>,
    number: u128,
    events: Vec<(String, i64, String)>,
) {
    let payload = json!({ "id": Uuid::from_u128(number), "events": events });
    let handlers = handlers_with(tags::<DB>());
    let write = handlers.write_as(User::system(), "note:write:note", payload);
    write.commit(&database.pool).await.unwrap();
}

/// Notes with tags that take quoting, in many places.
async fn notes<DB: Engine>(database: &TestDatabase<DB>) {
    let mut connection = database.pool.acquire().await.unwrap();
    create_event_tables::<DB>(&mut connection).await.unwrap();
    let tables = "CREATE TABLE read_tags (tag text NOT NULL, place bigint NOT NULL, uses bigint NOT NULL, PRIMARY KEY (tag, place));
                  CREATE TABLE read_places (place bigint PRIMARY KEY, owner text NOT NULL UNIQUE)";
    DB::run(&mut connection, tables).await.unwrap();
    drop(connection);
    for number in 0..20_u8 {
        let tag = |of: u8| {
            ["it's", "back\\slash", "Ünï", "two words", ""][usize::from(of % 5)].to_owned()
        };
        let used = (0..20).map(|of| {
            (
                "tagged".to_owned(),
                i64::from(u16::from(of) * u16::from(number) % 70) - 30,
                tag(of + number),
            )
        });
        let taken = (0..5_u8).map(|of| {
            (
                "taken".to_owned(),
                i64::from(number * 5 + of),
                format!("owner {number} {of}"),
            )
        });
        noted(database, u128::from(number), used.chain(taken).collect()).await;
    }
}

async fn spoil<DB: Engine>(database: &TestDatabase<DB>) {
    database
        .execute(
            "DELETE FROM read_tags WHERE place % 3 = 0;
             UPDATE read_tags SET uses = uses + 1 WHERE place % 3 = 1;
             INSERT INTO read_tags (tag, place, uses) VALUES ('nobody''s', 1000, 1), ('', -1000, 1);
             UPDATE read_places SET owner = 'x' || owner WHERE place % 2 = 0;
             DELETE FROM read_places WHERE place > 90",
        )
        .await;
}

async fn check<DB: Engine>(database: &TestDatabase<DB>) -> ProjectionCheck {
    let handlers = handlers_with(tags::<DB>());
    let check = handlers.check_projection(&database.pool, "tags", 10);
    check.await.unwrap()
}

/// Works until so many steps are done.
async fn steps<DB: Engine>(runner: SeedRunner<DB>, pool: &Pool<DB>, number: u32) -> WorkReport {
    let (done, over) = (AtomicU32::new(0), Arc::new(Notify::new()));
    let stop = over.clone();
    let runner = runner.observe(move |progress| {
        if let Progress::Stepped { .. } = progress
            && done.fetch_add(1, Ordering::Relaxed) + 1 == number
        {
            over.notify_one();
        }
    });
    runner.work_until(pool, stop.notified()).await
}

async fn works<DB: Engine>(runner: &SeedRunner<DB>, pool: &Pool<DB>) {
    let report = runner.work(pool).await;
    assert!(
        report.failed.is_empty() && report.left.is_empty(),
        "{report:?}"
    );
}

/// The steps so far.
async fn number_of_steps<DB: Engine>(database: &TestDatabase<DB>) -> u32 {
    let steps = database
        .texts("SELECT CAST(steps AS text) FROM kumiko_es_progress")
        .await;
    steps.first().map_or(0, |steps| steps.parse().unwrap())
}

/// The shadows that are kept, on one connection.
async fn shadows<DB: Engine>(pool: &Pool<DB>) -> Vec<String> {
    let kept = if DB::NAME == "PostgreSQL" {
        "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = 'kumiko_rebuild_public' ORDER BY 1"
    } else {
        "SELECT name FROM temp.sqlite_schema WHERE type = 'table' ORDER BY 1"
    };
    DB::texts(pool, kept).await
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

on_both_databases! {
    async fn rows_are_computed_step_by_step(database: &TestDatabase<DB>) {
        notes(database).await;
        let right = database.texts(ROWS).await;
        assert_eq!(check(database).await.wrong(), 0);
        spoil(database).await;
        assert!(check(database).await.wrong() > 100);
        let pool = database.pool_of(2).await;
        let spoilt = DB::texts(&pool, ROWS).await;
        let report = steps(runner(), &pool, 3).await;
        assert_eq!(report.left, [REBUILD], "{report:?}");
        // Temporary tables of SQLite go with their connection.
        let kept = if DB::NAME == "PostgreSQL" { 2 } else { 0 };
        assert_eq!(shadows(&pool).await.len(), kept);
        assert_eq!(DB::texts(&pool, ROWS).await, spoilt);
        noted(database, 3, vec![("tagged".to_owned(), 5, "new".to_owned())]).await;
        works(&runner(), &pool).await;
        let mut expected = right;
        expected.push("new|5|1".to_owned());
        let mut found = DB::texts(&pool, ROWS).await;
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
        assert_eq!(shadows(&pool).await, [""; 0]);
        assert_eq!(check(database).await.wrong(), 0);
        pool.close().await;
    }

    async fn each_event_is_applied_and_each_row_compared_once_a_pass(database: &TestDatabase<DB>) {
        notes(database).await;
        let items = Arc::new(AtomicU64::new(0));
        let gone_through = items.clone();
        let runner = runner::<DB>().step_size(10..=10).observe(move |progress| {
            if let Progress::Stepped { items, .. } = progress {
                gone_through.fetch_add(items, Ordering::Relaxed);
            }
        });
        works(&runner, &database.pool).await;
        let events = database.texts("SELECT CAST(id AS text) FROM kumiko_events").await.len();
        let rows = database.texts(ROWS).await.len();
        assert_eq!(items.load(Ordering::Relaxed), (events + rows) as u64);
    }

    async fn missing_rows_are_repaired_some_at_a_time(database: &TestDatabase<DB>) {
        notes(database).await;
        let right = database.texts(ROWS).await;
        database.execute("DELETE FROM read_tags; DELETE FROM read_places").await;
        let steps = Arc::new(AtomicU64::new(0));
        let counted = steps.clone();
        let runner = runner::<DB>().step_size(10..=10).observe(move |progress| {
            if let Progress::Stepped { .. } = progress {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        works(&runner, &database.pool).await;
        assert_eq!(database.texts(ROWS).await, right);
        let events = database.texts("SELECT CAST(id AS text) FROM kumiko_events").await.len();
        // Ten events a step, then ten rows a step, and these once more.
        assert!(steps.load(Ordering::Relaxed) >= ((events + 2 * right.len()) / 10) as u64);
    }

    async fn another_process_goes_on_or_begins_anew(database: &TestDatabase<DB>) {
        notes(database).await;
        let right = database.texts(ROWS).await;
        spoil(database).await;
        let pool = database.pool_of(2).await;
        steps(runner(), &pool, 6).await;
        pool.close().await;
        let before = number_of_steps(database).await;
        let after = "SELECT CAST(done AS text) FROM kumiko_es_progress";
        let done: u64 = database.text(after).await.parse().unwrap();
        assert!(before >= 6 && done > 100, "{before} {done}");
        let pool = database.pool_of(2).await;
        steps(runner(), &pool, 1).await;
        let cursor = database.text("SELECT cursor FROM kumiko_es_progress").await;
        let losses = u8::from(DB::NAME == "SQLite");
        assert!(cursor.contains(&format!("\"losses\":{losses}")), "{cursor}");
        works(&runner(), &pool).await;
        assert_eq!(database.texts(ROWS).await, right);
        pool.close().await;
    }

    async fn shadows_that_are_lost_again_and_again_are_computed_in_one_step(database: &TestDatabase<DB>) {
        notes(database).await;
        let right = database.texts(ROWS).await;
        spoil(database).await;
        for _ in 0..4 {
            let pool = database.pool_of(1).await;
            steps(runner(), &pool, 1).await;
            if DB::NAME == "PostgreSQL" {
                DB::execute(&pool, "DROP TABLE IF EXISTS kumiko_rebuild_public.read_tags").await.unwrap();
            }
            pool.close().await;
        }
        assert_eq!(database.texts(ROWS).await, right);
        works(&runner(), &database.pool).await;
        assert_eq!(check(database).await.wrong(), 0);
    }

    async fn values_that_are_unique_are_exchanged_with_rows_far_behind(database: &TestDatabase<DB>) {
        notes(database).await;
        let right = database.texts(ROWS).await;
        database.execute(
            "DELETE FROM read_places WHERE place = 0;
             INSERT INTO read_places (place, owner) VALUES (5000, 'owner 0 0')"
        ).await;
        works(&runner(), &database.pool).await;
        assert_eq!(database.texts(ROWS).await, right);
    }

    async fn ids_that_no_sequence_gave_are_no_obstacle(database: &TestDatabase<DB>) {
        notes(database).await;
        let right = database.texts(ROWS).await;
        database.execute("UPDATE kumiko_events SET id = id + 1000000 WHERE id % 2 = 0").await;
        spoil(database).await;
        works(&runner(), &database.pool).await;
        assert_eq!(database.texts(ROWS).await, right);
        spoil(database).await;
        let in_pages = runner::<DB>().step_size(60..=60);
        let again = in_pages.rebuilding(&database.pool, &["tags"]).await.unwrap();
        works(&again, &database.pool).await;
        assert_eq!(database.texts(ROWS).await, right);
    }

    async fn all_at_once_is_one_moment(database: &TestDatabase<DB>) {
        notes(database).await;
        let right = database.texts(ROWS).await;
        spoil(database).await;
        let spoilt = database.texts(ROWS).await;
        let pool = database.pool_of(2).await;
        loop {
            let report = steps(runner_with(tags().all_at_once()), &pool, 1).await;
            let rows = database.texts(ROWS).await;
            assert!(rows == spoilt || rows == right);
            if report.left.is_empty() {
                break;
            }
        }
        assert_eq!(database.texts(ROWS).await, right);
        pool.close().await;
    }

    async fn a_table_that_is_altered_and_streams_that_are_archived_make_it_begin_anew(database: &TestDatabase<DB>) {
        notes(database).await;
        spoil(database).await;
        let uuid = if DB::NAME == "PostgreSQL" { "uuid" } else { "text" };
        database.execute(&format!(
            "CREATE TABLE kumiko_archived_streams (tenant_id {uuid} NOT NULL, aggregate_id {uuid} NOT NULL)"
        )).await;
        let pool = database.pool_of(2).await;
        steps(runner(), &pool, 9).await;
        database.execute("ALTER TABLE read_tags ADD COLUMN seen integer NOT NULL DEFAULT 7").await;
        steps(runner(), &pool, 9).await;
        database.execute(&format!(
            "INSERT INTO kumiko_archived_streams
             SELECT DISTINCT tenant_id, aggregate_id FROM kumiko_events WHERE aggregate_id = '{}'", Uuid::from_u128(1)
        )).await;
        works(&runner(), &pool).await;
        assert_eq!(check(database).await.wrong(), 0);
        let owners = "SELECT owner FROM read_places WHERE owner LIKE 'owner 1 %'";
        assert_eq!(database.texts(owners).await, [""; 0]);
        assert_eq!(database.text("SELECT CAST(min(seen) AS text) FROM read_tags").await, "7");
        pool.close().await;
    }

    async fn what_writes_elsewhere_is_refused(database: &TestDatabase<DB>) {
        notes(database).await;
        database.execute("CREATE TABLE others (id bigint PRIMARY KEY)").await;
        for statement in ["INSERT INTO others VALUES (1)", "INSERT INTO others VALUES (1), (1)"] {
            let projection = Projection::new("tags", 1, if statement.contains(", (1)") { fails_elsewhere::<DB> } else { writes_elsewhere::<DB> })
                .of("note", ["tagged"])
                .shared_table("read_tags");
            let report = runner_with(projection).quarantine().work(&database.pool).await;
            let told = with_causes(&report.failed[0].error);
            assert!(told.contains("writes to a table that it does not declare, or names one with its schema"), "{told}");
            let is_named = told.contains(": others");
            assert_eq!(is_named, !statement.contains(", (1)") || DB::NAME != "PostgreSQL", "{told}");
            database.execute("DELETE FROM kumiko_es_progress").await;
        }
        assert_eq!(database.texts("SELECT CAST(id AS text) FROM others").await, [""; 0]);
    }

    async fn a_later_rebuild_takes_over(database: &TestDatabase<DB>) {
        notes(database).await;
        let right = database.texts(ROWS).await;
        spoil(database).await;
        let newer = || runner_with(tags_of::<DB>(2));
        let pool = database.pool_of(2).await;
        steps(runner(), &pool, 4).await;
        steps(newer(), &pool, 4).await;
        let older = runner::<DB>().work(&pool).await;
        if DB::NAME == "PostgreSQL" {
            let told = with_causes(&older.failed[0].error);
            let expected = "another rebuild of projection \"tags\" has begun meanwhile: projection-rebuild/tags/2";
            assert!(told.contains(expected), "{told}");
        }
        works(&newer(), &pool).await;
        assert_eq!(database.texts(ROWS).await, right);
        assert_eq!(shadows(&pool).await, [""; 0]);
        pool.close().await;
    }
}

fn writes_elsewhere<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    let sql = format!("INSERT INTO others VALUES ({})", event.id);
    async move { Ok(DB::run(connection, &sql).await?) }.boxed()
}

fn fails_elsewhere<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    _: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    let sql = "INSERT INTO others VALUES (1), (1)";
    async move { Ok(DB::run(connection, sql).await?) }.boxed()
}
