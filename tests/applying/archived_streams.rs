//! Streams that the original has archived take no events, and a database without archived streams does without
//! their table.

use kumiko_seeds::events::{EventStoreError, NewEvent, Stream, User, append, load};
use kumiko_seeds::json;
use kumiko_tests::app::{self, Note, RenameNote};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use kumiko_tests::{note, on_both_databases};
use uuid::Uuid;

/// The original's table, with a mark of the stream of the note `text` in the system tenant.
pub(crate) async fn archive<DB: Engine>(database: &TestDatabase<DB>, text: &str) {
    let create = "CREATE TABLE IF NOT EXISTS kumiko_archived_streams (
        tenant_id uuid NOT NULL, aggregate_id uuid NOT NULL, aggregate_type text NOT NULL,
        archived_at text, archived_by text NOT NULL, reason text);
        CREATE UNIQUE INDEX IF NOT EXISTS kumiko_archived_streams_pk
            ON kumiko_archived_streams (tenant_id, aggregate_id)";
    let create = if DB::NAME == "PostgreSQL" {
        create.replace(
            "archived_at text",
            "archived_at timestamptz(3) NOT NULL DEFAULT now()",
        )
    } else {
        create.replace("uuid", "text")
    };
    database.execute(&create).await;
    let id = app::id(text);
    let mark = format!(
        "INSERT INTO kumiko_archived_streams (tenant_id, aggregate_id, aggregate_type, archived_by)
         VALUES ('00000000-0000-4000-8000-000000000000', '{id}', 'note', 'somebody')"
    );
    database.execute(&mark).await;
}

on_both_databases! {
    async fn a_write_to_one_fails_its_seed(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2026-01-01-a")]).apply(&database.pool).await.unwrap();
        archive(database, "2026-01-01-a").await;
        archive(database, "2026-01-02-begins").await;
        let renames = seed("2026-01-03-renames", |ctx| Box::pin(async move {
            let rename = RenameNote { from: "2026-01-01-a".into(), to: "b".into() };
            ctx.system_execute(rename).await?;
            Ok(())
        }));
        for (seed, id) in [(note!("2026-01-02-begins"), "2026-01-02-begins"), (renames, "2026-01-01-a")] {
            let stopped = app::runner(vec![seed]).apply(&database.pool).await.unwrap_err();
            let said = format!("{stopped:?}");
            let expected = format!(
                "\ncaused by: stream note {} of tenant 00000000-0000-4000-8000-000000000000 is archived, \
                 so nothing may be appended to it\n",
                app::id(id)
            );
            assert!(said.contains(&expected), "{said}");
        }
        assert_eq!(database.payloads().await.len(), 1);
        assert_eq!(database.markers().await, ["2026-01-01-a"]);
        // Other streams go on.
        app::runner(vec![note!("2026-01-04-c")]).apply(&database.pool).await.unwrap();
    }

    async fn a_batch_with_one_among_many_fails_its_seed(database: &TestDatabase<DB>) {
        let batch = || seed("2026-01-01-batch", |ctx| Box::pin(async move {
            let notes = (0..2_500).map(|number| Note { text: number.to_string() });
            ctx.system_batch("notes:write:append", notes).await?;
            Ok(())
        }));
        let runner = || app::runner(vec![batch()]).handlers(app::handlers().register(
            "notes:write:append",
            kumiko_seeds::events::Access::OpenToAll,
            append_only::<DB>,
        ));
        archive(database, "1700").await;
        let stopped = runner().apply(&database.pool).await.unwrap_err();
        let said = format!("{stopped:?}");
        let expected = format!(
            "\ncaused by: stream note {} of tenant 00000000-0000-4000-8000-000000000000 is archived, \
             so nothing may be appended to it\n",
            app::id("1700")
        );
        assert!(said.contains(&expected), "{said}");
        assert_eq!(database.payloads().await, [""; 0]);

        database.execute("DELETE FROM kumiko_archived_streams").await;
        archive(database, "2500").await;
        runner().apply(&database.pool).await.unwrap();
        assert_eq!(database.payloads().await.len(), 2_500);
    }

    async fn the_transaction_of_a_refused_append_goes_on(database: &TestDatabase<DB>) {
        let mut transaction = database.pool.begin().await.unwrap();
        app::create_tables::<DB>(&mut transaction).await.unwrap();
        transaction.commit().await.unwrap();
        archive(database, "a").await;
        let mut transaction = database.pool.begin().await.unwrap();
        let user = User::system();
        let stream = |text: &str, tenant| Stream {
            tenant_id: tenant,
            aggregate_type: "note".to_owned(),
            aggregate_id: app::id(text),
        };
        let system = kumiko_seeds::events::SYSTEM_TENANT_ID;
        let events = |count| vec![NewEvent::new("noted", json!({})); count];
        let archived = stream("a", system);
        for count in [1, 2] {
            let refused =
                append::<DB>(&mut transaction, &archived, 0, events(count), &user).await;
            let Err(EventStoreError::StreamArchived { stream }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(stream, archived);
            let another = stream_in(&stream, Uuid::from_u128(count as u128));
            append::<DB>(&mut transaction, &another, 0, events(count), &user).await.unwrap();
            let loaded = load::<DB>(&mut transaction, another.tenant_id, another.aggregate_id).await;
            assert_eq!(loaded.unwrap().len(), count);
        }
    }
}

/// The stream of the same aggregate in another tenant.
fn stream_in(stream: &Stream, tenant_id: Uuid) -> Stream {
    Stream {
        tenant_id,
        ..stream.clone()
    }
}

async fn append_only<DB: Engine>(
    mut write: kumiko_seeds::events::WriteContext<'_, DB>,
    note: Note,
) -> kumiko_seeds::events::HandlerResult {
    let stream = write.stream("note", app::id(&note.text));
    write
        .append(&stream, 0, [NewEvent::new("note-added", &note)])
        .await?;
    Ok(())
}
