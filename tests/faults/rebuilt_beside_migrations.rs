//! Migrations of a projection's table while it is rebuilt.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join, join_all};
use kumiko_seeds::events::{Handlers, Projection, ProjectionResult, Projections, StoredEvent};
use kumiko_seeds::{SeedRunner, WorkReport};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::wallets::{Change, apply, handlers, make, prepare, runner, totals};
use kumiko_tests::wallets_by_sql::assert_right;
use kumiko_tests::writers::write_until;
use sqlx::{Connection, PgConnection, Postgres};
use tokio::time::sleep;
use uuid::Uuid;

const WALLETS: u128 = 60;

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128((0x0101_0101_0101_0101 * (number % WALLETS + 1)) << 64)
}

/// Wallets with their rows, which a rebuild has been through.
async fn database(deposits: u128) -> TestDatabase<Postgres> {
    let database = Postgres::create().await;
    prepare(&database).await;
    let deposits = (0..deposits).map(|number| Change::deposit(wallet(number), 1));
    make(&database, &handlers(), deposits).await;
    database
}

async fn rebuild(
    database: &TestDatabase<Postgres>,
    names: &[&str],
    runner: SeedRunner<Postgres>,
) -> WorkReport {
    let runner = runner.rebuilding(&database.pool, names).await.unwrap();
    runner.work(&database.pool).await
}

/// Rebuilds both projections, which has to succeed.
async fn rebuild_all(database: &TestDatabase<Postgres>, runner: SeedRunner<Postgres>) {
    let report = rebuild(database, &["wallets", "totals"], runner).await;
    assert_eq!(report.applied.len(), 2, "{report:?}");
}

/// Waits until a rebuild of the wallets has done some steps.
async fn until_under_way(database: &TestDatabase<Postgres>) {
    let under_way = "SELECT id FROM kumiko_es_progress WHERE id LIKE '%wallets%' AND steps > 2";
    while database.texts(under_way).await.is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
}

async fn run(connection: &mut PgConnection, sql: &str) {
    Postgres::run(connection, sql).await.unwrap();
}

/// Keeps which deposit was the last, in a column that a migration adds.
fn apply_with_latest<'a>(
    connection: &'a mut PgConnection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    async move {
        apply::<Postgres>(connection, event).await?;
        let (version, id) = (event.version, event.stream.aggregate_id);
        let latest = format!("UPDATE read_wallets SET latest = {version} WHERE id = '{id}'");
        Ok(Postgres::run(connection, &latest).await?)
    }
    .boxed()
}

fn with(wallets: Projection<Postgres>) -> Handlers<Postgres> {
    handlers().projections(Projections::new().register(wallets).register(totals(1)))
}

/// All rows are those of one step, which begins while the migration is about to commit.
#[tokio::test]
async fn a_step_that_meets_a_migration_takes_the_table_as_it_is_afterwards() {
    let database = database(WALLETS * 2).await;
    let handlers = || {
        let wallets = Projection::new("wallets", 2, apply_with_latest);
        with(
            wallets
                .of("wallet", ["deposited"])
                .table("read_wallets", "id"),
        )
    };
    let spoil = "UPDATE read_wallets SET balance = 0";
    let migrations = [
        // Of what was right before, the new column alone is wrong.
        ("", "ALTER TABLE read_wallets ADD COLUMN latest integer"),
        (spoil, "ALTER TABLE read_wallets ADD COLUMN note text"),
        (spoil, "ALTER TABLE read_wallets DROP COLUMN note"),
        (
            spoil,
            "ALTER TABLE read_wallets ADD COLUMN kind text NOT NULL DEFAULT 'x'",
        ),
        (
            spoil,
            "ALTER TABLE read_wallets ALTER COLUMN balance TYPE numeric",
        ),
        (spoil, "CREATE INDEX richest ON read_wallets (balance)"),
    ];
    for (spoil, migration) in migrations {
        database.execute(spoil).await;
        let migrate = async {
            let mut connection = PgConnection::connect(&database.url).await.unwrap();
            run(&mut connection, &format!("BEGIN; {migration}")).await;
            sleep(Duration::from_millis(500)).await;
            run(&mut connection, "COMMIT").await;
        };
        let meet = async {
            sleep(Duration::from_millis(100)).await;
            rebuild(
                &database,
                &["wallets"],
                runner(handlers()).step_size(1_000..=1_000),
            )
            .await
        };
        let ((), report) = join(migrate, meet).await;
        assert_eq!(report.applied.len(), 1, "{migration}: {report:?}");
        assert_right(&database).await;
        let wrong =
            "SELECT CAST(id AS text) FROM read_wallets WHERE latest IS DISTINCT FROM deposits";
        assert_eq!(database.texts(wrong).await, [""; 0], "{migration}");
    }
    let kinds = "SELECT DISTINCT kind FROM read_wallets";
    assert_eq!(database.texts(kinds).await, ["x"]);
    database.remove().await;
}

