//! Many writes through one handler: as right as one by one, in fewer round trips.

use kumiko_seeds::events::{Access, HandlerResult, Handlers, NewEvent, WriteContext};
use kumiko_seeds::{RunSeed, SeedRunner, json};
use kumiko_tests::app::{self, Note, id};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::proxy::Proxy;
use kumiko_tests::seeds::seed;
use sqlx::Postgres;
use sqlx::pool::PoolOptions;

/// The app's runner with one seed, and handlers that only append.
fn runner<DB: Engine>(run: RunSeed<DB>) -> SeedRunner<DB> {
    let handlers = Handlers::new()
        .register("notes:write:append", Access::OpenToAll, append)
        .register("notes:write:say", Access::OpenToAll, say)
        .register("notes:write:go-on", Access::OpenToAll, go_on)
        .register("notes:write:twice", Access::OpenToAll, twice);
    app::runner(vec![seed("2026-01-01-batch", run)]).handlers(handlers)
}

/// Begins a stream.
async fn append<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    let events = [NewEvent::new("note-added", &note)];
    write.append(&stream, 0, events).await?;
    Ok(())
}

/// Goes on with a stream of one event. What made it do so is another for each.
async fn go_on<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    let event = NewEvent::new("went-on", &note);
    let event = match note.text.as_str() {
        text if text < "00600" => event,
        text => event.metadata("cause", text),
    };
    write.append(&stream, 1, [event]).await?;
    Ok(())
}

/// Goes on with the one stream there is, after a look at how long it is.
async fn say<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("talk", id("talk"));
    let version = write.stream_version(&stream).await?;
    let events = [NewEvent::new("said", &note)];
    write.append(&stream, version, events).await?;
    Ok(())
}

/// Two appends to one stream, the second of two events.
async fn twice<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    let event = |event_type: &str| NewEvent::new(event_type, &note);
    let version = write.append(&stream, 0, [event("first")]).await?;
    let version = write
        .append(&stream, version, [event("second"), event("third")])
        .await?;
    assert_eq!(version, 3);
    Ok(())
}

fn notes(count: usize) -> impl Iterator<Item = Note> + Send {
    (0..count).map(|number| Note {
        text: format!("{number:05}"),
    })
}

/// Version, type and text of every event.
async fn events<DB: Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    database
        .texts("SELECT version || ' ' || type || ' ' || (payload->>'text') FROM kumiko_events ORDER BY id")
        .await
}

async fn failure<DB: Engine>(database: &TestDatabase<DB>, run: RunSeed<DB>) -> String {
    let stopped = runner(run).apply(&database.pool).await.unwrap_err();
    assert_eq!(events(database).await, [""; 0]);
    format!("{stopped:?}")
}

