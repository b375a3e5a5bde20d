//! Processes of an app, for tests in which processes matter.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use crate::database::{Engine, TestDatabase};

/// A process of the app (`src/bin/replica.rs`), with nothing of this one's environment that could skip seeds.
#[must_use]
pub fn replica(command: &str, url: &str) -> Command {
    let mut replica = Command::new(program());
    replica.args([command, url]).kill_on_drop(true);
    replica
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    replica
}

/// Boots `count` replicas at once, and what each printed.
pub async fn boot_at_once(url: &str, count: usize) -> Vec<String> {
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
pub async fn each_seed_ran_once<DB: Engine>(database: &TestDatabase<DB>) {
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

/// Cargo builds a package's programs before its tests, one folder above them.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("replica")
}
