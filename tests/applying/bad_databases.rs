//! Databases that are not what they should be.

use std::error::Error;

use kumiko_tests::database::{Engine, server_url};
use kumiko_tests::{app, note, on_both_databases};
use sqlx::pool::PoolOptions;
use sqlx::{Pool, Postgres, Sqlite};

/// Applies one seed to `pool`, and the error with its nearest cause.
async fn refusal<DB: Engine>(pool: &Pool<DB>) -> (String, String) {
    let stopped = app::runner(vec![note!("2026-01-01-a")])
        .apply(pool)
        .await
        .unwrap_err();
    let mut cause: &dyn Error = &*stopped;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let cause = cause.to_string();
    (stopped.to_string(), cause)
}

on_both_databases! {
    async fn a_marker_table_of_another_shape(database: &TestDatabase<DB>) {
        let shape = "the table kumiko_es_operations has another shape; expected the columns id, \
                     operation_type, applied_at, duration_ms, applied_by and notes";
        for columns in [
            "name text",
            "id text, operation_type text",
            "id text, operation_type text, applied_at timestamptz, duration_ms integer, applied_by text, \
             notes text, mandatory text NOT NULL",
            "id point, operation_type text",
        ] {
            database.execute("DROP TABLE IF EXISTS kumiko_es_operations").await;
            database.execute(&format!("CREATE TABLE kumiko_es_operations ({columns})")).await;
            let (error, cause) = refusal(&database.pool).await;
            assert_eq!(error, shape, "{columns}: {cause}");
            let count = "SELECT CAST(count(*) AS text) FROM kumiko_es_operations";
            assert_eq!(database.text(count).await, "0");
        }
        assert_eq!(database.payloads().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_read_only_sqlite_file() {
    let database = Sqlite::create().await;
    let url = database.url.replace("mode=rwc", "mode=ro");
    let pool = Pool::<Sqlite>::connect(&url).await.unwrap();
    let (error, cause) = refusal(&pool).await;
    assert_eq!(error, "could not prepare the database for seeds");
    assert_eq!(cause, "(code: 8) attempt to write a readonly database");
    pool.close().await;
    database.remove().await;
}

#[tokio::test]
async fn an_unreachable_server() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let pool = lazy(&format!("postgres://postgres@127.0.0.1:{port}/postgres"));
    let (error, cause) = refusal(&pool).await;
    assert_eq!(error, "could not connect to the database");
    assert!(cause.contains("Connection refused"), "{cause}");
}

#[tokio::test]
async fn a_wrong_password() {
    let url = server_url();
    let (_, host) = url.rsplit_once('@').unwrap();
    let pool = lazy(&format!("postgres://postgres:secret-and-wrong@{host}"));
    let stopped = app::runner(vec![note!("2026-01-01-a")])
        .apply(&pool)
        .await
        .unwrap_err();
    let shown = format!("{stopped} {stopped:?} {}", stopped.source().unwrap());
    assert!(
        shown.contains("password authentication failed for user \"postgres\""),
        "{shown}"
    );
    assert!(!shown.contains("secret-and-wrong"), "{shown}");
}

fn lazy(url: &str) -> Pool<Postgres> {
    PoolOptions::new()
        .acquire_timeout(std::time::Duration::from_secs(1))
        .connect_lazy(url)
        .unwrap()
}
