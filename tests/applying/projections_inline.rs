//! Projections that appends are applied to: in the same transaction, and to what a later load gives.

use std::time::Duration;

use kumiko_seeds::events::{
    Access, EventStoreError, HandlerResult, Handlers, NewEvent, Projection, ProjectionResult,
    Projections, StoredEvent, User, WriteContext, WriteError, load,
};
use kumiko_seeds::{Error, RunSeed, SeedRunner, error_chain, json};
use kumiko_tests::app::{self, id};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::proxy::Proxy;
use kumiko_tests::seeds::seed;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::pool::PoolOptions;
use sqlx::{Connection, Postgres};
use uuid::{Uuid, uuid};

const TENANT: Uuid = uuid!("11111111-2222-4333-8444-555555555555");

/// What a test has a handler append, and its projections do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Note {
    text: String,
    /// What the database makes something else of than what was written.
    #[serde(default)]
    value: Value,
}

fn note(text: &str) -> Value {
    json!({ "text": text })
}

/// Appends one event to a stream of its own, with metadata of its own if the text begins with `meta`.
async fn add<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    let event = NewEvent::new("note-added", &note);
    let event = match note.text.as_str() {
        text if text.starts_with("meta") => event.metadata("cause", text),
        _ => event,
    };
    write.append(&stream, 0, [event]).await?;
    Ok(())
}

/// Appends two events at once.
async fn add_two<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    let events = ["note-added", "note-tagged"].map(|name| NewEvent::new(name, &note));
    write.append(&stream, 0, events).await?;
    Ok(())
}

/// Appends, and goes on whatever comes of it.
async fn go_on<DB: Engine>(write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    drop(add(write, note).await);
    Ok(())
}

/// Appends after a version that the stream does not have, and goes on.
async fn conflict<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    let event = || [NewEvent::new("note-added", &note)];
    let error = write.append(&stream, 7, event()).await.unwrap_err();
    assert!(matches!(error, EventStoreError::VersionConflict { .. }));
    write.append(&stream, 0, event()).await?;
    Ok(())
}

/// Appends, does not wait for it, and goes on.
async fn hurry<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    let append = write.append(&stream, 0, [NewEvent::new("note-added", &note)]);
    let patience = Duration::from_millis(300);
    tokio::time::timeout(patience, append).await.unwrap_err();
    Ok(())
}

/// Appends what nobody projects.
async fn other<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    write
        .append(&stream, 0, [NewEvent::new("note-ignored", &note)])
        .await?;
    Ok(())
}

/// Notes in a row all that is known of the event, and does what its text asks for.
async fn see<DB: Engine>(connection: &mut DB::Connection, event: &StoredEvent) -> ProjectionResult {
    note_seen::<DB>(connection, "seen", std::slice::from_ref(event)).await?;
    match event.payload["text"].as_str().unwrap_or_default() {
        "bad" => Err("the note is in bad taste".into()),
        "commits" => Ok(DB::run(connection, "COMMIT").await?),
        "commits and fails" => {
            DB::run(connection, "COMMIT").await?;
            Err("and then something else".into())
        }
        "slow" => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            Ok(())
        }
        "deadlocks once" => Ok(DB::run(
            connection,
            "DO $$ BEGIN IF nextval('tries') < 2 THEN
                 RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END IF; END $$",
        )
        .await?),
        "sets" => Ok(DB::run(connection, "SET search_path = public, elsewhere").await?),
        _ => Ok(()),
    }
}

async fn see_all<DB: Engine>(
    connection: &mut DB::Connection,
    events: &[StoredEvent],
) -> ProjectionResult {
    note_seen::<DB>(connection, "seen", events).await?;
    let calls = format!("INSERT INTO read_calls VALUES ({})", events.len());
    Ok(DB::run(connection, &calls).await?)
}

async fn see_tags<DB: Engine>(
    connection: &mut DB::Connection,
    event: &StoredEvent,
) -> ProjectionResult {
    note_seen::<DB>(connection, "tags", std::slice::from_ref(event)).await
}

async fn note_seen<DB: Engine>(
    connection: &mut DB::Connection,
    projection: &str,
    events: &[StoredEvent],
) -> ProjectionResult {
    let row = |event: &StoredEvent| {
        let event = serde_json::to_string(event).unwrap().replace('\'', "''");
        format!("('{projection}', '{event}')")
    };
    let rows: Vec<String> = events.iter().map(row).collect();
    let insert = format!(
        "INSERT INTO read_seen (projection, event) VALUES {}",
        rows.join(", ")
    );
    Ok(DB::run(connection, &insert).await?)
}

