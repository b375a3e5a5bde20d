//! A commit that is lost on the way while the server is still busy with it.

use std::time::Duration;

use kumiko_seeds::{ApplyError, Report, Warning};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::proxy::{Fate, Proxy};
use kumiko_tests::{app, note};
use sqlx::pool::PoolOptions;
use sqlx::{Pool, Postgres};
use tokio::sync::oneshot;

const A: &str = "2026-01-01-a";
const B: &str = "2026-01-02-b";

/// A database on which the commit of a seed takes `seconds`, and is lost by the proxy before the
/// answer. The sender's other end learns of it.
async fn slow_commit(seconds: f32) -> (TestDatabase<Postgres>, Proxy, oneshot::Receiver<()>) {
    let database = Postgres::create().await;
    app::runner(vec![note!("2025-12-31-first")])
        .apply(&database.pool)
        .await
        .unwrap();
    database
        .execute(&format!(
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql
             AS 'BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END';
             CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON kumiko_events
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()"
        ))
        .await;
    let proxy = Proxy::to(&database.url).await;
    let (sender, lost) = oneshot::channel();
    let mut sender = Some(sender);
    proxy.decide(move |_, bytes| {
        let text = String::from_utf8_lossy(bytes);
        if text.contains("INSERT INTO kumiko_es_operations")
            && let Some(sender) = sender.take()
        {
            sender.send(()).unwrap();
            Fate::LoseBoth
        } else {
            Fate::Pass
        }
    });
    (database, proxy, lost)
}

fn pool(proxy: &Proxy) -> Pool<Postgres> {
    PoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(2))
        .connect_lazy(proxy.url())
        .unwrap()
}

async fn apply(pool: &Pool<Postgres>) -> Result<Report, Box<ApplyError>> {
    let seeds = vec![
        note!("2025-12-31-first"),
        note!("2026-01-01-a"),
        note!("2026-01-02-b"),
    ];
    app::runner(seeds).apply(pool).await
}

#[tokio::test]
async fn it_is_waited_for_until_it_is_certain() {
    let (database, proxy, _lost) = slow_commit(1.5).await;
    let report = apply(&pool(&proxy)).await.unwrap();
    let applied: Vec<_> = report.applied.iter().map(|seed| seed.id).collect();
    assert_eq!(applied, [A, B]);
    assert_eq!(report.warnings, [Warning::CommitUnanswered { id: A }]);
    assert_eq!(
        report.warnings[0].to_string(),
        "the connection was lost while seed 2026-01-01-a was being committed; it is applied"
    );
    assert_eq!(database.markers().await, ["2025-12-31-first", A, B]);
    database.remove().await;
}

/// The server finds out within seconds that nobody waits for its answer, and gives up the commit.
#[tokio::test]
async fn one_that_the_server_gives_up_is_not_applied() {
    let (database, proxy, _lost) = slow_commit(60.0).await;
    let stopped = apply(&pool(&proxy)).await.unwrap_err();
    assert_eq!(
        stopped.to_string(),
        "could not commit the seed with its marker"
    );
    assert_eq!(stopped.seed, Some(A));
    assert_eq!(
        stopped.summary(),
        "stopped at: 2026-01-01-a; applied before: none; not attempted: 2026-01-02-b; \
         the failed step is rolled back, so a retry is safe"
    );
    assert_eq!(database.markers().await, ["2025-12-31-first"]);
    database.remove().await;
}

#[tokio::test]
async fn without_a_database_to_ask_it_is_said_that_it_is_not_known() {
    let (database, proxy, lost) = slow_commit(0.0).await;
    let pool = pool(&proxy);
    let (stopped, ()) = tokio::join!(apply(&pool), async {
        lost.await.unwrap();
        drop(proxy);
    });
    let stopped = stopped.unwrap_err();
    let text = stopped.to_string();
    let (what, reason) = text.split_at(text.find(": ").unwrap());
    assert_eq!(
        what,
        "seed 2026-01-01-a has run, but its commit was not answered, and whether it is applied could \
         not be found out"
    );
    assert!(
        reason.starts_with(": could not connect to the database: "),
        "{reason}"
    );
    assert_eq!(
        stopped.summary(),
        "stopped at: 2026-01-01-a; applied before: none; not attempted: 2026-01-02-b; \
         the next run looks whether that seed is applied before it runs it, so a retry is safe"
    );
    apply(&database.pool).await.unwrap();
    assert_eq!(database.payloads().await.len(), 3);
    database.remove().await;
}

#[tokio::test]
async fn a_run_told_to_stop_meanwhile_does_not_claim_to_know() {
    let (database, proxy, lost) = slow_commit(1.5).await;
    let pool = pool(&proxy);
    let seeds = vec![note!("2025-12-31-first"), note!("2026-01-01-a")];
    let runner = app::runner(seeds);
    let stopped = runner
        .apply_until(&pool, async { lost.await.unwrap() })
        .await
        .unwrap_err();
    assert_eq!(
        stopped.to_string(),
        "seed 2026-01-01-a has run, but its commit was not answered, and whether it is applied could \
         not be found out: the run was told to stop"
    );
    let report = runner.apply(&database.pool).await.unwrap();
    assert_eq!(report.applied_elsewhere, [A]);
    assert_eq!(database.payloads().await.len(), 2);
    database.remove().await;
}
