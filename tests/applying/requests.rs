//! The app's own writes: the same handlers as seeds', for a person, in a transaction of their own or in one of the app's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kumiko_seeds::events::{
    Access, EventBackend, EventStoreError, HandlerResult, Handlers, NewEvent, ReadModels,
    SYSTEM_TENANT_ID, User, WriteContext, WriteError,
};
use kumiko_seeds::{error_chain, json};
use kumiko_tests::app::{self, Note, RenameNote};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use serde::Deserialize;
use sqlx::{Pool, Postgres};
use uuid::{Uuid, uuid};

use crate::archived_streams::archive;

/// The app's tables, and its handlers.
async fn app<DB: Engine>(database: &TestDatabase<DB>) -> Handlers<DB> {
    let mut connection = database.pool.acquire().await.unwrap();
    app::create_tables::<DB>(&mut connection).await.unwrap();
    app::handlers()
}

fn editor() -> User {
    User::new("edith", ["Editor"])
}

fn note(text: &str) -> serde_json::Value {
    json!({ "text": text })
}

/// That nothing was written, and that the connections of the pool are as good as before.
async fn nothing_left<DB: Engine>(database: &TestDatabase<DB>) {
    assert_eq!(database.payloads().await, [""; 0]);
    assert_eq!(database.texts("SELECT text FROM read_notes").await, [""; 0]);
    for _ in 0..3 {
        let transaction = database.pool.begin().await.unwrap();
        transaction.commit().await.unwrap();
    }
}