/// A projection of both types of events, and one of tags alone.
fn projections<DB: Engine>() -> Projections<DB> {
    Projections::new().register(seeing()).register(tags())
}

fn seeing<DB: Engine>() -> Projection<DB> {
    Projection::new("seeing", 1, see::<DB>)
        .of("note", ["note-added", "note-tagged"])
        .shared_table("read_seen")
}

fn tags<DB: Engine>() -> Projection<DB> {
    Projection::new("tags", 1, see_tags::<DB>)
        .of("note", ["note-tagged"])
        .shared_table("read_tags")
}

fn handlers<DB: Engine>() -> Handlers<DB> {
    Handlers::new()
        .register("notes:write:add", Access::OpenToAll, add::<DB>)
        .register("notes:write:add-two", Access::OpenToAll, add_two::<DB>)
        .register("notes:write:go-on", Access::OpenToAll, go_on::<DB>)
        .register("notes:write:conflict", Access::OpenToAll, conflict::<DB>)
        .register("notes:write:hurry", Access::OpenToAll, hurry::<DB>)
        .register("notes:write:other", Access::OpenToAll, other::<DB>)
        .projections(projections())
}

async fn create_tables<DB: Engine>(database: &TestDatabase<DB>) {
    let mut connection = database.pool.acquire().await.unwrap();
    app::create_tables::<DB>(&mut connection).await.unwrap();
    let integer = if DB::NAME == "SQLite" {
        "integer PRIMARY KEY"
    } else {
        "serial"
    };
    let seen = format!(
        "CREATE TABLE read_seen (number {integer}, projection text, event text);
         CREATE TABLE read_calls (events integer)"
    );
    DB::run(&mut connection, &seen).await.unwrap();
}

fn edith() -> User {
    User::new("edith", ["Editor"])
}

/// The events that a projection has seen, in that order.
async fn seen<DB: Engine>(database: &TestDatabase<DB>, projection: &str) -> Vec<Value> {
    let sql =
        format!("SELECT event FROM read_seen WHERE projection = '{projection}' ORDER BY number");
    let seen = database.texts(&sql).await;
    seen.iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect()
}

/// All events of the streams of `texts`, as they are loaded.
async fn loaded<DB: Engine>(
    database: &TestDatabase<DB>,
    tenant: Uuid,
    texts: impl IntoIterator<Item = impl AsRef<str>>,
) -> Vec<Value> {
    let mut connection = database.pool.acquire().await.unwrap();
    let mut loaded = Vec::new();
    for text in texts {
        let events = load::<DB>(&mut connection, tenant, id(text.as_ref()))
            .await
            .unwrap();
        loaded.extend(
            events
                .iter()
                .map(|event| serde_json::to_value(event).unwrap()),
        );
    }
    loaded
}

/// That there is neither an event nor a row.
async fn nothing_left<DB: Engine>(database: &TestDatabase<DB>) {
    assert_eq!(database.payloads().await, [""; 0]);
    assert_eq!(database.texts("SELECT event FROM read_seen").await, [""; 0]);
}

fn with_a_bad_one(count: usize) -> impl Iterator<Item = Value> + Send {
    (0..count).map(|number| match number {
        700 => note("bad"),
        number => note(&format!("{number:05}")),
    })
}

fn runner<DB: Engine, const COUNT: usize>(runs: [RunSeed<DB>; COUNT]) -> SeedRunner<DB> {
    let ids = ["2026-01-01-a", "2026-01-02-b"];
    let seeds = ids.into_iter().zip(runs).map(|(id, run)| seed(id, run));
    app::runner(seeds.collect()).handlers(handlers())
}

