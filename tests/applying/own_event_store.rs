//! Handlers, seeds, batches and dry runs on an event table of the app's own.

use futures_util::future::BoxFuture;
use kumiko_seeds::events::{
    Access, EventRow, EventStore, EventStoreError, Handlers, InTransaction, Projection,
    Projections, StoredEvent, Stream, User,
};
use kumiko_seeds::{Seed, json};
use kumiko_tests::app;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use sqlx::{Postgres, Row, Sqlite};

/// `own_events (aggregate text, version integer, type text, body text)`
struct OwnEvents;

/// The same SQL on both databases.
macro_rules! own_events {
    ($database:ty, $connection:ty) => {
        impl EventStore<$database> for OwnEvents {
            fn append<'a>(
                &'a self,
                connection: &'a mut $connection,
                transaction: InTransaction<'a, $database>,
                rows: &'a [EventRow],
            ) -> BoxFuture<'a, Result<(), EventStoreError>> {
                Box::pin(async move {
                    transaction.ensure_open(connection).await?;
                    for row in rows {
                        let (stream, expected) = (row.stream(), row.version - 1);
                        if row.is_first {
                            let actual =
                                EventStore::<$database>::stream_version(self, connection, &stream)
                                    .await?;
                            if actual != expected {
                                return Err(EventStoreError::VersionConflict {
                                    stream,
                                    expected,
                                    actual,
                                });
                            }
                        }
                        sqlx::query("INSERT INTO own_events VALUES ($1, $2, $3, $4)")
                            .bind(row.aggregate_id.to_string())
                            .bind(row.version)
                            .bind(row.event_type.clone())
                            .bind(row.payload.clone())
                            .execute(&mut *connection)
                            .await?;
                    }
                    Ok(())
                })
            }

            fn load<'a>(
                &'a self,
                connection: &'a mut $connection,
                stream: &'a Stream,
            ) -> BoxFuture<'a, Result<Vec<StoredEvent>, EventStoreError>> {
                Box::pin(async move {
                    let rows = sqlx::query(
                        "SELECT version, type, body FROM own_events WHERE aggregate = $1
                         ORDER BY version",
                    )
                    .bind(stream.aggregate_id.to_string())
                    .fetch_all(connection)
                    .await?;
                    let event = |row: &<$database as sqlx::Database>::Row| {
                        let body: String = row.get(2);
                        let payload =
                            serde_json::from_str(&body).map_err(EventStoreError::store)?;
                        let (version, event_type): (i32, String) = (row.get(0), row.get(1));
                        Ok(StoredEvent::new(
                            stream.clone(),
                            version,
                            event_type,
                            payload,
                        ))
                    };
                    rows.iter().map(event).collect()
                })
            }

            fn stream_version<'a>(
                &'a self,
                connection: &'a mut $connection,
                stream: &'a Stream,
            ) -> BoxFuture<'a, Result<i32, EventStoreError>> {
                Box::pin(async move {
                    let version =
                        "SELECT coalesce(max(version), 0) FROM own_events WHERE aggregate = $1";
                    Ok(sqlx::query_scalar(version)
                        .bind(stream.aggregate_id.to_string())
                        .fetch_one(connection)
                        .await?)
                })
            }
        }
    };
}

own_events!(Postgres, sqlx::PgConnection);
own_events!(Sqlite, sqlx::SqliteConnection);

async fn database<DB: Engine>() -> TestDatabase<DB> {
    let database = DB::create().await;
    database
        .execute(
            "CREATE TABLE own_events (aggregate text, version integer, type text, body text,
                                      PRIMARY KEY (aggregate, version));
             CREATE TABLE own_seen (event text)",
        )
        .await;
    database
}

fn handlers<DB: Engine>() -> Handlers<DB>
where
    OwnEvents: EventStore<DB>,
{
    app::handlers::<DB>().event_store(OwnEvents).register(
        "notes:write:second",
        Access::OpenToAll,
        second::<DB>,
    )
}

/// Appends a second event to a note that has one, as `load` tells.
async fn second<DB: Engine>(
    mut write: kumiko_seeds::events::WriteContext<'_, DB>,
    note: app::Note,
) -> kumiko_seeds::events::HandlerResult<i32> {
    let stream = write.stream("note", app::id(&note.text));
    let events = write.load(&stream).await?;
    let [first] = events.as_slice() else {
        return Err(format!("{} events", events.len()).into());
    };
    let event = kumiko_seeds::events::NewEvent::new("note-repeated", &first.payload);
    Ok(write.append(&stream, first.version, [event]).await?)
}

fn seeds<DB: Engine>() -> Vec<Seed<DB>> {
    vec![
        seed("2026-01-01-writes", |ctx| {
            Box::pin(async move {
                ctx.system_write_as("notes:write:add", json!({ "text": "a" }))
                    .await?;
                ctx.system_write_as("notes:write:second", json!({ "text": "a" }))
                    .await?;
                Ok(())
            })
        }),
        seed("2026-01-02-batch", |ctx| {
            Box::pin(async move {
                let notes = (0..1_500).map(|number| json!({ "text": format!("n{number}") }));
                ctx.system_batch("notes:write:add", notes).await?;
                Ok(())
            })
        }),
    ]
}