on_both_databases! {
    async fn a_write_is_the_user_s_and_is_committed(database: &TestDatabase<DB>) {
        let handlers = app(database).await;
        let tenant = uuid!("11111111-2222-4333-8444-555555555555");
        let written = handlers
            .write_as(editor(), "notes:write:add-as-editor", note("a"))
            .in_tenant(tenant)
            .commit(&database.pool)
            .await
            .unwrap();
        assert_eq!(written.output, "a");
        let appended = serde_json::to_value(&written.events).unwrap();
        let expected = json!([{ "aggregate_type": "note", "aggregate_id": app::id("a"), "tenant_id": tenant, "version": 1,
                                "event_type": "note-added" }]);
        assert_eq!(appended, expected);
        let rename = RenameNote { from: "a".into(), to: "b".into() };
        handlers.execute_as(editor(), rename).in_tenant(tenant).commit(&database.pool).await.unwrap();
        let events = "SELECT CAST(tenant_id AS text) || ' ' || created_by || ' ' || (metadata->>'userId') || ' ' ||
                      type || ' ' || CAST(version AS text) FROM kumiko_events ORDER BY id";
        assert_eq!(
            database.texts(events).await,
            [
                "11111111-2222-4333-8444-555555555555 edith edith note-added 1",
                "11111111-2222-4333-8444-555555555555 edith edith note-renamed 2"
            ]
        );
        assert_eq!(database.text("SELECT text FROM read_notes").await, "a");
    }

    async fn requests_and_seeds_share_one_set_of_handlers(database: &TestDatabase<DB>) {
        let handlers = Arc::new(app(database).await.with(Prefix("dear ")).register(
            "notes:write:greet", Access::OpenToAll, greet::<DB>,
        ));
        let request = handlers.write_as(editor(), "notes:write:greet", note("edith"));
        request.commit(&database.pool).await.unwrap();
        let greets = kumiko_tests::seeds::seed("2026-01-01-a", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:greet", json!({ "text": "all" })).await?;
            Ok(())
        }));
        app::runner(vec![greets]).handlers(handlers.clone()).apply(&database.pool).await.unwrap();
        // What the runner hands over comes first.
        let greets = kumiko_tests::seeds::seed("2026-01-02-b", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:greet", json!({ "text": "all" })).await?;
            Ok(())
        }));
        let runner = app::runner(vec![greets]).handlers(handlers.clone()).with(Prefix("farewell "));
        runner.apply(&database.pool).await.unwrap();
        let greeted = "SELECT payload->>'text' || ' by ' || created_by FROM kumiko_events ORDER BY id";
        assert_eq!(
            database.texts(greeted).await,
            [
                "dear edith by edith",
                "dear all by 00000000-0000-0000-0000-000000000000",
                "farewell all by 00000000-0000-0000-0000-000000000000"
            ]
        );
    }

    async fn each_refusal_has_an_error_of_its_own_and_leaves_nothing(database: &TestDatabase<DB>) {
        let handlers = app(database).await.known_tenants(ReadModels);
        database.execute("CREATE TABLE read_tenants (id uuid, name text, key text, inserted_at integer)").await;
        archive(database, "archived").await;
        let nowhere = uuid!("11111111-2222-4333-8444-555555555555");
        let reader = || User::new("rita", ["Reader"]);
        for (write, expected) in [
            (
                handlers.write_as(reader(), "notes:write:ad", note("a")),
                "UnknownHandler: no write handler is registered as \"notes:write:ad\"; did you mean \"notes:write:add\"?",
            ),
            (
                handlers.write_as(reader(), "notes:write:add-as-editor", note("a")),
                "AccessDenied: access denied to \"notes:write:add-as-editor\": it is open to Editor, and the user came \
                 with Reader",
            ),
            (
                handlers.write_as(User::new("nobody", [""; 0]), "notes:write:add-as-editor", note("a")),
                "AccessDenied: access denied to \"notes:write:add-as-editor\": it is open to Editor, and the user came \
                 with no roles",
            ),
            (
                handlers.write_as(reader(), "notes:write:add", json!({ "txt": "a" })),
                "Payload: the payload does not fit \"notes:write:add\": missing field `text`",
            ),
            (
                handlers.write_as(reader(), "notes:write:add", note("a")).in_tenant(nowhere),
                "UnknownTenant: nothing was written by \"notes:write:add\", because there is no tenant \
                 11111111-2222-4333-8444-555555555555",
            ),
            (
                handlers.write_as(reader(), "notes:write:add", note("archived")),
                &format!(
                    "Handler: write handler \"notes:write:add\" failed: stream note {} of tenant {SYSTEM_TENANT_ID} is \
                     archived, so nothing may be appended to it",
                    app::id("archived")
                ),
            ),
            (
                handlers.write_as(reader(), "notes:write:fail", note("a")),
                "Handler: write handler \"notes:write:fail\" failed: the note is in bad taste",
            ),
            (
                handlers.write_as(reader(), "notes:write:conflict", note("a")).retries(1),
                &format!(
                    "Handler: write handler \"notes:write:conflict\" failed: version conflict in stream note {} of \
                     tenant {SYSTEM_TENANT_ID}: expected version 7, found 0",
                    app::id("a")
                ),
            ),
        ] {
            let error = write.commit(&database.pool).await.unwrap_err();
            assert_eq!(said(&error), expected);
            nothing_left(database).await;
        }
        database.execute(&format!("INSERT INTO read_tenants VALUES ('{nowhere}', 'Acme', 'acme', 1)")).await;
        let write = handlers.write_as(reader(), "notes:write:add", note("a")).in_tenant(nowhere);
        write.commit(&database.pool).await.unwrap();
        // Seeds pass the same gate.
        let elsewhere = kumiko_tests::seeds::seed("2026-01-01-a", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add", json!({ "text": "b" })).in_tenant(Uuid::from_u128(7)).await?;
            Ok(())
        }));
        let stopped = app::runner(vec![elsewhere]).handlers(handlers).apply(&database.pool).await.unwrap_err();
        assert_eq!(
            error_chain(&stopped.error).join(": "),
            "seed 2026-01-01-a failed: nothing was written by \"notes:write:add\", because there is no tenant \
             00000000-0000-0000-0000-000000000007"
        );
    }

    async fn a_write_within_a_transaction_is_the_app_s_to_commit(database: &TestDatabase<DB>) {
        let handlers = app(database).await;
        let mut transaction = database.pool.begin().await.unwrap();
        DB::run(&mut transaction, "INSERT INTO read_notes (text) VALUES ('by the app')").await.unwrap();
        let write = |text| handlers.write_as(editor(), "notes:write:add", note(text));
        write("a").within(&mut transaction).await.unwrap();
        // The failure undoes what its handler has written, and nothing else.
        let failed = handlers.write_as(editor(), "notes:write:fail", note("b"));
        let error = failed.within(&mut transaction).await.unwrap_err();
        assert!(matches!(error, WriteError::Handler { .. }), "{error:?}");
        write("c").within(&mut transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let notes = "SELECT text FROM read_notes ORDER BY text";
        assert_eq!(database.texts(notes).await, ["a", "by the app", "c"]);
        assert_eq!(database.payloads().await.len(), 2);

        let mut transaction = database.pool.begin().await.unwrap();
        write("d").within(&mut transaction).await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(database.payloads().await.len(), 2);
    }

    async fn what_comes_after_a_commit_comes_once(database: &TestDatabase<DB>) {
        let mails = Arc::new(AtomicU32::new(0));
        let handlers = Arc::new(app(database).await.with(mails.clone())
            .register("notes:write:add-and-mail", Access::OpenToAll, add_and_mail::<DB>));
        let sent = || mails.swap(0, Ordering::Relaxed);
        let write = |text| handlers.write_as(editor(), "notes:write:add-and-mail", note(text));
        let mut written = write("a").commit(&database.pool).await.unwrap();
        written.committed();
        assert_eq!(sent(), 1);
        write("a").commit(&database.pool).await.unwrap_err();
        assert_eq!(sent(), 0);

        let mut transaction = database.pool.begin().await.unwrap();
        let mut written = write("b").within(&mut transaction).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(sent(), 0);
        written.committed();
        assert_eq!(sent(), 1);

        let mails = kumiko_tests::seeds::seed("2026-01-01-a", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add-and-mail", json!({ "text": "c" })).await?;
            let texts = ["d", "e"].map(|text| json!({ "text": text }));
            ctx.system_batch("notes:write:add-and-mail", texts).await?;
            Ok(())
        }));
        let runner = app::runner(vec![mails]).handlers(handlers.clone());
        runner.dry_run(&database.pool).await.unwrap();
        assert_eq!(sent(), 0);
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(sent(), 3);
    }

    async fn a_transaction_that_was_ended_takes_no_write(database: &TestDatabase<DB>) {
        let handlers = app(database).await;
        for end in ["COMMIT", "ROLLBACK"] {
            let pool = database.pool_of(1).await;
            let mut transaction = pool.begin().await.unwrap();
            DB::run(&mut transaction, end).await.unwrap();
            let write = handlers.write_as(editor(), "notes:write:add", note("a"));
            let error = write.within(&mut transaction).await.unwrap_err();
            assert!(matches!(error, WriteError::TransactionEnded { .. }), "{error:?}");
            drop(transaction);
            pool.close().await;
            nothing_left(database).await;
        }
    }

    async fn a_handler_that_ends_the_transaction_is_told_as_that(database: &TestDatabase<DB>) {
        let handlers = app(database).await
            .register("notes:write:commit-and-add", Access::OpenToAll, commit_and_add::<DB>)
            .register("notes:write:commit-and-fail", Access::OpenToAll, commit_and_fail::<DB>);
        for name in ["notes:write:commit", "notes:write:commit-and-add", "notes:write:commit-and-fail"] {
            let pool = database.pool_of(1).await;
            let write = || handlers.write_as(editor(), name, note("a"));
            let error = write().commit(&pool).await.unwrap_err();
            assert!(matches!(error, WriteError::TransactionEnded { .. }), "{name}: {error:?}");
            // The connection goes on.
            let add = handlers.write_as(editor(), "notes:write:add", note(name));
            add.commit(&pool).await.unwrap();

            let mut transaction = pool.begin().await.unwrap();
            let error = write().within(&mut transaction).await.unwrap_err();
            assert!(matches!(error, WriteError::TransactionEnded { .. }), "{name}: {error:?}");
            drop(transaction);
            pool.close().await;
        }
        assert_eq!(database.payloads().await.len(), 3);
    }

    async fn a_dropped_write_leaves_nothing(database: &TestDatabase<DB>) {
        let handlers = app(database).await.register("notes:write:add-and-hang", Access::OpenToAll, add_and_hang::<DB>);
        let write = || handlers.write_as(editor(), "notes:write:add-and-hang", note("a"));
        let patience = std::time::Duration::from_millis(200);
        tokio::time::timeout(patience, write().commit(&database.pool)).await.unwrap_err();
        nothing_left(database).await;

        let mut transaction = database.pool.begin().await.unwrap();
        tokio::time::timeout(patience, write().within(&mut transaction)).await.unwrap_err();
        // An app that goes on and commits keeps nothing of a write that was not done.
        transaction.commit().await.unwrap();
        nothing_left(database).await;
    }

    async fn a_version_from_outside_is_not_tried_again_and_again(database: &TestDatabase<DB>) {
        let tries = Arc::new(AtomicU32::new(0));
        let handlers = app(database).await.with(tries.clone())
            .register("notes:write:as-seen", Access::OpenToAll, as_seen::<DB>);
        let write = handlers.write_as(editor(), "notes:write:as-seen", note("a"));
        let error = write.commit(&database.pool).await.unwrap_err();
        assert!(error.is_conflict(), "{error:?}");
        assert_eq!(tries.load(Ordering::Relaxed), 2);
        nothing_left(database).await;
    }

    async fn a_conflict_is_tried_again_as_often_as_the_caller_says(database: &TestDatabase<DB>) {
        let tries = Arc::new(AtomicU32::new(0));
        let handlers = app(database).await.with(tries.clone())
            .register("notes:write:conflict-twice", Access::OpenToAll, conflict_twice::<DB>);
        let write = || handlers.write_as(editor(), "notes:write:conflict-twice", note("a"));
        for retries in [0, 1] {
            tries.store(0, Ordering::Relaxed);
            let error = write().retries(retries).commit(&database.pool).await.unwrap_err();
            assert!(error.is_conflict(), "{error:?}");
            assert_eq!(tries.load(Ordering::Relaxed), retries + 1);
            nothing_left(database).await;
        }
        tries.store(0, Ordering::Relaxed);
        write().commit(&database.pool).await.unwrap();
        assert_eq!(tries.load(Ordering::Relaxed), 3);
        assert_eq!(database.payloads().await.len(), 1);
    }
}

