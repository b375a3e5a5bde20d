//! `ctx.db()` reads and only reads; `ctx.unmanaged_db()` writes, with the seed.

use kumiko_seeds::json;
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note, on_both_databases};

on_both_databases! {
    async fn db_cannot_write(database: &TestDatabase<DB>) {
        let writes = seed("2026-01-02-writes", |ctx| Box::pin(async move {
            let db = ctx.db().await?;
            DB::run(db, "INSERT INTO read_notes (text) VALUES ('sneaked in')").await?;
            Ok(())
        }));
        let runner = app::runner(vec![note!("2026-01-01-a"), writes]);
        let stopped = runner.apply(&database.pool).await.unwrap_err();
        let cause = std::error::Error::source(&*stopped).unwrap().to_string();
        let refused = [
            "error returned from database: cannot execute INSERT in a read-only transaction",
            "error returned from database: (code: 8) attempt to write a readonly database",
        ];
        assert!(refused.iter().any(|text| cause.starts_with(text)), "{cause}");
        assert_eq!(database.texts("SELECT text FROM read_notes").await, ["2026-01-01-a"]);
    }

    async fn reading_and_writing_alternate(database: &TestDatabase<DB>) {
        let alternates = seed("2026-01-01-alternates", |ctx| Box::pin(async move {
            for number in 0..3 {
                DB::run(ctx.db().await?, "SELECT text FROM read_notes").await?;
                DB::run(ctx.db().await?, "SELECT text FROM read_notes").await?;
                let text = format!("note {number}");
                ctx.system_write_as("notes:write:add", json!({ "text": text })).await?;
            }
            DB::run(ctx.db().await?, "SELECT text FROM read_notes").await?;
            Ok(())
        }));
        // One connection, so that the run after it would find it read-only.
        let pool = database.pool_of(1).await;
        app::runner(vec![alternates, note!("2026-01-02-b")]).apply(&pool).await.unwrap();
        assert_eq!(database.payloads().await.len(), 4);
        DB::execute(&pool, "DELETE FROM read_notes").await.unwrap();
        pool.close().await;
    }

    async fn a_read_that_fails_and_is_swallowed_loses_nothing(database: &TestDatabase<DB>) {
        let stumbles = seed("2026-01-02-stumbles", |ctx| Box::pin(async move {
            let read = DB::run(ctx.db().await?, "SELECT * FROM no_such_table").await;
            assert!(read.is_err());
            ctx.system_write_as("notes:write:add", json!({ "text": "after" })).await?;
            Ok(())
        }));
        let runner = app::runner(vec![note!("2026-01-01-a"), stumbles]);
        // SQLite goes on after a failed statement and PostgreSQL does not. Either way, all or nothing.
        let applied = runner.apply(&database.pool).await.is_ok();
        let (markers, events) = (database.markers().await, database.payloads().await);
        assert_eq!((markers.len(), events.len()), if applied { (2, 2) } else { (1, 1) });
    }

    async fn a_failure_while_reading_leaves_the_connection_writable(database: &TestDatabase<DB>) {
        let pool = database.pool_of(1).await;
        let fails = seed("2026-01-01-fails", |ctx| Box::pin(async move {
            DB::run(ctx.db().await?, "SELECT text FROM read_notes").await?;
            Err("no".into())
        }));
        app::runner(vec![fails]).apply(&pool).await.unwrap_err();
        DB::execute(&pool, "INSERT INTO read_notes (text) VALUES ('by the app')").await.unwrap();
        pool.close().await;
    }

    async fn unmanaged_writes_commit_with_the_seed(database: &TestDatabase<DB>) {
        let writes = seed("2026-01-01-writes", |ctx| Box::pin(async move {
            let db = ctx.unmanaged_db().await?;
            DB::run(db, "INSERT INTO read_notes (text) VALUES ('unmanaged')").await?;
            Ok(())
        }));
        app::runner(vec![writes]).apply(&database.pool).await.unwrap();
        assert_eq!(database.texts("SELECT text FROM read_notes").await, ["unmanaged"]);
    }

    async fn unmanaged_writes_roll_back_with_the_seed(database: &TestDatabase<DB>) {
        let writes = seed("2026-01-01-writes", |ctx| Box::pin(async move {
            let db = ctx.unmanaged_db().await?;
            DB::run(db, "INSERT INTO read_notes (text) VALUES ('unmanaged')").await?;
            Err("no".into())
        }));
        app::runner(vec![writes]).apply(&database.pool).await.unwrap_err();
        assert_eq!(database.texts("SELECT text FROM read_notes").await, [""; 0]);
    }

    async fn a_seed_finds_what_the_app_handed_over(database: &TestDatabase<DB>) {
        struct Region(&'static str);
        let uses = seed("2026-01-01-uses", |ctx| Box::pin(async move {
            let region = ctx.app::<Region>().ok_or("no region")?.0;
            assert_eq!(ctx.id(), "2026-01-01-uses");
            ctx.system_write_as("notes:write:add", json!({ "text": region })).await?;
            Ok(())
        }));
        app::runner(vec![uses]).with(Region("north")).apply(&database.pool).await.unwrap();
        assert_eq!(database.texts("SELECT text FROM read_notes").await, ["north"]);
    }
}
