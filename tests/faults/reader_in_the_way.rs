//! A reader that is in the way of a commit: with a rollback journal SQLite cannot write the file while
//! somebody reads it.

use std::str::FromStr;
use std::time::Duration;

use kumiko_tests::app;
use kumiko_tests::batches::{BATCHES, applied, batches};
use kumiko_tests::database::Engine;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Executor, Sqlite};

#[tokio::test]
async fn a_commit_that_waits_too_long_for_a_reader_is_undone() {
    let database = Sqlite::create().await;
    database.execute("CREATE TABLE by_the_app (text)").await;
    let mut reader = database.pool.begin().await.unwrap();
    reader.execute("SELECT * FROM by_the_app").await.unwrap();

    let options = SqliteConnectOptions::from_str(&database.url).unwrap();
    let options = options.busy_timeout(Duration::from_millis(200));
    let pool = PoolOptions::new().max_connections(1);
    let pool = pool.connect_with(options).await.unwrap();
    let stopped = app::runner(batches()).apply(&pool).await.unwrap_err();
    let text = format!("{stopped:?}");
    assert!(
        text.starts_with("could not commit the transaction\n"),
        "{text}"
    );
    assert!(text.contains("database is locked"), "{text}");
    assert!(text.contains("a retry is safe"), "{text}");

    reader.rollback().await.unwrap();
    let timeout = Sqlite::texts(
        &pool,
        "SELECT CAST(timeout AS text) FROM pragma_busy_timeout",
    );
    assert_eq!(timeout.await, ["200"]);
    // What the app writes next is neither in the way of others nor undone later.
    let write = "INSERT INTO by_the_app VALUES ('after')";
    Sqlite::execute(&pool, write).await.unwrap();
    assert_eq!(
        database.texts("SELECT text FROM by_the_app").await,
        ["after"]
    );
    let report = app::runner(batches()).apply(&pool).await.unwrap();
    assert_eq!(report.applied.len(), BATCHES.len());
    assert_eq!(applied(&database.pool).await, Ok(BATCHES.len()));
    pool.close().await;
    database.remove().await;
}
