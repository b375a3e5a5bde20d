//! Replicas that are started again and again, as an orchestrator does, while something goes wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{Connection, PgConnection, Postgres};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::app;
use crate::database::{Engine, TestDatabase};
use crate::replicas::replica;

/// How long one boot may take, most of it for a server that is gone for a while.
const PATIENCE: Duration = Duration::from_secs(40);

/// Some replicas, each of which boots anew as soon as it has ended.
pub struct RestartedReplicas {
    last: Arc<AtomicBool>,
    running: Vec<JoinHandle<Vec<Boot>>>,
}

/// What one process of a replica did.
#[derive(Debug)]
pub struct Boot {
    /// The seeds that it reported as applied by itself.
    pub applied: Vec<String>,
    /// What it wrote about its failure, if it failed.
    pub error: Option<String>,
}

impl RestartedReplicas {
    /// Begins with `count` replicas.
    #[must_use]
    pub fn start(url: &str, count: usize) -> Self {
        let last = Arc::new(AtomicBool::new(false));
        let start = |_| tokio::spawn(boot_again_and_again(url.to_owned(), Arc::clone(&last)));
        Self {
            running: (0..count).map(start).collect(),
            last,
        }
    }

    /// Waits until each replica has booted without an error, and gives all boots.
    pub async fn finish(self) -> Vec<Boot> {
        self.last.store(true, Ordering::SeqCst);
        let mut boots = Vec::new();
        for replica in self.running {
            boots.extend(replica.await.unwrap());
        }
        boots
    }
}

async fn boot_again_and_again(url: String, last: Arc<AtomicBool>) -> Vec<Boot> {
    let mut boots = Vec::new();
    loop {
        let was_last = last.load(Ordering::SeqCst);
        let boot = boot(&url).await;
        let succeeded = boot.error.is_none();
        boots.push(boot);
        if was_last && succeeded {
            return boots;
        }
        assert!(boots.len() < 100, "{boots:#?}");
        if !succeeded {
            // The pause of whoever starts it again.
            sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn boot(url: &str) -> Boot {
    let output = timeout(PATIENCE, replica("boot", url).output()).await;
    let output = output.expect("a replica hangs").unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let applied = printed
        .lines()
        .filter_map(|line| line.strip_prefix("applied "));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Boot {
        applied: applied.map(str::to_owned).collect(),
        error: (!output.status.success()).then_some(errors),
    }
}

/// No seed was reported as applied by two processes: one that had been lost after the first report would
/// have been applied, and reported, again.
///
/// # Panics
/// If one was.
pub fn none_was_reported_twice(boots: &[Boot]) {
    let mut reported: Vec<&String> = boots.iter().flat_map(|boot| &boot.applied).collect();
    reported.sort();
    let count = reported.len();
    reported.dedup();
    assert_eq!(reported.len(), count, "{boots:#?}");
}

/// Makes each event and each commit of one take a while, so that a fault at any moment meets one.
pub async fn slow_down(database: &TestDatabase<Postgres>) {
    let mut connection = database.pool.acquire().await.unwrap();
    app::create_tables::<Postgres>(&mut connection)
        .await
        .unwrap();
    let slow = "CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN PERFORM pg_sleep(0.01); RETURN NULL; END';
                CREATE TRIGGER slow_event AFTER INSERT ON kumiko_events
                FOR EACH ROW EXECUTE FUNCTION sleep();
                CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON kumiko_events
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sleep()";
    Postgres::run(&mut connection, slow).await.unwrap();
}

/// Waits until `count` seeds are applied, as a session sees it that ends with the wait.
pub async fn until_applied(url: &str, count: i64) {
    let mut session = PgConnection::connect(url).await.unwrap();
    let applied = async {
        while events(&mut session).await < count {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, applied).await.expect("nothing moves");
    session.close().await.unwrap();
}

async fn events(session: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM kumiko_events")
        .fetch_one(session)
        .await
        .unwrap()
}
