//! A seed that ends the transaction it runs in, by whatever means, is never said to be rolled back.

use std::error::Error as _;
use std::sync::Arc;

use kumiko_seeds::{ApplyError, Error, Remains, Seed, json};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note, on_both_databases};
use sqlx::{Connection, Postgres, Sqlite};
use tokio::sync::Notify;

use crate::role::Role;

const WRITE: &str = "INSERT INTO read_notes (text) VALUES ('by hand')";

/// Writes, ends the transaction with `sql`, tries to write twice more, and ends as `how` says.
macro_rules! ending {
    ($sql:expr, $how:expr) => {
        seed("2026-01-02-ends", |ctx| {
            Box::pin(async move {
                let add = json!({ "text": "before" });
                ctx.system_write_as("notes:write:add", add).await?;
                drop(DB::run(ctx.unmanaged_db().await?, $sql).await);
                let add = json!({ "text": "after" });
                drop(ctx.system_write_as("notes:write:add", add).await);
                $how
            })
        })
    };
}

/// What a person is told of a seed that failed after it had ended its transaction with a COMMIT, and
/// what is there.
async fn is_told<DB: Engine>(database: &TestDatabase<DB>, stopped: &ApplyError) {
    let Error::TransactionEnded { id, remains, .. } = &stopped.error else {
        panic!("{stopped:?}");
    };
    assert_eq!(*id, Some("2026-01-02-ends"));
    let notes = database
        .texts("SELECT text FROM read_notes ORDER BY text")
        .await;
    assert_eq!(database.payloads().await.len(), notes.len());
    assert_eq!(database.markers().await, ["2026-01-01-good"]);
    // SQLite refuses the COMMIT.
    if DB::NAME == "SQLite" {
        assert_eq!(*remains, Remains::Nothing);
        assert_eq!(notes, ["2026-01-01-good"]);
        assert_eq!(
            stopped.to_string(),
            "seed 2026-01-02-ends tried to end its own transaction, with a COMMIT or ROLLBACK in it \
             or in a handler; nothing of it is left"
        );
        assert_eq!(
            stopped.summary(),
            "stopped at: 2026-01-02-ends; applied before: 2026-01-01-good; not attempted: \
             2026-01-03-later; the failed step is rolled back, so a retry is safe"
        );
    } else {
        assert_eq!(*remains, Remains::Before { events: 1 });
        assert_eq!(notes, ["2026-01-01-good", "before"]);
        assert_eq!(
            stopped.to_string(),
            "seed 2026-01-02-ends ended its own transaction, with a COMMIT in it or in a handler; what \
             it had written until then is committed, 1 event among it, and it has no marker"
        );
        assert_eq!(
            stopped.summary(),
            "stopped at: 2026-01-02-ends; applied before: 2026-01-01-good; not attempted: \
             2026-01-03-later; a retry is not safe: it would do again what is committed"
        );
    }
}

async fn stopped_by<DB: Engine>(database: &TestDatabase<DB>, ending: Seed<DB>) -> Box<ApplyError> {
    let seeds = vec![note!("2026-01-01-good"), ending, note!("2026-01-03-later")];
    app::runner(seeds).apply(&database.pool).await.unwrap_err()
}

