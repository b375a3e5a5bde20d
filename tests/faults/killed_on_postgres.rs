//! A process that is killed at each of its round trips, more than two hundred times, and started again.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::proxy::{Fate, Proxy};
use kumiko_tests::replicas::{each_seed_ran_once, replica};
use sqlx::Postgres;
use tokio::process::Child;

use crate::aftermath::{markers_and_events, start_over};

/// Far enough to prepare the database, to apply two seeds and to begin a third.
const REQUESTS: usize = 18;

/// The request does not arrive, is done, or both are possible.
const FATES: [fn() -> Fate; 3] = [|| Fate::LoseRequest, || Fate::LoseAnswer, || Fate::LoseBoth];

#[tokio::test]
async fn at_any_step_of_any_seed_nothing_is_doubled_or_lost() {
    let database = Postgres::create().await;
    let mut kills = 0;
    while kills < 200 {
        for number in 0..REQUESTS {
            for fate in FATES {
                boot_and_kill(&database, number, fate).await;
                kills += 1;
                if seeds_are_whole(&database).await > 16 {
                    // The next process might be done before it can be killed.
                    boot_and_start_over(&database).await;
                }
            }
        }
    }
    boot_and_start_over(&database).await;
    database.remove().await;
}

/// Boots a process and kills it at its request `number`.
async fn boot_and_kill(database: &TestDatabase<Postgres>, number: usize, fate: fn() -> Fate) {
    let proxy = Proxy::to(&database.url).await;
    let process: Arc<Mutex<Option<Child>>> = Arc::default();
    let to_kill = Arc::clone(&process);
    proxy.on_loss(move || {
        if let Some(process) = &mut *to_kill.lock().unwrap() {
            process.start_kill().unwrap();
        }
    });
    proxy.decide(move |request, _| {
        if request == number {
            fate()
        } else {
            Fate::Pass
        }
    });
    *process.lock().unwrap() = Some(replica("boot", proxy.url()).spawn().unwrap());
    let began = Instant::now();
    loop {
        let status = process.lock().unwrap().as_mut().unwrap().try_wait();
        if let Some(status) = status.unwrap() {
            assert_eq!(status.code(), None, "request {number}: {status}");
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "request {number}"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// How many seeds are applied. Each of these and no other has its event, and they are the first.
async fn seeds_are_whole(database: &TestDatabase<Postgres>) -> usize {
    let (markers, events) = markers_and_events(database, "number").await;
    let numbers = 1..=markers.len();
    let ids: Vec<_> = numbers
        .clone()
        .map(|number| format!("2026-01-{number:02}-count"))
        .collect();
    assert_eq!(markers, ids);
    let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
    assert_eq!(events, numbers);
    markers.len()
}

async fn boot_and_start_over(database: &TestDatabase<Postgres>) {
    let process = replica("boot", &database.url).output().await.unwrap();
    assert!(process.status.success(), "{process:?}");
    each_seed_ran_once(database).await;
    start_over(database).await;
}
