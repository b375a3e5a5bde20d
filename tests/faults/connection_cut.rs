//! A connection that is lost at each of a run's round trips: before the server hears of the request,
//! after it has acted on it, and in between.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kumiko_seeds::events::{Access, HandlerResult, Handlers, NewEvent, WriteContext};
use kumiko_seeds::{ApplyError, Error, Report, SeedContext, SeedResult, SeedRunner, Warning, json};
use kumiko_tests::app::{self, Note};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::proxy::{Fate, Proxy};
use kumiko_tests::seeds::seed;
use sqlx::Postgres;
use sqlx::pool::PoolOptions;
use uuid::Uuid;

use crate::aftermath::{markers_and_events, start_over};

const IDS: [&str; 3] = ["2026-01-01-a", "2026-01-02-b", "2026-01-03-c"];

fn runner() -> SeedRunner<Postgres> {
    let seeds = IDS.map(|id| seed(id, |ctx| Box::pin(write(ctx))));
    app::runner(seeds.to_vec()).handlers(Handlers::new().register(
        "lines:write:add",
        Access::OpenToAll,
        add,
    ))
}

/// Two lines and between them an event, none of which minds being written twice.
async fn write(ctx: &mut SeedContext<'_, Postgres>) -> SeedResult {
    let line = format!("INSERT INTO lines VALUES ('{}')", ctx.id());
    Postgres::run(ctx.unmanaged_db().await?, &line).await?;
    let note = json!({ "text": ctx.id() });
    ctx.system_write_as("lines:write:add", note).await?;
    Postgres::run(ctx.unmanaged_db().await?, &line).await?;
    Ok(())
}

async fn add(mut write: WriteContext<'_, Postgres>, note: Note) -> HandlerResult {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = Uuid::from_u64_pair(0, NEXT.fetch_add(1, Ordering::Relaxed));
    let stream = write.stream("line", id);
    let event = NewEvent::new("line-added", &note);
    write.append(&stream, 0, [event]).await?;
    Ok(())
}

/// What a request was that got lost.
#[derive(Clone, Copy)]
enum Request {
    /// The commit of this seed.
    Commit(&'static str),
    /// The end of a connection that a seed has had, and of the transaction that began with its commit. Nothing
    /// is lost with it.
    Farewell,
    Other,
}

/// A run that lost its connection once.
struct Lost {
    /// Which request was lost.
    number: usize,
    request: Request,
    ended: Result<Report, Box<ApplyError>>,
    /// What is applied, as the database tells.
    applied: Vec<String>,
}

/// Loses each request of a run in turn in the way of `fate`. Whatever a run says, what it leaves is
/// whole, and the next run completes it.
async fn lose_each(fate: fn() -> Fate, check: fn(&Lost)) {
    let database = Postgres::create().await;
    for number in 0.. {
        start_over(&database).await;
        let lines = "DROP TABLE IF EXISTS lines; CREATE TABLE lines (id text)";
        database.execute(lines).await;
        let Some(lost) = lose(&database, number, fate).await else {
            assert!(number > 20, "{number}");
            break;
        };
        let (Ok(report) | Err(report)) = lost.ended.as_ref().map_err(|stopped| &stopped.report);
        for seed in &report.applied {
            assert!(
                lost.applied.iter().any(|id| id == seed.id),
                "request {number}"
            );
        }
        check(&lost);

        let left = IDS.len() - lost.applied.len();
        let report = runner().apply(&database.pool).await.unwrap();
        assert_eq!(report.applied.len(), left, "request {number}");
        assert_eq!(applied(&database).await, IDS, "request {number}");
    }
    database.remove().await;
}

/// A run that loses request `number`; `None` if it has fewer.
async fn lose(
    database: &TestDatabase<Postgres>,
    number: usize,
    fate: fn() -> Fate,
) -> Option<Lost> {
    let proxy = Proxy::to(&database.url).await;
    let lost_request = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&lost_request);
    let mut markers = 0;
    proxy.decide(move |request, bytes| {
        let text = String::from_utf8_lossy(bytes);
        if text.contains("INSERT INTO kumiko_es_operations") {
            markers += 1;
        }
        if request != number {
            return Fate::Pass;
        }
        *seen.lock().unwrap() = Some(
            if markers == IDS.len() && text.contains("ROLLBACK") || bytes.ends_with(b"X\0\0\0\x04")
            {
                Request::Farewell
            } else if text.contains("INSERT INTO kumiko_es_operations") {
                Request::Commit(IDS[markers - 1])
            } else {
                Request::Other
            },
        );
        fate()
    });
    // Of one connection, so that the lost one has to be given up before another can be had.
    let pool = PoolOptions::<Postgres>::new().max_connections(1);
    let pool = pool.connect_lazy(proxy.url()).unwrap();
    let ended = runner().apply(&pool).await;
    pool.close().await;
    let request = (*lost_request.lock().unwrap())?;
    Some(Lost {
        number,
        request,
        ended,
        applied: applied(database).await,
    })
}

/// The ids that have a marker, after a check that these and no others have their lines and their
/// event.
async fn applied(database: &TestDatabase<Postgres>) -> Vec<String> {
    let (markers, events) = markers_and_events(database, "text").await;
    assert_eq!(events, markers);
    let lines = database.texts("SELECT id FROM lines ORDER BY id").await;
    let twice: Vec<_> = markers.iter().flat_map(|id| [id, id]).collect();
    assert_eq!(lines.iter().collect::<Vec<_>>(), twice);
    markers
}

fn is_refused(lost: &Lost) {
    if let Request::Farewell = lost.request {
        return assert!(lost.ended.is_ok(), "request {}", lost.number);
    }
    let stopped = lost.ended.as_ref().unwrap_err();
    assert!(
        matches!(
            stopped.error,
            Error::Database { .. } | Error::Seed { .. } | Error::Prepare { .. }
        ),
        "request {}: {stopped:?}",
        lost.number
    );
    if let Request::Commit(id) = lost.request {
        assert_eq!(
            stopped.to_string(),
            "could not commit the seed with its marker"
        );
        assert_eq!(stopped.seed, Some(id));
        assert!(!lost.applied.iter().any(|applied| applied == id));
    }
}

fn is_noticed(lost: &Lost) {
    let Request::Commit(id) = lost.request else {
        let is_farewell = matches!(lost.request, Request::Farewell);
        assert_eq!(lost.ended.is_ok(), is_farewell, "request {}", lost.number);
        return;
    };
    let report = lost.ended.as_ref().unwrap();
    let applied: Vec<_> = report.applied.iter().map(|seed| seed.id).collect();
    assert_eq!(applied, IDS);
    assert_eq!(report.warnings, [Warning::CommitUnanswered { id }]);
}

#[tokio::test]
async fn a_request_that_never_arrives_undoes_its_seed() {
    lose_each(|| Fate::LoseRequest, is_refused).await;
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_out() {
    lose_each(|| Fate::LoseAnswer, is_noticed).await;
}

#[tokio::test]
async fn a_request_and_its_answer_in_a_race_with_the_loss() {
    lose_each(|| Fate::LoseBoth, |_| {}).await;
}
