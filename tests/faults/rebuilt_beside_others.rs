//! Rebuilds beside other rebuilds of the same rows, beside an older release, and while streams are archived.

use std::cell::Cell;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join, join4};
use kumiko_seeds::events::{
    Handlers, Part, Projection, ProjectionResult, Projections, StoredEvent,
};
use kumiko_seeds::{SeedRunner, WorkReport};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, apply, handlers, make, prepare, runner, totals};
use kumiko_tests::wallets_by_sql::{assert_right, wrong};
use kumiko_tests::writers::write_until;
use tokio::time::sleep;
use uuid::Uuid;

const WALLETS: u128 = 60;
/// The first wallets, which somebody archives and takes back.
const ARCHIVED: u128 = 10;
const SPOIL: &str =
    "UPDATE read_wallets SET balance = balance + 7; UPDATE read_totals SET total = 3";

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128((0x0101_0101_0101_0101 * (number % WALLETS + 1)) << 64)
}

fn any_wallet() -> Uuid {
    wallet(fastrand::u128(..WALLETS))
}

async fn wallets_with_rows<DB: Engine>(database: &TestDatabase<DB>) {
    prepare(database).await;
    let deposits = (0..WALLETS * 2).map(|number| Change::deposit(wallet(number), 1));
    make(database, &handlers::<DB>(), deposits).await;
}

/// Does what others may be in the way of.
async fn execute<DB: Engine>(database: &TestDatabase<DB>, sql: &str) {
    while DB::execute(&database.pool, sql).await.is_err() {}
}

async fn work<DB: Engine>(database: &TestDatabase<DB>, runner: SeedRunner<DB>) -> WorkReport {
    let report = runner.work(&database.pool).await;
    assert!(
        report.failed.is_empty() && report.left.is_empty(),
        "{report:?}"
    );
    report
}

async fn rebuild<DB: Engine>(database: &TestDatabase<DB>, handlers: Handlers<DB>, names: &[&str]) {
    let small = runner(handlers).step_size(1..=60);
    work(
        database,
        small.rebuilding(&database.pool, names).await.unwrap(),
    )
    .await;
}

