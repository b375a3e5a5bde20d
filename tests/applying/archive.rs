//! Streams that are archived and restored: by handlers, by seeds, and by themselves.

use kumiko_seeds::events::{
    Access, ArchivedStreams, EventStoreError, HandlerResult, Handlers, NotProjected, Projections,
    Stream, User, WriteContext, archived_streams,
};
use kumiko_seeds::{Seed, SeedRunner, SkipFlags, error_chain, json};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::seeds::seed;
use kumiko_tests::wallets::{self, Change, ROWS, make, prepare};
use serde::Deserialize;
use sqlx::Pool;
use uuid::Uuid;

pub(crate) const TENANT: Uuid = Uuid::from_u128(0x4000_8000_0000_0000_0000);

pub(crate) fn wallet(number: u128) -> Uuid {
    Uuid::from_u128(number << 64)
}

pub(crate) fn stream(number: u128) -> Stream {
    Stream {
        tenant_id: TENANT,
        aggregate_type: "wallet".to_owned(),
        aggregate_id: wallet(number),
    }
}

#[derive(Deserialize)]
struct Asked {
    id: Uuid,
    reason: Option<String>,
}

async fn archive<DB: Engine>(
    mut write: WriteContext<'_, DB>,
    asked: Asked,
) -> HandlerResult<Vec<String>> {
    let stream = write.stream("wallet", asked.id);
    let archived = write.archive(&stream, asked.reason.as_deref()).await?;
    Ok(archived.projections)
}

async fn restore<DB: Engine>(mut write: WriteContext<'_, DB>, asked: Asked) -> HandlerResult {
    let stream = write.stream("wallet", asked.id);
    write.restore(&stream).await?;
    Ok(())
}

/// How many events are to be seen, and how many there are.
async fn count<DB: Engine>(
    mut write: WriteContext<'_, DB>,
    asked: Asked,
) -> HandlerResult<[usize; 2]> {
    let stream = write.stream("wallet", asked.id);
    let seen = write.load(&stream).await?.len();
    Ok([seen, write.load_archived(&stream).await?.len()])
}

/// Restores, and goes on after a failure.
async fn restore_if_possible<DB: Engine>(
    mut write: WriteContext<'_, DB>,
    asked: Asked,
) -> HandlerResult<bool> {
    let stream = write.stream("wallet", asked.id);
    Ok(write.restore(&stream).await.is_ok())
}

pub(crate) fn handlers<DB: Engine>() -> Handlers<DB> {
    wallets::handlers()
        .register("wallet:write:archive", Access::OpenToAll, archive)
        .register("wallet:write:restore", Access::OpenToAll, restore)
        .register("wallet:write:count", Access::OpenToAll, count)
        .register(
            "wallet:write:restore-if-possible",
            Access::OpenToAll,
            restore_if_possible,
        )
}

/// Archives as the system user.
pub(crate) async fn archive_all<DB: Engine>(
    pool: &Pool<DB>,
    streams: &[Stream],
    reason: Option<&str>,
) -> Result<NotProjected, EventStoreError> {
    let handlers = handlers::<DB>();
    handlers
        .archive_streams(pool, streams, &User::system(), reason)
        .await
}

/// The stream of the first wallet.
async fn archive_and_restore<DB: Engine>(
    database: &TestDatabase<DB>,
) -> Result<NotProjected, EventStoreError> {
    archive_all(&database.pool, &[stream(1)], None).await?;
    let handlers = handlers::<DB>();
    handlers.restore_streams(&database.pool, &[stream(1)]).await
}

