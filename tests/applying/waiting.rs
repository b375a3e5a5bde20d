//! Waiting for another process that has the lock.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kumiko_seeds::Error;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::replicas::{booted, ended, replica};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note, on_both_databases};
use sqlx::Postgres;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

/// The sessions that have the lock of PostgreSQL. Other tests have it in other databases.
const HOLDERS: &str = "SELECT CAST(pid AS text) FROM pg_locks JOIN pg_database ON oid = database
                       WHERE locktype = 'advisory' AND granted AND datname = current_database()";

/// A process that has the lock. It lets go when its standard input is closed.
async fn holder<DB: Engine>(database: &TestDatabase<DB>) -> Child {
    let mut holder = replica("hold", &database.url).spawn().unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("holding"));
    holder
}

on_both_databases! {
    async fn the_wait_names_the_holder_and_ends_at_its_bound(database: &TestDatabase<DB>) {
        // Elsewhere in SQLite's log mode the lock is another byte of another file.
        if DB::NAME == "SQLite" {
            database.execute("PRAGMA journal_mode = WAL").await;
        }
        let mut holder = holder(database).await;
        let reported = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&reported);
        let limit = Duration::from_millis(700);
        let began = Instant::now();
        let stopped = app::runner(vec![note!("2026-01-01-a")])
            .lock_timeout(limit)
            .observe(move |progress| seen.lock().unwrap().push(progress.to_string()))
            .apply(&database.pool)
            .await
            .unwrap_err();
        let waited = began.elapsed();
        assert!(waited >= limit && waited < limit * 4, "{waited:?}");

        let Error::LockTimeout { holder: Some(named), .. } = &stopped.error else {
            panic!("{stopped:?}");
        };
        if DB::NAME == "SQLite" {
            assert_eq!(named.process_id, holder.id().map(i64::from));
        } else {
            assert_eq!(database.text(HOLDERS).await, named.process_id.unwrap().to_string());
            assert_eq!(named.client.as_deref(), Some("127.0.0.1"));
            assert!(named.since.is_some());
        }
        let reported = reported.lock().unwrap().clone();
        assert_eq!(reported.len(), 1, "{reported:?}");
        let prefix = format!("waiting for the lock of seeds, held by {named} (");
        assert!(reported[0].starts_with(&prefix), "{reported:?}");
        let error = stopped.to_string();
        assert!(error.ends_with(&format!(" of waiting for the lock of seeds, held by {named}")), "{error}");
        assert_eq!(stopped.not_attempted, ["2026-01-01-a"]);

        drop(holder.stdin.take());
        holder.wait().await.unwrap();
        let runner = app::runner(vec![note!("2026-01-01-a")]);
        assert_eq!(runner.apply(&database.pool).await.unwrap().applied.len(), 1);
    }

    async fn a_wait_of_seconds_is_said_once_where_nobody_listens(database: &TestDatabase<DB>) {
        let mut holder = holder(database).await;
        let [silent, traced, observed] = ["silent", "traced", "boot"]
            .map(|release| replica(release, &database.url).spawn().unwrap());
        // Past the report after five seconds, and the one after ten.
        tokio::time::sleep(Duration::from_secs(12)).await;
        drop(holder.stdin.take());
        holder.wait().await.unwrap();
        for quiet in [traced, observed] {
            booted(quiet).await;
        }
        let silent = ended(silent).await;
        assert!(silent.status.success());
        let said = String::from_utf8(silent.stderr).unwrap();
        assert!(said.starts_with("kumiko-seeds: waiting for the lock of seeds, held by process "), "{said}");
        assert!(said.ends_with("s of at most 300.0s)\n"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }

    async fn a_killed_holder_leaves_no_lock(database: &TestDatabase<DB>) {
        let mut holder = holder(database).await;
        let runner = app::runner(vec![note!("2026-01-01-a")]).lock_timeout(Duration::from_secs(20));
        let (applied, ()) = futures_util::future::join(runner.apply(&database.pool), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            holder.kill().await.unwrap();
        })
        .await;
        assert_eq!(applied.unwrap().applied.len(), 1);
    }
}

#[tokio::test]
async fn the_time_of_its_own_seeds_is_no_waiting() {
    let database = Postgres::create().await;
    let slow = seed("2026-01-01-slow", |_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok(())
        })
    });
    let runner =
        app::runner(vec![slow, note!("2026-01-02-a")]).lock_timeout(Duration::from_secs(2));
    let competitor = async {
        while database.texts(HOLDERS).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // It is given the lock with the commit of the first seed, before the second can ask for it.
        database
            .execute(
                "BEGIN; SELECT pg_advisory_xact_lock(1702063984); SELECT pg_sleep(0.3); ROLLBACK",
            )
            .await;
    };
    let (applied, ()) = futures_util::future::join(runner.apply(&database.pool), competitor).await;
    assert_eq!(applied.unwrap().applied.len(), 2);
    database.remove().await;
}