on_both_databases! {
    async fn apply_sees_what_a_load_gives(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let handlers = handlers();
        let write = |name, payload: Value| handlers.write_as(edith(), name, payload).in_tenant(TENANT);
        let values = [
            json!({ "big": 1e16, "small": 1e-7, "whole": 3.0, "negative": -0.0, "text": "ä \" \\ 'x'" }),
            json!("{\"is\": \"an object\"}"),
            json!([null, true, "42"]),
        ];
        for (number, value) in values.into_iter().enumerate() {
            let payload = json!({ "text": format!("meta {number}"), "value": value });
            write("notes:write:add", payload).commit(&database.pool).await.unwrap();
        }
        write("notes:write:add-two", note("two")).commit(&database.pool).await.unwrap();
        let seen = seen(database, "seen").await;
        assert_eq!(seen.len(), 5);
        assert_eq!(seen, loaded(database, TENANT, ["meta 0", "meta 1", "meta 2", "two"]).await);
        let first = &seen[0];
        assert_eq!(first["id"], 1);
        assert_eq!(first["created_by"], "edith");
        assert_eq!(first["metadata"], json!({ "cause": "meta 0", "userId": "edith" }));
        assert!(first["created_at"].as_str().unwrap() > "2026");
    }

    /// The original stored some payloads as a string of JSON.
    async fn apply_sees_a_payload_as_a_load_unwraps_it(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let handlers = handlers().register("notes:write:wrapped", Access::OpenToAll, wrapped::<DB>);
        handlers.write_as(edith(), "notes:write:wrapped", note("a")).commit(&database.pool).await.unwrap();
        let seen = seen(database, "seen").await;
        assert_eq!(seen[0]["payload"], note("a"));
        assert_eq!(seen, loaded(database, kumiko_seeds::events::SYSTEM_TENANT_ID, ["a"]).await);
    }

    async fn within_the_transaction_of_the_app(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let handlers = handlers();
        let write = |text| handlers.write_as(edith(), "notes:write:add", note(text)).in_tenant(TENANT);
        let mut transaction = database.pool.begin().await.unwrap();
        write("a").within(&mut transaction).await.unwrap();
        transaction.rollback().await.unwrap();
        nothing_left(database).await;

        let mut transaction = database.pool.begin().await.unwrap();
        write("a").within(&mut transaction).await.unwrap();
        let error = write("bad").within(&mut transaction).await.unwrap_err();
        assert!(matches!(error, WriteError::Handler { .. }), "{error:?}");
        write("b").within(&mut transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let seen = seen(database, "seen").await;
        assert_eq!(seen.len(), 2);
        assert_eq!(seen, loaded(database, TENANT, ["a", "b"]).await);
    }

    async fn a_seed_s_write(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let runner = runner::<DB, _>([|ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add-two", note("a")).in_tenant(TENANT).await?;
            Ok(())
        })]);
        runner.dry_run(&database.pool).await.unwrap();
        nothing_left(database).await;
        runner.apply(&database.pool).await.unwrap();
        let seen = seen(database, "seen").await;
        assert_eq!(seen.len(), 2);
        assert_eq!(seen, loaded(database, TENANT, ["a"]).await);
    }

    async fn a_batch(database: &TestDatabase<DB>) {
        create_tables(database).await;
        // Of one kind, and then of so many kinds as there are events.
        runner::<DB, _>([|ctx| Box::pin(async move {
            let notes = (0..1_500).map(|number| note(&format!("{number:05}")));
            ctx.system_batch("notes:write:add", notes).in_tenant(TENANT).await?;
            let notes = (0..1_500).map(|number| note(&format!("meta {number:05}")));
            ctx.system_batch("notes:write:add", notes).in_tenant(TENANT).await?;
            Ok(())
        })])
        .apply(&database.pool)
        .await
        .unwrap();
        let texts = |first: &'static str| (0..1_500).map(move |number| format!("{first}{number:05}"));
        let seen = seen(database, "seen").await;
        assert_eq!(seen.len(), 3_000);
        let loaded = loaded(database, TENANT, texts("").chain(texts("meta "))).await;
        assert!(seen == loaded);
    }

    async fn a_batch_with_apply_all(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let all = Projections::new().register(seeing().apply_all(see_all::<DB>));
        let run: RunSeed<DB> = |ctx| Box::pin(async move {
            let notes = (0..1_500).map(|number| note(&format!("{number:05}")));
            ctx.system_batch("notes:write:add", notes).in_tenant(TENANT).await?;
            // One event is applied by itself.
            ctx.system_write_as("notes:write:add", note("b")).in_tenant(TENANT).await?;
            Ok(())
        });
        let runner = app::runner(vec![seed("2026-01-01-a", run)]).handlers(handlers().projections(all));
        runner.apply(&database.pool).await.unwrap();
        let calls = database.texts("SELECT CAST(events AS text) FROM read_calls").await;
        assert_eq!(calls, ["1000", "500"]);
        let texts = (0..1_500).map(|number| format!("{number:05}")).chain(["b".to_owned()]);
        assert!(seen(database, "seen").await == loaded(database, TENANT, texts).await);
    }

    async fn projections_come_in_their_order_and_get_what_they_take(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let handlers = handlers();
        for (name, text) in [("add-two", "a"), ("add", "b"), ("other", "c")] {
            let write = handlers.write_as(edith(), format!("notes:write:{name}"), note(text));
            write.commit(&database.pool).await.unwrap();
        }
        let projections = database.texts("SELECT projection FROM read_seen ORDER BY number").await;
        let events = database.texts("SELECT event FROM read_seen ORDER BY number").await;
        let types = events.iter().map(|event| serde_json::from_str::<Value>(event).unwrap()["event_type"].clone());
        let seen: Vec<_> = projections.iter().map(String::as_str).zip(types).collect();
        let expected = [
            ("seen", json!("note-added")),
            ("seen", json!("note-tagged")),
            ("tags", json!("note-tagged")),
            ("seen", json!("note-added")),
        ];
        assert_eq!(seen, expected);
        assert_eq!(database.payloads().await.len(), 4);
    }

    async fn what_cannot_be_applied_is_not_appended(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let handlers = handlers();
        let write = |name: &str| handlers.write_as(edith(), format!("notes:write:{name}"), note("bad"));
        let error = write("add-two").in_tenant(TENANT).commit(&database.pool).await.unwrap_err();
        let said = error_chain(&error).join(": ");
        let expected = format!(
            "write handler \"notes:write:add-two\" failed: the projection \"seeing\" could not apply note-added, version 1 \
             of stream note {} of tenant {TENANT}: the note is in bad taste",
            id("bad")
        );
        assert_eq!(said, expected);
        let Some(EventStoreError::NotApplied { projection, events: 1, event_type, stream, version: 1, .. }) =
            error.of_handler()
        else {
            panic!("{error:?}");
        };
        assert_eq!((projection.as_str(), event_type.as_str(), stream.tenant_id), ("seeing", "note-added", TENANT));
        nothing_left(database).await;

        // The handler need not say so.
        let passed_over = |error: WriteError| {
            assert!(matches!(error, WriteError::Append { .. }), "{error:?}");
            let said = error_chain(&error).join(": ");
            assert!(said.contains("the note is in bad taste"), "{said}");
        };
        passed_over(write("go-on").commit(&database.pool).await.unwrap_err());
        nothing_left(database).await;
        let mut transaction = database.pool.begin().await.unwrap();
        passed_over(write("go-on").within(&mut transaction).await.unwrap_err());
        transaction.commit().await.unwrap();
        nothing_left(database).await;
    }

    async fn a_seed_whose_events_cannot_be_applied_fails(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let runs: [RunSeed<DB>; 4] = [
            |ctx| Box::pin(async move {
                ctx.system_write_as("notes:write:add", note("bad")).await?;
                Ok(())
            }),
            |ctx| Box::pin(async move {
                drop(ctx.system_write_as("notes:write:go-on", note("bad")).await);
                Ok(())
            }),
            |ctx| Box::pin(async move {
                let notes = with_a_bad_one(1_500);
                ctx.system_batch("notes:write:add", notes).await?;
                Ok(())
            }),
            |ctx| Box::pin(async move {
                // The handler that hears of it goes on.
                let notes = with_a_bad_one(2_500);
                ctx.system_batch("notes:write:go-on", notes).await?;
                Ok(())
            }),
        ];
        for run in runs {
            let stopped = runner::<DB, _>([run]).apply(&database.pool).await.unwrap_err();
            let said = format!("{stopped:?}");
            assert!(said.contains("the projection \"seeing\" could not apply note-added, version 1 of"), "{said}");
            assert!(said.contains("the note is in bad taste"), "{said}");
            nothing_left(database).await;
        }
    }

    async fn an_append_that_nobody_waits_for_is_not_committed(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let handlers = handlers();
        let write = || handlers.write_as(edith(), "notes:write:hurry", note("slow"));
        let error = write().commit(&database.pool).await.unwrap_err();
        let said = error_chain(&error).join(": ");
        assert!(said.contains("an append was not awaited to its end"), "{said}");
        nothing_left(database).await;
    }

    async fn a_version_conflict_leaves_the_row_alone(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let handlers = handlers();
        let write = || handlers.write_as(edith(), "notes:write:conflict", note("a"));
        // It meets one, and appends rightly then.
        write().commit(&database.pool).await.unwrap();
        assert_eq!(seen(database, "seen").await.len(), 1);
        let error = handlers.write_as(edith(), "notes:write:add", note("a")).commit(&database.pool).await;
        assert!(error.unwrap_err().is_conflict());
        assert_eq!(seen(database, "seen").await.len(), 1);
        assert_eq!(database.payloads().await.len(), 1);
    }

    async fn a_projection_that_ends_the_transaction_is_told_as_that(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let handlers = handlers();
        for text in ["commits", "commits and fails"] {
            let pool = database.pool_of(1).await;
            let write = || handlers.write_as(edith(), "notes:write:add", note(text));
            let error = write().commit(&pool).await.unwrap_err();
            assert!(matches!(error, WriteError::TransactionEnded { .. }), "{text}: {error:?}");
            database.execute("DELETE FROM kumiko_events; DELETE FROM read_seen").await;
            let mut transaction = pool.begin().await.unwrap();
            let error = write().within(&mut transaction).await.unwrap_err();
            assert!(matches!(error, WriteError::TransactionEnded { .. }), "{text}: {error:?}");
            drop(transaction);
            pool.close().await;
            database.execute("DELETE FROM kumiko_events; DELETE FROM read_seen").await;
        }
        let runs: [RunSeed<DB>; 3] = [
            |ctx| Box::pin(async move {
                ctx.system_write_as("notes:write:add", note("commits")).await?;
                Ok(())
            }),
            |ctx| Box::pin(async move {
                ctx.system_write_as("notes:write:add", note("commits and fails")).await?;
                Ok(())
            }),
            |ctx| Box::pin(async move {
                ctx.system_batch("notes:write:add", [note("commits and fails")]).await?;
                Ok(())
            }),
        ];
        for run in runs {
            let stopped = runner::<DB, _>([run]).apply(&database.pool).await.unwrap_err();
            assert!(matches!(stopped.error, Error::TransactionEnded { .. }), "{stopped:?}");
            database.execute("DELETE FROM kumiko_events; DELETE FROM read_seen").await;
        }
    }

    async fn what_is_wrong_with_projections_stops_everything(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let twice = || handlers().projections(Projections::new().register(tags()).register(tags()));
        let problem = "projection \"tags\": it is registered twice; keep one of them";
        let error = twice().write_as(edith(), "notes:write:other", note("a")).commit(&database.pool).await;
        assert_eq!(
            error.unwrap_err().to_string(),
            format!("nothing was written by \"notes:write:other\", because of what the app has registered: {problem}")
        );
        let runs: [Vec<kumiko_seeds::Seed<DB>>; 2] = [
            Vec::new(),
            vec![kumiko_tests::seeds::calling(
                seed("2026-01-01-a", |_| Box::pin(async { Ok(()) })),
                &[kumiko_seeds::HandlerCall { handler: "notes:write:other", roles: Some(&[]), line: 3 }],
            )],
        ];
        for seeds in runs {
            let runner = app::runner(seeds).handlers(twice());
            let problems: Vec<String> = runner.verify().iter().map(ToString::to_string).collect();
            assert_eq!(problems, [problem]);
            let stopped = runner.apply(&database.pool).await.unwrap_err();
            assert_eq!(
                stopped.error.to_string(),
                format!("nothing was written, because what the app has registered cannot work:\n  {problem}")
            );
            assert_eq!(database.texts(DB::TABLES).await.iter().filter(|name| *name == "kumiko_es_operations").count(), 0);
        }
        nothing_left(database).await;
    }
}

