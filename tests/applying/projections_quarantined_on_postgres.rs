//! What is peculiar to PostgreSQL about events that are set aside: deadlocks, roles, and row level security.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{BoxFuture, join};
use kumiko_seeds::events::{Handlers, Projection, ProjectionResult, Projections, StoredEvent};
use kumiko_seeds::{SeedRunner, SkipFlags, WorkReport, error_chain};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::wallets::{Change, ROWS, apply, handlers, make, prepare};
use sqlx::error::DatabaseError;
use sqlx::{Connection, Executor, PgConnection, PgPool, Postgres};
use uuid::Uuid;

use crate::role::Role;

const LETTERS: &str = "SELECT event_id FROM kumiko_rebuild_dead_letters ORDER BY id";
const SHAPE: &str = "
    SELECT column_name || ' ' || data_type || ' ' || is_nullable || ' ' || is_identity || ' ' || coalesce(column_default, '-')
    FROM information_schema.columns WHERE table_name = 'kumiko_rebuild_dead_letters' ORDER BY ordinal_position";
const INDEXES: &str = "
    SELECT indexdef FROM pg_indexes WHERE tablename = 'kumiko_rebuild_dead_letters' ORDER BY indexname";

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128(number << 64)
}

/// Three wallets; the deposit of the second is one of 13, the one of the third is 14.
async fn three_wallets() -> TestDatabase<Postgres> {
    let database = Postgres::create().await;
    prepare(&database).await;
    let deposits = [(1, 1), (2, 13), (3, 14)];
    let deposits = deposits.map(|(number, amount)| Change::deposit(wallet(number), amount));
    make(&database, &handlers(), deposits).await;
    database
        .execute("UPDATE read_wallets SET balance = 0")
        .await;
    database
}

fn with(projection: Projection<Postgres>) -> Handlers<Postgres> {
    Handlers::new().projections(Projections::new().register(projection))
}

/// Without anything that creates tables.
async fn rebuild(pool: &PgPool, projection: Projection<Postgres>) -> WorkReport {
    let runner = SeedRunner::new(&[]).handlers(with(projection));
    let runner = runner.skip_flags(SkipFlags::default()).quarantine();
    let runner = runner.rebuilding(pool, &["wallets"]).await.unwrap();
    runner.work(pool).await
}

fn wallets(
    apply: for<'a> fn(&'a mut PgConnection, &'a StoredEvent) -> BoxFuture<'a, ProjectionResult>,
) -> Projection<Postgres> {
    Projection::new("wallets", 1, apply)
        .of("wallet", ["deposited"])
        .table("read_wallets", "id")
}

fn superstitious<'a>(
    connection: &'a mut PgConnection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        if event.payload["amount"] == 13 {
            return Err("thirteen".into());
        }
        apply::<Postgres>(connection, event).await
    })
}

#[tokio::test]
async fn the_table_is_the_original_s() {
    the_table_is_the_original_s_after(wallets(superstitious)).await;
    let shared = Projection::new("wallets", 1, superstitious).of("wallet", ["deposited"]);
    the_table_is_the_original_s_after(shared.shared_table("read_wallets")).await;
}

async fn the_table_is_the_original_s_after(projection: Projection<Postgres>) {
    let database = three_wallets().await;
    let report = rebuild(&database.pool, projection).await;
    assert_eq!(report.applied.len(), 1, "{report:?}");
    assert_eq!(
        database.texts(SHAPE).await,
        [
            "id bigint NO YES -",
            "projection_name text NO NO -",
            "event_id text NO NO -",
            "tenant_id uuid NO NO -",
            "aggregate_id text NO NO -",
            "aggregate_type text NO NO -",
            "event_type text NO NO -",
            "error_message text NO NO -",
            "payload jsonb NO NO -",
            "created_at timestamp with time zone NO NO now()",
        ]
    );
    assert_eq!(
        database.texts(INDEXES).await,
        [
            "CREATE UNIQUE INDEX kumiko_rebuild_dead_letters_pkey ON public.kumiko_rebuild_dead_letters USING btree (id)",
            "CREATE INDEX rebuild_dead_letters_created_at_idx ON public.kumiko_rebuild_dead_letters USING btree (created_at)",
            "CREATE INDEX rebuild_dead_letters_projection_idx ON public.kumiko_rebuild_dead_letters USING btree (projection_name)",
        ]
    );
    let whole = "SELECT projection_name || ' ' || event_id || ' ' || tenant_id || ' ' || aggregate_id || ' ' || aggregate_type
                        || ' ' || event_type || ' ' || error_message || ' ' || (payload->>'amount')
                        || ' ' || (created_at BETWEEN now() - interval '1 minute' AND now())
                 FROM kumiko_rebuild_dead_letters";
    let expected = format!(
        "wallets 2 00000000-0000-4000-8000-000000000000 {} wallet deposited thirteen 13 true",
        wallet(2)
    );
    assert_eq!(database.texts(whole).await, [expected]);
    database.remove().await;
}

/// The codes of the errors that `deadlocks` has met.
static MET: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Takes a lock that the other side waits for, and then the one that the other side has. Fails at 13 as well, if it is to.
fn deadlocks<'a>(
    connection: &'a mut PgConnection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        if event.payload["amount"] == 14 && MET.lock().unwrap().is_empty() {
            connection
                .execute("SELECT pg_advisory_xact_lock(7001)")
                .await?;
            until_advisory(connection, "NOT granted").await?;
            let locked = connection
                .execute("SELECT pg_advisory_xact_lock(7002)")
                .await;
            if let Err(error) = locked {
                let code = error.as_database_error().and_then(DatabaseError::code);
                MET.lock()
                    .unwrap()
                    .push(code.unwrap_or_default().into_owned());
                return Err(error.into());
            }
        }
        apply::<Postgres>(connection, event).await
    })
}

