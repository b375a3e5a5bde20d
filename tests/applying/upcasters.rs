//! Events of older versions come in the current one, wherever they are read or applied.

use kumiko_seeds::events::{
    Access, EventStoreError, HandlerResult, Handlers, NewEvent, Projection, ProjectionResult,
    Projections, StoredEvent, Upcasters, User, WriteContext, load,
};
use kumiko_seeds::{RunSeed, error_chain, json};
use kumiko_tests::app::{self, id};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::seeds::seed;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event to append as some release wrote it.
#[derive(Clone, Serialize, Deserialize)]
struct Written {
    event_type: String,
    version: i32,
    payload: Value,
}

fn written(event_type: &str, version: i32, payload: Value) -> Written {
    Written {
        event_type: event_type.to_owned(),
        version,
        payload,
    }
}

async fn write<DB: Engine>(mut write: WriteContext<'_, DB>, written: Written) -> HandlerResult {
    let stream = write.stream("member", id("member"));
    let version = write.stream_version(&stream).await?;
    let event = NewEvent::new(written.event_type, written.payload).event_version(written.version);
    write.append(&stream, version, [event]).await?;
    Ok(())
}

/// What a handler loads.
async fn read<DB: Engine>(mut write: WriteContext<'_, DB>, (): ()) -> HandlerResult<Vec<Value>> {
    let stream = write.stream("member", id("member"));
    let events = write.load(&stream).await?;
    Ok(events.iter().map(shown).collect())
}

fn shown(event: &StoredEvent) -> Value {
    json!([event.event_type, event.event_version, event.payload])
}

async fn apply<DB: Engine>(
    connection: &mut DB::Connection,
    event: &StoredEvent,
) -> ProjectionResult {
    let shown = shown(event).to_string();
    let insert = format!(
        "INSERT INTO read_notes (text) VALUES ('{} {shown}')",
        event.id
    );
    Ok(DB::run(connection, &insert).await?)
}

/// Version 1 has a role, version 2 a list of them, version 3 says that they are granted.
fn upcasters() -> Upcasters {
    Upcasters::new()
        .step("added", 2, |payload| {
            Ok(json!({ "granted": payload["roles"] }))
        })
        .step("added", 1, |mut payload| match payload["role"].take() {
            Value::String(role) => Ok(json!({ "roles": [role] })),
            other => Err(format!("{other} is no role").into()),
        })
}

async fn handlers<DB: Engine>(database: &TestDatabase<DB>) -> Handlers<DB> {
    let mut connection = database.pool.acquire().await.unwrap();
    app::create_tables::<DB>(&mut connection).await.unwrap();
    let members = Projection::new("members", 1, apply::<DB>)
        .of("member", ["added", "removed"])
        .shared_table("read_notes");
    Handlers::new()
        .register("members:write:write", Access::OpenToAll, write::<DB>)
        .register("members:write:read", Access::OpenToAll, read::<DB>)
        .projections(Projections::new().register(members))
        .upcasters(upcasters())
}

fn user() -> User {
    User::new("edith", [""; 0])
}

async fn applied<DB: Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    database
        .texts("SELECT text FROM read_notes ORDER BY text")
        .await
}

