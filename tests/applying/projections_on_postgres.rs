//! What is peculiar to PostgreSQL about projections: plans that a connection keeps, locks, types, and what depends on a table.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, join};

use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{
    Handlers, Projection, ProjectionResult, Projections, StoredEvent, User,
};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::wallets::{Change, ROWS, apply, handlers, make, prepare, runner};
use sqlx::{Connection, PgConnection, PgPool, Postgres};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::role::Role;

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128(number << 64)
}

async fn database() -> TestDatabase<Postgres> {
    let database = Postgres::create().await;
    prepare(&database).await;
    database
}

fn with(projection: Projection<Postgres>) -> Handlers<Postgres> {
    handlers().projections(Projections::new().register(projection))
}

async fn rebuild(database: &TestDatabase<Postgres>, runner: SeedRunner<Postgres>) {
    let runner = runner
        .rebuilding(&database.pool, &["wallets"])
        .await
        .unwrap();
    let report = runner.work(&database.pool).await;
    assert_eq!(report.applied.len(), 1, "{report:?}");
}

/// As apps write it: with statements that the connection keeps.
async fn apply_with_kept_plans(
    connection: &mut PgConnection,
    event: &StoredEvent,
) -> ProjectionResult {
    sqlx::query(
        "INSERT INTO read_wallets (id, balance, deposits) VALUES ($1, $2, 1)
         ON CONFLICT (id) DO UPDATE SET balance = read_wallets.balance + $2, deposits = read_wallets.deposits + 1",
    )
    .bind(event.stream.aggregate_id)
    .bind(event.payload["amount"].as_i64())
    .execute(connection)
    .await?;
    Ok(())
}

fn wallets_with_kept_plans() -> Projection<Postgres> {
    Projection::new("wallets", 1, apply_with_kept_plans).of("wallet", ["deposited"])
}

#[tokio::test]
async fn a_plan_that_a_connection_keeps_finds_the_shadow_and_afterwards_the_table() {
    rebuild_with_one_connection(|| wallets_with_kept_plans().table("read_wallets", "id")).await;
}

#[tokio::test]
async fn a_plan_that_a_connection_keeps_finds_the_shadow_that_is_kept_as_well() {
    rebuild_with_one_connection(|| wallets_with_kept_plans().shared_table("read_wallets")).await;
}

async fn rebuild_with_one_connection(wallets: fn() -> Projection<Postgres>) {
    let database = database().await;
    let handlers = || with(wallets());
    let one = database.pool_of(1).await;
    let deposits = || (0..20).map(|number| Change::deposit(wallet(number % 4), 3));
    for _ in 0..3 {
        for change in deposits() {
            let handlers = handlers();
            let write = handlers.write_as(User::system(), "wallet:write:change", change);
            write.commit(&one).await.unwrap();
        }
        let right = database.texts(ROWS).await;
        database.execute("UPDATE read_wallets SET balance = 0 WHERE deposits % 2 = 1; DELETE FROM read_wallets WHERE deposits % 2 = 0").await;
        // Without a preparation, after which another connection would come.
        let runner = SeedRunner::new(&[]).handlers(handlers());
        let runner = runner.step_size(1..=7);
        let runner = runner.rebuilding(&one, &["wallets"]).await.unwrap();
        let report = runner.work(&one).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        assert_eq!(database.texts(ROWS).await, right);
    }
    one.close().await;
    database.remove().await;
}

