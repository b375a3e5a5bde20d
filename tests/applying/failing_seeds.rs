//! A seed that fails leaves nothing behind and stops the rest.

use kumiko_seeds::{Error, Seed, json};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note, on_both_databases};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Postgres, Sqlite};

/// Applies a good seed, the failing one and another good one, and looks that only the first is there.
/// The error as a user sees it, with its causes.
async fn fails_without_trace<DB: Engine>(database: &TestDatabase<DB>, failing: Seed<DB>) -> String {
    let id = failing.id;
    let runner = app::runner(vec![
        note!("2026-01-01-good"),
        failing,
        note!("2026-01-03-later"),
    ]);
    let stopped = runner.apply(&database.pool).await.unwrap_err();

    assert_eq!(stopped.seed, Some(id));
    assert_eq!(stopped.not_attempted, ["2026-01-03-later"]);
    assert_eq!(
        stopped.summary(),
        format!(
            "stopped at: {id}; applied before: 2026-01-01-good; not attempted: 2026-01-03-later; \
             the failed step is rolled back, so a retry is safe"
        )
    );
    only_the_good_one_is_there(database).await;

    let again = runner.apply(&database.pool).await.unwrap_err();
    assert_eq!(again.report.applied, []);
    only_the_good_one_is_there(database).await;
    with_causes(&*stopped)
}

async fn only_the_good_one_is_there<DB: Engine>(database: &TestDatabase<DB>) {
    assert_eq!(database.markers().await, ["2026-01-01-good"]);
    assert_eq!(database.payloads().await.len(), 1);
    assert_eq!(
        database.texts("SELECT text FROM read_notes").await,
        ["2026-01-01-good"]
    );
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text} <- {cause}");
        source = cause.source();
    }
    text
}