pub(crate) fn said(error: &(dyn std::error::Error + 'static)) -> String {
    error_chain(error).join(": ")
}

pub(crate) async fn call<DB: Engine>(
    database: &TestDatabase<DB>,
    handler: &str,
    number: u128,
) -> Result<serde_json::Value, String> {
    let handlers = handlers::<DB>();
    let payload = json!({ "id": wallet(number), "reason": "it's over" });
    let user = User::new("7b1e", ["admin"]);
    let write = handlers.write_as(user, handler, payload).in_tenant(TENANT);
    match write.commit(&database.pool).await {
        Ok(written) => Ok(written.output),
        Err(error) => Err(said(&error)),
    }
}

pub(crate) async fn three_wallets<DB: Engine>(database: &TestDatabase<DB>) {
    prepare(database).await;
    let changes = (1..4).flat_map(|number| {
        let name = format!("wallet {number}");
        [
            Change::deposit(wallet(number), 5),
            Change::name(wallet(number), &name),
        ]
    });
    make(database, &handlers(), changes).await;
}

pub(crate) async fn wrong<DB: Engine>(database: &TestDatabase<DB>, projection: &str) -> u64 {
    let handlers = handlers::<DB>();
    let check = handlers.check_projection(&database.pool, projection, 10);
    check.await.unwrap().wrong()
}

/// The archive, one stream a line.
pub(crate) async fn archived<DB: Engine>(
    database: &TestDatabase<DB>,
    asked: &ArchivedStreams,
) -> Vec<String> {
    let mut connection = database.pool.acquire().await.unwrap();
    let streams = archived_streams::<DB>(&mut connection, asked)
        .await
        .unwrap();
    let line = |it: &kumiko_seeds::events::ArchivedStream| {
        let age = chrono::Utc::now() - it.archived_at;
        assert!(age.num_seconds().abs() < 60, "{it:?}");
        let reason = it.reason.as_deref().unwrap_or("-");
        format!("{} {} {reason}", it.stream.aggregate_id, it.archived_by)
    };
    streams.iter().map(line).collect()
}

on_both_databases! {
    async fn nothing_is_to_be_seen_of_one_until_it_is_restored(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        let before = database.texts(ROWS).await;
        assert_eq!(archived(database, &ArchivedStreams::default()).await, [""; 0]);
        assert_eq!(call(database, "wallet:write:count", 2).await, Ok(json!([2, 2])));

        assert_eq!(call(database, "wallet:write:archive", 2).await, Ok(json!(["totals"])));
        assert_eq!(call(database, "wallet:write:count", 2).await, Ok(json!([0, 2])));
        let expected = format!("{} 7b1e it's over", wallet(2));
        assert_eq!(archived(database, &ArchivedStreams::default()).await, [expected]);
        assert_eq!(database.texts(ROWS).await, [before[0].clone(), before[2].clone()]);
        assert_eq!(wrong(database, "wallets").await, 0);
        // Which of its rows are of this wallet is not known.
        assert_eq!(wrong(database, "totals").await, 1);
        let handlers = handlers::<DB>();
        let write = handlers.write_as(User::system(), "wallet:write:change", Change::deposit(wallet(2), 1));
        let refused = said(&write.commit(&database.pool).await.unwrap_err());
        assert!(refused.contains("is archived, so nothing may be appended to it"), "{refused}");

        archive_all(&database.pool, &[stream(2)], Some("and out")).await.unwrap();
        let expected = format!("{} {} and out", wallet(2), User::system().id);
        assert_eq!(archived(database, &ArchivedStreams::default()).await, [expected]);
        call(database, "wallet:write:restore", 2).await.unwrap();
        assert_eq!(archived(database, &ArchivedStreams::default()).await, [""; 0]);
        assert_eq!(call(database, "wallet:write:count", 2).await, Ok(json!([2, 2])));
        assert_eq!(database.texts(ROWS).await, before);
        assert_eq!((wrong(database, "wallets").await, wrong(database, "totals").await), (0, 0));
        make(database, &handlers, [Change::deposit(wallet(2), 1)]).await;
        assert_eq!(wrong(database, "wallets").await, 0);
    }

    async fn all_or_none_are_archived_and_restored(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        let before = database.texts(ROWS).await;
        let handlers = handlers::<DB>();
        let all = [stream(1), stream(2), stream(3)];
        let archived_twice = archive_all(&database.pool, &all, None);
        assert_eq!(archived_twice.await.unwrap().projections, ["totals"]);
        assert_eq!(database.texts(ROWS).await, [""; 0]);
        handlers.restore_streams(&database.pool, &all).await.unwrap();
        assert_eq!(database.texts(ROWS).await, before);

        let unknown = [stream(1), stream(9)];
        let refused = archive_all(&database.pool, &unknown, None);
        let refused = refused.await.unwrap_err();
        assert!(matches!(&refused, EventStoreError::NoSuchStream { stream } if stream.aggregate_id == wallet(9)), "{refused:?}");
        let of_another_type = [Stream { aggregate_type: "purse".to_owned(), ..stream(1) }];
        let refused = archive_all(&database.pool, &of_another_type, None);
        assert!(matches!(refused.await.unwrap_err(), EventStoreError::NoSuchStream { .. }));
        assert_eq!(archived(database, &ArchivedStreams::default()).await, [""; 0]);

        archive_all(&database.pool, &all[..1], None).await.unwrap();
        let refused = handlers.restore_streams(&database.pool, &all).await.unwrap_err();
        assert!(matches!(&refused, EventStoreError::NotArchived { stream } if stream.aggregate_id == wallet(2)), "{refused:?}");
        assert_eq!(database.texts(ROWS).await, before[1..]);
        assert_eq!(archived(database, &ArchivedStreams::default()).await.len(), 1);
    }

    async fn some_of_them_are_listed(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        for number in [3, 1, 2] {
            archive_all(&database.pool, &[stream(number)], Some("a reason")).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let listed = |number| format!("{} {} a reason", wallet(number), User::system().id);
        let all = ArchivedStreams::default;
        assert_eq!(archived(database, &all().of("wallet")).await, [3, 1, 2].map(listed));
        assert_eq!(archived(database, &all().at_most(2)).await, [3, 1].map(listed));
        assert_eq!(archived(database, &all().in_tenant(TENANT)).await.len(), 3);
        for none in [all().of("purse"), all().in_tenant(Uuid::from_u128(5)), all().before(chrono::Utc::now() - chrono::TimeDelta::hours(1))] {
            assert_eq!(archived(database, &none).await, [""; 0]);
        }
    }

    async fn a_seed_archives_with_its_marker(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        let before = database.texts(ROWS).await;
        let runner = |seeds: Vec<Seed<DB>>| SeedRunner::new(seeds.leak()).skip_flags(SkipFlags::default()).handlers(handlers::<DB>());
        let closes = || seed("2026-01-01-closes", |ctx| Box::pin(async move {
            ctx.system_archive(&[stream(1), stream(2)], Some("unused")).await?;
            Ok(())
        }));
        let unknown = seed("2026-01-02-unknown", |ctx| Box::pin(async move {
            // Swallowed.
            drop(ctx.system_archive(&[stream(3), stream(9)], None).await);
            Ok(())
        }));
        runner(vec![closes()]).dry_run(&database.pool).await.unwrap();
        assert_eq!(database.texts(ROWS).await, before);
        runner(vec![closes()]).apply(&database.pool).await.unwrap();
        assert_eq!(database.texts(ROWS).await, before[2..]);
        let stopped = runner(vec![closes(), unknown]).apply(&database.pool).await.unwrap_err();
        let said = format!("{stopped:?}");
        assert!(said.contains(&format!("there is no stream wallet {}", wallet(9))), "{said}");
        assert_eq!(archived(database, &ArchivedStreams::default()).await.len(), 2);
        let reopens = seed("2026-01-03-reopens", |ctx| Box::pin(async move {
            ctx.system_restore(&[stream(1), stream(2)]).await?;
            Ok(())
        }));
        runner(vec![closes(), reopens]).apply(&database.pool).await.unwrap();
        assert_eq!(database.texts(ROWS).await, before);
    }

    async fn the_stream_of_another_tenant_keeps_its_row(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        let handlers = handlers::<DB>();
        let others = handlers.write_as(User::system(), "wallet:write:change", Change::deposit(wallet(1), 100));
        others.in_tenant(Uuid::from_u128(5)).commit(&database.pool).await.unwrap();
        let before = database.texts(ROWS).await;
        archive_all(&database.pool, &[stream(1)], None).await.unwrap();
        assert_eq!(database.texts(ROWS).await[0], format!("{} 100 1 -", wallet(1)));
        assert_eq!(wrong(database, "wallets").await, 0);
        handlers.restore_streams(&database.pool, &[stream(1)]).await.unwrap();
        assert_eq!(database.texts(ROWS).await, before);
    }

    async fn nothing_is_kept_of_a_restoration_that_fails(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        let handlers = handlers::<DB>();
        archive_all(&database.pool, &[stream(1)], None).await.unwrap();
        // Names are unique, and somebody has taken this one.
        make(database, &handlers, [Change::name(wallet(2), "wallet 1")]).await;
        let before = database.texts(ROWS).await;
        let refused = call(database, "wallet:write:restore", 1).await.unwrap_err();
        assert!(refused.contains("the rows of projection \"wallets\" could not be brought up to date"), "{refused}");
        assert!(refused.contains("cannot apply event 2, named at version 2 of wallet"), "{refused}");
        assert_eq!(call(database, "wallet:write:restore-if-possible", 1).await, Ok(json!(false)));
        assert_eq!(archived(database, &ArchivedStreams::default()).await.len(), 1);
        assert_eq!(database.texts(ROWS).await, before);
        assert_eq!(call(database, "wallet:write:count", 1).await, Ok(json!([0, 2])));
    }

    async fn an_event_that_is_set_aside_does_not_come_back(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        // What no projection can read.
        database.execute("UPDATE kumiko_events SET payload = '{}' WHERE id = 2").await;
        let runner = wallets::runner(handlers::<DB>()).quarantine();
        let runner = runner.rebuilding(&database.pool, &["wallets"]).await.unwrap();
        let report = runner.work(&database.pool).await;
        assert_eq!(report.applied.len(), 1, "{report:?}");
        let before = database.texts(ROWS).await;
        archive_and_restore(database).await.unwrap();
        assert_eq!(database.texts(ROWS).await, before);
        database.execute("DELETE FROM kumiko_rebuild_dead_letters").await;
        let refused = said(&archive_and_restore(database).await.unwrap_err());
        assert!(refused.contains("cannot apply event 2, named at version 2"), "{refused}");
    }

    async fn streams_of_another_event_store_are_refused(database: &TestDatabase<DB>) {
        three_wallets(database).await;
        let handlers = handlers::<DB>()
            .projections(Projections::new())
            .event_store(kumiko_seeds::events::KumikoEvents);
        let user = User::system();
        let refused = handlers.archive_streams(&database.pool, &[stream(1)], &user, None).await;
        let refused = said(&refused.unwrap_err());
        assert!(refused.contains("streams of an event store of the app's own are not archived here"), "{refused}");
    }
}