fn deadlocks_beside_thirteen<'a>(
    connection: &'a mut PgConnection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        if event.payload["amount"] == 13 {
            return Err("thirteen".into());
        }
        deadlocks(connection, event).await
    })
}

/// Waits until somebody of this database has, or waits for, the first lock.
async fn until_advisory(connection: &mut PgConnection, state: &'static str) -> sqlx::Result<()> {
    let found = format!(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7001 AND {state}
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    );
    loop {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(found.clone()))
            .fetch_one(&mut *connection)
            .await?;
        if count > 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Found in a page, and found when a page is applied one by one.
#[tokio::test]
async fn a_deadlock_is_tried_again_and_not_set_aside() {
    for (projection, letters) in [
        (wallets(deadlocks), Vec::<&str>::new()),
        (wallets(deadlocks_beside_thirteen), vec!["2"]),
    ] {
        MET.lock().unwrap().clear();
        let database = three_wallets().await;
        let mut other = PgConnection::connect(&database.url).await.unwrap();
        let mut transaction = other.begin().await.unwrap();
        // So that it is the rebuild that gives way.
        let first = "SET LOCAL deadlock_timeout = '1min'";
        transaction.execute(first).await.unwrap();
        transaction
            .execute("SELECT pg_advisory_xact_lock(7002)")
            .await
            .unwrap();
        let other_side = async {
            until_advisory(&mut transaction, "granted").await.unwrap();
            transaction
                .execute("SELECT pg_advisory_xact_lock(7001)")
                .await
                .unwrap();
            transaction.commit().await.unwrap();
        };
        let (report, ()) = join(rebuild(&database.pool, projection), other_side).await;
        assert_eq!(*MET.lock().unwrap(), ["40P01"]);
        assert_eq!(report.applied.len(), 1, "{report:?}");
        let found = if letters.is_empty() {
            let tables = database.texts(Postgres::TABLES).await;
            assert!(!tables.contains(&"kumiko_rebuild_dead_letters".to_owned()));
            Vec::new()
        } else {
            database.texts(LETTERS).await
        };
        assert_eq!(found, letters);
        let last = format!("{} 14 1 -", wallet(3));
        assert!(database.texts(ROWS).await.contains(&last));
        database.remove().await;
    }
}

/// What a failed rebuild tells, as a command prints it.
fn told(report: &WorkReport) -> (String, String) {
    let [failed] = report.failed.as_slice() else {
        panic!("{report:?}");
    };
    let remedy = failed.error.remedy().unwrap_or_default();
    (error_chain(&failed.error).join(": "), remedy)
}

/// A role that may write the app's tables, and create none.
async fn role(database: &TestDatabase<Postgres>) -> Role {
    let role = Role::create(database).await;
    let grant = format!(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO {0:?}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {0:?}",
        role.name
    );
    database.execute(&grant).await;
    role.reconnect().await
}

#[tokio::test]
async fn a_role_needs_no_more_than_to_write_the_table_where_it_exists() {
    let database = three_wallets().await;
    rebuild(&database.pool, wallets(superstitious)).await;
    database
        .execute("UPDATE read_wallets SET balance = 0; DELETE FROM kumiko_rebuild_dead_letters")
        .await;
    let role = role(&database).await;
    let report = rebuild(&role.pool, wallets(superstitious)).await;
    assert_eq!(report.applied.len(), 1, "{report:?}");
    assert_eq!(database.texts(LETTERS).await, ["2"]);
    role.remove(&database).await;
    database.remove().await;
}

#[tokio::test]
async fn a_role_that_may_not_create_the_table_is_told_what_to_run() {
    let database = three_wallets().await;
    rebuild(&database.pool, wallets(superstitious)).await;
    database
        .execute("UPDATE read_wallets SET balance = 0; DROP TABLE kumiko_rebuild_dead_letters")
        .await;
    let role = role(&database).await;
    let (error, remedy) = told(&rebuild(&role.pool, wallets(superstitious)).await);
    assert!(
        error.contains("permission denied for schema public"),
        "{error}"
    );
    assert!(remedy.contains("GRANT USAGE, CREATE ON SCHEMA"), "{remedy}");
    role.remove(&database).await;
    database.remove().await;
}

/// Row level security that hides letters would have them kept for ever, or written twice.
#[tokio::test]
async fn hidden_letters_are_an_error() {
    let database = three_wallets().await;
    rebuild(&database.pool, wallets(superstitious)).await;
    let role = role(&database).await;
    let hide = "ALTER TABLE kumiko_rebuild_dead_letters ENABLE ROW LEVEL SECURITY";
    database.execute(hide).await;
    // Nothing is to be set aside, only taken away.
    let (error, remedy) = told(&rebuild(&role.pool, wallets(apply::<Postgres>)).await);
    assert!(error.contains("kumiko_rebuild_dead_letters"), "{error}");
    assert!(remedy.contains("CREATE POLICY"), "{remedy}");
    let listed = with(wallets(apply::<Postgres>))
        .set_aside(&role.pool, "wallets")
        .await;
    assert!(format!("{listed:?}").contains("RowSecurity"), "{listed:?}");
    assert_eq!(database.texts(LETTERS).await, ["2"]);
    role.remove(&database).await;
    database.remove().await;
}