on_both_databases! {
    async fn a_main_that_returns_the_error_prints_all_of_it(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |_| Box::pin(async { Err("no".into()) }));
        let runner = app::runner(vec![note!("2026-01-01-good"), failing]);
        let stopped = runner.apply(&database.pool).await.unwrap_err();
        assert_eq!(
            format!("Error: {stopped:?}"),
            "Error: seed 2026-01-02-fails failed\n\
             caused by: no\n\
             note: stopped at: 2026-01-02-fails; applied before: 2026-01-01-good; not attempted: none; \
             the failed step is rolled back, so a retry is safe"
        );
    }

    async fn an_error_after_a_write(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add", json!({ "text": "lost" })).await?;
            Err("no".into())
        }));
        let error = fails_without_trace(database, failing).await;
        assert_eq!(error, "seed 2026-01-02-fails failed <- no");
    }

    async fn five_writes_and_an_error_tried_four_times_leave_no_event(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |ctx| Box::pin(async move {
            for number in 0..5 {
                let text = format!("lost {number}");
                ctx.system_write_as("notes:write:add", json!({ "text": text })).await?;
            }
            Err("no".into())
        }));
        let runner = app::runner(vec![failing]);
        for _ in 0..4 {
            let stopped = runner.apply(&database.pool).await.unwrap_err();
            assert_eq!(with_causes(&*stopped), "seed 2026-01-02-fails failed <- no");
            assert_eq!(database.payloads().await, [""; 0]);
            assert_eq!(database.texts("SELECT text FROM read_notes").await, [""; 0]);
            assert_eq!(runner.ledger(&database.pool).history().await.unwrap().markers, []);
        }
    }

    async fn a_panic(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add", json!({ "text": "lost" })).await?;
            assert_eq!(1 + 1, 3, "arithmetic is broken");
            Ok(())
        }));
        let error = fails_without_trace(database, failing).await;
        let expected = "seed 2026-01-02-fails panicked: assertion `left == right` failed: \
                        arithmetic is broken\n  left: 2\n right: 3";
        assert_eq!(error, expected);
    }

    async fn a_panic_while_only_reading(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |ctx| Box::pin(async move {
            ctx.db().await?;
            panic!("in the dark");
        }));
        let error = fails_without_trace(database, failing).await;
        assert_eq!(error, "seed 2026-01-02-fails panicked: in the dark");
    }

    async fn an_error_of_a_handler(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:fail", json!({ "text": "lost" })).await?;
            Ok(())
        }));
        let error = fails_without_trace(database, failing).await;
        assert_eq!(
            error,
            "seed 2026-01-02-fails failed <- write handler \"notes:write:fail\" failed \
             <- the note is in bad taste"
        );
    }

    async fn a_version_conflict(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:conflict", json!({ "text": "x" })).await?;
            Ok(())
        }));
        let error = fails_without_trace(database, failing).await;
        assert_eq!(
            error,
            "seed 2026-01-02-fails failed <- write handler \"notes:write:conflict\" failed \
             <- version conflict in stream note 78000000-0000-0000-0000-000000000000 of tenant \
             00000000-0000-4000-8000-000000000000: expected version 7, found 0"
        );
    }

    async fn access_denied(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add-as-editor", json!({ "text": "lost" })).await?;
            Ok(())
        }));
        let error = fails_without_trace(database, failing).await;
        assert_eq!(
            error,
            "seed 2026-01-02-fails failed <- access denied to \"notes:write:add-as-editor\": it is \
             open to Editor, and the system user came with system; add `.with_roles([\"Editor\"])`"
        );
    }

    async fn a_payload_that_does_not_fit(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add", json!({ "txt": "lost" })).await?;
            Ok(())
        }));
        let error = fails_without_trace(database, failing).await;
        assert_eq!(
            error,
            "seed 2026-01-02-fails failed <- the payload does not fit \"notes:write:add\" \
             <- missing field `text`"
        );
    }

    async fn a_failed_write_that_the_seed_swallows(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |ctx| Box::pin(async move {
            let write = ctx.system_write_as("notes:write:fail", json!({ "text": "lost" })).await;
            drop(write);
            let next = ctx.system_write_as("notes:write:add", json!({ "text": "also lost" })).await;
            assert_eq!(
                next.unwrap_err().to_string(),
                "nothing was written by \"notes:write:add\", because a write in it failed: write \
                 handler \"notes:write:fail\" failed: the note is in bad taste"
            );
            Ok(())
        }));
        let error = fails_without_trace(database, failing).await;
        assert_eq!(
            error,
            "seed 2026-01-02-fails returned Ok, but a write in it failed: write handler \
             \"notes:write:fail\" failed: the note is in bad taste"
        );
    }

    async fn a_write_that_is_never_awaited(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-fails", |ctx| Box::pin(async move {
            drop(ctx.system_write_as("notes:write:add", json!({ "text": "forgotten" })));
            ctx.system_write_as("notes:write:add", json!({ "text": "lost" })).await.ok();
            Ok(())
        }));
        let error = fails_without_trace(database, failing).await;
        assert_eq!(
            error,
            "seed 2026-01-02-fails returned Ok, but the write to \"notes:write:add\" was not \
             awaited to its end"
        );
    }

    async fn a_handler_that_ends_the_transaction(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-commits", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:commit", json!({ "text": "" })).await?;
            Ok(())
        }));
        let runner = app::runner(vec![note!("2026-01-01-good"), failing]);
        let stopped = runner.apply(&database.pool).await.unwrap_err();
        let told = match DB::NAME {
            "SQLite" => "tried to end its own transaction, with a COMMIT or ROLLBACK in it or in a \
                         handler; nothing of it is left",
            _ => "ended its own transaction, with a COMMIT in it or in a handler; what it had written \
                  until then is committed, and it has no marker",
        };
        assert_eq!(stopped.to_string(), format!("seed 2026-01-02-commits {told}"));
        assert_eq!(database.markers().await, ["2026-01-01-good"]);
    }

    async fn a_seed_that_begins_a_transaction_of_its_own(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-begins", |ctx| Box::pin(async move {
            let sql = "COMMIT; BEGIN; INSERT INTO read_notes (text) VALUES ('lost')";
            DB::run(ctx.unmanaged_db().await?, sql).await?;
            Ok(())
        }));
        let runner = app::runner(vec![note!("2026-01-01-good"), failing]);
        let stopped = runner.apply(&database.pool).await.unwrap_err();
        assert!(matches!(stopped.error, Error::TransactionEnded { .. }), "{stopped:?}");
        assert_eq!(database.markers().await, ["2026-01-01-good"]);
        assert_eq!(database.texts("SELECT text FROM read_notes").await, ["2026-01-01-good"]);
    }

    async fn a_marker_that_somebody_writes_without_the_lock(database: &TestDatabase<DB>) {
        let failing = seed("2026-01-02-marked", |ctx| Box::pin(async move {
            let sql = "INSERT INTO kumiko_es_operations (id, operation_type, duration_ms, applied_by)
                       VALUES ('2026-01-02-marked', 'seed-migration', 0, 'nobody')";
            DB::run(ctx.unmanaged_db().await?, sql).await?;
            ctx.system_write_as("notes:write:add", json!({ "text": "lost" })).await?;
            Ok(())
        }));
        let error = fails_without_trace(database, failing).await;
        let (what, why) = error.split_once(" <- ").unwrap();
        assert_eq!(what, "could not commit the seed with its marker");
        assert!(why.contains("duplicate key") || why.contains("UNIQUE constraint"), "{why}");
    }
}

