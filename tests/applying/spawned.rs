//! A run in a task of its own.

use kumiko_seeds::{SeedRunner, Targets};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::{app, note};
use sqlx::{Pool, Postgres, Sqlite};

/// Each future of the library can go to another thread. This is checked as it compiles, and for each
/// database by its name, because that is where it can fail.
#[test]
fn every_future_is_send() {
    fn is_send<T: Send>(_: T) {}
    fn on_postgres(
        runner: &SeedRunner<Postgres>,
        pool: &Pool<Postgres>,
        targets: &Targets<Postgres>,
    ) {
        is_send(runner.apply_each(targets));
        is_send(runner.apply(pool));
        is_send(runner.apply_until(pool, std::future::pending()));
        is_send(runner.dry_run(pool));
        is_send(runner.ledger(pool).history());
        is_send(runner.ledger(pool).unmark("2026-01-01-a"));
        is_send(runner.ledger(pool).mark(runner.seeds()[0].info()));
    }
    fn on_sqlite(runner: &SeedRunner<Sqlite>, pool: &Pool<Sqlite>, targets: &Targets<Sqlite>) {
        is_send(runner.apply_each(targets));
        is_send(runner.apply(pool));
        is_send(runner.apply_until(pool, std::future::pending()));
        is_send(runner.dry_run(pool));
        is_send(runner.ledger(pool).history());
        is_send(runner.ledger(pool).unmark("2026-01-01-a"));
        is_send(runner.ledger(pool).mark(runner.seeds()[0].info()));
    }
    let _ = (on_postgres, on_sqlite);
}

#[tokio::test]
async fn a_spawned_run_applies() {
    let database: TestDatabase<Postgres> = Postgres::create().await;
    let runner = app::runner(vec![note!("2026-01-01-a")]);
    let pool = database.pool.clone();
    let report = tokio::spawn(async move { runner.apply(&pool).await }).await;
    assert_eq!(report.unwrap().unwrap().applied.len(), 1);
    database.remove().await;
}