/// It holds for long what a step needs, and then asks for what a step has.
#[tokio::test]
async fn a_migration_of_several_tables_is_no_victim_of_a_deadlock() {
    let database = database(WALLETS * 4).await;
    let is_over = Cell::new(false);
    let migrate = async {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        for tables in [
            ["kumiko_events", "read_wallets"],
            ["read_wallets", "kumiko_events"],
        ] {
            let [first, second] = tables.map(|table| format!("ALTER TABLE {table} ADD COLUMN more integer; ALTER TABLE {table} DROP COLUMN more"));
            run(&mut connection, &format!("BEGIN; {first}")).await;
            // The server looks for deadlocks after a second, once.
            sleep(Duration::from_millis(1_500)).await;
            run(&mut connection, &format!("{second}; COMMIT")).await;
        }
        is_over.set(true);
    };
    let rebuild = async {
        while !is_over.get() {
            rebuild_all(&database, runner(handlers()).step_size(1..=60)).await;
        }
    };
    join(migrate, rebuild).await;
    assert_right(&database).await;
    database.remove().await;
}

/// Who waits for a writer leaves the table alone meanwhile, so that a migration need not wait for both.
#[tokio::test]
async fn a_rebuild_that_waits_holds_no_table() {
    let database = database(WALLETS).await;
    database
        .execute("UPDATE read_wallets SET balance = 0")
        .await;
    let mut writer = PgConnection::connect(&database.url).await.unwrap();
    let holds = format!(
        "BEGIN; UPDATE read_wallets SET name = 'x' WHERE id = '{}'",
        wallet(0)
    );
    run(&mut writer, &holds).await;
    let watch = async {
        // Until it rests for as long as it ever does.
        sleep(Duration::from_secs(2)).await;
        let held = "SELECT CAST(count(*) AS text) FROM pg_locks WHERE relation = CAST('read_wallets' AS regclass)
                    AND pid <> (SELECT pid FROM pg_locks WHERE relation = CAST('read_wallets' AS regclass) AND mode = 'RowExclusiveLock')";
        let mut free = 0;
        for _ in 0..40 {
            free += usize::from(database.text(held).await == "0");
            sleep(Duration::from_millis(25)).await;
        }
        run(&mut writer, "ROLLBACK").await;
        free
    };
    let (free, ()) = join(watch, rebuild_all(&database, runner(handlers()))).await;
    assert!(free > 20, "{free} of 40");
    assert_right(&database).await;
    database.remove().await;
}