/// Appends a payload as the original did for some weeks.
async fn wrapped<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    let inner = json!({ "text": note.text }).to_string();
    write
        .append(&stream, 0, [NewEvent::new("note-added", inner)])
        .await?;
    Ok(())
}

/// A deadlock in `apply` is one as anywhere else.
#[tokio::test]
async fn a_deadlock_in_a_projection_is_tried_again() {
    let database = Postgres::create().await;
    create_tables(&database).await;
    let handlers = handlers();
    database.execute("CREATE SEQUENCE tries").await;
    let write = || handlers.write_as(edith(), "notes:write:add", note("deadlocks once"));
    write().commit(&database.pool).await.unwrap();
    assert_eq!(seen(&database, "seen").await.len(), 1);

    database
        .execute("DELETE FROM kumiko_events; ALTER SEQUENCE tries RESTART")
        .await;
    let report = runner::<Postgres, _>([|ctx| {
        Box::pin(async move {
            let notes = [note("deadlocks once"), note("b")];
            ctx.system_batch("notes:write:add", notes).await?;
            Ok(())
        })
    }])
    .apply(&database.pool)
    .await
    .unwrap();
    assert_eq!(report.applied[0].retries, 1);
    database.remove().await;
}

/// What `apply` does to the session is undone before the next seed.
#[tokio::test]
async fn the_session_is_brought_back() {
    let database = Postgres::create().await;
    create_tables(&database).await;
    let looks: RunSeed<Postgres> = |ctx| {
        Box::pin(async move {
            let path = sqlx::query_scalar("SELECT current_setting('search_path')");
            let path: String = path.fetch_one(ctx.db().await?).await?;
            match path.as_str() {
                "\"$user\", public" => Ok(()),
                other => Err(other.into()),
            }
        })
    };
    let sets: RunSeed<Postgres> = |ctx| {
        Box::pin(async move {
            ctx.system_write_as("notes:write:add", note("sets")).await?;
            Ok(())
        })
    };
    let sets_in_batch: RunSeed<Postgres> = |ctx| {
        Box::pin(async move {
            ctx.system_batch("notes:write:add", [note("sets")]).await?;
            Ok(())
        })
    };
    for first in [sets, sets_in_batch] {
        runner([first, looks]).apply(&database.pool).await.unwrap();
        database
            .execute("DELETE FROM kumiko_es_operations; DELETE FROM kumiko_events")
            .await;
    }
    database.remove().await;
}

