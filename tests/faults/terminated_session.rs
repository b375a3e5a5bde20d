//! An administrator ends the session of a run, before each of its round trips in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use kumiko_seeds::{ApplyError, Report};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::proxy::{Fate, Proxy};
use kumiko_tests::{app, note};
use sqlx::pool::PoolOptions;
use sqlx::{Connection, PgConnection, Pool, Postgres};
use tokio::runtime;

use crate::aftermath::{markers_and_events, start_over};

const IDS: [&str; 2] = ["2026-01-01-a", "2026-01-02-b"];

#[tokio::test]
async fn whatever_is_interrupted_is_undone_and_said() {
    let database = Postgres::create().await;
    for number in 0.. {
        start_over(&database).await;
        let Some(ended) = run_and_terminate(&database, number).await else {
            assert!(number > 15, "only {number} round trips");
            break;
        };
        let (markers, events) = markers_and_events(&database, "text").await;
        assert_eq!(markers, events, "request {number}");
        let stopped = ended.unwrap_err();
        let applied: Vec<_> = stopped.report.applied.iter().map(|seed| seed.id).collect();
        assert_eq!(applied, markers, "request {number}: {stopped:?}");
        let text = format!("{stopped:?}");
        let reason = "terminating connection due to administrator command";
        assert!(text.contains(reason), "request {number}: {text}");
        assert!(
            text.ends_with("so a retry is safe"),
            "request {number}: {text}"
        );

        apply(&database.pool).await.unwrap();
        let everything = IDS.map(str::to_owned).to_vec();
        assert_eq!(
            markers_and_events(&database, "text").await,
            (everything.clone(), everything),
            "request {number}"
        );
    }
    database.remove().await;
}

async fn apply(pool: &Pool<Postgres>) -> Result<Report, Box<ApplyError>> {
    let seeds = vec![note!("2026-01-01-a"), note!("2026-01-02-b")];
    app::runner(seeds).apply(pool).await
}

/// How a run ended whose session was terminated before its request `number`; none if it made fewer.
async fn run_and_terminate(
    database: &TestDatabase<Postgres>,
    number: usize,
) -> Option<Result<Report, Box<ApplyError>>> {
    let proxy = Proxy::to(&database.url).await;
    let pool = PoolOptions::new()
        .max_connections(2)
        // A request of its own, which would find the session gone before the run does.
        .test_before_acquire(false)
        .connect_lazy(&format!("{}?application_name=victim", proxy.url()))
        .unwrap();
    let terminated = Arc::new(AtomicBool::new(false));
    let (seen, url) = (Arc::clone(&terminated), database.url.clone());
    proxy.decide(move |request, _| {
        if request == number {
            terminate_victims(url.clone());
            seen.store(true, Ordering::SeqCst);
        }
        Fate::Pass
    });
    let ended = apply(&pool).await;
    terminated.load(Ordering::SeqCst).then_some(ended)
}

/// Returns when the sessions are gone. The proxy decides between two messages and cannot wait itself.
pub(crate) fn terminate_victims(url: String) {
    let terminate = async move {
        let mut administrator = PgConnection::connect(&url).await.unwrap();
        let query = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                     WHERE application_name = 'victim' AND datname = current_database()";
        let gone: Vec<bool> = sqlx::query_scalar(query)
            .fetch_all(&mut administrator)
            .await
            .unwrap();
        assert!(
            !gone.is_empty() && gone.iter().all(|gone| *gone),
            "{gone:?}"
        );
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    thread::spawn(move || runtime.unwrap().block_on(terminate))
        .join()
        .unwrap();
}
