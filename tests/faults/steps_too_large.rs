//! Steps that the server cancels because they take too long, or that others are in the way of: they are tried again, with fewer
//! items, until they come through.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use kumiko_seeds::{BatchResult, Pace, RunBatch, SeedContext, SeedRunner, read_cursor};
use kumiko_tests::app;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::steps::{ID, Items, in_background, of_batch, write_notes};
use kumiko_tests::workers::{check_applied, until_done};
use sqlx::{AssertSqlSafe, Connection, Executor, Pool, Postgres};
use tokio::time::{sleep, timeout};

/// What the steps asked for, also those that failed. To be handed to the runner.
#[derive(Clone, Debug, Default)]
struct Asked(Arc<Mutex<Vec<u32>>>);

/// How long each item takes in milliseconds, all of a step in one statement. To be handed to the runner.
#[derive(Clone, Copy, Debug)]
struct Slow(u32);

/// A database with the app's tables and this setting for all sessions but those that the tests already have.
async fn database_with(setting: &str) -> (TestDatabase<Postgres>, Pool<Postgres>) {
    let database = Postgres::create().await;
    let mut connection = database.pool.acquire().await.unwrap();
    app::create_tables::<Postgres>(&mut connection)
        .await
        .unwrap();
    drop(connection);
    let name = database.url.rsplit_once('/').unwrap().1;
    database
        .execute(&format!("ALTER DATABASE {name} SET {setting}"))
        .await;
    let limited = database.pool_of(3).await;
    (database, limited)
}

fn runner(items: i64, batch: RunBatch<Postgres>) -> (SeedRunner<Postgres>, Asked) {
    let asked = Asked::default();
    let runner = app::runner(vec![in_background(of_batch(ID, batch))]);
    (runner.with(Items(items)).with(asked.clone()), asked)
}

async fn work(runner: &SeedRunner<Postgres>, pool: &Pool<Postgres>) {
    let report = timeout(Duration::from_secs(40), runner.work(pool))
        .await
        .unwrap();
    assert!(
        report.failed.is_empty() && report.error.is_none(),
        "{report:?}"
    );
    assert_eq!(report.applied.len(), 1);
}

/// Notes how many items a step asks for.
fn note_asked(context: &SeedContext<'_, Postgres>, limit: u32) {
    let Asked(asked) = context.app().unwrap();
    asked.lock().unwrap().push(limit);
}

async fn at_most_a_hundred(
    context: &mut SeedContext<'_, Postgres>,
    after: Option<&str>,
    limit: u32,
) -> BatchResult<String> {
    note_asked(context, limit);
    write_notes(context, read_cursor(after)?, limit.min(100))
        .await?
        .written()
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_halved_until_it_does_not() {
    // The second comes to one item at a time.
    for (milliseconds, items, smallest) in [(20, 40, 3..=12), (180, 4, 1..=1)] {
        let (database, limited) = database_with("statement_timeout = '300ms'").await;
        let (runner, asked) = runner(items, |context, after, limit| {
            async move {
                note_asked(context, limit);
                let Slow(milliseconds) = *context.app().unwrap();
                let sleep = format!("SELECT pg_sleep({} / 1000.0)", limit * milliseconds);
                context.db().await?.execute(AssertSqlSafe(sleep)).await?;
                write_notes(context, read_cursor(after)?, limit)
                    .await?
                    .written()
            }
            .boxed()
        });
        work(&runner.with(Slow(milliseconds)), &limited).await;
        check_applied(&database, items).await;
        let asked = asked.0.lock().unwrap().clone();
        assert_eq!(asked[..4], [100, 50, 25, 12]);
        assert!(smallest.contains(asked.iter().min().unwrap()), "{asked:?}");
        limited.close().await;
        database.remove().await;
    }
}

#[tokio::test]
async fn a_step_that_waits_too_long_for_a_lock_is_tried_again() {
    let (database, limited) = database_with("lock_timeout = '100ms'").await;
    let (runner, asked) = runner(1_000, |context, after, limit| {
        at_most_a_hundred(context, after, limit).boxed()
    });
    let others = async {
        until_done(&database.pool, 1_000, 100).await;
        let mut other = database.pool.acquire().await.unwrap().detach();
        Postgres::run(&mut other, "BEGIN; LOCK TABLE read_notes")
            .await
            .unwrap();
        sleep(Duration::from_millis(700)).await;
        other.close().await.unwrap();
    };
    let runner = runner.pace(Pace::default().pause(Duration::from_millis(100)));
    tokio::join!(work(&runner, &limited), others);
    check_applied(&database, 1_000).await;
    let asked = asked.0.lock().unwrap().clone();
    assert!(
        asked.windows(2).any(|two| two[1] == two[0] / 2),
        "{asked:?}"
    );
    limited.close().await;
    database.remove().await;
}

#[tokio::test]
async fn deadlocks_and_serialization_failures_are_tried_again() {
    for code in ["40001", "40P01"] {
        let (database, limited) = database_with("lock_timeout = 0").await;
        // A sequence counts on, whatever is rolled back.
        let fails = format!(
            "CREATE SEQUENCE tries;
             CREATE FUNCTION now_and_then() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF nextval('tries') IN (150, 151, 152, 400) THEN
                     RAISE EXCEPTION 'in the way' USING ERRCODE = '{code}';
                 END IF;
                 RETURN NULL;
             END $$;
             CREATE TRIGGER now_and_then AFTER INSERT ON read_notes FOR EACH ROW EXECUTE FUNCTION now_and_then()"
        );
        database.execute(&fails).await;
        let (runner, asked) = runner(500, |context, after, limit| {
            at_most_a_hundred(context, after, limit).boxed()
        });
        work(&runner, &limited).await;
        check_applied(&database, 500).await;
        let asked = asked.0.lock().unwrap().clone();
        let halved = asked.windows(2).filter(|two| two[1] == two[0] / 2);
        assert!(halved.count() >= 4, "{asked:?}");
        limited.close().await;
        database.remove().await;
    }
}
