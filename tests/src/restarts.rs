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
            // Whoever starts it again takes a while. A process that finds out by itself what became of
            // its commit is often quicker, which is when it must be right.
            sleep(Duration::from_millis(300)).await;
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

/// Makes each commit of an event take a while, so that a fault can meet one. That is when it matters most:
/// whether the seed is applied is decided, and its process does not know.
pub async fn slow_down(database: &TestDatabase<Postgres>) {
    let mut connection = database.pool.acquire().await.unwrap();
    app::create_tables::<Postgres>(&mut connection)
        .await
        .unwrap();
    let slow = "CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN PERFORM pg_sleep(0.03); RETURN NULL; END';
                CREATE CONSTRAINT TRIGGER sleep AFTER INSERT ON kumiko_events
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sleep()";
    Postgres::run(&mut connection, slow).await.unwrap();
}

/// Waits until `applied` seeds are applied and the commit of another waits for what PostgreSQL calls
/// `event`. The session that looks ends with the wait.
pub async fn until_committing(url: &str, applied: i64, event: &str) {
    let mut session = PgConnection::connect(url).await.unwrap();
    let committing = async {
        while !is_committing(&mut session, applied, event).await {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, committing).await.expect("nothing moves");
    session.close().await.unwrap();
}

async fn is_committing(session: &mut PgConnection, applied: i64, event: &str) -> bool {
    let query = "SELECT count(*) >= $1 AND EXISTS (
                     SELECT FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event = $2
                 ) FROM kumiko_events";
    let query = sqlx::query_scalar(query).bind(applied).bind(event);
    query.fetch_one(session).await.unwrap()
}