/// Which kind of error it is, and all that it says.
fn said(error: &WriteError) -> String {
    let kind = format!("{error:?}");
    let kind = kind.split([' ', '{']).next().unwrap_or_default();
    format!("{kind}: {}", error_chain(error).join(": "))
}

struct Prefix(&'static str);

async fn greet<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let Prefix(prefix) = write.app().ok_or("no prefix")?;
    let event = NewEvent::new(
        "greeted",
        json!({ "text": format!("{prefix}{}", note.text) }),
    );
    let stream = write.stream("greeting", Uuid::from_u128(fastrand::u128(..)));
    write.append(&stream, 0, [event]).await?;
    Ok(())
}

async fn commit_and_add<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    DB::run(write.connection().await?, "COMMIT").await?;
    let stream = write.stream("note", app::id(&note.text));
    write
        .append(&stream, 0, [NewEvent::new("note-added", &note)])
        .await?;
    Ok(())
}

async fn commit_and_fail<DB: Engine>(mut write: WriteContext<'_, DB>, _: Note) -> HandlerResult {
    DB::run(write.connection().await?, "COMMIT").await?;
    Err("and then something else".into())
}

async fn add_and_mail<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let mails = write.app::<Arc<AtomicU32>>().ok_or("no mails")?.clone();
    write.after_commit(move || {
        mails.fetch_add(1, Ordering::Relaxed);
    });
    let stream = write.stream("note", app::id(&note.text));
    let added = NewEvent::new("note-added", &note);
    write.append(&stream, 0, [added]).await?;
    Ok(())
}

