//! Projections that are checked against their events, and rebuilt.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::future::BoxFuture;
use kumiko_seeds::events::{
    Handlers, Part, Projection, ProjectionCheck, ProjectionError, ProjectionResult, Projections,
    StoredEvent, User, Wrong,
};
use kumiko_seeds::{Environment, SeedRunner, SkipFlags, State, Status};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{
    Change, REBUILD, ROWS, apply, handlers, make, prepare, runner, totals,
};
use uuid::Uuid;

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128(number << 64)
}

async fn status<DB: Engine>(
    database: &TestDatabase<DB>,
    runner: &SeedRunner<DB>,
) -> Vec<(String, State)> {
    let history = runner.ledger(&database.pool).history().await.unwrap();
    let status = Status::compare(
        runner.infos(),
        history,
        &SkipFlags::default(),
        &Environment::Unset,
    );
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
        assert_eq!(check.unseen, [""; 0]);
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

    async fn a_new_database_has_nothing_to_rebuild(database: &TestDatabase<DB>) {
        let boot = runner::<DB>(handlers()).apply(&database.pool).await.unwrap();
        assert!(boot.applied.is_empty() && boot.left_to_background.is_empty());
        assert_eq!(
            status(database, &runner::<DB>(handlers())).await,
            [
                ("projection-rebuild/totals/1".to_owned(), State::Applied),
                (REBUILD.to_owned(), State::Applied),
            ]
        );
        // The app's tables are there.
        make(database, &handlers(), [Change::deposit(wallet(1), 5)]).await;
        let boot = runner::<DB>(handlers()).apply(&database.pool).await.unwrap();
        assert!(boot.applied.is_empty() && boot.left_to_background.is_empty());
        assert_eq!(check(database, "wallets").await.wrong(), 0);
    }

    async fn a_new_version_is_pending_and_an_older_release_is_told(database: &TestDatabase<DB>) {
        ten_wallets(database).await;
        runner(handlers()).work(&database.pool).await;
        database.execute("ALTER TABLE read_wallets ADD COLUMN latest text").await;
        let newer = || handlers_with::<DB>(wallets_with_latest());
        let second = "projection-rebuild/wallets/2";
        let expected = [("projection-rebuild/totals/1".to_owned(), State::Applied), (second.to_owned(), State::Pending)];
        assert_eq!(status(database, &runner(newer())).await, expected);
        let report = runner(newer()).work(&database.pool).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        let latest = "SELECT coalesce(latest, '-') FROM read_wallets ORDER BY id";
        assert_eq!(database.texts(latest).await.join(" "), "21 22 23 24 25 26 27 28 29");

        let older = runner::<DB>(handlers());
        let expected = [
            ("projection-rebuild/totals/1".to_owned(), State::Applied),
            (REBUILD.to_owned(), State::Applied),
            (second.to_owned(), State::Missing),
        ];
        assert_eq!(status(database, &older).await, expected);
        let boot = older.apply(&database.pool).await.unwrap();
        assert_eq!(
            boot.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [format!("{second} was done by a newer release, and this one writes an older version of the rows")]
        );
        assert!(older.work(&database.pool).await.applied.is_empty());
    }

    async fn a_boot_prepares_the_tables_of_a_new_version(database: &TestDatabase<DB>) {
        runner::<DB>(handlers()).apply(&database.pool).await.unwrap();
        ten_wallets(database).await;
        let runner = runner(handlers_with::<DB>(wallets_with_latest())).prepare(|connection| Box::pin(async move {
            Ok(DB::run(connection, "ALTER TABLE read_wallets ADD COLUMN latest text").await?)
        }));
        let boot = runner.apply(&database.pool).await.unwrap();
        assert_eq!(boot.left_to_background, ["projection-rebuild/wallets/2"]);
        // People write while the rows from before are still without it.
        make(database, &handlers_with(wallets_with_latest()), [Change::deposit(wallet(5), 7)]).await;
        let latest = "SELECT coalesce(latest, '-') FROM read_wallets ORDER BY id";
        assert_eq!(database.texts(latest).await.join(" "), "- - - - - 7 - - -");
    }

    async fn a_projection_that_writes_elsewhere_is_refused(database: &TestDatabase<DB>) {
        ten_wallets(database).await;
        let before = database.texts(ROWS).await;
        let totals = "SELECT what || ' ' || total FROM read_totals ORDER BY what";
        let totals_before = database.texts(totals).await;
        let schema = if DB::NAME == "PostgreSQL" { "public" } else { "main" };
        for statement in [
            "INSERT INTO read_totals (what, total) VALUES ('stolen', 1)".to_owned(),
            "UPDATE read_totals SET total = 0".to_owned(),
            format!("DELETE FROM {schema}.read_wallets WHERE balance > 0"),
        ] {
            let projection = Projection::new("wallets", 1, writes_elsewhere::<DB>)
                .of("wallet", ["deposited"])
                .table("read_wallets", "id");
            let handlers = Handlers::new()
                .projections(Projections::new().register(projection));
            ELSEWHERE.with_borrow_mut(|elsewhere| elsewhere.clone_from(&statement));
            let error = handlers.check_projection(&database.pool, "wallets", 1).await.unwrap_err();
            assert!(matches!(error, ProjectionError::WroteElsewhere { .. }), "{statement}: {error:?}");
            let report = runner(handlers).work(&database.pool).await;
            assert_eq!(report.failed.len(), 1, "{statement}: {report:?}");
            assert!(with_causes(&report.failed[0].error).contains("writes to a table that it does not declare"));
            database.execute("DELETE FROM kumiko_es_progress").await;
        }
        assert_eq!(database.texts(ROWS).await, before);
        assert_eq!(database.texts(totals).await, totals_before);
    }

    async fn an_event_that_cannot_be_applied_is_named(database: &TestDatabase<DB>) {
        ten_wallets(database).await;
        let before = database.texts(ROWS).await;
        let handlers = || {
            let projection = Projection::new("wallets", 1, fails_at_a_name::<DB>)
                .of("wallet", ["deposited", "named"])
                .table("read_wallets", "id");
            Handlers::new().projections(Projections::new().register(projection))
        };
        let report = runner(handlers()).work(&database.pool).await;
        let expected = format!("event 31, named at version 4 of wallet {}", wallet(3));
        let told = with_causes(&report.failed[0].error);
        assert!(told.contains(&expected) && told.contains("no names"), "{told}");
        let progress = database.text("SELECT state || ' ' || error FROM kumiko_es_progress").await;
        assert!(progress.starts_with("failed ") && progress.contains(&expected), "{progress}");
        assert_eq!(database.texts(ROWS).await, before);
        let error = handlers().check_projection(&database.pool, "wallets", 1).await.unwrap_err();
        assert!(error.to_string().contains(&expected), "{error}");
    }

    async fn a_table_that_is_not_as_declared_is_refused(database: &TestDatabase<DB>) {
        prepare(database).await;
        database.execute("CREATE TABLE read_without_key (id text)").await;
        for (table, column, said) in [
            ("read_nothing", "id", "there is no table \"read_nothing\", which projection \"wallets\" keeps"),
            ("read_without_key", "id", "table \"read_without_key\" of projection \"wallets\" has no primary key"),
            ("read_wallets", "owner", "table \"read_wallets\" of projection \"wallets\" has no column \"owner\""),
        ] {
            let projection = Projection::new("wallets", 1, fails_at_a_name::<DB>).of("wallet", ["named"]).table(table, column);
            let handlers = Handlers::new().projections(Projections::new().register(projection));
            let error = handlers.check_projection(&database.pool, "wallets", 1).await.unwrap_err();
            assert!(error.to_string().starts_with(said), "{error}");
        }
        let error = handlers::<DB>().check_projection(&database.pool, "walets", 1).await.unwrap_err();
        let projection = Projection::new("wallets", 1, fails_at_a_name::<DB>)
            .of("wallet", ["nmaed", "deposited", "closed"])
            .table("read_wallets", "id");
        let handlers_of_misspelt = Handlers::new().projections(Projections::new().register(projection));
        make(database, &handlers(), [Change::deposit(wallet(1), 1)]).await;
        let check = handlers_of_misspelt.check_projection(&database.pool, "wallets", 1).await.unwrap();
        assert_eq!(check.unseen, ["closed", "nmaed"]);
        assert_eq!(error.to_string(), "there is no projection \"walets\"; there are wallets, totals");
    }

    async fn an_archived_stream_has_no_rows_after_a_rebuild(database: &TestDatabase<DB>) {
        ten_wallets(database).await;
        let uuid = if DB::NAME == "PostgreSQL" { "uuid" } else { "text" };
        database.execute(&format!(
            "CREATE TABLE kumiko_archived_streams (tenant_id {uuid} NOT NULL, aggregate_id {uuid} NOT NULL);
             INSERT INTO kumiko_archived_streams SELECT DISTINCT tenant_id, aggregate_id FROM kumiko_events WHERE aggregate_id = '{}'",
            wallet(4)
        )).await;
        assert_eq!(check(database, "wallets").await.superfluous, 1);
        runner(handlers()).work(&database.pool).await;
        let ids = database.texts("SELECT CAST(id AS text) FROM read_wallets").await;
        assert_eq!((ids.len(), ids.contains(&wallet(4).to_string())), (8, false));
        assert_eq!(check(database, "totals").await.wrong(), 0);
    }

    async fn a_rebuild_that_is_cut_off_goes_on(database: &TestDatabase<DB>) {
        prepare(database).await;
        let deposits = (0..600).map(|number| Change::deposit(wallet(number % 150), 1));
        make(database, &handlers::<DB>(), deposits).await;
        let expected = database.texts(ROWS).await;
        database.execute("UPDATE read_wallets SET balance = 99; DELETE FROM read_totals").await;
        let mut cut = 0;
        loop {
            let runner = runner(handlers()).step_size(1..=30);
            let pool = database.pool_of(1).await;
            // To drop the future closes the connection in the middle of whatever it does.
            let patience = Duration::from_millis(fastrand::u64(1..400));
            let worked = tokio::time::timeout(patience, runner.work(&pool)).await;
            pool.close().await;
            match worked {
                Ok(report) if report.left.is_empty() && report.failed.is_empty() => break,
                Ok(report) => panic!("{report:?}"),
                Err(_) => cut += 1,
            }
            assert!(cut < 300);
        }
        println!("{}: cut off {cut} times", DB::NAME);
        assert_eq!(database.texts(ROWS).await, expected);
        assert_eq!(check(database, "totals").await.wrong(), 0);
        let markers = "SELECT count(*) FROM kumiko_es_operations WHERE operation_type = 'projection-rebuild'";
        assert_eq!(database.text(&format!("SELECT CAST(({markers}) AS text)")).await, "2");
    }

    async fn what_is_asked_for_again_leaves_a_row_each_time(database: &TestDatabase<DB>) {
        ten_wallets(database).await;
        for _ in 0..3 {
            let runner = runner(handlers()).rebuilding(&database.pool, &["wallets"]).await.unwrap();
            assert_eq!(runner.work(&database.pool).await.applied.len(), 1);
        }
        let ids = "SELECT id FROM kumiko_es_operations WHERE operation_type = 'projection-rebuild' ORDER BY id";
        let expected = [REBUILD.to_owned(), format!("{REBUILD}/1"), format!("{REBUILD}/2")];
        assert_eq!(database.texts(ids).await, expected);
        let unknown = runner::<DB>(handlers()).rebuilding(&database.pool, &["walets"]).await.unwrap_err();
        assert!(with_causes(&unknown).contains("there are wallets, totals"));
        let states = status(database, &runner(handlers())).await;
        assert_eq!(states, [
            ("projection-rebuild/totals/1".to_owned(), State::Pending),
            (REBUILD.to_owned(), State::Applied),
        ]);
    }

    async fn a_part_of_it_is_rebuilt_alone(database: &TestDatabase<DB>) {
        ten_wallets(database).await;
        let [mine, other] = [Uuid::from_u128(1 << 100), Uuid::from_u128(2 << 100)];
        for (number, tenant) in [(100, mine), (101, mine), (102, other)] {
            let handlers = handlers::<DB>();
            let write = handlers.write_as(User::system(), "wallet:write:change", Change::deposit(wallet(number), 5));
            write.in_tenant(tenant).commit(&database.pool).await.unwrap();
        }
        let right = database.texts(ROWS).await;
        database.execute("UPDATE read_wallets SET balance = -1").await;
        let spoilt = "SELECT CAST(id AS text) FROM read_wallets WHERE balance = -1 ORDER BY id";
        for (part, repaired) in [(Part::Aggregate(wallet(3)), vec![3]), (Part::Tenant(mine), vec![3, 100, 101])] {
            let runner = runner(handlers()).step_size(1..=1);
            let runner = runner.rebuilding_part(&database.pool, "wallets", part).await.unwrap();
            let report = runner.work(&database.pool).await;
            assert_eq!(report.applied[0].id, format!("aggregate-rebuild/wallets/{part}/1"), "{report:?}");
            let left = (0..9).chain(100..103).filter(|number| !repaired.contains(number));
            let left: Vec<String> = left.map(|number| wallet(number).to_string()).collect();
            assert_eq!(database.texts(spoilt).await, left);
        }
        let runner = runner(handlers()).rebuilding(&database.pool, &["wallets"]).await.unwrap();
        runner.work(&database.pool).await;
        assert_eq!(database.texts(ROWS).await, right);
        let states = status(database, &self::runner(handlers())).await;
        assert_eq!(states[1], (REBUILD.to_owned(), State::Applied));
        let shared = self::runner::<DB>(handlers());
        let error = shared.rebuilding_part(&database.pool, "totals", Part::Tenant(mine)).await.unwrap_err();
        assert!(with_causes(&error).contains("as a whole only"), "{error:?}");
    }
}

