//! Failures that are nobody's fault are tried again; those that are a seed's are not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kumiko_seeds::{Error, Progress, json};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note};
use sqlx::{Connection, Executor, Postgres, Sqlite};
use tokio::sync::Notify;

/// How often a seed was run.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicU32>);

/// Fails like a transaction that cannot be serialized, the first `$times` times.
macro_rules! failing {
    ($times:literal) => {
        seed("2026-01-02-fails", |ctx| {
            Box::pin(async move {
                let runs = ctx.app::<Runs>().unwrap().clone();
                ctx.system_write_as("notes:write:add", json!({ "text": "once" }))
                    .await?;
                if runs.0.fetch_add(1, Ordering::Relaxed) < $times {
                    let sql = "DO $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '40001'; END $$";
                    Postgres::run(ctx.unmanaged_db().await?, sql).await?;
                }
                Ok(())
            })
        })
    };
}

#[tokio::test]
async fn a_serialization_failure_is_tried_again_and_reported() {
    let database = Postgres::create().await;
    let steps = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = steps.clone();
    let runner = app::runner(vec![note!("2026-01-01-good"), failing!(2)])
        .with(Runs::default())
        .observe(move |progress| {
            if let Progress::Retrying { .. } = progress {
                noted.lock().unwrap().push(progress.to_string());
            }
        });
    let report = runner.apply(&database.pool).await.unwrap();
    let retries: Vec<_> = report.applied.iter().map(|seed| seed.retries).collect();
    assert_eq!(retries, [0, 2]);
    assert_eq!(
        *steps.lock().unwrap(),
        [
            "retrying 2026-01-02-fails in 100ms, 1 of at most 3 times: seed 2026-01-02-fails failed: \
             the database says: not now (code 40001)",
            "retrying 2026-01-02-fails in 400ms, 2 of at most 3 times: seed 2026-01-02-fails failed: \
             the database says: not now (code 40001)",
        ]
    );
    assert_eq!(database.payloads().await.len(), 2);
    database.remove().await;
}

#[tokio::test]
async fn it_is_not_tried_for_ever() {
    let database = Postgres::create().await;
    let runs = Runs::default();
    let runner = app::runner(vec![failing!(99)]).with(runs.clone());
    let stopped = runner.apply(&database.pool).await.unwrap_err();
    assert_eq!(runs.0.load(Ordering::Relaxed), 4);
    assert_eq!(stopped.to_string(), "seed 2026-01-02-fails failed");
    assert!(
        stopped.summary().ends_with("a retry is safe"),
        "{stopped:?}"
    );
    assert_eq!(database.payloads().await, [""; 0]);
    database.remove().await;
}

/// Two sides of a deadlock: the app's, which waits for ever, and the seed's, which notices.
#[derive(Clone, Default)]
struct Deadlock {
    app_has_two: Arc<Notify>,
    seed_has_one: Arc<Notify>,
    runs: Arc<AtomicU32>,
}

#[tokio::test]
async fn a_deadlock_with_the_app_is_tried_again() {
    let database = Postgres::create().await;
    database
        .execute("CREATE TABLE counters (id int PRIMARY KEY, n int); INSERT INTO counters VALUES (1, 0), (2, 0)")
        .await;
    let deadlock = Deadlock::default();
    let counts = seed("2026-01-02-counts", |ctx| {
        Box::pin(async move {
            let deadlock = ctx.app::<Deadlock>().unwrap().clone();
            ctx.system_write_as("notes:write:add", json!({ "text": "once" }))
                .await?;
            let is_first = deadlock.runs.fetch_add(1, Ordering::Relaxed) == 0;
            if is_first {
                deadlock.app_has_two.notified().await;
            }
            let connection = ctx.unmanaged_db().await?;
            Postgres::run(connection, "UPDATE counters SET n = n + 1 WHERE id = 1").await?;
            if is_first {
                deadlock.seed_has_one.notify_one();
            }
            Postgres::run(connection, "UPDATE counters SET n = n + 1 WHERE id = 2").await?;
            Ok(())
        })
    });
    let app = app(&database, deadlock.clone());
    let runner = app::runner(vec![counts]).with(deadlock);
    let (report, ()) = tokio::join!(runner.apply(&database.pool), app);
    assert_eq!(report.unwrap().applied[0].retries, 1);
    let counters = "SELECT n::text FROM counters ORDER BY id";
    assert_eq!(database.texts(counters).await, ["11", "11"]);
    assert_eq!(database.payloads().await.len(), 1);
    database.remove().await;
}