#[tokio::test]
async fn what_depends_on_the_table_stays() {
    let database = database().await;
    make(
        &database,
        &handlers(),
        (0..40).map(|number| Change::deposit(wallet(number), 3)),
    )
    .await;
    database
        .execute(
            "CREATE INDEX by_balance ON read_wallets (balance);
         CREATE VIEW rich AS SELECT * FROM read_wallets WHERE balance > 2;
         CREATE TABLE cards (wallet uuid REFERENCES read_wallets (id));
         INSERT INTO cards SELECT id FROM read_wallets WHERE balance > 0 LIMIT 5;
         CREATE TABLE seen (id uuid);
         CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN INSERT INTO seen VALUES (NEW.id); RETURN NEW; END';
         CREATE TRIGGER see AFTER UPDATE ON read_wallets FOR EACH ROW EXECUTE FUNCTION see();
         GRANT SELECT ON read_wallets TO PUBLIC;
         COMMENT ON TABLE read_wallets IS 'mine'",
        )
        .await;
    let about = "SELECT concat_ws(' ', oid, relfilenode, relacl, relnatts, relhastriggers, obj_description(oid),
                     (SELECT string_agg(indexrelid::text, ',' ORDER BY indexrelid) FROM pg_index WHERE indrelid = pg_class.oid))
                 FROM pg_class WHERE relname = 'read_wallets'";
    let before = database.text(about).await;
    database.execute("ALTER TABLE read_wallets DISABLE TRIGGER see; UPDATE read_wallets SET balance = 1 WHERE id > (SELECT id FROM read_wallets ORDER BY id LIMIT 1 OFFSET 29);
                      ALTER TABLE read_wallets ENABLE TRIGGER see").await;
    rebuild(&database, runner(handlers())).await;
    assert_eq!(database.text(about).await, before);
    let counts = "SELECT concat_ws(' ', (SELECT count(*) FROM rich), (SELECT count(*) FROM cards), (SELECT count(*) FROM seen))";
    assert_eq!(database.text(counts).await, "40 5 10");
    database.remove().await;
}

#[tokio::test]
async fn somebody_who_has_the_table_for_long_is_waited_for_and_nobody_behind_them() {
    let database = database().await;
    make(
        &database,
        &handlers(),
        (0..10).map(|number| Change::deposit(wallet(number), 3)),
    )
    .await;
    // Creates the table of progress.
    rebuild(&database, runner(handlers())).await;
    let right = database.texts(ROWS).await;
    database
        .execute("UPDATE read_wallets SET balance = 0 WHERE deposits = 1")
        .await;
    let mut long = PgConnection::connect(&database.url).await.unwrap();
    let mut transaction = long.begin().await.unwrap();
    sqlx::query("UPDATE read_wallets SET name = 'held' WHERE id = $1")
        .bind(wallet(1))
        .execute(&mut *transaction)
        .await
        .unwrap();
    sleep(Duration::from_millis(300)).await;
    let others = async {
        let began = Instant::now();
        let mut longest = Duration::ZERO;
        let mut waits = String::new();
        while began.elapsed() < Duration::from_secs(2) {
            let clock = Instant::now();
            make(&database, &handlers(), [Change::deposit(wallet(7), 0)]).await;
            longest = longest.max(clock.elapsed());
            let now = database
                .texts("SELECT coalesce(\"cursor\", '') FROM kumiko_es_progress")
                .await;
            waits = now
                .into_iter()
                .find(|cursor| cursor.contains("waits_for"))
                .unwrap_or(waits);
            sleep(Duration::from_millis(10)).await;
        }
        transaction.rollback().await.unwrap();
        (longest, waits)
    };
    let ((), (longest, waits)) = join(rebuild(&database, runner(handlers())), others).await;
    assert!(longest < Duration::from_millis(400), "{longest:?}");
    assert!(waits.contains("a transaction of"), "{waits}");
    let mut rows = database.texts(ROWS).await;
    rows.retain(|row| !row.starts_with(&wallet(7).to_string()));
    assert!(rows.iter().all(|row| right.contains(row)), "{rows:?}");
    database.remove().await;
}