/// PostgreSQL checks some constraints only when a transaction commits.
#[tokio::test]
async fn a_commit_that_is_refused() {
    let database = Postgres::create().await;
    let failing = seed("2026-01-02-fails", |ctx| {
        Box::pin(async move {
            let sql = "CREATE TABLE parents (id int PRIMARY KEY);
                       CREATE TABLE children (parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
                       INSERT INTO children VALUES (1)";
            Postgres::run(ctx.unmanaged_db().await?, sql).await?;
            Ok(())
        })
    });
    let pool = database.pool_of(1).await;
    let runner = app::runner(vec![note!("2026-01-01-good"), failing]);
    let stopped = runner.apply(&pool).await.unwrap_err();
    assert_eq!(
        format!("{stopped:?}"),
        "could not commit the seed with its marker
caused by: the database says: insert or update on table \"children\" violates foreign key \
constraint \"children_parent_fkey\" (code 23503)
note: stopped at: 2026-01-02-fails; applied before: 2026-01-01-good; not attempted: none; the failed \
step is rolled back, so a retry is safe"
    );
    assert_eq!(database.markers().await, ["2026-01-01-good"]);
    pool.close().await;
    database.remove().await;
}

/// The error that says that the transaction is another one is known by its text, not by its code.
#[tokio::test]
async fn a_check_at_the_commit_that_fails_as_the_guard_does() {
    let database = Postgres::create().await;
    let failing = seed("2026-01-02-fails", |ctx| {
        Box::pin(async move {
            let sql = "CREATE FUNCTION check_note() RETURNS trigger LANGUAGE plpgsql
                           AS 'BEGIN PERFORM NEW.text::integer; RETURN NULL; END';
                       CREATE CONSTRAINT TRIGGER check_note AFTER INSERT ON read_notes
                           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_note();
                       INSERT INTO read_notes VALUES ('no number')";
            Postgres::run(ctx.unmanaged_db().await?, sql).await?;
            Ok(())
        })
    });
    let runner = app::runner(vec![note!("2026-01-01-good"), failing]);
    let stopped = runner.apply(&database.pool).await.unwrap_err();
    assert_eq!(
        format!("{stopped:?}"),
        "could not commit the seed with its marker
caused by: the database says: invalid input syntax for type integer: \"no number\" (code 22P02)
note: stopped at: 2026-01-02-fails; applied before: 2026-01-01-good; not attempted: none; the failed \
step is rolled back, so a retry is safe"
    );
    assert_eq!(database.markers().await, ["2026-01-01-good"]);
    database.remove().await;
}

/// A connection that goes takes a database in memory with it.
#[tokio::test]
async fn a_database_in_memory_survives_a_failing_seed() {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await
        .unwrap();
    let failing = seed("2026-01-02-fails", |ctx| {
        Box::pin(async move {
            ctx.db().await?;
            Err("no".into())
        })
    });
    let runner = app::runner(vec![note!("2026-01-01-good"), failing]);
    runner.apply(&pool).await.unwrap_err();
    assert_eq!(
        Sqlite::texts(&pool, "SELECT text FROM read_notes").await,
        ["2026-01-01-good"]
    );
    Sqlite::execute(&pool, "DELETE FROM read_notes")
        .await
        .unwrap();
}
