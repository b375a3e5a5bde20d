//! Events that cannot be applied, set aside so that a rebuild can go on.

use std::cell::Cell;

use futures_util::future::BoxFuture;
use kumiko_seeds::events::{
    Handlers, Projection, ProjectionCheck, ProjectionResult, Projections, StoredEvent, Upcasters,
};
use kumiko_seeds::{SeedRunner, WorkReport};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::wallets::{Change, ROWS, apply, handlers, make, prepare, runner};
use uuid::Uuid;

thread_local! {
    /// Whether deposits of 13 are understood by now.
    static IS_MENDED: Cell<bool> = const { Cell::new(false) };
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
