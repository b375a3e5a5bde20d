//! A SQLite connection whose process dies at a chosen step.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use sqlx::pool::PoolOptions;
use sqlx::{Pool, Sqlite, SqliteConnection};

/// Says when a replica dies. No other program reads it.
pub const VARIABLE: &str = "KUMIKO_REPLICA_DIES";

/// When a process ends itself with SIGKILL, which no code of its own can soften.
#[derive(Clone, Copy)]
pub enum Death {
    /// Not at all; the steps are counted.
    Never,
    /// At a step of SQLite's virtual machine, counted from 1. Each statement has a few.
    AtStep(usize),
    /// This long after it began with the commit of a seed, counted from 1.
    InCommit(usize, Duration),
}

impl Death {
    /// What [`Death::from_environment`] reads.
    #[must_use]
    pub fn variable(self) -> String {
        match self {
            Self::Never => "never".to_owned(),
            Self::AtStep(step) => format!("step {step}"),
            Self::InCommit(commit, delay) => format!("commit {commit} {}", delay.as_micros()),
        }
    }

    /// The death that this process was given, if it was.
    pub fn from_environment() -> Result<Option<Self>, Box<dyn Error>> {
        let Ok(value) = std::env::var(VARIABLE) else {
            return Ok(None);
        };
        let words: Vec<_> = value.split(' ').collect();
        Ok(Some(match words.as_slice() {
            ["never"] => Self::Never,
            ["step", step] => Self::AtStep(step.parse()?),
            ["commit", commit, delay] => {
                Self::InCommit(commit.parse()?, Duration::from_micros(delay.parse()?))
            }
            _ => return Err(format!("{VARIABLE}={value} is no death").into()),
        }))
    }
}

/// How far a process came.
#[derive(Default)]
pub struct Life {
    steps: AtomicUsize,
    marker_rows: AtomicUsize,
}

impl Life {
    /// The steps of SQLite's virtual machine, on all connections.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }

    /// The commits of seeds that were begun.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.marker_rows.load(Ordering::Relaxed) / 2
    }
}

/// A pool whose connections count what they do, and end the process when its time has come.
///
/// # Errors
/// If the database cannot be opened.
pub async fn pool(url: &str, death: Death) -> sqlx::Result<(Pool<Sqlite>, Arc<Life>)> {
    let life = Arc::new(Life::default());
    let lived = Arc::clone(&life);
    let pool = PoolOptions::new()
        .after_connect(move |connection: &mut SqliteConnection, _| {
            let life = Arc::clone(&lived);
            Box::pin(async move {
                let mut handle = connection.lock_handle().await?;
                let stepping = Arc::clone(&life);
                handle.set_progress_handler(1, move || {
                    let step = stepping.steps.fetch_add(1, Ordering::Relaxed) + 1;
                    if matches!(death, Death::AtStep(last) if last == step) {
                        die();
                    }
                    true
                });
                // The library has the one commit hook. Of the two rows of a marker the second is what is
                // written last before a commit.
                handle.set_update_hook(move |update| {
                    if update.table != "kumiko_es_operations" {
                        return;
                    }
                    let rows = life.marker_rows.fetch_add(1, Ordering::Relaxed) + 1;
                    match death {
                        Death::InCommit(last, delay) if 2 * last == rows => die_in(delay),
                        _ => {}
                    }
                });
                Ok(())
            })
        })
        .connect(url)
        .await?;
    Ok((pool, life))
}

fn die_in(delay: Duration) {
    if delay.is_zero() {
        die();
    }
    std::thread::spawn(move || {
        std::thread::sleep(delay);
        die();
    });
}

fn die() {
    kill_process(getpid(), Signal::KILL).unwrap();
}