async fn apply_to_many_types(
    connection: &mut PgConnection,
    event: &StoredEvent,
) -> ProjectionResult {
    sqlx::query(
        "INSERT INTO read_wallets (id, balance, plain, pair, tags, mood, at, place, share)
         VALUES ($1, 1, $2, $2, ARRAY['a', NULL], 'good', $3, point(1, 2), 1.50)
         ON CONFLICT (id) DO UPDATE SET balance = read_wallets.balance + 1",
    )
    .bind(event.stream.aggregate_id)
    .bind(&event.payload)
    .bind(event.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

#[tokio::test]
async fn columns_of_every_kind_are_compared_and_repaired() {
    let database = database().await;
    database.execute(
        "CREATE TYPE mood AS ENUM ('good', 'bad');
         CREATE DOMAIN share AS numeric CHECK (VALUE > 0);
         ALTER TABLE read_wallets
             ADD plain json, ADD pair jsonb, ADD tags text[], ADD mood mood, ADD at timestamptz, ADD place point, ADD share share,
             ADD twice bigint GENERATED ALWAYS AS (balance * 2) STORED, ADD \"Odd \"\"name\" integer DEFAULT 7"
    ).await;
    let handlers = || {
        with(
            Projection::new("wallets", 1, apply_to_many_types)
                .of("wallet", ["deposited"])
                .table("read_wallets", "id"),
        )
    };
    make(
        &database,
        &handlers(),
        (0..20).map(|number| Change::deposit(wallet(number % 10), 3)),
    )
    .await;
    let rows = "SELECT CAST(read_wallets AS text) FROM read_wallets ORDER BY id";
    let right = database.texts(rows).await;
    let check = handlers()
        .check_projection(&database.pool, "wallets", 99)
        .await
        .unwrap();
    assert_eq!(check.wrong(), 0, "{check:?}");
    let spoils = [
        ("plain", "'{}'"),
        ("pair", "NULL"),
        ("tags", "'{b}'"),
        ("mood", "'bad'"),
        ("at", "now() + interval '1 day'"),
        ("place", "point(2, 1)"),
        ("share", "2"),
        ("balance", "9"),
        ("\"Odd \"\"name\"", "NULL"),
    ];
    for (number, (column, value)) in (0..).zip(spoils) {
        database
            .execute(&format!(
                "UPDATE read_wallets SET {column} = {value} WHERE id = '{}'",
                wallet(number)
            ))
            .await;
    }
    let check = handlers()
        .check_projection(&database.pool, "wallets", 99)
        .await
        .unwrap();
    let mut columns: Vec<_> = check.rows.iter().map(|row| row.columns.join(" ")).collect();
    columns.sort();
    assert_eq!(
        columns,
        [
            "Odd \"name",
            "at",
            "balance",
            "mood",
            "pair",
            "place",
            "plain",
            "share",
            "tags"
        ]
    );
    rebuild(&database, runner(handlers())).await;
    assert_eq!(database.texts(rows).await, right);
    database.remove().await;
}

#[tokio::test]
async fn hidden_rows_are_an_error() {
    let database = database().await;
    make(
        &database,
        &handlers(),
        (0..4).map(|number| Change::deposit(wallet(number), 3)),
    )
    .await;
    database.execute(
        "ALTER TABLE read_wallets ENABLE ROW LEVEL SECURITY; ALTER TABLE read_wallets FORCE ROW LEVEL SECURITY;
         DROP ROLE IF EXISTS kumiko_test_blind; CREATE ROLE kumiko_test_blind NOLOGIN;
         GRANT ALL ON ALL TABLES IN SCHEMA public TO kumiko_test_blind"
    ).await;
    let pool = database.pool_of(1).await;
    Postgres::execute(&pool, "SET ROLE kumiko_test_blind")
        .await
        .unwrap();
    let error = handlers()
        .check_projection(&pool, "wallets", 1)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "row level security may hide rows of table \"read_wallets\" from role \"kumiko_test_blind\""
    );
    pool.close().await;
    database
        .execute("DROP OWNED BY kumiko_test_blind; DROP ROLE kumiko_test_blind")
        .await;
    database.remove().await;
}

/// Rows of several aggregates are computed in a schema of their own.
#[tokio::test]
async fn a_role_that_may_not_create_the_schema_is_told_what_to_run() {
    let database = database().await;
    make(&database, &handlers(), [Change::deposit(wallet(1), 3)]).await;
    database.execute("UPDATE read_totals SET total = 0").await;
    let role = Role::create(&database).await;
    let grant = format!(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO {0:?}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {0:?};
         GRANT CREATE ON SCHEMA public TO {0:?}",
        role.name
    );
    database.execute(&grant).await;
    let role = role.reconnect().await;
    let rebuild = async || {
        let runner = runner(handlers());
        let runner = runner.rebuilding(&role.pool, &["totals"]).await.unwrap();
        runner.work(&role.pool).await
    };
    let report = rebuild().await;
    let remedy = report.failed[0].error.remedy().unwrap();
    assert!(
        remedy.contains("CREATE SCHEMA kumiko_rebuild_public AUTHORIZATION"),
        "{remedy}"
    );
    let create = format!(
        "CREATE SCHEMA kumiko_rebuild_public AUTHORIZATION {:?}",
        role.name
    );
    database.execute(&create).await;
    let report = rebuild().await;
    assert_eq!(report.applied.len(), 1, "{report:?}");
    let total = "SELECT CAST(total AS text) FROM read_totals";
    assert_eq!(database.text(total).await, "3");
    role.remove(&database).await;
    database.remove().await;
}

/// What happens while an event is applied to a shadow, once.
static MEANWHILE: Mutex<Option<PgPool>> = Mutex::new(None);

fn apply_while_somebody_writes<'a>(
    connection: &'a mut PgConnection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        apply::<Postgres>(connection, event).await?;
        let meanwhile = MEANWHILE.lock().unwrap().take();
        if let Some(pool) = meanwhile {
            let handlers = handlers();
            let deposit = Change::deposit(wallet(1), 1);
            let write = handlers.write_as(User::system(), "wallet:write:change", deposit);
            write.commit(&pool).await?;
        }
        Ok(())
    })
}

