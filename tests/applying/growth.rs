//! What a run costs does not grow with what the database holds already.

use std::time::Duration;

use kumiko_seeds::SeedRunner;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use sqlx::Postgres;
use tokio::time::{sleep, timeout};

/// What a table's sessions have done to it so far, once `inserted` rows are accounted for: PostgreSQL does
/// that after a session has ended.
async fn rows_read_without_index(
    database: &TestDatabase<Postgres>,
    table: &str,
    inserted: usize,
) -> usize {
    let column = |column| {
        format!("SELECT CAST({column} AS text) FROM pg_stat_user_tables WHERE relname = '{table}'")
    };
    let accounted = async {
        while database
            .text(&column("n_tup_ins"))
            .await
            .parse::<usize>()
            .unwrap()
            < inserted
        {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let accounted = timeout(Duration::from_mins(1), accounted).await;
    accounted.expect("PostgreSQL keeps no account");
    database
        .text(&column("seq_tup_read"))
        .await
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_seed_is_looked_for_through_the_index() {
    const SEEDS: usize = 200;
    let database = Postgres::create().await;
    let ids = (0..SEEDS).map(|number| &*format!("2026-01-01-{number:04}").leak());
    let idle = |id| seed::<Postgres>(id, |_| Box::pin(async { Ok(()) }));
    let seeds: Vec<_> = ids.map(idle).collect();
    let pool = database.pool_of(1).await;
    SeedRunner::new(seeds.leak()).apply(&pool).await.unwrap();
    pool.close().await;
    // Each seed leaves two rows. The first look of the run may read the table as a whole.
    let read = rows_read_without_index(&database, "kumiko_es_operations", 2 * SEEDS).await;
    assert!(read < SEEDS, "{read} rows");
    database.remove().await;
}