on_both_databases! {
    async fn in_load_and_in_projections(database: &TestDatabase<DB>) {
        let handlers = handlers(database).await;
        for event in [
            written("added", 1, json!({ "role": "a" })),
            written("added", 2, json!({ "roles": ["b"] })),
            written("added", 3, json!({ "granted": ["c"] })),
            written("removed", 7, json!({ "role": "a" })),
        ] {
            let write = handlers.write_as(user(), "members:write:write", event);
            write.commit(&database.pool).await.unwrap();
        }
        let expected = json!([
            ["added", 3, { "granted": ["a"] }],
            ["added", 3, { "granted": ["b"] }],
            ["added", 3, { "granted": ["c"] }],
            ["removed", 7, { "role": "a" }],
        ]);
        let read = handlers.write_as(user(), "members:write:read", ()).commit(&database.pool).await.unwrap();
        assert_eq!(read.output, expected);
        let expected: Vec<String> = (1..).zip(expected.as_array().unwrap()).map(|(id, event)| format!("{id} {event}")).collect();
        assert_eq!(applied(database).await, expected);
        // What is stored stays as it is.
        let mut connection = database.pool.acquire().await.unwrap();
        let stored = load::<DB>(&mut connection, kumiko_seeds::events::SYSTEM_TENANT_ID, id("member")).await.unwrap();
        assert_eq!(shown(&stored[0]), json!(["added", 1, { "role": "a" }]));
    }

    async fn in_a_batch(database: &TestDatabase<DB>) {
        let handlers = handlers(database).await;
        let run: RunSeed<DB> = |ctx| Box::pin(async move {
            let events = ["a", "b"].map(|role| written("added", 1, json!({ "role": role })));
            ctx.system_batch("members:write:write", events).await?;
            Ok(())
        });
        app::runner(vec![seed("2026-01-01-a", run)]).handlers(handlers).apply(&database.pool).await.unwrap();
        assert_eq!(
            applied(database).await,
            [r#"1 ["added",3,{"granted":["a"]}]"#, r#"2 ["added",3,{"granted":["b"]}]"#]
        );
    }

    async fn a_step_that_fails_says_of_what(database: &TestDatabase<DB>) {
        let handlers = handlers(database).await;
        let bad = || handlers.write_as(user(), "members:write:write", written("added", 1, json!({ "role": 7 })));
        let error = bad().commit(&database.pool).await.unwrap_err();
        let Some(EventStoreError::NotUpcast { event_type, from: 1, stream, .. }) = error.of_handler() else {
            panic!("{error:?}");
        };
        assert_eq!((event_type.as_str(), stream.aggregate_id), ("added", id("member")));
        assert_eq!(database.payloads().await, [""; 0]);

        // One that is there.
        let without = Handlers::new().register("members:write:write", Access::OpenToAll, write::<DB>);
        for (version, payload) in [(1, json!({ "role": 7 })), (0, json!({}))] {
            let write = without.write_as(user(), "members:write:write", written("added", version, payload));
            write.commit(&database.pool).await.unwrap();
        }
        let read = || handlers.write_as(user(), "members:write:read", ());
        let error = read().commit(&database.pool).await.unwrap_err();
        let number = database.text("SELECT CAST(min(id) AS text) FROM kumiko_events").await;
        let stream = format!("in stream member {} of tenant 00000000-0000-4000-8000-000000000000", id("member"));
        assert_eq!(
            error_chain(&error)[1..],
            [
                format!("could not bring added (event {number}, {stream}) from version 1 to the next"),
                "7 is no role".to_owned(),
            ]
        );
        database.execute("DELETE FROM kumiko_events WHERE version = 1").await;
        let error = read().commit(&database.pool).await.unwrap_err();
        assert_eq!(error_chain(&error).last().unwrap(), "no step begins with version 0");
    }

    async fn an_event_of_a_newer_release_is_not_read_wrongly(database: &TestDatabase<DB>) {
        let handlers = handlers(database).await;
        let newer = || written("added", 4, json!({ "anything": true }));
        let error = handlers.write_as(user(), "members:write:write", newer()).commit(&database.pool).await;
        let error = error.unwrap_err();
        assert!(matches!(error.of_handler(), Some(EventStoreError::FromNewerRelease { .. })), "{error:?}");
        assert_eq!(database.payloads().await, [""; 0]);

        let without = Handlers::new().register("members:write:write", Access::OpenToAll, write::<DB>);
        without.write_as(user(), "members:write:write", newer()).commit(&database.pool).await.unwrap();
        let read = handlers.write_as(user(), "members:write:read", ()).commit(&database.pool).await;
        let said = error_chain(&read.unwrap_err());
        let said = &said[1];
        assert!(said.starts_with("added (event "), "{said}");
        let end = "has version 4, and this release knows it up to 3: a newer release wrote it";
        assert!(said.ends_with(end), "{said}");
    }

    async fn what_is_wrong_with_a_chain_stops_each_write(database: &TestDatabase<DB>) {
        let same = |payload| Ok(payload);
        for (upcasters, problem) in [
            (
                upcasters().step("added", 4, same),
                "no step begins with version 3, and one with version 4; add those between",
            ),
            (
                Upcasters::new().step("added", 2, same),
                "no step begins with version 1, and one with version 2; add those between",
            ),
            (upcasters().step("added", 2, same), "two steps begin with version 2; keep one of them"),
            (upcasters().step("added", 0, same), "a step begins with version 0; versions are counted from 1"),
            (upcasters().step("added", i32::MAX, same),
             "no step begins with version 3, and one with version 2147483647; add those between"),
        ] {
            let handlers = handlers(database).await.upcasters(upcasters);
            let write = handlers.write_as(user(), "members:write:read", ());
            let said = write.commit(&database.pool).await.unwrap_err().to_string();
            assert_eq!(
                said,
                format!(
                    "nothing was written by \"members:write:read\", because of what the app has registered: \
                     upcasters of \"added\": {problem}"
                )
            );
            let verified = app::runner(Vec::new()).handlers(handlers).verify();
            assert_eq!(verified[0].to_string(), format!("upcasters of \"added\": {problem}"));
            assert_eq!(verified.len(), 1);
        }
    }
}