/// The row is one short, the events are read, somebody adds one: now the row is equal to what was computed, and wrong.
#[tokio::test]
async fn a_row_that_comes_to_look_right_is_repaired_all_the_same() {
    let database = database().await;
    make(
        &database,
        &handlers(),
        (0..3).map(|_| Change::deposit(wallet(1), 1)),
    )
    .await;
    for way in ["some at a time", "all at once"] {
        database
            .execute(
                "UPDATE read_wallets SET balance = balance - 1, deposits = deposits - 1;
                 UPDATE read_totals SET total = total - 1",
            )
            .await;
        *MEANWHILE.lock().unwrap() = Some(database.pool_of(1).await);
        let handlers = || {
            let watched = Projection::new("wallets", 1, apply_while_somebody_writes)
                .of("wallet", ["deposited"])
                .table("read_wallets", "id");
            let watched = match way {
                "some at a time" => watched,
                _ => watched.all_at_once(),
            };
            with(watched)
        };
        rebuild(&database, runner(handlers())).await;
        assert!(MEANWHILE.lock().unwrap().is_none());
        let check = kumiko_tests::wallets::handlers::<Postgres>();
        let check = check
            .check_projection(&database.pool, "wallets", 9)
            .await
            .unwrap();
        assert_eq!(check.wrong(), 0, "{way}: {check:?}");
    }
    database.remove().await;
}

/// Whoever writes while a row is computed, and whether the last of them had to wait.
static WRITERS: Mutex<Option<(PgPool, Option<bool>)>> = Mutex::new(None);

/// The third deposit comes while the second is applied, the fourth while the third is, and so on: a row that is never still.
fn apply_to_a_row_that_goes_on<'a>(
    connection: &'a mut PgConnection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        apply::<Postgres>(connection, event).await?;
        let writers = WRITERS.lock().unwrap().clone();
        let Some((pool, None)) = writers else {
            return Ok(());
        };
        let handlers = handlers();
        let deposit = Change::deposit(wallet(1), 1);
        let write = handlers.write_as(User::system(), "wallet:write:change", deposit);
        let write = write.commit(&pool);
        match event.version {
            2 | 3 => drop(write.await?),
            // It was read after the lock, since what came before was read twice without.
            4 => {
                let has_to_wait = timeout(Duration::from_millis(80), write).await.is_err();
                *WRITERS.lock().unwrap() = Some((pool, Some(has_to_wait)));
            }
            _ => {}
        }
        Ok(())
    })
}

/// A row that differs each time it is read is read once more when nobody can write it, and repaired then.
#[tokio::test]
async fn nobody_writes_between_the_last_look_at_a_row_and_its_repair() {
    let database = database().await;
    let deposits = (0..2).map(|_| Change::deposit(wallet(1), 1));
    make(&database, &handlers(), deposits).await;
    *WRITERS.lock().unwrap() = Some((database.pool_of(1).await, None));
    let restless = Projection::new("wallets", 1, apply_to_a_row_that_goes_on)
        .of("wallet", ["deposited"])
        .table("read_wallets", "id");
    rebuild(&database, runner(with(restless))).await;
    let waited = WRITERS.lock().unwrap().take().unwrap().1;
    assert_eq!(waited, Some(true));
    let check = handlers::<Postgres>();
    let check = check
        .check_projection(&database.pool, "wallets", 9)
        .await
        .unwrap();
    assert_eq!(check.wrong(), 0, "{check:?}");
    assert_eq!(check.events, 4);
    database.remove().await;
}