async fn the_whole_write_side_works_on_it<DB: Engine>()
where
    OwnEvents: EventStore<DB>,
{
    let database = database::<DB>().await;
    let runner = app::runner(seeds()).handlers(handlers());
    let dry = runner.dry_run(&database.pool).await.unwrap();
    let events: Vec<usize> = dry.seeds.iter().map(|seed| seed.events.len()).collect();
    assert_eq!(events, [2, 1_500]);
    let count = "SELECT CAST(COUNT(*) AS text) FROM own_events";
    assert_eq!(database.text(count).await, "0");

    let report = runner.apply(&database.pool).await.unwrap();
    let events: Vec<u64> = report.applied.iter().map(|seed| seed.events).collect();
    assert_eq!(events, [2, 1_500]);
    let handlers = handlers::<DB>();
    let write =
        |name, text| handlers.write_as(User::new("u", [""; 0]), name, json!({ "text": text }));
    write("notes:write:second", "n7")
        .commit(&database.pool)
        .await
        .unwrap();
    let error = write("notes:write:conflict", "n7")
        .retries(0)
        .commit(&database.pool)
        .await;
    assert!(error.unwrap_err().is_conflict());
    assert_eq!(database.text(count).await, "1503");
    let repeated = "SELECT body FROM own_events WHERE type = 'note-repeated' ORDER BY body";
    assert_eq!(
        database.texts(repeated).await,
        [r#"{"text":"a"}"#, r#"{"text":"n7"}"#]
    );
    // The library's own table has nothing of it.
    assert_eq!(database.payloads().await, [""; 0]);

    // A seed that has ended its transaction appends nothing.
    let ends = seed("2026-01-03-ends", |ctx| {
        Box::pin(async move {
            let _ = DB::run(ctx.unmanaged_db().await?, "ROLLBACK").await;
            ctx.system_write_as("notes:write:second", json!({ "text": "n8" }))
                .await?;
            Ok(())
        })
    });
    let stopped = app::runner(vec![ends])
        .handlers(handlers)
        .apply(&database.pool)
        .await;
    assert!(format!("{:?}", stopped.unwrap_err()).contains("the transaction was ended before"));
    assert_eq!(database.text(count).await, "1503");
    database.remove().await;
}

async fn see<DB: Engine>(
    connection: &mut DB::Connection,
    event: &StoredEvent,
) -> kumiko_seeds::events::ProjectionResult {
    let event_text = serde_json::to_string(event)?;
    let insert = format!("INSERT INTO own_seen VALUES ('{event_text}')");
    DB::run(connection, &insert).await?;
    if event.payload["text"] == "bad" && event.version == 2 {
        return Err("no".into());
    }
    Ok(())
}

/// Appends two events at once, after those that are there.
async fn two<DB: Engine>(
    mut write: kumiko_seeds::events::WriteContext<'_, DB>,
    note: app::Note,
) -> kumiko_seeds::events::HandlerResult {
    let stream = write.stream("note", app::id(&note.text));
    let version = write.stream_version(&stream).await?;
    let events = ["note-added", "note-tagged"];
    let events = events.map(|name| kumiko_seeds::events::NewEvent::new(name, &note));
    write.append(&stream, version, events).await?;
    Ok(())
}

/// A store that knows nothing of projections is asked for what it has appended.
async fn projections_get_what_it_loads<DB: Engine>()
where
    OwnEvents: EventStore<DB>,
{
    let database = database::<DB>().await;
    let seeing = Projection::new("seeing", 1, see::<DB>)
        .of("note", ["note-added", "note-tagged"])
        .shared_table("own_seen");
    let handlers = Handlers::new()
        .event_store(OwnEvents)
        .register("notes:write:two", Access::OpenToAll, two::<DB>)
        .projections(Projections::new().register(seeing));
    let twice = seed("2026-01-01-twice", |ctx| {
        Box::pin(async move {
            let notes = ["a", "b", "a"].map(|text| json!({ "text": text }));
            ctx.system_batch("notes:write:two", notes).await?;
            Ok(())
        })
    });
    let handlers = std::sync::Arc::new(handlers);
    let runner = kumiko_seeds::SeedRunner::new(vec![twice].leak()).handlers(handlers.clone());
    runner.apply(&database.pool).await.unwrap();

    let mut connection = database.pool.acquire().await.unwrap();
    let mut loaded = Vec::new();
    for text in ["a", "b"] {
        let stream = Stream {
            tenant_id: kumiko_seeds::events::SYSTEM_TENANT_ID,
            aggregate_type: "note".to_owned(),
            aggregate_id: app::id(text),
        };
        let events = EventStore::<DB>::load(&OwnEvents, &mut connection, &stream).await;
        let events = events.unwrap();
        loaded.extend(
            events
                .iter()
                .map(|event| serde_json::to_string(event).unwrap()),
        );
    }
    assert_eq!(loaded.len(), 6);
    // The batch comes to "a" once more after "b".
    loaded[2..].rotate_left(2);
    let seen = "SELECT event FROM own_seen";
    assert_eq!(database.texts(seen).await, loaded);

    let bad = handlers.write_as(
        User::new("u", [""; 0]),
        "notes:write:two",
        json!({ "text": "bad" }),
    );
    let error = bad.commit(&database.pool).await.unwrap_err();
    // Such a store's events have no ids, so that nobody can tell which of them it was.
    let said = kumiko_seeds::error_chain(&error).join(": ");
    assert!(
        said.contains("could not apply 2 events at once, from note-added, version 1 of"),
        "{said}"
    );
    assert_eq!(database.texts(seen).await.len(), 6);
    drop(connection);
    database.remove().await;
}

#[tokio::test]
async fn projections_on_postgres() {
    projections_get_what_it_loads::<Postgres>().await;
}

#[tokio::test]
async fn projections_on_sqlite() {
    projections_get_what_it_loads::<Sqlite>().await;
}

#[tokio::test]
async fn on_postgres() {
    the_whole_write_side_works_on_it::<Postgres>().await;
}

#[tokio::test]
async fn on_sqlite() {
    the_whole_write_side_works_on_it::<Sqlite>().await;
}
