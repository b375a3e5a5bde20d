//! What the app does before its first pending seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kumiko_seeds::Seed;
use kumiko_tests::database::Engine;
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note, on_both_databases};

on_both_databases! {
    async fn it_runs_once_and_only_if_a_seed_is_pending(database: &TestDatabase<DB>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let runner = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")])
            .prepare(move |connection| {
                counted.fetch_add(1, Ordering::Relaxed);
                Box::pin(app::create_tables::<DB>(connection))
            });
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 1);
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    async fn it_can_run_without_a_seed(database: &TestDatabase<DB>) {
        let runner = app::runner(vec![note!("2026-01-01-a")]);
        for _ in 0..2 {
            runner.run_preparation(&database.pool).await.unwrap();
        }
        assert_eq!(database.texts("SELECT text FROM read_notes").await, [""; 0]);
        let history = runner.ledger(&database.pool).history().await.unwrap();
        assert!(history.markers.is_empty());
        runner.apply(&database.pool).await.unwrap();
        assert_eq!(database.markers().await, ["2026-01-01-a"]);

        let failing = app::runner::<DB>(Vec::new()).prepare(|connection| {
            Box::pin(async move {
                DB::run(connection, "INSERT INTO read_notes VALUES ('lost')").await?;
                Err("no disk".into())
            })
        });
        let error = failing.run_preparation(&database.pool).await.unwrap_err();
        assert!(matches!(error, kumiko_seeds::Error::Prepare { .. }), "{error:?}");
        assert_eq!(database.texts("SELECT text FROM read_notes").await, ["2026-01-01-a"]);
        // Without one there is nothing to do.
        kumiko_seeds::SeedRunner::<DB>::new(&[]).run_preparation(&database.pool).await.unwrap();
    }

    async fn if_it_fails_it_is_undone_and_no_seed_is_attempted(database: &TestDatabase<DB>) {
        let runner = app::runner(vec![note!("2026-01-01-a")]).prepare(|connection| {
            Box::pin(async move {
                app::create_tables::<DB>(connection).await?;
                Err("no disk".into())
            })
        });
        let stopped = runner.apply(&database.pool).await.unwrap_err();
        assert_eq!(stopped.to_string(), "could not prepare the database for seeds");
        assert_eq!(std::error::Error::source(&*stopped).unwrap().to_string(), "no disk");
        assert_eq!((stopped.seed, stopped.not_attempted), (None, vec!["2026-01-01-a"]));
        let created = DB::execute(&database.pool, "SELECT 1 FROM read_notes").await;
        assert!(created.is_err());
    }
}

#[tokio::test]
async fn schema_migrations_of_sqlx_run_before_the_first_seed() {
    migrates::<sqlx::Postgres>().await;
    migrates::<sqlx::Sqlite>().await;
}

async fn migrates<DB: Engine>()
where
    DB::Connection: sqlx::migrate::Migrate,
{
    let folder = tempfile::tempdir().unwrap();
    let table = "CREATE TABLE widgets (name text PRIMARY KEY);";
    std::fs::write(folder.path().join("20260101000000_widgets.sql"), table).unwrap();
    let migrator = sqlx::migrate::Migrator::new(folder.path()).await.unwrap();
    let migrator: &'static _ = Box::leak(Box::new(migrator));

    let database = DB::create().await;
    let fills = seed("2026-01-01-fills", |ctx| {
        Box::pin(async move {
            DB::run(
                ctx.unmanaged_db().await?,
                "INSERT INTO widgets VALUES ('first')",
            )
            .await?;
            Ok(())
        })
    });
    let again = Seed {
        code: fills.code,
        ..note!("2026-01-02-again")
    };
    let runner = |seeds| app::runner(seeds).migrations(migrator);
    runner(vec![fills]).apply(&database.pool).await.unwrap();
    database.execute("DELETE FROM widgets").await;
    runner(vec![fills, again])
        .apply(&database.pool)
        .await
        .unwrap();
    assert_eq!(database.texts("SELECT name FROM widgets").await, ["first"]);
    database.remove().await;
}
