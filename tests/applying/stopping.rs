//! A run that is told to stop.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use kumiko_seeds::{Report, SeedRunner, SkipFlags, json};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note, on_both_databases};
use tokio::sync::Notify;

/// Is ready when it is asked for the n-th time, and asked whenever the run has moved.
struct AfterPolls(u32);

impl Future for AfterPolls {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        Poll::Pending
    }
}

fn ids(report: &Report) -> Vec<&'static str> {
    report.applied.iter().map(|seed| seed.id).collect()
}

on_both_databases! {
    async fn the_seed_in_flight_is_rolled_back_and_the_next_run_goes_on_with_it(
        database: &TestDatabase<DB>
    ) {
        let hangs = seed("2026-01-02-b", |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add", json!({ "text": "lost" })).await?;
            ctx.app::<Arc<Notify>>().unwrap().notify_one();
            std::future::pending().await
        }));
        let hanging = Arc::new(Notify::new());
        let runner = app::runner(vec![note!("2026-01-01-a"), hangs, note!("2026-01-03-c")]);
        let runner = runner.with(hanging.clone());
        let stopped = runner.apply_until(&database.pool, hanging.notified());
        let stopped = stopped.await.unwrap_err();
        assert_eq!(
            format!("{stopped:?}"),
            "the run was told to stop\nnote: stopped at: 2026-01-02-b; applied before: 2026-01-01-a; not \
             attempted: 2026-01-03-c; nothing of it is kept, and the next run goes on there"
        );
        assert_eq!(database.payloads().await.len(), 1);
        let next = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")]);
        assert_eq!(ids(&next.apply(&database.pool).await.unwrap()), ["2026-01-02-b"]);
    }

    /// Also in the middle of a commit, whose outcome nobody knows until it is answered.
    async fn the_report_is_right_wherever_it_stops(database: &TestDatabase<DB>) {
        let nothing = |id| seed(id, |_| Box::pin(async {
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            Ok(())
        }));
        let seeds = vec![nothing("2026-01-01-a"), nothing("2026-01-02-b")];
        let runner = SeedRunner::<DB>::new(seeds.leak()).skip_flags(SkipFlags::default());
        let mut stops = 0;
        for polls in 0.. {
            let (report, ended) = match runner.apply_until(&database.pool, AfterPolls(polls)).await {
                Ok(report) => (report, true),
                Err(stopped) => (stopped.report, false),
            };
            // The next run waits for the lock, so for whatever the server still does.
            let rest = runner.apply(&database.pool).await.unwrap();
            let all = [ids(&report), ids(&rest)].concat();
            assert_eq!(all, ["2026-01-01-a", "2026-01-02-b"], "stopped after {polls} polls");
            if ended {
                break;
            }
            stops += 1;
            database.execute("DELETE FROM kumiko_es_operations").await;
        }
        assert!(stops > 5, "only {stops} stops");
    }
}