on_both_databases! {
    /// They lock each other out, and a row is repaired by whoever comes first.
    async fn the_whole_and_parts_of_it_at_once(database: &TestDatabase<DB>) {
        wallets_with_rows(database).await;
        rebuild(database, handlers(), &["wallets", "totals"]).await;
        let (is_over, handlers) = (Cell::new(false), handlers::<DB>());
        let part = async |part| {
            let small = runner(self::handlers()).step_size(1..=60);
            let small = small.rebuilding_part(&database.pool, "wallets", part).await.unwrap();
            work(database, small).await;
        };
        let tenant = database.text("SELECT CAST(min(CAST(tenant_id AS text)) AS text) FROM kumiko_events").await;
        let tenant = Uuid::parse_str(&tenant).unwrap();
        let rebuilds = async {
            for round in 0..2 {
                execute(database, SPOIL).await;
                let all = ["wallets", "totals"];
                let whole = rebuild(database, self::handlers(), &all);
                // The same one in two processes.
                let again = rebuild(database, self::handlers(), &all);
                join4(whole, again, part(Part::Tenant(tenant)), part(Part::Aggregate(wallet(round)))).await;
                assert_right(database).await;
            }
            is_over.set(true);
        };
        join(rebuilds, write_until(database, &handlers, any_wallet, &is_over)).await;
    }

    /// A row that was archived at some time is there as a whole or not at all, and every other one is right.
    async fn streams_that_are_archived_meanwhile(database: &TestDatabase<DB>) {
        wallets_with_rows(database).await;
        let uuid = if DB::NAME == "PostgreSQL" { "uuid" } else { "text" };
        execute(database, &format!(
            "CREATE TABLE kumiko_archived_streams (tenant_id {uuid} NOT NULL, aggregate_id {uuid} NOT NULL)"
        )).await;
        let (is_over, handlers) = (Cell::new(false), handlers::<DB>());
        let rebuilds = async {
            for round in 0..2 {
                execute(database, SPOIL).await;
                let churn = async {
                    for number in 0..ARCHIVED {
                        let id = wallet(number);
                        // Archived in the first round, and taken back in the second.
                        execute(database, &if round % 2 == 0 {
                            format!("INSERT INTO kumiko_archived_streams SELECT DISTINCT tenant_id, aggregate_id
                                     FROM kumiko_events WHERE aggregate_id = '{id}'")
                        } else {
                            format!("DELETE FROM kumiko_archived_streams WHERE aggregate_id = '{id}'")
                        }).await;
                        sleep(Duration::from_millis(fastrand::u64(..60))).await;
                    }
                };
                join(churn, rebuild(database, self::handlers(), &["wallets"])).await;
                let (wrong_others, last) = (wrong(&format!("event.id > '{0}'", wallet(ARCHIVED - 1))), wallet(ARCHIVED - 1));
                assert_eq!(database.texts(&wrong_others).await, [""; 0]);
                let partly = wrong(&format!("event.id <= '{last}' AND wallet.id IS NOT NULL"));
                assert_eq!(database.texts(&partly).await, [""; 0]);
                // And once nobody archives any more, as the last word was.
                rebuild(database, self::handlers(), &["wallets"]).await;
                let rows = format!("SELECT CAST(count(*) AS text) FROM read_wallets WHERE id <= '{last}'");
                let expected = if round % 2 == 0 { 0 } else { ARCHIVED };
                assert_eq!(database.text(&rows).await, expected.to_string());
            }
            is_over.set(true);
        };
        let any = || wallet(fastrand::u128(ARCHIVED..WALLETS));
        join(rebuilds, write_until(database, &handlers, any, &is_over)).await;
    }

    /// It knows nothing of a column that the newer one keeps. What it writes to after the rebuild has been there is wrong in that alone, a
    /// check finds it, and once it is gone a rebuild makes it right.
    async fn an_older_release_that_goes_on_writing(database: &TestDatabase<DB>) {
        wallets_with_rows(database).await;
        database.execute("ALTER TABLE read_wallets ADD COLUMN latest integer").await;
        let (is_over, older) = (Cell::new(false), handlers::<DB>());
        // Some few, since a rebuild gives up where all rows turn wrong again and again.
        let written_to = || wallet(fastrand::u128(..3));
        let wrong_latest = "SELECT CAST(id AS text) FROM read_wallets WHERE latest IS NULL OR latest <> deposits ORDER BY id";
        let rebuilds = async {
            // One step, so that it is not a matter of luck whether a pass finds nothing.
            let quick = runner(newer::<DB>()).step_size(1_000..=1_000);
            let quick = quick.rebuilding(&database.pool, &["wallets"]).await.unwrap();
            let report = quick.work(&database.pool).await;
            // Either it found a moment at which all were right, or it says who writes.
            let said = report.failed.first().map(|failed| format!("{:?}", failed.error));
            assert!(said.as_ref().is_none_or(|said| said.contains("Unsettled")), "{said:?}");
            sleep(Duration::from_millis(200)).await;
            is_over.set(true);
        };
        let write_older = write_until(database, &older, written_to, &is_over);
        join(rebuilds, write_older).await;
        let balances = wrong("1 = 1");
        assert_eq!(database.texts(&balances).await, [""; 0]);
        let wrong = database.texts(wrong_latest).await;
        assert!(!wrong.is_empty() && wrong.len() <= 3, "{wrong:?}");
        let check = newer::<DB>().check_projection(&database.pool, "wallets", 100).await.unwrap();
        let mut found: Vec<_> = check.rows.iter().map(|row| row.key[0].clone()).collect();
        found.sort();
        assert_eq!(found, wrong);
        rebuild(database, newer(), &["wallets"]).await;
        assert_eq!(database.texts(wrong_latest).await, [""; 0]);
        assert_eq!(database.texts(&balances).await, [""; 0]);
    }
}

/// Keeps which deposit was the last.
fn newer<DB: Engine>() -> Handlers<DB> {
    let wallets = Projection::new("wallets", 2, apply_with_latest::<DB>)
        .of("wallet", ["deposited"])
        .table("read_wallets", "id");
    handlers().projections(Projections::new().register(wallets).register(totals(1)))
}

fn apply_with_latest<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    async move {
        apply::<DB>(connection, event).await?;
        let (version, id) = (event.version, event.stream.aggregate_id);
        let latest = format!("UPDATE read_wallets SET latest = {version} WHERE id = '{id}'");
        Ok(DB::run(connection, &latest).await?)
    }
    .boxed()
}
