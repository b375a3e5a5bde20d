//! One database, from empty to all seeds applied.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::future::{try_join, try_join_all};
use kumiko_tests::batches::{BATCHES, applied};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::replicas::{PATIENCE, ended};
use kumiko_tests::steps::done_so_far;
use kumiko_tests::workers::worker;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::figures::Figures;

/// How many replicas boot side by side.
const REPLICAS: usize = 4;
/// How many items the seed of many steps has: some steps.
const ITEMS: i64 = 300;
/// Of so many boots one is left to its end.
const SPARED: u8 = 4;
/// One look in so many ends all sessions.
const SESSIONS_SPARED: u8 = 3;

/// Boots, kills and looks until all seeds are applied. The error says what should not be.
pub(crate) async fn round<DB: Engine>(
    database: &TestDatabase<DB>,
    random: Rng,
) -> Result<Figures, String> {
    let round = Round {
        database,
        random: RefCell::new(random),
        figures: RefCell::default(),
        claims: RefCell::default(),
        typical: Cell::new(Duration::from_millis(100)),
        sessions_were_told_to_end: Cell::new(false),
        is_over: Cell::new(false),
    };
    let replicas = try_join_all((0..REPLICAS).map(|_| round.keep_booting()));
    try_join(round.watch(), replicas).await?;
    round.nothing_is_pending().await?;
    let mut figures = round.figures.into_inner();
    figures.rounds = 1;
    figures.seeds = BATCHES.len() as u64;
    Ok(figures)
}

struct Round<'a, DB: Engine> {
    database: &'a TestDatabase<DB>,
    random: RefCell<Rng>,
    figures: RefCell<Figures>,
    /// The seeds that a replica said to have applied.
    claims: RefCell<Vec<String>>,
    /// How long the last boot took that was left to its end; others are killed earlier.
    typical: Cell<Duration>,
    /// Whether a lost session may be the doing of this round. It is set before the server is told, as a
    /// replica can be gone before the server's answer is here.
    sessions_were_told_to_end: Cell<bool>,
    is_over: Cell<bool>,
}

impl<DB: Engine> Round<'_, DB> {
    /// Boots one replica after the other until the round is over.
    async fn keep_booting(&self) -> Result<(), String> {
        while !self.is_over.get() {
            let began = Instant::now();
            let mut process = self.replica().spawn().unwrap();
            self.figures.borrow_mut().boots += 1;
            if let Some(life) = self.life()
                && timeout(life, process.wait()).await.is_err()
            {
                process.kill().await.unwrap();
                self.figures.borrow_mut().kills += 1;
                continue;
            }
            let ended = ended(process).await;
            if ended.status.success() {
                self.typical.set(began.elapsed());
                self.claim(&String::from_utf8_lossy(&ended.stdout))?;
            } else {
                self.accept(&String::from_utf8_lossy(&ended.stderr))?;
            }
        }
        Ok(())
    }

    /// A replica with a seed of many steps, and the others after it.
    fn replica(&self) -> Command {
        worker("steps-and-batches", &self.url(), ITEMS)
    }

    /// How long the next replica may live, if not for ever.
    fn life(&self) -> Option<Duration> {
        let mut random = self.random.borrow_mut();
        let life = self.typical.get().mul_f64(random.f64());
        (random.u8(..SPARED) > 0).then_some(life)
    }

    /// Looks again and again, until all seeds are applied.
    async fn watch(&self) -> Result<(), String> {
        let began = Instant::now();
        let (mut before, mut items) = (0, 0);
        while before < BATCHES.len() {
            if began.elapsed() > PATIENCE {
                return Err(format!("only {before} seeds are applied in {PATIENCE:?}"));
            }
            self.pause().await;
            let steps = done_so_far(&self.database.pool, ITEMS).await?;
            let now = applied(&self.database.pool).await?;
            if now > 0 && done_so_far(&self.database.pool, ITEMS).await? < ITEMS {
                return Err(format!(
                    "{now} seeds are applied after {steps} of {ITEMS} items"
                ));
            }
            if steps < items {
                return Err(format!("of {items} items {steps} are left"));
            }
            items = steps;
            if now < before {
                return Err(format!("of {before} applied seeds {now} are left"));
            }
            before = now;
            self.figures.borrow_mut().looks += 1;
            if DB::NAME == "PostgreSQL" && self.random.borrow_mut().u8(..SESSIONS_SPARED) == 0 {
                self.end_sessions().await;
            }
        }
        self.is_over.set(true);
        Ok(())
    }

    async fn pause(&self) {
        let milliseconds = self.random.borrow_mut().u64(..30);
        sleep(Duration::from_millis(milliseconds)).await;
    }

    async fn end_sessions(&self) {
        let end = "SELECT CAST(pg_terminate_backend(pid) AS text) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'replica'";
        self.sessions_were_told_to_end.set(true);
        let sessions = self.database.texts(end).await.len();
        self.figures.borrow_mut().sessions += sessions as u64;
    }

    /// No two replicas may say that they applied the same seed.
    fn claim(&self, printed: &str) -> Result<(), String> {
        let mut claims = self.claims.borrow_mut();
        for id in printed
            .lines()
            .filter_map(|line| line.strip_prefix("applied "))
        {
            if claims.iter().any(|claimed| claimed == id) {
                return Err(format!("two replicas applied {id}"));
            }
            claims.push(id.to_owned());
        }
        Ok(())
    }

    /// A replica may fail if its session was ended, and for no other reason.
    fn accept(&self, error: &str) -> Result<(), String> {
        // The server says so, unless the connection is closed before it could.
        const LOST: [&str; 4] = [
            "administrator command",
            "bytes at EOF",
            "Connection reset",
            "Broken pipe",
        ];
        let was_lost = LOST.iter().any(|reason| error.contains(reason));
        if was_lost && self.sessions_were_told_to_end.get() {
            Ok(())
        } else {
            Err(format!("a replica failed: {error}"))
        }
    }

    /// One more replica, after all others.
    async fn nothing_is_pending(&self) -> Result<(), String> {
        let process = self.replica().spawn().unwrap();
        let ended = ended(process).await;
        if !ended.status.success() || !ended.stdout.is_empty() {
            return Err(format!("with nothing pending: {ended:?}"));
        }
        match applied(&self.database.pool).await? {
            all if all == BATCHES.len() => Ok(()),
            some => Err(format!("{some} seeds are left")),
        }
    }

    fn url(&self) -> String {
        let url = &self.database.url;
        match DB::NAME {
            "PostgreSQL" => format!("{url}?application_name=replica"),
            _ => url.clone(),
        }
    }
}