on_both_databases! {
    async fn with_an_error(database: &TestDatabase<DB>) {
        let stopped = stopped_by(database, ending!("COMMIT", Err("no".into()))).await;
        is_told(database, &stopped).await;
        assert_eq!(
            stopped.error.source().unwrap().to_string(),
            "seed 2026-01-02-ends failed"
        );
    }

    async fn with_a_panic(database: &TestDatabase<DB>) {
        let stopped = stopped_by(database, ending!("COMMIT", panic!("no"))).await;
        is_told(database, &stopped).await;
    }

    async fn with_ok(database: &TestDatabase<DB>) {
        let stopped = stopped_by(database, ending!("COMMIT", Ok(()))).await;
        is_told(database, &stopped).await;
    }

    async fn with_a_transaction_of_its_own_after_it(database: &TestDatabase<DB>) {
        let stopped = stopped_by(database, ending!("COMMIT; BEGIN", Err("no".into()))).await;
        is_told(database, &stopped).await;
    }

    async fn with_another_transaction_that_has_failed(database: &TestDatabase<DB>) {
        let ends = ending!("COMMIT; BEGIN; SELECT 1 FROM nowhere", Err("no".into()));
        let stopped = stopped_by(database, ends).await;
        is_told(database, &stopped).await;
    }

    async fn what_is_written_after_a_rollback_is_told(database: &TestDatabase<DB>) {
        let ending = seed("2026-01-02-ends", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add", json!({ "text": "before" })).await?;
            let connection = ctx.unmanaged_db().await?;
            DB::run(connection, "ROLLBACK").await?;
            drop(DB::run(connection, WRITE).await);
            Err("no".into())
        }));
        let stopped = stopped_by(database, ending).await;
        let notes = database.texts("SELECT text FROM read_notes ORDER BY text").await;
        if DB::NAME == "SQLite" {
            // Nothing is committed there but by the run.
            is_told(database, &stopped).await;
        } else {
            assert_eq!(notes, ["2026-01-01-good", "by hand"]);
            assert_eq!(
                stopped.to_string(),
                "seed 2026-01-02-ends ended its own transaction, with a ROLLBACK in it or in a handler; \
                 what it wrote after that may be committed, and it has no marker"
            );
            assert!(stopped.summary().ends_with(
                "a retry is not safe: it would do again what was written after the ROLLBACK"
            ));
        }
    }

    async fn the_preparation(database: &TestDatabase<DB>) {
        for fails in [false, true] {
            let runner = app::runner(vec![note!("2026-01-01-good")]);
            let runner = runner.prepare(move |connection| Box::pin(async move {
                DB::run(connection, "CREATE TABLE IF NOT EXISTS prepared (text text)").await?;
                drop(DB::run(connection, "COMMIT").await);
                if fails { Err("no".into()) } else { Ok(()) }
            }));
            let stopped = runner.apply(&database.pool).await.unwrap_err();
            let Error::TransactionEnded { id: None, remains, .. } = &stopped.error else {
                panic!("{stopped:?}");
            };
            let is_sqlite = DB::NAME == "SQLite";
            assert_eq!(*remains == Remains::Nothing, is_sqlite);
            let tables = database.texts(DB::TABLES).await;
            assert_eq!(tables.contains(&"prepared".to_owned()), !is_sqlite);
            assert_eq!(stopped.summary().contains("a retry is safe"), is_sqlite);
        }
    }

    async fn a_dry_run_keeps_nothing(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2025-01-01-first")]).apply(&database.pool).await.unwrap();
        for how in [true, false] {
            let ends = if how {
                ending!("COMMIT", Ok(()))
            } else {
                ending!("COMMIT", Err("no".into()))
            };
            let seeds = vec![note!("2025-01-01-first"), note!("2026-01-01-good"), ends];
            let stopped = app::runner(seeds).dry_run(&database.pool).await.unwrap_err();
            assert!(
                matches!(stopped.error, Error::TransactionEnded { .. }),
                "{stopped:?}"
            );
            assert_eq!(database.markers().await, ["2025-01-01-first"]);
            assert_eq!(database.payloads().await.len(), 1);
        }
    }

    async fn a_run_that_is_told_to_stop(database: &TestDatabase<DB>) {
        let ending = seed("2026-01-02-ends", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add", json!({ "text": "before" })).await?;
            drop(DB::run(ctx.unmanaged_db().await?, "COMMIT").await);
            ctx.app::<Arc<Notify>>().unwrap().notify_one();
            std::future::pending().await
        }));
        let seeds = vec![note!("2026-01-01-good"), ending, note!("2026-01-03-later")];
        let pool = database.pool_of(1).await;
        let ended = Arc::new(Notify::new());
        let runner = app::runner(seeds).with(ended.clone());
        let stopped = runner.apply_until(&pool, ended.notified()).await.unwrap_err();
        if DB::NAME == "SQLite" {
            assert!(matches!(stopped.error, Error::Stopped), "{stopped:?}");
        } else {
            is_told(database, &stopped).await;
        }
        pool.close().await;
    }
}

