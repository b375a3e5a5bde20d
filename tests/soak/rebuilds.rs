//! One database whose projections are rebuilt by processes that die, while people write.

use std::cell::{Cell, RefCell};
use std::process::Stdio;
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::future::{join, join_all};
use kumiko_seeds::events::Handlers;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::replicas::{PATIENCE, program};
use kumiko_tests::wallets::{Change, handlers, make, prepare};
use kumiko_tests::wallets_by_sql::{TOTAL, wrong};
use kumiko_tests::writers::write_until;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::figures::Figures;

const WALLETS: u128 = 40;
/// How many processes rebuild side by side.
const WORKERS: usize = 2;
/// Of so many processes one is left to its end.
const SPARED: u8 = 3;
const SPOIL: &str = "UPDATE read_wallets SET balance = balance - 1 WHERE deposits > 1; UPDATE read_totals SET total = 3";

fn any_wallet() -> Uuid {
    Uuid::from_u128((0x0101_0101_0101_0101 * (fastrand::u128(..WALLETS) + 1)) << 64)
}

/// Spoils rows and has them rebuilt, while processes are killed, until both projections are as the events say. The error says what is not.
pub(crate) async fn rebuilds<DB: Engine>(
    database: &TestDatabase<DB>,
    random: Rng,
) -> Result<Figures, String> {
    prepare(database).await;
    let handlers = handlers::<DB>();
    let deposits = (0..WALLETS * 3).map(|_| Change::deposit(any_wallet(), 1));
    make(database, &handlers, deposits).await;
    while DB::execute(&database.pool, SPOIL).await.is_err() {}
    let round = Round {
        url: &database.url,
        random: RefCell::new(random),
        figures: RefCell::default(),
        is_done: Cell::new(false),
    };
    let is_over = Cell::new(false);
    let work = async {
        let workers = join_all((0..WORKERS).map(|_| round.keep_working())).await;
        is_over.set(true);
        workers.into_iter().collect::<Result<(), String>>()
    };
    let write = write_until(database, &handlers, any_wallet, &is_over);
    let (worked, written) = join(work, write).await;
    worked?;
    check(database, &handlers).await?;
    let mut figures = round.figures.into_inner();
    figures.writes = written.writes as u64;
    figures.rebuilds = 2;
    Ok(figures)
}

/// Compares the rows with the events, once without the library and once with it.
async fn check<DB: Engine>(
    database: &TestDatabase<DB>,
    handlers: &Handlers<DB>,
) -> Result<(), String> {
    let wrong = database.texts(&wrong("1 = 1")).await;
    let total = database.text(TOTAL).await;
    if !wrong.is_empty() || total != "0" {
        return Err(format!(
            "after a rebuild wrong: {wrong:?}, and the total by {total}"
        ));
    }
    for name in ["wallets", "totals"] {
        let check = handlers.check_projection(&database.pool, name, 5).await;
        let check = check.map_err(|error| error.to_string())?;
        if check.wrong() > 0 {
            return Err(format!("{check:?}"));
        }
    }
    Ok(())
}

struct Round<'a> {
    url: &'a str,
    random: RefCell<Rng>,
    figures: RefCell<Figures>,
    /// Whether a process has found nothing more to do.
    is_done: Cell<bool>,
}

impl Round<'_> {
    /// Starts one process after the other until one comes to its end.
    async fn keep_working(&self) -> Result<(), String> {
        let began = Instant::now();
        while !self.is_done.get() {
            if began.elapsed() > PATIENCE {
                return Err(format!("the rebuilds are not done in {PATIENCE:?}"));
            }
            let mut worker = self.worker();
            self.figures.borrow_mut().boots += 1;
            if let Some(life) = self.life()
                && timeout(life, worker.wait()).await.is_err()
            {
                worker.kill().await.unwrap();
                self.figures.borrow_mut().kills += 1;
                continue;
            }
            let ended = worker.wait_with_output().await.unwrap();
            if !ended.status.success() {
                return Err(format!("a rebuild failed: {ended:?}"));
            }
            self.is_done.set(true);
        }
        // Whoever is still at it finds that as well.
        sleep(Duration::from_millis(1)).await;
        Ok(())
    }

    fn worker(&self) -> Child {
        let mut worker = Command::new(program().with_file_name("ops-of-wallets"));
        worker
            .arg("seed:work")
            .env("DATABASE_URL", self.url)
            .env("TEST_STEP_SIZE", "40")
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        worker.spawn().unwrap()
    }

    /// How long the next process may live, if not for ever.
    fn life(&self) -> Option<Duration> {
        let mut random = self.random.borrow_mut();
        let life = Duration::from_millis(random.u64(..800));
        (random.u8(..SPARED) > 0).then_some(life)
    }
}