async fn app(database: &TestDatabase<Postgres>, deadlock: Deadlock) {
    let mut connection = sqlx::PgConnection::connect(&database.url).await.unwrap();
    let begin =
        "BEGIN; SET LOCAL deadlock_timeout = '1h'; UPDATE counters SET n = n + 10 WHERE id = 2";
    connection.execute(begin).await.unwrap();
    deadlock.app_has_two.notify_one();
    deadlock.seed_has_one.notified().await;
    let end = "UPDATE counters SET n = n + 10 WHERE id = 1; COMMIT";
    connection.execute(end).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_reader_that_leaves_is_waited_for() {
    let database = Sqlite::create().await;
    database.execute("CREATE TABLE by_the_app (text)").await;
    let mut reader = database.pool.begin().await.unwrap();
    reader.execute("SELECT * FROM by_the_app").await.unwrap();
    let retried = Arc::new(Notify::new());
    let noted = retried.clone();
    let options = database
        .url
        .parse::<sqlx::sqlite::SqliteConnectOptions>()
        .unwrap();
    let options = options.busy_timeout(Duration::from_millis(50));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let runner = app::runner(vec![note!("2026-01-01-good")]).observe(move |progress| {
        if let Progress::Retrying { .. } = progress {
            noted.notify_one();
        }
    });
    let leave = async {
        retried.notified().await;
        reader.rollback().await.unwrap();
    };
    let (report, ()) = tokio::join!(runner.apply(&pool), leave);
    assert_eq!(report.unwrap().applied.len(), 1);
    assert_eq!(database.payloads().await.len(), 1);
    pool.close().await;
    database.remove().await;
}

/// Another service that shares the database creates the table outside of the lock.
#[tokio::test]
async fn a_table_that_another_service_is_creating_is_waited_for() {
    let database = Postgres::create().await;
    let mut other = sqlx::PgConnection::connect(&database.url).await.unwrap();
    let create = "BEGIN; CREATE TABLE kumiko_es_operations (
                      id text PRIMARY KEY, operation_type text NOT NULL,
                      applied_at timestamptz NOT NULL DEFAULT now(), duration_ms integer NOT NULL,
                      applied_by text NOT NULL, notes text)";
    other.execute(create).await.unwrap();
    let commit = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        other.execute("COMMIT").await.unwrap();
    };
    let runner = app::runner(vec![note!("2026-01-01-good")]);
    let (report, ()) = tokio::join!(runner.apply(&database.pool), commit);
    assert_eq!(report.unwrap().applied.len(), 1);
    assert_eq!(database.markers().await, ["2026-01-01-good"]);
    database.remove().await;
}

/// PostgreSQL commits nothing after a statement has failed, whatever the seed makes of it.
#[tokio::test]
async fn a_swallowed_failure_of_a_statement_is_the_seeds() {
    let database = Postgres::create().await;
    let swallows = seed("2026-01-02-swallows", |ctx| {
        Box::pin(async move {
            drop(Postgres::run(ctx.unmanaged_db().await?, "SELECT 1 FROM nowhere").await);
            Ok(())
        })
    });
    let runner = app::runner(vec![note!("2026-01-01-good"), swallows]);
    let stopped = runner.apply(&database.pool).await.unwrap_err();
    assert!(
        matches!(stopped.error, Error::Unfinished { .. }),
        "{stopped:?}"
    );
    assert_eq!(
        stopped.to_string(),
        "seed 2026-01-02-swallows returned Ok, but a statement in it had failed, and after that \
         PostgreSQL commits nothing; the server's log names the statement"
    );
    assert_eq!(database.markers().await, ["2026-01-01-good"]);
    database.remove().await;
}