/// Where somebody writes who ends while the rebuild waits for the lock.
static ENDS_SOON: Mutex<Option<PgPool>> = Mutex::new(None);

fn apply_beside_who_ends_soon<'a>(
    connection: &'a mut PgConnection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        apply::<Postgres>(connection, event).await?;
        let pool = ENDS_SOON.lock().unwrap().take();
        if let Some(pool) = pool {
            let handlers = handlers();
            let mut transaction = pool.begin().await?;
            let deposit = Change::deposit(wallet(1), 1);
            let write = handlers.write_as(User::system(), "wallet:write:change", deposit);
            write.within(&mut transaction).await?;
            tokio::spawn(async move {
                sleep(Duration::from_millis(40)).await;
                transaction.commit().await.unwrap();
            });
        }
        Ok(())
    })
}

/// The event of somebody who has written and not committed is not to be seen before the lock, and the first repair of the row has it.
#[tokio::test]
async fn a_write_that_ends_while_the_lock_is_waited_for_is_not_undone() {
    let database = database().await;
    let deposits = (0..2).map(|_| Change::deposit(wallet(1), 1));
    make(&database, &handlers(), deposits).await;
    database
        .execute(
            "CREATE TABLE seen (number bigserial, balance bigint);
             CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN INSERT INTO seen (balance) VALUES (NEW.balance); RETURN NEW; END';
             CREATE TRIGGER see AFTER UPDATE ON read_wallets FOR EACH ROW EXECUTE FUNCTION see()",
        )
        .await;
    for (right, is_shared) in [(2, false), (3, true)] {
        database
            .execute("UPDATE read_wallets SET balance = balance + 7; TRUNCATE seen")
            .await;
        *ENDS_SOON.lock().unwrap() = Some(database.pool_of(1).await);
        let wallets =
            Projection::new("wallets", 1, apply_beside_who_ends_soon).of("wallet", ["deposited"]);
        let wallets = if is_shared {
            wallets.shared_table("read_wallets")
        } else {
            wallets.table("read_wallets", "id")
        };
        rebuild(&database, runner(with(wallets))).await;
        assert!(ENDS_SOON.lock().unwrap().is_none());
        // As somebody has made it, and then as the rebuild has.
        let (wrong, right) = (right + 8, right + 1);
        let balances = "SELECT string_agg(CAST(balance AS text), ' ' ORDER BY number) FROM seen";
        assert_eq!(database.text(balances).await, format!("{wrong} {right}"));
    }
    database.remove().await;
}

/// An id is drawn before others and committed after them.
#[tokio::test]
async fn an_event_with_a_lower_id_that_is_committed_late_is_not_lost() {
    let database = database().await;
    // Without another projection, whose row both would write.
    let handlers = || {
        let wallets = Projection::new("wallets", 1, apply_with_kept_plans);
        with(
            wallets
                .of("wallet", ["deposited"])
                .shared_table("read_wallets"),
        )
    };
    make(&database, &handlers(), [Change::deposit(wallet(1), 1)]).await;
    let spoil = "UPDATE read_wallets SET balance = 7";
    database.execute(spoil).await;
    let late = handlers();
    let mut transaction = database.pool.begin().await.unwrap();
    let deposit = Change::deposit(wallet(2), 2);
    let write = late.write_as(User::system(), "wallet:write:change", deposit);
    write.within(&mut transaction).await.unwrap();
    make(&database, &handlers(), [Change::deposit(wallet(3), 3)]).await;
    let commit = async {
        sleep(Duration::from_millis(500)).await;
        transaction.commit().await.unwrap();
    };
    // One event a step, so that there is a step between.
    let runner = runner(handlers()).step_size(1..=1);
    join(rebuild(&database, runner), commit).await;
    let balances = "SELECT CAST(balance AS text) FROM read_wallets ORDER BY id";
    assert_eq!(database.texts(balances).await, ["1", "2", "3"]);
    let ids = "SELECT string_agg(payload->>'amount', ' ' ORDER BY id) FROM kumiko_events";
    assert_eq!(database.text(ids).await, "1 2 3");
    database.remove().await;
}
