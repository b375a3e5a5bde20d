//! Events that cannot be applied, set aside so that a rebuild can go on.

use std::cell::Cell;

use futures_util::future::BoxFuture;
use kumiko_seeds::events::{
    Handlers, Part, Projection, ProjectionCheck, ProjectionResult, Projections, StoredEvent,
    Upcasters,
};
use kumiko_seeds::{SeedRunner, WorkReport};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, ROWS, apply, handlers, make, prepare, runner};
use uuid::Uuid;

thread_local! {
    /// Whether deposits of 13 are understood by now.
    static IS_MENDED: Cell<bool> = const { Cell::new(false) };
    /// How often a connection was lost.
    static LOST: Cell<u32> = const { Cell::new(0) };
}

fn wallet(number: u128) -> Uuid {
    Uuid::from_u128(number << 64)
}

/// Fails at deposits of 13, after it has written.
fn superstitious<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        apply::<DB>(connection, event).await?;
        if event.payload["amount"] == 13 && !IS_MENDED.get() {
            DB::run(
                connection,
                "INSERT INTO read_wallets (id, balance) VALUES (NULL, NULL)",
            )
            .await?;
        }
        Ok(())
    })
}

fn superstitious_with_all<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    events: &'a [StoredEvent],
) -> BoxFuture<'a, ProjectionResult> {
    Box::pin(async move {
        for event in events {
            superstitious::<DB>(connection, event).await?;
        }
        Ok(())
    })
}

fn projection<DB: Engine>() -> Projection<DB> {
    Projection::new("wallets", 1, superstitious::<DB>)
        .of("wallet", ["deposited"])
        .table("read_wallets", "id")
}

fn with<DB: Engine>(projection: Projection<DB>) -> Handlers<DB> {
    Handlers::new().projections(Projections::new().register(projection))
}

/// Ten wallets, of which two have a deposit of 13 between two others.
async fn ten_wallets<DB: Engine>(database: &TestDatabase<DB>) {
    prepare(database).await;
    let deposits = (0..10).flat_map(|number| {
        let middle = if number == 3 || number == 7 { 13 } else { 1 };
        [1, middle, 1].map(|amount| Change::deposit(wallet(number), amount))
    });
    make(database, &handlers(), deposits).await;
    database
        .execute("UPDATE read_wallets SET balance = 0")
        .await;
}

async fn rebuild<DB: Engine>(database: &TestDatabase<DB>, runner: SeedRunner<DB>) -> WorkReport {
    let runner = runner
        .rebuilding(&database.pool, &["wallets"])
        .await
        .unwrap();
    runner.work(&database.pool).await
}

async fn check<DB: Engine>(database: &TestDatabase<DB>) -> ProjectionCheck {
    let handlers = with(projection::<DB>());
    handlers
        .check_projection(&database.pool, "wallets", 10)
        .await
        .unwrap()
}

/// All wallets have what was deposited, but for the two.
async fn assert_without_two<DB: Engine>(database: &TestDatabase<DB>) {
    let rows = (0..10).map(|number| {
        let (balance, deposits) = if number == 3 || number == 7 {
            (2, 2)
        } else {
            (3, 3)
        };
        format!("{} {balance} {deposits} -", wallet(number))
    });
    assert_eq!(database.texts(ROWS).await, rows.collect::<Vec<_>>());
}

