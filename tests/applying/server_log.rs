//! What a server writes into its log about a statement that failed holds nothing of what was to be stored or sought.

use kumiko_seeds::events::{Access, HandlerResult, Handlers, NewEvent, WriteContext};
use kumiko_seeds::{RunSeed, SeedRunner, json};
use kumiko_tests::app::{Note, create_tables, id};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use sqlx::Postgres;

/// An event whose payload and metadata are not for everybody.
async fn add(mut write: WriteContext<'_, Postgres>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    let event = NewEvent::new("note-added", &note).metadata("cause", "secret cause");
    write.append(&stream, 0, [event]).await?;
    Ok(())
}

/// Where the server's log is, and how long it is by now.
async fn end_of_log(database: &TestDatabase<Postgres>) -> (String, usize) {
    let file = database
        .text("SELECT current_setting('data_directory') || '/../log'")
        .await;
    let size = format!("SELECT CAST(size AS text) FROM pg_stat_file('{file}')");
    let size = database.text(&size).await;
    (file, size.parse().unwrap())
}

/// What the server has to say of a run that it makes fail with an error of this text.
async fn logged(database: &TestDatabase<Postgres>, run: RunSeed<Postgres>, error: &str) -> String {
    let (file, end) = end_of_log(database).await;
    let handlers = Handlers::new().register("notes:write:add", Access::OpenToAll, add);
    let runner = SeedRunner::new(vec![seed("2026-01-01-fails", run)].leak()).handlers(handlers);
    let stopped = runner.apply(&database.pool).await.unwrap_err();
    assert!(format!("{stopped:?}").contains(error), "{stopped:?}");
    // Other tests write into the same log.
    let read = format!("SELECT pg_read_file('{file}', {end}, 100000000)");
    let log = database.text(&read).await;
    assert!(log.contains(error), "{log}");
    log
}

#[tokio::test]
async fn a_failing_write_leaves_no_value_in_it() {
    let database = Postgres::create().await;
    create_tables::<Postgres>(&mut database.pool.acquire().await.unwrap())
        .await
        .unwrap();
    database
        .execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN RAISE 'no room for number %', NEW.id + 770000; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON kumiko_events
             FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        .await;
    let one: RunSeed<Postgres> = |ctx| {
        Box::pin(async move {
            let note = json!({ "text": "secret payload" });
            ctx.system_write_as("notes:write:add", note).await?;
            Ok(())
        })
    };
    let many: RunSeed<Postgres> = |ctx| {
        Box::pin(async move {
            let notes = (0..3).map(|number| json!({ "text": format!("secret payload {number}") }));
            ctx.system_batch("notes:write:add", notes).await?;
            Ok(())
        })
    };
    for run in [one, many] {
        let log = logged(&database, run, "no room for number 77000").await;
        assert!(log.contains("INSERT INTO kumiko_events"), "{log}");
        for value in ["secret payload", "secret cause"] {
            assert!(!log.contains(value), "{log}");
        }
    }
    database.remove().await;
}

#[tokio::test]
async fn a_failing_lookup_leaves_no_address_in_it() {
    let database = Postgres::create().await;
    database
        .execute(
            "CREATE VIEW read_users AS
             SELECT gen_random_uuid() AS id, gen_random_uuid() AS tenant_id,
                    CAST(880000 / CAST(random() * 0 AS integer) AS text) AS email",
        )
        .await;
    let look: RunSeed<Postgres> = |ctx| {
        Box::pin(async move {
            ctx.find_user_by_email("secret@example.com").await?;
            Ok(())
        })
    };
    let log = logged(&database, look, "division by zero").await;
    assert!(log.contains("read_users"), "{log}");
    assert!(!log.contains("secret@example.com"), "{log}");
    database.remove().await;
}
