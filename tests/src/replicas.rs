//! Processes of an app, for tests in which processes matter.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::database::{Engine, TestDatabase};

/// How long a test waits for a process that should end. Longer than any machine needs for it, so that
/// whoever waits that long waits for ever.
pub const PATIENCE: Duration = Duration::from_mins(2);

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
    start_at_once("boot", url, count).await
}

/// Starts `count` processes of one release at once, and what each printed.
pub async fn start_at_once(release: &str, url: &str, count: usize) -> Vec<String> {
    let running: Vec<_> = (0..count)
        .map(|_| replica(release, url).spawn().unwrap())
        .collect();
    let mut printed = Vec::new();
    for replica in running {
        printed.push(booted(replica).await);
    }
    printed
}

/// What a replica printed that came up without an error.
pub async fn booted(replica: Child) -> String {
    let output = ended(replica).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(errors, "");
    String::from_utf8(output.stdout).unwrap()
}

/// How a process ended, and what it printed.
pub async fn ended(process: Child) -> Output {
    let ended = timeout(PATIENCE, process.wait_with_output()).await;
    ended.expect("a process hangs").unwrap()
}

/// Whether a process has come to its end within so long, after which it is killed.
///
/// # Panics
/// If it fails.
pub async fn is_done_within(life: Duration, command: &mut std::process::Command) -> bool {
    const PAUSE: Duration = Duration::from_millis(5);
    let began = Instant::now();
    let mut process = command.spawn().unwrap();
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return true;
        }
        if began.elapsed() >= life {
            process.kill().unwrap();
            process.wait().unwrap();
            return false;
        }
        sleep(PAUSE).await;
    }
}

/// The twenty seeds have run: each once, in order, with its marker.
pub async fn each_seed_ran_once<DB: Engine>(database: &TestDatabase<DB>) {
    let ids: Vec<_> = (1..=20)
        .map(|number| format!("2026-01-{number:02}-count"))
        .collect();
    assert_eq!(database.markers().await, ids);
    let numbers: Vec<_> = (1..=20).map(|number: u32| number.to_string()).collect();
    assert_eq!(database.counted().await, numbers);
}

/// Cargo builds a package's programs before its tests, one folder above them.
#[must_use]
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("replica")
}