/// Migrations at any moment of many small steps, beside writers.
#[tokio::test]
async fn migrations_come_through_at_any_moment() {
    const MIGRATIONS: [&str; 6] = [
        "ALTER TABLE read_wallets ADD COLUMN note text",
        "ALTER TABLE read_wallets ADD COLUMN kind text NOT NULL DEFAULT 'x'",
        "CREATE INDEX wallets_by_balance ON read_wallets (balance)",
        "CREATE UNIQUE INDEX CONCURRENTLY wallets_by_id ON read_wallets (id, deposits)",
        "ALTER TABLE read_wallets DROP COLUMN note, DROP COLUMN kind",
        "DROP INDEX wallets_by_balance, wallets_by_id",
    ];
    let database = database(WALLETS * 4).await;
    let is_over = Cell::new(false);
    let migrate = async {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let mut longest = Duration::ZERO;
        for _ in 0..4 {
            for migration in MIGRATIONS {
                sleep(Duration::from_millis(fastrand::u64(..150))).await;
                let clock = Instant::now();
                run(&mut connection, migration).await;
                longest = longest.max(clock.elapsed());
            }
        }
        is_over.set(true);
        longest
    };
    let rebuild = async {
        let mut rebuilds = 0;
        while !is_over.get() {
            let spoil = "UPDATE read_wallets SET balance = balance + 7 WHERE deposits > 1; UPDATE read_totals SET total = 3";
            while Postgres::execute(&database.pool, spoil).await.is_err() {}
            rebuild_all(&database, runner(handlers()).step_size(1..=30)).await;
            assert_right(&database).await;
            rebuilds += 1;
        }
        rebuilds
    };
    let (any, write_side) = (|| wallet(fastrand::u128(..WALLETS)), handlers());
    let writers = join_all((0..2).map(|_| write_until(&database, &write_side, any, &is_over)));
    let (longest, (rebuilds, written)) = join(migrate, join(rebuild, writers)).await;
    let written: usize = written.iter().map(|it| it.writes).sum();
    println!("24 migrations, the longest {longest:?}; {rebuilds} rebuilds, {written} writes");
    // As long as a step, and a moment of a busy machine.
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    database.remove().await;
}

/// The error names what is missing, nothing has changed, and with the table as it was the rebuild comes through.
#[tokio::test]
async fn a_table_that_is_no_longer_as_declared_stops_the_rebuild_with_a_word() {
    let database = database(WALLETS * 4).await;
    // Creates the table of progress.
    rebuild_all(&database, runner(handlers())).await;
    let migrations = [
        (
            "ALTER TABLE read_wallets RENAME COLUMN id TO wallet",
            "ALTER TABLE read_wallets RENAME COLUMN wallet TO id",
            "has no column \"id\" of type uuid",
        ),
        (
            "ALTER TABLE read_wallets RENAME COLUMN balance TO amount",
            "ALTER TABLE read_wallets RENAME COLUMN amount TO balance",
            "column \"balance\" of relation \"read_wallets\" does not exist",
        ),
        (
            "ALTER TABLE read_wallets RENAME TO wallets",
            "ALTER TABLE wallets RENAME TO read_wallets",
            "there is no table \"read_wallets\", which projection \"wallets\" keeps",
        ),
        (
            "ALTER TABLE read_wallets DROP CONSTRAINT read_wallets_pkey",
            "ALTER TABLE read_wallets ADD PRIMARY KEY (id)",
            "has no primary key",
        ),
    ];
    for (there, back, said) in migrations {
        database
            .execute("UPDATE read_wallets SET balance = balance + 7")
            .await;
        let migrate = async {
            until_under_way(&database).await;
            database.execute(there).await;
        };
        let small = runner(handlers()).step_size(1..=10);
        let ((), report) = join(migrate, rebuild(&database, &["wallets"], small)).await;
        assert_eq!(report.failed.len(), 1, "{there}: {report:?}");
        let error = "SELECT error FROM kumiko_es_progress";
        let error = database.text(error).await;
        assert!(error.contains(said), "{there}: {error}");
        database.execute(back).await;
        rebuild_all(&database, runner(handlers())).await;
        assert_right(&database).await;
    }
    database.remove().await;
}

/// As a driver keeps it for the connection, with the columns that the table had.
fn apply_with_all_columns<'a>(
    connection: &'a mut PgConnection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    async move {
        let all = sqlx::query("SELECT * FROM read_wallets WHERE id = $1");
        all.bind(event.stream.aggregate_id)
            .fetch_optional(&mut *connection)
            .await?;
        apply::<Postgres>(connection, event).await
    }
    .boxed()
}

#[tokio::test]
async fn a_statement_of_all_columns_survives_one_more() {
    let database = database(WALLETS * 4).await;
    // Creates the table of progress.
    rebuild_all(&database, runner(handlers())).await;
    let migrate = async {
        until_under_way(&database).await;
        let add = "ALTER TABLE read_wallets ADD COLUMN note text";
        database.execute(add).await;
    };
    let wallets = Projection::new("wallets", 1, apply_with_all_columns)
        .of("wallet", ["deposited"])
        .table("read_wallets", "id");
    let small = runner(with(wallets)).step_size(1..=10);
    join(migrate, rebuild_all(&database, small)).await;
    assert_right(&database).await;
    database.remove().await;
}