on_both_databases! {
    async fn every_payload_is_written_in_order(database: &TestDatabase<DB>) {
        let report = runner::<DB>(|ctx| Box::pin(async move {
            let written = ctx.system_batch("notes:write:append", notes(2_500)).await?;
            assert_eq!(written, 2_500);
            Ok(())
        }))
        .apply(&database.pool)
        .await
        .unwrap();
        assert_eq!(report.applied[0].events, 2_500);
        let expected: Vec<_> = (0..2_500).map(|number| format!("1 note-added {number:05}")).collect();
        assert_eq!(events(database).await, expected);
        let who = "SELECT DISTINCT created_by || ' ' || (metadata->>'userId') || ' ' || tenant_id FROM kumiko_events";
        let system = "00000000-0000-0000-0000-000000000000";
        let tenant = "00000000-0000-4000-8000-000000000000";
        assert_eq!(database.text(who).await, format!("{system} {system} {tenant}"));
    }

    async fn a_handler_sees_what_the_batch_has_appended(database: &TestDatabase<DB>) {
        runner::<DB>(|ctx| Box::pin(async move {
            ctx.system_batch("notes:write:say", notes(3)).await?;
            Ok(())
        }))
        .apply(&database.pool)
        .await
        .unwrap();
        assert_eq!(events(database).await, ["1 said 00000", "2 said 00001", "3 said 00002"]);
    }

    async fn several_appends_to_one_stream_keep_their_versions(database: &TestDatabase<DB>) {
        runner::<DB>(|ctx| Box::pin(async move {
            ctx.system_batch("notes:write:twice", notes(2)).await?;
            Ok(())
        }))
        .apply(&database.pool)
        .await
        .unwrap();
        let expected = [
            "1 first 00000", "2 second 00000", "3 third 00000",
            "1 first 00001", "2 second 00001", "3 third 00001",
        ];
        assert_eq!(events(database).await, expected);
    }

    async fn streams_that_are_there_go_on(database: &TestDatabase<DB>) {
        runner::<DB>(|ctx| Box::pin(async move {
            ctx.system_batch("notes:write:append", notes(1_500)).await?;
            ctx.system_batch("notes:write:go-on", notes(1_500)).await?;
            Ok(())
        }))
        .apply(&database.pool)
        .await
        .unwrap();
        let mut expected: Vec<_> = (0..1_500).map(|number| format!("1 note-added {number:05}")).collect();
        expected.extend((0..1_500).map(|number| format!("2 went-on {number:05}")));
        assert_eq!(events(database).await, expected);
        let causes = "SELECT metadata->>'cause' FROM kumiko_events WHERE metadata->>'cause' IS NOT NULL ORDER BY id";
        let expected: Vec<_> = (600..1_500).map(|number| format!("{number:05}")).collect();
        assert_eq!(database.texts(causes).await, expected);
    }

    async fn streams_that_are_not_there_do_not_go_on(database: &TestDatabase<DB>) {
        let run: [RunSeed<DB>; 2] = [
            |ctx| Box::pin(async move {
                ctx.system_batch("notes:write:go-on", notes(3)).await?;
                Ok(())
            }),
            |ctx| Box::pin(async move {
                ctx.system_batch("notes:write:go-on", notes(1_500)).await?;
                Ok(())
            }),
        ];
        for run in run {
            let error = failure::<DB>(database, run).await;
            let stream = id("00000");
            let cause = format!("version conflict in stream note {stream} of tenant \
00000000-0000-4000-8000-000000000000: expected version 1, found 0\n");
            assert!(error.contains(&cause), "{error}");
        }
    }

    async fn a_conflict_among_very_many_fails_the_seed(database: &TestDatabase<DB>) {
        let error = failure::<DB>(database, |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:append", json!({ "text": "01700" })).await?;
            ctx.system_batch("notes:write:append", notes(2_500)).await?;
            Ok(())
        }))
        .await;
        let stream = id("01700");
        let cause = format!("version conflict in stream note {stream} of tenant \
00000000-0000-4000-8000-000000000000: expected version 0, found 1\n");
        assert!(error.contains(&cause), "{error}");
    }

    // The first events are on their way while the handler goes on.
    async fn of_two_failures_the_first_is_named(database: &TestDatabase<DB>) {
        let error = failure::<DB>(database, |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:append", json!({ "text": "00500" })).await?;
            let wrong = std::iter::once(json!({ "text": 7 }));
            let notes = notes(1_100).map(|note| json!({ "text": note.text }));
            ctx.system_batch("notes:write:append", notes.chain(wrong)).await?;
            Ok(())
        }))
        .await;
        let stream = id("00500");
        let cause = format!("version conflict in stream note {stream} of tenant \
00000000-0000-4000-8000-000000000000: expected version 0, found 1\n");
        assert!(error.contains(&cause), "{error}");
    }

    async fn tenant_and_roles_are_the_batch_s(database: &TestDatabase<DB>) {
        app::runner(vec![seed::<DB>("2026-01-01-batch", |ctx| Box::pin(async move {
            ctx.system_batch("notes:write:add-as-editor", notes(2))
                .in_tenant(id("tenant"))
                .with_roles(["Editor"])
                .await?;
            Ok(())
        }))])
        .apply(&database.pool)
        .await
        .unwrap();
        let tenants = "SELECT DISTINCT CAST(tenant_id AS text) FROM kumiko_events";
        assert_eq!(database.text(tenants).await, id("tenant").to_string());
        assert_eq!(database.texts("SELECT text FROM read_notes ORDER BY text").await, ["00000", "00001"]);
    }

    async fn a_conflict_inside_a_batch_fails_the_seed(database: &TestDatabase<DB>) {
        let error = failure::<DB>(database, |ctx| Box::pin(async move {
            ctx.system_batch("notes:write:append", notes(3).chain(notes(1))).await?;
            Ok(())
        }))
        .await;
        let stream = id("00000");
        assert!(error.starts_with(&format!(
            "seed 2026-01-01-batch failed
caused by: write 4 of the batch to \"notes:write:append\" failed
caused by: write handler \"notes:write:append\" failed
caused by: version conflict in stream note {stream} of tenant \
00000000-0000-4000-8000-000000000000: expected version 0, found 1
note: "
        )), "{error}");
    }

    async fn a_conflict_with_what_is_there_fails_the_seed(database: &TestDatabase<DB>) {
        let error = failure::<DB>(database, |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:append", json!({ "text": "00001" })).await?;
            let written = ctx.system_batch("notes:write:append", notes(3)).await;
            drop(written);
            Ok(())
        }))
        .await;
        let stream = id("00001");
        assert!(error.starts_with(&format!(
            "seed 2026-01-01-batch returned Ok, but a write in it failed: the events of \
\"notes:write:append\" could not be appended: version conflict in stream note {stream} of tenant \
00000000-0000-4000-8000-000000000000: expected version 0, found 1
note: "
        )), "{error}");
    }

    async fn one_that_is_not_awaited_fails_the_seed(database: &TestDatabase<DB>) {
        let error = failure::<DB>(database, |ctx| Box::pin(async move {
            drop(ctx.system_batch("notes:write:append", notes(3)));
            Ok(())
        }))
        .await;
        let start = "seed 2026-01-01-batch returned Ok, but the batch to \"notes:write:append\" was not awaited to its end\n";
        assert!(error.starts_with(start), "{error}");
    }
}

#[tokio::test]
async fn a_thousand_events_take_one_round_trip() {
    let database = Postgres::create().await;
    let idle = app::runner(vec![seed("2025-01-01-idle", |_| {
        Box::pin(async { Ok(()) })
    })]);
    idle.apply(&database.pool).await.unwrap();
    let proxy = Proxy::to(&database.url).await;
    let pool = PoolOptions::<Postgres>::new().max_connections(1);
    let pool = pool.connect_lazy(proxy.url()).unwrap();
    let handlers = Handlers::new().register("notes:write:append", Access::OpenToAll, append);
    let batch = seed("2026-01-01-batch", |ctx| {
        Box::pin(async move {
            ctx.system_batch("notes:write:append", notes(10_000))
                .await?;
            Ok(())
        })
    });
    let runner = SeedRunner::new(vec![batch].leak()).handlers(handlers);
    runner.apply(&pool).await.unwrap();
    // The look, three for the seed, one to prepare the statement, and one for each thousand.
    assert_eq!(proxy.round_trips(), 1 + 3 + 1 + 10);
    pool.close().await;
    database.remove().await;
}