async fn add_and_hang<DB: Engine>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let stream = write.stream("note", app::id(&note.text));
    write
        .append(&stream, 0, [NewEvent::new("note-added", &note)])
        .await?;
    std::future::pending().await
}

/// Appends after the version that a person saw.
async fn as_seen<DB: EventBackend>(mut write: WriteContext<'_, DB>, note: Note) -> HandlerResult {
    let tries = write.app::<Arc<AtomicU32>>().ok_or("no counter")?;
    tries.fetch_add(1, Ordering::Relaxed);
    let stream = write.stream("note", app::id(&note.text));
    write
        .append(&stream, 5, [NewEvent::new("note-added", &note)])
        .await?;
    Ok(())
}

/// Believes wrongly twice, and rightly then.
async fn conflict_twice<DB: EventBackend>(
    mut write: WriteContext<'_, DB>,
    note: Note,
) -> HandlerResult {
    let tries = write.app::<Arc<AtomicU32>>().ok_or("no counter")?;
    let expected = match tries.fetch_add(1, Ordering::Relaxed) {
        0 => 5,
        1 => 6,
        _ => 0,
    };
    let stream = write.stream("note", app::id(&note.text));
    write
        .append(&stream, expected, [NewEvent::new("note-added", &note)])
        .await?;
    Ok(())
}

