//! What is sent to OpenTelemetry is what the guide says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod guide;
mod sent;
mod traces;

use std::time::Duration;

use kumiko_seeds::sqlite::{Seed, SeedRunner};
use kumiko_seeds::{Error, Progress, SeedCode};
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use telemetry_example::{SEEDS, observe, runner};

use crate::sent::Sent;

#[tokio::test]
async fn spans_and_metrics_are_those_of_the_guide() {
    let sent = Sent::start();
    // The only test, since a subscriber is of the whole process, and what another thread says while it is set is for nobody.
    tracing::subscriber::set_global_default(sent.telemetry.subscriber()).unwrap();
    // Threads of the exporters may have said something before.
    tracing::callsite::rebuild_interest_cache();
    let fails = Seed {
        id: "2026-07-01-fails",
        source_hash: "of another text",
        code: SeedCode::Run(|_| Box::pin(async { Err("it cannot be".into()) })),
        ..SEEDS[0]
    };
    let seeds = with_large_steps(vec![SEEDS[0], SEEDS[1], fails]);
    let seeds = seeds.observe(observe(&sent.telemetry.meter()));
    let pool = database().await;

    seeds.apply(&pool).await.unwrap_err();
    // A database in memory is nobody else's, so nothing is tried again.
    observe(&sent.telemetry.meter())(retrying(None, 1));

    let traces = sent.traces();
    let expected = "\
apply to_apply=3: failed
  seed id=2026-03-02-initial-users
    enter users users=5000
  step id=2026-05-20-greetings after=0 asked=3000
  step id=2026-05-20-greetings after=3000 asked=3000
  step id=2026-05-20-greetings after=5000 asked=3000
  seed id=2026-07-01-fails
";
    assert_eq!(traces.to_string(), expected);
    assert_eq!(traces.rows(), guide::rows("span"));
    let events = [
        "seed started",
        "seed applied",
        "seed started",
        "step committed",
        "step committed",
        "step committed",
        "seed applied",
        "seed started",
        "seed failed",
    ];
    assert_eq!(traces.events_of("apply"), events);
    assert_eq!(sent.metric_rows(), guide::rows("metric"));
    assert_eq!(
        sent.values(),
        [
            "kumiko.lock.wait: 0",
            "kumiko.seed.duration 2026-03-02-initial-users: 1",
            "kumiko.seed.duration 2026-05-20-greetings: 1",
            "kumiko.seed.failures 2026-07-01-fails: 1",
            "kumiko.seed.retries preparation: 1",
            "kumiko.step.duration 2026-05-20-greetings: 3",
            "kumiko.step.items 2026-05-20-greetings: 5000",
        ]
    );

    // Nothing is pending: no trace.
    with_large_steps(SEEDS.to_vec()).apply(&pool).await.unwrap();
    assert_eq!(sent.traces().to_string(), "");

    // In the background each seed or step is a trace, as a worker may live for weeks.
    let background = SEEDS.iter().map(|seed| Seed {
        background: true,
        ..*seed
    });
    let report = with_large_steps(background.collect())
        .work(&database().await)
        .await;
    assert_eq!(report.applied.len(), 2);
    let expected = "\
apply to_apply=1
  seed id=2026-03-02-initial-users
    enter users users=5000
step id=2026-05-20-greetings after=0 asked=3000
step id=2026-05-20-greetings after=3000 asked=3000
step id=2026-05-20-greetings after=5000 asked=3000
";
    assert_eq!(sent.traces().to_string(), expected);
    metrics_tell_what_happens();
}

fn metrics_tell_what_happens() {
    let sent = Sent::start();
    let observer = observe(&sent.telemetry.meter());
    let id = "2026-03-02-initial-users";
    observer(retrying(None, 1));
    observer(retrying(Some(id), 1));
    observer(retrying(Some(id), 2));
    observer(Progress::Applied {
        id,
        duration: Duration::from_millis(1500),
    });
    observer(Progress::Failed {
        id,
        error: &Error::Stopped,
    });
    observer(Progress::Waiting {
        steps_of: None,
        waited: Duration::from_secs(7),
        limit: Duration::from_mins(5),
        holder: None,
    });
    let waiting = [
        "kumiko.lock.wait: 7",
        "kumiko.seed.duration 2026-03-02-initial-users: 1",
        "kumiko.seed.failures 2026-03-02-initial-users: 1",
        "kumiko.seed.retries 2026-03-02-initial-users: 2",
        "kumiko.seed.retries preparation: 1",
    ];
    assert_eq!(sent.values(), waiting);
    assert!((sent.sum("kumiko.seed.duration") - 1.5).abs() < 1e-9);

    observer(Progress::Started { id });
    assert_eq!(sent.values()[0], "kumiko.lock.wait: 0");
}

fn retrying(id: Option<&'static str>, retry: u32) -> Progress<'static> {
    Progress::Retrying {
        id,
        retry,
        limit: 5,
        pause: Duration::from_millis(20),
        error: &Error::Stopped,
    }
}

/// A runner of these seeds whose steps do not depend on the speed of the machine.
fn with_large_steps(seeds: Vec<Seed>) -> SeedRunner {
    runner(seeds.leak()).step_size(3000..=3000)
}

async fn database() -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(1);
    pool.connect("sqlite::memory:").await.unwrap()
}