/// The driver ends the inner transaction instead, and says that it has committed.
#[tokio::test]
async fn a_transaction_within_the_seeds_that_is_left_open() {
    type DB = Sqlite;
    let database = Sqlite::create().await;
    let leaks = seed("2026-01-02-leaks", |ctx| {
        Box::pin(async move {
            let connection: &mut sqlx::SqliteConnection = ctx.unmanaged_db().await?;
            std::mem::forget(connection.begin().await?);
            DB::run(ctx.unmanaged_db().await?, WRITE).await?;
            Ok(())
        })
    });
    let stopped = stopped_by(&database, leaks).await;
    assert_eq!(
        format!("{stopped:?}").lines().take(2).collect::<Vec<_>>(),
        [
            "could not commit the seed with its marker",
            "caused by: encountered unexpected or invalid data: the driver has not committed: a \
             transaction that was begun within the seed's was neither committed nor rolled back"
        ]
    );
    assert_eq!(database.markers().await, ["2026-01-01-good"]);
    let notes = database.texts("SELECT text FROM read_notes").await;
    assert_eq!(notes, ["2026-01-01-good"]);
    database.remove().await;
}

/// A session that is gone cannot be asked, but the server can.
#[tokio::test]
async fn a_seed_that_commits_and_loses_its_connection() {
    type DB = Postgres;
    let database = Postgres::create().await;
    let ends = ending!(
        "COMMIT; SELECT pg_terminate_backend(pg_backend_pid())",
        Err("no".into())
    );
    let stopped = stopped_by(&database, ends).await;
    is_told(&database, &stopped).await;
    database.remove().await;
}

/// Whoever may not create temporary tables cannot have the commit refused, and is told.
#[tokio::test]
async fn a_dry_run_by_a_role_without_temporary_tables() {
    type DB = Postgres;
    let database = Postgres::create().await;
    let name = database.text("SELECT current_database()::text").await;
    let revoke = format!("REVOKE TEMP ON DATABASE {name} FROM PUBLIC");
    database.execute(&revoke).await;
    let first = app::runner(vec![note!("2025-01-01-first")]);
    first.apply(&database.pool).await.unwrap();
    let role = Role::create(&database).await;
    let grant = format!(
        "GRANT ALL ON SCHEMA public TO {0:?};
         GRANT ALL ON ALL TABLES IN SCHEMA public TO {0:?};
         GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {0:?}",
        role.name
    );
    database.execute(&grant).await;
    let ends = ending!("COMMIT", Ok(()));
    let runner = kumiko_seeds::SeedRunner::new(vec![note!("2026-01-01-good"), ends].leak());
    let runner = runner.handlers(app::handlers());
    let stopped = runner.dry_run(&role.pool).await.unwrap_err();
    assert_eq!(
        stopped.to_string(),
        "seed 2026-01-02-ends ended its own transaction, with a COMMIT in it or in a handler; what it \
         had written until then is committed, and so are the seeds tried before it, with their markers"
    );
    assert_eq!(
        database.markers().await,
        ["2025-01-01-first", "2026-01-01-good"]
    );
    role.remove(&database).await;
    database.remove().await;
}

/// A `RESET ALL` is no end of a transaction.
#[tokio::test]
async fn settings_say_nothing_of_the_transaction() {
    let database = Postgres::create().await;
    let seeds = vec![seed("2026-01-01-resets", |ctx| {
        Box::pin(async move {
            Postgres::run(ctx.unmanaged_db().await?, "RESET ALL").await?;
            ctx.system_write_as("notes:write:add", json!({ "text": "kept" }))
                .await?;
            Ok(())
        })
    })];
    app::runner(seeds).apply(&database.pool).await.unwrap();
    assert_eq!(database.markers().await, ["2026-01-01-resets"]);
    database.remove().await;
}

/// A database in memory goes with its connection, which therefore is kept.
#[tokio::test]
async fn a_database_in_memory_survives_a_seed_that_ends_its_transaction() {
    type DB = Sqlite;
    for sql in ["COMMIT", "ROLLBACK"] {
        let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect("sqlite::memory:").await.unwrap();
        let ends = if sql == "COMMIT" {
            ending!("COMMIT", Ok(()))
        } else {
            ending!("ROLLBACK", Ok(()))
        };
        let runner = app::runner(vec![note!("2026-01-01-good"), ends]);
        runner.apply(&pool).await.unwrap_err();
        let notes = "SELECT text FROM read_notes";
        assert_eq!(Sqlite::texts(&pool, notes).await, ["2026-01-01-good"]);
        // And the app commits on it as before.
        Sqlite::execute(&pool, "DELETE FROM read_notes")
            .await
            .unwrap();
        assert_eq!(Sqlite::texts(&pool, notes).await, [""; 0]);
    }
}
