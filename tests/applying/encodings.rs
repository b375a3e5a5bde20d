//! Texts are stored and found as they are, whatever the encodings of the database and of the app's sessions.

use kumiko_seeds::events::{Access, HandlerResult, Handlers, NewEvent, WriteContext, load};
use kumiko_seeds::{RunSeed, SeedResult, SeedRunner, json};
use kumiko_tests::app::{Note, create_tables, id};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use sqlx::pool::PoolOptions;
use sqlx::{Executor, Pool, Postgres};

use crate::lookups::read_models;

const TEXTS: [&str; 3] = ["größe", "修正 🦀", "5 € 'mehr' \\ \"e\u{301}\""];

/// Only appends, since the app's own queries are in the encoding of the session.
async fn add(mut write: WriteContext<'_, Postgres>, note: Note) -> HandlerResult {
    let stream = write.stream("nötiz", id(&note.text));
    let event = NewEvent::new("hinzugefügt", &note).metadata("grund", "für alle");
    write.append(&stream, 0, [event]).await?;
    Ok(())
}

async fn apply(pool: &Pool<Postgres>, id: &'static str, run: RunSeed<Postgres>) {
    let handlers = Handlers::new().register("notes:write:add", Access::OpenToAll, add);
    let runner = SeedRunner::new(vec![seed(id, run)].leak()).handlers(handlers);
    runner.apply(pool).await.unwrap();
}

/// Stores the texts one by one, and again in another tenant together.
async fn write(ctx: &mut kumiko_seeds::postgres::SeedContext<'_>) -> SeedResult {
    for text in TEXTS {
        ctx.system_write_as("notes:write:add", json!({ "text": text }))
            .await?;
    }
    // So many that they go another way.
    let many = (0..300).map(|number| format!("{number}. Stück"));
    let notes = TEXTS.map(str::to_owned).into_iter().chain(many);
    let notes = notes.map(|text| json!({ "text": text }));
    ctx.system_batch("notes:write:add", notes)
        .in_tenant(id("another"))
        .await?;
    Ok(())
}

/// What is stored, read in a session of UTF-8.
async fn check(database: &TestDatabase<Postgres>) {
    let mut connection = database.pool.acquire().await.unwrap();
    for tenant in [kumiko_seeds::events::SYSTEM_TENANT_ID, id("another")] {
        for text in TEXTS {
            let events = load::<Postgres>(&mut connection, tenant, id(text)).await;
            let [event] = &*events.unwrap() else {
                panic!("{text} is not there once");
            };
            assert_eq!(event.payload, json!({ "text": text }));
            assert_eq!(event.metadata["grund"], "für alle");
            assert_eq!(event.stream.aggregate_type, "nötiz");
            assert_eq!(event.event_type, "hinzugefügt");
        }
    }
}

/// Such a database takes bytes as they come, and converts nothing.
#[tokio::test]
async fn of_a_database_without_one() {
    let database = TestDatabase::in_encoding("SQL_ASCII").await;
    read_models(&database).await;
    apply(&database.pool, "2026-01-01-writes", |ctx| {
        Box::pin(write(ctx))
    })
    .await;
    check(&database).await;
    database
        .execute("UPDATE read_users SET email = 'jürgen@example.com'")
        .await;
    apply(&database.pool, "2026-01-02-looks", |ctx| {
        Box::pin(async move {
            let user = ctx.find_user_by_email("jürgen@example.com").await?;
            assert_eq!(user.unwrap().email, "jürgen@example.com");
            Ok(())
        })
    })
    .await;
    database.remove().await;
}

/// The driver sends UTF-8, and the server would take it for what the session says.
#[tokio::test]
async fn of_a_session() {
    for setting in [
        "SET client_encoding = 'LATIN1'",
        "SET client_encoding = 'EUC_JP'",
        "SET client_encoding = 'SQL_ASCII'",
    ] {
        let database = Postgres::create().await;
        create_tables::<Postgres>(&mut database.pool.acquire().await.unwrap())
            .await
            .unwrap();
        let pool = PoolOptions::new()
            .after_connect(move |connection: &mut sqlx::PgConnection, _| {
                Box::pin(async move { connection.execute(setting).await.map(drop) })
            })
            .connect(&database.url)
            .await
            .unwrap();
        apply(&pool, "2026-01-01-writes", |ctx| Box::pin(write(ctx))).await;
        check(&database).await;
        pool.close().await;
        database.remove().await;
    }
}