on_both_databases! {
    async fn a_rebuild_goes_on_without_them_and_a_later_one_tries_them_again(database: &TestDatabase<DB>) {
        ten_wallets(database).await;
        for projection in [projection::<DB>, || projection().apply_all(superstitious_with_all::<DB>)] {
            IS_MENDED.set(false);
            let stopped = rebuild(database, runner(with(projection()))).await;
            assert_eq!(stopped.failed.len(), 1, "{stopped:?}");

            // It begins anew because somebody asks for it.
            let report = rebuild(database, runner(with(projection())).quarantine()).await;
            assert_eq!(report.applied.len(), 1, "{report:?}");
            assert_without_two(database).await;
            let letters = "SELECT projection_name || ' ' || event_id || ' ' || aggregate_type || ' ' || aggregate_id || ' ' || event_type
                                  || ' ' || CAST(tenant_id AS text) || ' ' || (CAST(payload AS text) LIKE '%13%')
                           FROM kumiko_rebuild_dead_letters ORDER BY id";
            let tenant = "00000000-0000-4000-8000-000000000000";
            let is_in = if DB::NAME == "PostgreSQL" { "true" } else { "1" };
            assert_eq!(database.texts(letters).await, [
                format!("wallets 11 wallet {} deposited {tenant} {is_in}", wallet(3)),
                format!("wallets 23 wallet {} deposited {tenant} {is_in}", wallet(7)),
            ]);
            let checked = check(database).await;
            assert_eq!((checked.wrong(), checked.set_aside.len()), (0, 2));
            assert_eq!(checked.set_aside[0].event_id, "11");
            assert!(checked.set_aside[0].error.contains("NULL") || checked.set_aside[0].error.contains("null"), "{checked:?}");

            IS_MENDED.set(true);
            let report = rebuild(database, runner(with(projection()))).await;
            assert_eq!(report.applied.len(), 1, "{report:?}");
            let checked = check(database).await;
            assert_eq!((checked.wrong(), checked.set_aside.len()), (0, 0));
            let thirteen = format!("{} 15 3 -", wallet(3));
            assert!(database.texts(ROWS).await.contains(&thirteen));
        }
    }

    async fn a_table_that_is_not_declared_is_no_reason_to_set_events_aside(database: &TestDatabase<DB>) {
        fn writes_elsewhere<'a, DB: Engine>(
            connection: &'a mut DB::Connection,
            _: &'a StoredEvent,
        ) -> BoxFuture<'a, ProjectionResult> {
            Box::pin(async move {
                DB::run(connection, "UPDATE read_totals SET total = 0").await?;
                DB::run(connection, "INSERT INTO read_wallets (id, balance) VALUES (NULL, NULL)").await?;
                Ok(())
            })
        }
        ten_wallets(database).await;
        let projection = Projection::new("wallets", 1, writes_elsewhere::<DB>)
            .of("wallet", ["deposited"])
            .table("read_wallets", "id");
        let report = rebuild(database, runner(with(projection)).quarantine()).await;
        let told = format!("{:?}", report.failed);
        assert!(told.contains("WroteElsewhere"), "{told}");
    }

    async fn a_letter_is_written_once_however_often_its_event_is_read(database: &TestDatabase<DB>) {
        IS_MENDED.set(false);
        ten_wallets(database).await;
        // One wallet a step, and a pass that repairs before the one that finds nothing wrong.
        let small = runner(with(projection())).quarantine().step_size(1..=3);
        let report = rebuild(database, small).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        let columns = "SELECT event_id || ' ' || id || ' ' || CAST(payload AS text) FROM kumiko_rebuild_dead_letters ORDER BY id";
        let letters = database.texts(columns).await;
        assert_eq!(letters.len(), 2, "{letters:?}");
        assert!(letters[0].starts_with("11 1 {") && letters[1].starts_with("23 2 {"), "{letters:?}");
        let letters = with(projection::<DB>()).set_aside(&database.pool, "wallets").await.unwrap();
        for (letter, number) in letters.iter().zip([3, 7]) {
            assert_eq!(letter.aggregate_id, wallet(number).to_string());
            assert_eq!((letter.aggregate_type.as_str(), letter.event_type.as_str()), ("wallet", "deposited"));
            let age = chrono::Utc::now() - letter.at;
            assert!(age.num_seconds().abs() < 60, "{letter:?}");
        }
        assert!(with(projection::<DB>()).set_aside(&database.pool, "totals").await.unwrap().is_empty());
    }

    async fn without_the_table_there_is_none(database: &TestDatabase<DB>) {
        ten_wallets(database).await;
        assert!(with(projection::<DB>()).set_aside(&database.pool, "wallets").await.unwrap().is_empty());
        let tables = database.texts(DB::TABLES).await;
        assert!(!tables.contains(&"kumiko_rebuild_dead_letters".to_owned()), "{tables:?}");
    }

    async fn a_part_that_is_rebuilt_tries_its_own_again(database: &TestDatabase<DB>) {
        IS_MENDED.set(false);
        ten_wallets(database).await;
        rebuild(database, runner(with(projection())).quarantine()).await;
        IS_MENDED.set(true);
        let part = runner(with(projection())).rebuilding_part(&database.pool, "wallets", Part::Aggregate(wallet(3)));
        let report = part.await.unwrap().work(&database.pool).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        let whole = format!("{} 15 3 -", wallet(3));
        assert!(database.texts(ROWS).await.contains(&whole));
        let left = with(projection::<DB>()).set_aside(&database.pool, "wallets").await.unwrap();
        let left: Vec<_> = left.iter().map(|event| event.event_id.as_str()).collect();
        assert_eq!(left, ["23"]);
        assert_eq!(check(database).await.wrong(), 0);

        let tenant = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0000);
        let part = runner(with(projection())).rebuilding_part(&database.pool, "wallets", Part::Tenant(tenant));
        let report = part.await.unwrap().work(&database.pool).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        let checked = check(database).await;
        assert_eq!((checked.wrong(), checked.set_aside.len()), (0, 0));
    }

    async fn a_row_that_is_not_found_is_a_reason_to_set_an_event_aside(database: &TestDatabase<DB>) {
        fn looks_for_a_row<'a, DB: Engine>(
            connection: &'a mut DB::Connection,
            event: &'a StoredEvent,
        ) -> BoxFuture<'a, ProjectionResult> {
            Box::pin(async move {
                if event.payload["amount"] == 13 {
                    // As `fetch_one` says it.
                    return Err(sqlx::Error::RowNotFound.into());
                }
                apply::<DB>(connection, event).await
            })
        }
        ten_wallets(database).await;
        let projection = Projection::new("wallets", 1, looks_for_a_row::<DB>)
            .of("wallet", ["deposited"])
            .table("read_wallets", "id");
        let report = rebuild(database, runner(with(projection)).quarantine()).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        assert_without_two(database).await;
    }

    async fn a_lost_connection_is_no_reason_to_set_events_aside(database: &TestDatabase<DB>) {
        fn loses_its_connection_at_first<'a, DB: Engine>(
            connection: &'a mut DB::Connection,
            event: &'a StoredEvent,
        ) -> BoxFuture<'a, ProjectionResult> {
            Box::pin(async move {
                // Also when the page is applied one by one, if it were.
                if event.payload["amount"] == 13 && LOST.get() < 3 {
                    LOST.set(LOST.get() + 1);
                    return Err(sqlx::Error::Io(std::io::Error::other("cut off")).into());
                }
                apply::<DB>(connection, event).await
            })
        }
        LOST.set(0);
        ten_wallets(database).await;
        let projection = Projection::new("wallets", 1, loses_its_connection_at_first::<DB>)
            .of("wallet", ["deposited"])
            .table("read_wallets", "id");
        let report = rebuild(database, runner(with(projection)).quarantine()).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        assert!(with(self::projection::<DB>()).set_aside(&database.pool, "wallets").await.unwrap().is_empty());
    }

    async fn a_payload_that_cannot_be_upcast_is_set_aside(database: &TestDatabase<DB>) {
        IS_MENDED.set(true);
        ten_wallets(database).await;
        let upcasters = || Upcasters::new().step("deposited", 1, |payload| {
            if payload["amount"] == 13 { Err("no such amount".into()) } else { Ok(payload) }
        });
        let handlers = || with(projection::<DB>()).upcasters(upcasters());
        let stopped = rebuild(database, runner(handlers())).await;
        assert!(format!("{:?}", stopped.failed).contains("no such amount"), "{stopped:?}");
        let report = rebuild(database, runner(handlers()).quarantine()).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        assert_without_two(database).await;
        let set_aside = handlers().set_aside(&database.pool, "wallets").await.unwrap();
        let ids: Vec<_> = set_aside.iter().map(|event| event.event_id.as_str()).collect();
        assert_eq!(ids, ["11", "23"]);
        assert!(set_aside[0].error.contains("no such amount"), "{set_aside:?}");
    }
}