#[derive(Deserialize)]
struct Raced {
    text: String,
}

/// Reads its stream, lets another writer append to it, once, and appends then.
async fn raced(mut write: WriteContext<'_, Postgres>, raced: Raced) -> HandlerResult {
    let stream = write.stream("note", app::id(&raced.text));
    let version = write.stream_version(&stream).await?;
    if version == 0 {
        let pool = write.app::<Pool<Postgres>>().ok_or("no pool")?.clone();
        let handlers = app::handlers();
        let other = handlers.write_as(editor(), "notes:write:add", note(&raced.text));
        other.commit(&pool).await?;
    }
    let event = NewEvent::new("note-raced", json!({}));
    write.append(&stream, version, [event]).await?;
    Ok(())
}

/// On SQLite a write has the database for itself.
#[tokio::test]
async fn whoever_lost_a_race_reads_again_and_wins() {
    let database = Postgres::create().await;
    let handlers = app(&database).await.with(database.pool.clone()).register(
        "notes:write:raced",
        Access::OpenToAll,
        raced,
    );
    let write = |text| handlers.write_as(editor(), "notes:write:raced", note(text));
    let error = (write("a").retries(0).commit(&database.pool).await).unwrap_err();
    let conflict = std::error::Error::source(&error).and_then(|error| error.downcast_ref());
    assert!(
        matches!(
            conflict,
            Some(EventStoreError::VersionConflict {
                expected: 0,
                actual: 1,
                ..
            })
        ),
        "{error:?}"
    );
    write("b").commit(&database.pool).await.unwrap();
    assert_eq!(
        database
            .texts("SELECT type FROM kumiko_events ORDER BY id")
            .await,
        ["note-added", "note-added", "note-raced"]
    );
    database.remove().await;
}

/// What SQLite checks it checks at once.
#[tokio::test]
async fn a_commit_that_the_database_refuses_is_told_as_that() {
    let database = Postgres::create().await;
    let handlers = app(&database).await;
    database
        .execute(
            "ALTER TABLE read_notes ADD refers text DEFAULT 'nowhere'
             REFERENCES read_notes DEFERRABLE INITIALLY DEFERRED",
        )
        .await;
    let write = handlers.write_as(editor(), "notes:write:add", note("a"));
    let error = write.commit(&database.pool).await.unwrap_err();
    assert!(
        said(&error)
            .starts_with("NotCommitted: the write to \"notes:write:add\" was not committed: "),
        "{error:?}"
    );
    nothing_left(&database).await;
    database.remove().await;
}

#[tokio::test]
async fn a_seed_that_lost_a_race_is_tried_again() {
    let database = Postgres::create().await;
    let handlers = app(&database).await.with(database.pool.clone()).register(
        "notes:write:raced",
        Access::OpenToAll,
        raced,
    );
    let races = kumiko_tests::seeds::seed("2026-01-01-a", |ctx| {
        Box::pin(async move {
            let raced = json!({ "text": "a" });
            ctx.system_write_as("notes:write:raced", raced).await?;
            Ok(())
        })
    });
    let runner = app::runner(vec![races]).handlers(handlers);
    let report = runner.apply(&database.pool).await.unwrap();
    assert_eq!(
        (report.applied[0].retries, report.applied[0].events),
        (1, 1)
    );
    let types = "SELECT type FROM kumiko_events ORDER BY id";
    assert_eq!(database.texts(types).await, ["note-added", "note-raced"]);
    database.remove().await;
}
