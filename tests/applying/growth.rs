//! What a run costs does not grow with what the database holds already.

use std::time::Duration;

use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{Access, HandlerResult, Handlers, NewEvent, WriteContext};
use kumiko_tests::app::{Note, create_tables, id};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use sqlx::Postgres;
use tokio::time::{sleep, timeout};

/// What a table's sessions have done to it so far, once `inserted` rows are accounted for: PostgreSQL does
/// that after a session has ended.
async fn rows_read_without_index(
    database: &TestDatabase<Postgres>,
    table: &str,
    inserted: usize,
) -> usize {
    let column = |column| {
        format!("SELECT CAST({column} AS text) FROM pg_stat_user_tables WHERE relname = '{table}'")
    };
    let accounted = async {
        while database
            .text(&column("n_tup_ins"))
            .await
            .parse::<usize>()
            .unwrap()
            < inserted
        {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let accounted = timeout(Duration::from_mins(1), accounted).await;
    accounted.expect("PostgreSQL keeps no account");
    database
        .text(&column("seq_tup_read"))
        .await
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_seed_is_looked_for_through_the_index() {
    const SEEDS: usize = 200;
    let database = Postgres::create().await;
    let ids = (0..SEEDS).map(|number| &*format!("2026-01-01-{number:04}").leak());
    let idle = |id| seed::<Postgres>(id, |_| Box::pin(async { Ok(()) }));
    let seeds: Vec<_> = ids.map(idle).collect();
    let pool = database.pool_of(1).await;
    SeedRunner::new(seeds.leak()).apply(&pool).await.unwrap();
    pool.close().await;
    // Each seed leaves two rows. The first look of the run may read the table as a whole.
    let read = rows_read_without_index(&database, "kumiko_es_operations", 2 * SEEDS).await;
    assert!(read < SEEDS, "{read} rows");
    database.remove().await;
}

#[tokio::test]
async fn a_batch_looks_for_predecessors_through_the_index() {
    const EVENTS: usize = 10_000;
    let database = Postgres::create().await;
    let mut connection = database.pool.acquire().await.unwrap();
    create_tables::<Postgres>(&mut connection).await.unwrap();
    drop(connection);
    let handlers = Handlers::new().register("notes:write:append", Access::OpenToAll, append);
    let batch = seed("2026-01-01-batch", |ctx| {
        Box::pin(async move {
            let note = |number| Note {
                text: format!("{number:05}"),
            };
            ctx.system_batch("notes:write:append", (0..EVENTS).map(note))
                .await?;
            Ok(())
        })
    });
    let pool = database.pool_of(1).await;
    let runner = SeedRunner::new(vec![batch].leak()).handlers(handlers);
    runner.apply(&pool).await.unwrap();
    pool.close().await;
    let read = rows_read_without_index(&database, "kumiko_events", EVENTS).await;
    assert!(read < EVENTS, "{read} rows");
    database.remove().await;
}

async fn append(mut write: WriteContext<'_, Postgres>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    write
        .append(&stream, 0, [NewEvent::new("note-added", &note)])
        .await?;
    Ok(())
}

/// A connection keeps the plan of a statement, here from when the table was tiny.
#[tokio::test]
async fn nor_does_what_a_connection_keeps_from_when_it_was_tiny() {
    const WRITES: i32 = 300;
    let database = Postgres::create().await;
    let mut connection = database.pool.acquire().await.unwrap();
    create_tables::<Postgres>(&mut connection).await.unwrap();
    drop(connection);
    let tiny = "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload,
                                           metadata, created_by)
                SELECT gen_random_uuid(), 'note', gen_random_uuid(), 1, 'added', '{}', '{}', 'somebody'
                FROM generate_series(1, 60)";
    database.execute(tiny).await;
    database.execute("VACUUM ANALYZE kumiko_events").await;
    let handlers = Handlers::new().register("notes:write:say", Access::OpenToAll, say);
    let talk = seed("2026-01-01-talk", |ctx| {
        Box::pin(async move {
            for number in 0..WRITES {
                ctx.system_write_as("notes:write:say", number).await?;
            }
            Ok(())
        })
    });
    let pool = database.pool_of(1).await;
    let runner = SeedRunner::new(vec![talk].leak()).handlers(handlers);
    runner.apply(&pool).await.unwrap();
    pool.close().await;
    let read = rows_read_without_index(&database, "kumiko_events", 360).await;
    // The analysis has read some.
    assert!(read < 1_000, "{read} rows");
    database.remove().await;
}

async fn say(mut write: WriteContext<'_, Postgres>, number: i32) -> HandlerResult {
    let stream = write.stream("talk", id("talk"));
    let version = write.stream_version(&stream).await?;
    let said = NewEvent::new("said", number);
    write.append(&stream, version, [said]).await?;
    Ok(())
}
