//! Many processes boot at once: each seed runs once, and none of them fails.

use std::path::PathBuf;
use std::process::Stdio;

use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::{app, note, on_both_databases};
use tokio::process::Command;

/// A process of the app, with nothing of this one's environment that could skip seeds.
pub(crate) fn replica(command: &str, url: &str) -> Command {
    let mut replica = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_replica")));
    replica.args([command, url]).kill_on_drop(true);
    replica
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    replica
}

/// Boots `count` replicas at once, and what each printed.
pub(crate) async fn boot_at_once(url: &str, count: usize) -> Vec<String> {
    let running: Vec<_> = (0..count)
        .map(|_| replica("boot", url).spawn().unwrap())
        .collect();
    let mut printed = Vec::new();
    for replica in running {
        let output = replica.wait_with_output().await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        assert_eq!(errors, "");
        printed.push(String::from_utf8(output.stdout).unwrap());
    }
    printed
}

/// The twenty seeds have run: each once, in order, with its marker.
pub(crate) async fn each_seed_ran_once<DB: Engine>(database: &TestDatabase<DB>) {
    let ids: Vec<_> = (1..=20)
        .map(|number| format!("2026-01-{number:02}-count"))
        .collect();
    assert_eq!(database.markers().await, ids);
    let numbers: Vec<_> = (1..=20).map(|number: u32| number.to_string()).collect();
    let events = "SELECT payload->>'number' FROM kumiko_events ORDER BY id";
    let events = if DB::NAME == "SQLite" {
        "SELECT CAST(payload->>'number' AS text) FROM kumiko_events ORDER BY id"
    } else {
        events
    };
    assert_eq!(database.texts(events).await, numbers);
}

on_both_databases! {
    async fn eight_processes_on_an_empty_database(database: &TestDatabase<DB>) {
        let printed = boot_at_once(&database.url, 8).await;
        each_seed_ran_once(database).await;
        // Each replica accounts for each seed, and no two claim the same.
        let lines: Vec<&str> = printed.iter().flat_map(|text| text.lines()).collect();
        let applied = lines.iter().filter(|line| line.starts_with("applied ")).count();
        assert_eq!(applied, 20, "{printed:#?}");

        let again = boot_at_once(&database.url, 2).await;
        assert_eq!(again, ["", ""]);
        each_seed_ran_once(database).await;
    }
}

/// Between the look at what is applied and the lock, another replica may apply a seed. Here that is
/// certain: the markers hide from everything but the re-check.
#[tokio::test]
async fn a_seed_applied_after_the_first_look_is_not_run_again() {
    let database = sqlx::Postgres::create().await;
    let runner = app::runner(vec![note!("2026-01-01-a"), note!("2026-01-02-b")]);
    runner.apply(&database.pool).await.unwrap();
    database
        .execute(
            "ALTER TABLE kumiko_es_operations RENAME TO markers;
             CREATE VIEW kumiko_es_operations AS SELECT * FROM markers
             WHERE current_setting('kumiko_seeds.transaction', true) = 'open'",
        )
        .await;
    let report = runner.apply(&database.pool).await.unwrap();
    assert_eq!(report.applied, []);
    assert_eq!(report.applied_elsewhere, ["2026-01-01-a", "2026-01-02-b"]);
    assert_eq!(database.payloads().await.len(), 2);
    database.remove().await;
}
