//! Projections that are checked against their events, and rebuilt.

use kumiko_seeds::events::{ProjectionCheck, Wrong};
use kumiko_seeds::{SeedRunner, SkipFlags, State, Status};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, REBUILD, ROWS, handlers, make, prepare, runner};
use uuid::Uuid;

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128(number << 64)
}

async fn status<DB: Engine>(
    database: &TestDatabase<DB>,
    runner: &SeedRunner<DB>,
) -> Vec<(String, State)> {
    let history = runner.ledger(&database.pool).history().await.unwrap();
    let status = Status::compare(runner.infos(), history, &SkipFlags::default());
    status
        .seeds
        .into_iter()
        .map(|seed| (seed.id, seed.state))
        .collect()
}

async fn check<DB: Engine>(database: &TestDatabase<DB>, name: &str) -> ProjectionCheck {
    handlers::<DB>()
        .check_projection(&database.pool, name, 10)
        .await
        .unwrap()
}

/// Ten wallets with three deposits each, of which the last is closed, and one named.
async fn ten_wallets<DB: Engine>(database: &TestDatabase<DB>) {
    let handlers = handlers::<DB>();
    prepare(database).await;
    let deposits = (0..30)
        .map(|number| Change::deposit(wallet(number % 10), 1 + i64::try_from(number).unwrap()));
    make(database, &handlers, deposits).await;
    make(
        database,
        &handlers,
        [
            Change::name(wallet(3), "it's mine"),
            Change::close(wallet(9)),
        ],
    )
    .await;
}

on_both_databases! {
    async fn rows_are_computed_from_events(database: &TestDatabase<DB>) {
        ten_wallets(database).await;
        database.execute("DELETE FROM read_wallets; DELETE FROM read_totals").await;
        let runner = runner(handlers());
        assert_eq!(
            status(database, &runner).await,
            [("projection-rebuild/totals/1".to_owned(), State::Pending), (REBUILD.to_owned(), State::Pending)]
        );
        let boot = runner.apply(&database.pool).await.unwrap();
        assert_eq!(boot.left_to_background, ["projection-rebuild/totals/1", REBUILD]);
        let report = runner.work(&database.pool).await;
        let applied: Vec<_> = report.applied.iter().map(|applied| applied.id).collect();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        assert_eq!(applied, ["projection-rebuild/totals/1", REBUILD]);
        let expected: Vec<String> = (0..9)
            .map(|number| {
                let balance = 3 * (1 + number) + 30;
                let name = if number == 3 { "it's mine" } else { "-" };
                format!("{} {balance} 3 {name}", wallet(number))
            })
            .collect();
        assert_eq!(database.texts(ROWS).await, expected);
        assert_eq!(
            database.texts("SELECT what || ' ' || total FROM read_totals ORDER BY what").await,
            ["closed 1", "deposited 465"]
        );
        assert_eq!(
            status(database, &runner).await,
            [("projection-rebuild/totals/1".to_owned(), State::Applied), (REBUILD.to_owned(), State::Applied)]
        );
        let again = runner.work(&database.pool).await;
        assert!(again.applied.is_empty());
    }

    async fn a_check_names_what_is_wrong_and_changes_nothing(database: &TestDatabase<DB>) {
        ten_wallets(database).await;
        runner(handlers()).work(&database.pool).await;
        assert_eq!(check(database, "wallets").await.wrong(), 0);
        database.execute(&format!(
            "DELETE FROM read_wallets WHERE id = '{}';
             UPDATE read_wallets SET balance = 0, name = 'x' WHERE id = '{}';
             INSERT INTO read_wallets (id, balance) VALUES ('{}', 1)",
            wallet(0), wallet(1), wallet(77)
        )).await;
        let before = database.texts(ROWS).await;
        let check = check(database, "wallets").await;
        assert_eq!(database.texts(ROWS).await, before);
        assert_eq!(
            (check.events, check.missing, check.different, check.superfluous),
            (32, 1, 1, 1)
        );
        let mut rows: Vec<_> = (check.rows.iter())
            .map(|row| (row.table.as_str(), row.wrong, row.key[0].clone(), row.columns.join(" ")))
            .collect();
        rows.sort_by(|one, other| one.2.cmp(&other.2));
        assert_eq!(rows, [
            ("read_wallets", Wrong::Missing, wallet(0).to_string(), String::new()),
            ("read_wallets", Wrong::Different, wallet(1).to_string(), "balance name".to_owned()),
            ("read_wallets", Wrong::Superfluous, wallet(77).to_string(), String::new()),
        ]);
    }
}
