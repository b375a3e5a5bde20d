//! A worker that is stopped in the middle of a step: others wait for it and go on once it does, or once the server has ended it.

use std::time::Duration;

use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::replicas::{booted, ended};
use kumiko_tests::steps::done_so_far;
use kumiko_tests::workers::{check_applied, until_done, worker};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::Postgres;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::{sleep, timeout};

const ITEMS: i64 = 2_000;

fn start(release: &str, url: &str) -> Child {
    worker(release, url, ITEMS).spawn().unwrap()
}

fn signal(process: &Child, signal: Signal) {
    let id = process.id().unwrap().cast_signed();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

/// Stops a worker while its transaction is open.
async fn stop_in_a_step<DB: Engine>(database: &TestDatabase<DB>, process: &Child) {
    until_done(&database.pool, ITEMS, 100).await;
    for _ in 0..1_000 {
        signal(process, Signal::STOP);
        sleep(Duration::from_millis(5)).await;
        if is_in_a_step(database).await {
            return;
        }
        signal(process, Signal::CONT);
        sleep(Duration::from_millis(fastrand::u64(1..5))).await;
    }
    panic!("it was never in a step");
}

/// Whether somebody has the lock of steps. On SQLite that is the one writer.
async fn is_in_a_step<DB: Engine>(database: &TestDatabase<DB>) -> bool {
    if DB::NAME == "PostgreSQL" {
        let idle = "SELECT pid FROM pg_stat_activity JOIN pg_locks USING (pid)
                    WHERE locktype = 'advisory' AND datname = current_database() AND state = 'idle in transaction'";
        let idle = format!("SELECT CAST(count(*) AS text) FROM ({idle}) AS found");
        return database.text(&idle).await != "0";
    }
    let pool = database.pool_of(1).await;
    let tried = DB::execute(&pool, "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK").await;
    pool.close().await;
    tried.is_err()
}

/// While it is stopped nothing moves.
async fn others_wait<DB: Engine>(database: &TestDatabase<DB>) {
    let before = done_so_far(&database.pool, ITEMS).await.unwrap();
    assert!(before < ITEMS, "it was too late");
    sleep(Duration::from_millis(500)).await;
    assert_eq!(done_so_far(&database.pool, ITEMS).await, Ok(before));
}

on_both_databases! {
    async fn others_in_the_background_wait_until_it_goes_on(database: &TestDatabase<DB>) {
        let stopped = start("work", &database.url);
        stop_in_a_step(database, &stopped).await;
        let other = start("work", &database.url);
        others_wait(database).await;
        signal(&stopped, Signal::CONT);
        booted(stopped).await;
        booted(other).await;
        check_applied(database, ITEMS).await;
    }

    async fn a_boot_waits_and_says_so(database: &TestDatabase<DB>) {
        let stopped = start("steps", &database.url);
        stop_in_a_step(database, &stopped).await;
        let mut other = start("steps", &database.url);
        let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
        let said = timeout(Duration::from_secs(20), lines.next_line()).await;
        assert_eq!(said.unwrap().unwrap().as_deref(), Some("waiting"));
        others_wait(database).await;
        signal(&stopped, Signal::CONT);
        booted(stopped).await;
        booted(other).await;
        check_applied(database, ITEMS).await;
    }
}

/// It wakes up when all is done, and believes itself in the middle of a step.
#[tokio::test]
async fn others_go_on_once_the_server_has_ended_it() {
    for release in ["work", "steps"] {
        let database = Postgres::create().await;
        let stopped = start(
            release,
            &format!("{}?application_name=stopped", database.url),
        );
        stop_in_a_step(&database, &stopped).await;
        let other = start(release, &database.url);
        others_wait(&database).await;
        let end = "SELECT CAST(pg_terminate_backend(pid, 10000) AS text) FROM pg_stat_activity
                   WHERE application_name = 'stopped' AND datname = current_database()";
        assert_eq!(database.texts(end).await, ["true"]);
        booted(other).await;
        check_applied(&database, ITEMS).await;
        signal(&stopped, Signal::CONT);
        let output = ended(stopped).await;
        match release {
            "work" => assert!(output.status.success(), "{output:?}"),
            _ => assert!(
                String::from_utf8_lossy(&output.stderr).contains("administrator command"),
                "{output:?}"
            ),
        }
        check_applied(&database, ITEMS).await;
        database.remove().await;
    }
}
