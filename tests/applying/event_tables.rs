//! The table of events is created where it is missing, and nobody waits where it is there.

use std::time::Duration;

use kumiko_seeds::events::{EventStoreError, create_event_tables};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::{app, note, on_both_databases};
use sqlx::{Connection, Executor, PgConnection, Postgres};

use crate::role::Role;

const EVENT: &str = "
    INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload,
                               metadata, created_by)
    VALUES ('00000000-0000-0000-0000-000000000001', 'note',
            '00000000-0000-0000-0000-000000000002', 1, 'added', '{}', '{}', 'another service')";

on_both_databases! {
    async fn what_is_missing_is_created(database: &TestDatabase<DB>) {
        let mut connection = database.pool.acquire().await.unwrap();
        create_event_tables::<DB>(&mut connection).await.unwrap();
        for index in
            ["events_aggregate_version_uq", "events_idempotency_uq", "events_load_idx", "events_tenant_type_idx", "kumiko_snapshots_latest_idx"]
        {
            DB::run(&mut connection, &format!("DROP INDEX {index}")).await.unwrap();
            create_event_tables::<DB>(&mut connection).await.unwrap();
            let again = format!("CREATE INDEX {index} ON kumiko_events (id)");
            let refused = DB::run(&mut connection, &again).await.unwrap_err().to_string();
            assert!(refused.contains("already exists"), "{refused}");
        }
    }
}

/// A database with the table of events, and a connection whose transaction has written to it.
async fn busy_database() -> (TestDatabase<Postgres>, PgConnection) {
    let database = Postgres::create().await;
    let mut connection = database.pool.acquire().await.unwrap();
    create_event_tables::<Postgres>(&mut connection)
        .await
        .unwrap();
    let mut writer = PgConnection::connect(&database.url).await.unwrap();
    writer.execute("BEGIN").await.unwrap();
    writer.execute(EVENT).await.unwrap();
    (database, writer)
}

#[tokio::test]
async fn where_all_is_there_nobody_is_waited_for_and_nobody_waits() {
    let (database, writer) = busy_database().await;
    let mut transaction = database.pool.begin().await.unwrap();
    let created = create_event_tables::<Postgres>(&mut transaction);
    let created = tokio::time::timeout(Duration::from_secs(30), created).await;
    created.expect("it does not wait").unwrap();
    let locks: Vec<String> = sqlx::query_scalar(
        "SELECT mode FROM pg_locks
         WHERE pid = pg_backend_pid() AND relation = CAST('kumiko_events' AS regclass)",
    )
    .fetch_all(&mut *transaction)
    .await
    .unwrap();
    assert_eq!(locks, [""; 0]);
    drop((transaction, writer));
    database.remove().await;
}

#[tokio::test]
async fn an_index_that_cannot_be_had_is_not_waited_for_without_an_end() {
    let (database, writer) = busy_database().await;
    // A transaction that has written keeps its lock on the indexes, too, so there is none to begin with.
    drop(writer);
    database.execute("DROP INDEX events_load_idx").await;
    let mut writer = PgConnection::connect(&database.url).await.unwrap();
    writer.execute("BEGIN").await.unwrap();
    writer.execute(EVENT).await.unwrap();

    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    for timeout in ["0", "100ms"] {
        let set = format!("SET lock_timeout = '{timeout}'");
        Postgres::run(&mut connection, &set).await.unwrap();
        let created = create_event_tables::<Postgres>(&mut connection);
        let created = tokio::time::timeout(Duration::from_mins(1), created).await;
        let Err(EventStoreError::NotCreated {
            missing, creation, ..
        }) = created.expect("it gives up")
        else {
            panic!("the lock cannot be had");
        };
        assert_eq!(missing, ["events_load_idx"]);
        assert_eq!(
            creation,
            "CREATE INDEX IF NOT EXISTS events_load_idx ON kumiko_events (aggregate_id, version)"
        );
    }
    writer.execute("COMMIT").await.unwrap();

    let mut transaction = connection.begin().await.unwrap();
    create_event_tables::<Postgres>(&mut transaction)
        .await
        .unwrap();
    let timeout: String = sqlx::query_scalar("SHOW lock_timeout")
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(timeout, "100ms", "the app's setting stays");
    transaction.rollback().await.unwrap();
    database.remove().await;
}

/// The other service creates its tables outside the lock of seeds, and PostgreSQL's `IF NOT EXISTS` does not see what is
/// not committed.
#[tokio::test]
async fn another_service_may_be_creating_them() {
    const TABLE: &str = "CREATE TABLE kumiko_events (
        id bigserial PRIMARY KEY, aggregate_id uuid NOT NULL, aggregate_type text NOT NULL,
        tenant_id uuid NOT NULL, version integer NOT NULL, type text NOT NULL,
        event_version integer NOT NULL DEFAULT 1, payload jsonb NOT NULL, metadata jsonb NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(), created_by text NOT NULL);";
    const INDEX: &str = "CREATE UNIQUE INDEX events_aggregate_version_uq
        ON kumiko_events (tenant_id, aggregate_id, version);";
    for (first, end) in [("", "COMMIT"), (INDEX, "COMMIT"), (INDEX, "ROLLBACK")] {
        let database = Postgres::create().await;
        let mut other = PgConnection::connect(&database.url).await.unwrap();
        let creation = format!("BEGIN; {TABLE} {first}");
        Postgres::run(&mut other, &creation).await.unwrap();
        let runner = app::runner(vec![note!("2026-01-01-a")]);
        let (applied, ()) = futures_util::future::join(runner.apply(&database.pool), async {
            is_waited_for(&database).await;
            Postgres::run(&mut other, end).await.unwrap();
        })
        .await;
        assert_eq!(applied.unwrap().applied.len(), 1, "{first}{end}");
        assert_eq!(database.payloads().await.len(), 1);
        other.close().await.unwrap();
        database.remove().await;
    }
}

/// Comes back when a session waits for another one's transaction to end.
async fn is_waited_for(database: &TestDatabase<Postgres>) {
    let waiting = "SELECT CAST(pid AS text) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event = 'transactionid'";
    while database.texts(waiting).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A release that knows of snapshots meets a database of before, in which the role may create nothing.
#[tokio::test]
async fn a_role_that_may_not_create_tables_does_without_snapshots() {
    let database = Postgres::create().await;
    let mut connection = database.pool.acquire().await.unwrap();
    create_event_tables::<Postgres>(&mut connection)
        .await
        .unwrap();
    drop(connection);
    database.execute("DROP TABLE kumiko_snapshots").await;
    let role = Role::create(&database).await;
    let mut connection = role.pool.acquire().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    create_event_tables::<Postgres>(&mut transaction)
        .await
        .unwrap();
    // The transaction is as it was.
    sqlx::query("SELECT 1")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    drop(connection);
    database.execute("DROP INDEX events_load_idx").await;
    let mut connection = role.pool.acquire().await.unwrap();
    let error = create_event_tables::<Postgres>(&mut connection).await;
    assert!(
        matches!(error, Err(EventStoreError::NotCreated { .. })),
        "{error:?}"
    );
    drop(connection);
    role.remove(&database).await;
    database.remove().await;
}