/// Beside what `apply` does itself nothing is added, and where no projection takes an event, nothing at all.
#[tokio::test]
async fn an_append_stays_one_round_trip() {
    let database = Postgres::create().await;
    create_tables(&database).await;
    let proxy = Proxy::to(&database.url).await;
    let pool = PoolOptions::new().max_connections(1);
    let pool: sqlx::PgPool = pool.connect(proxy.url()).await.unwrap();
    let handlers = handlers();
    let mut connection = pool.acquire().await.unwrap();
    // Of each kind the first is prepared.
    let mut counts = Vec::new();
    for texts in ["a", "b"] {
        for name in ["other", "add", "add-two"] {
            let name = format!("notes:write:{name}");
            let text = format!("{texts} {name}");
            let mut transaction = connection.begin().await.unwrap();
            let before = proxy.round_trips();
            let write = handlers.write_as(edith(), name, note(&text));
            write.within(&mut transaction).await.unwrap();
            counts.push(proxy.round_trips() - before);
            transaction.commit().await.unwrap();
        }
    }
    // Three for the write, one for the append, and one for each row.
    assert_eq!(counts[3..], [4, 4 + 1, 4 + 3]);

    drop(connection);
    pool.close().await;

    let other: RunSeed<Postgres> = |ctx| {
        Box::pin(async move {
            let notes = (0..2_000).map(|number| note(&format!("other {number}")));
            ctx.system_batch("notes:write:other", notes).await?;
            Ok(())
        })
    };
    let add: RunSeed<Postgres> = |ctx| {
        Box::pin(async move {
            let notes = (0..2_000).map(|number| note(&format!("add {number}")));
            ctx.system_batch("notes:write:add", notes).await?;
            Ok(())
        })
    };
    let (mut counts, mut read_back) = (Vec::new(), Vec::new());
    let idle: RunSeed<Postgres> = |_| Box::pin(async { Ok(()) });
    for (id, run) in [
        ("2026-01-01-first", idle),
        ("2026-01-02-idle", idle),
        ("2026-01-03-other", other),
        ("2026-01-04-add", add),
    ] {
        let all = Projections::new().register(seeing().apply_all(see_all::<Postgres>));
        let proxy = Proxy::to(&database.url).await;
        let pool = PoolOptions::new().max_connections(1);
        let pool = pool.connect_lazy(proxy.url()).unwrap();
        let runner =
            SeedRunner::new(vec![seed(id, run)].leak()).handlers(self::handlers().projections(all));
        runner.apply(&pool).await.unwrap();
        counts.push(proxy.round_trips());
        let reading = "SELECT CAST(count(*) AS text) FROM pg_prepared_statements
                       WHERE statement LIKE 'INSERT INTO kumiko_events%CAST(payload AS text)%'";
        read_back.push(Postgres::texts(&pool, reading).await.concat());
        pool.close().await;
    }
    // What nobody takes the database does not send back.
    assert_eq!(read_back, ["0", "0", "0", "1"]);
    // One to prepare the statement, and one for each thousand, to which `apply_all` adds its two.
    let [_, idle, other, add] = counts[..] else {
        panic!("{counts:?}")
    };
    assert_eq!((other - idle, add - idle), (1 + 2, 1 + 2 * (1 + 2)));
    database.remove().await;
}