thread_local! {
    static ELSEWHERE: RefCell<String> = const { RefCell::new(String::new()) };
}

fn writes_elsewhere<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    _: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    let statement = ELSEWHERE.with_borrow(Clone::clone);
    Box::pin(async move { Ok(DB::run(connection, &statement).await?) })
}

fn fails_at_a_name<'a, DB: Engine>(
    _: &'a mut DB::Connection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        match event.event_type.as_str() {
            "named" => Err("no names".into()),
            _ => Ok(()),
        }
    })
}

/// The second version of the wallets, with the amount that was deposited last.
fn wallets_with_latest<DB: Engine>() -> Projection<DB> {
    Projection::new("wallets", 2, apply_with_latest::<DB>)
        .of("wallet", ["deposited", "named", "closed"])
        .table("read_wallets", "id")
}

fn apply_with_latest<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        apply::<DB>(connection, event).await?;
        let (id, amount) = (event.stream.aggregate_id, &event.payload["amount"]);
        let latest = format!("UPDATE read_wallets SET latest = '{amount}' WHERE id = '{id}'");
        if event.event_type == "deposited" {
            DB::run(connection, &latest).await?;
        }
        Ok(())
    })
}

fn handlers_with<DB: Engine>(wallets: Projection<DB>) -> Handlers<DB> {
    handlers().projections(Projections::new().register(wallets).register(totals(1)))
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
