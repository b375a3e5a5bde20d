//! What is peculiar to PostgreSQL about migrated streams: writers who are under way, and others who migrate the same.

use std::time::Duration;

use futures_util::future::{join, join_all};
use kumiko_seeds::events::{
    EventStoreError, MigrateResult, NewEvent, NewStreams, OldStream, Stream, User,
};
use kumiko_seeds::{Seed, error_chain};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::migrations::{
    ID, NEW, OLD, append, apply, deposit, events, lines, moves, name, of_old, runner, stream,
    to_new_tenant, wrong,
};
use kumiko_tests::seeds::seed;
use kumiko_tests::wallets::{ROWS, handlers, prepare};
use kumiko_tests::{migration, undoing};
use sqlx::{Connection, PgConnection, Postgres, Transaction};
use tokio::time::{sleep, timeout};

#[expect(clippy::unnecessary_wraps, reason = "as a migration has it")]
fn without_names(old: &OldStream, into: &mut NewStreams) -> MigrateResult {
    let kept = old.events.iter();
    let kept = kept.filter(|event| event.event_type != "named");
    into.stream(old.stream.clone()).all(kept);
    Ok(())
}

fn forgets() -> Seed<Postgres> {
    migration!("2026-03-02-forgets", of_old().in_place(), without_names)
}

fn undoes() -> Seed<Postgres> {
    undoing!("2026-03-03-undoes", ID)
}

async fn a_wallet() -> TestDatabase<Postgres> {
    let database = Postgres::create().await;
    prepare(&database).await;
    let events = [deposit(1, 5), name(1, "one")];
    append(&database, &stream(OLD, 1), 0, events).await;
    database
}

async fn append_in(
    transaction: &mut Transaction<'_, Postgres>,
    stream: &Stream,
    version: i32,
    event: NewEvent,
) -> Result<i32, EventStoreError> {
    let (handlers, user) = (handlers::<Postgres>(), User::system());
    let appended = handlers.append_events(transaction, stream, version, [event], &user);
    appended.await
}

/// Waits until somebody waits for a lock.
async fn until_somebody_waits(database: &TestDatabase<Postgres>) {
    let waiting = "SELECT CAST(count(*) AS text) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waits = async {
        while database.text(waiting).await == "0" {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(20), waits)
        .await
        .expect("nobody waits");
}

/// It has appended before the stream is looked at, and commits while the migration waits for it.
#[tokio::test]
async fn an_append_in_flight_is_migrated_with_the_others() {
    let database = a_wallet().await;
    let mut writer = database.pool.begin().await.unwrap();
    append_in(&mut writer, &stream(OLD, 1), 2, deposit(1, 7))
        .await
        .unwrap();
    let ends = async {
        until_somebody_waits(&database).await;
        writer.commit().await.unwrap();
    };
    let migrates = apply(&database, vec![moves()]);
    join(migrates, ends).await;
    assert_eq!(
        lines(&database, &stream(NEW, 1)).await,
        ["1 deposited 5", "2 named 0one", "3 deposited 7"]
    );
    assert_eq!(events(&database, &stream(OLD, 1)).await.len(), 4);
    assert_eq!(wrong(&database, "wallets").await, 0);
    assert_eq!(wrong(&database, "totals").await, 0);
    database.remove().await;
}

#[tokio::test]
async fn an_append_in_flight_that_is_taken_back_is_not() {
    let database = a_wallet().await;
    let mut writer = database.pool.begin().await.unwrap();
    append_in(&mut writer, &stream(OLD, 1), 2, deposit(1, 7))
        .await
        .unwrap();
    let ends = async {
        until_somebody_waits(&database).await;
        writer.rollback().await.unwrap();
    };
    join(apply(&database, vec![moves()]), ends).await;
    assert_eq!(lines(&database, &stream(NEW, 1)).await.len(), 2);
    assert_eq!(wrong(&database, "wallets").await, 0);
    database.remove().await;
}

/// It begins to append after the closing event and before the commit of the migration. What holds that up is a row of its last
/// projection, which somebody else has.
#[tokio::test]
async fn an_append_that_begins_during_the_migration_is_refused() {
    let database = a_wallet().await;
    let mut holder = database.pool.begin().await.unwrap();
    Postgres::run(&mut holder, "SELECT 1 FROM read_wallets FOR UPDATE")
        .await
        .unwrap();
    let late = async {
        until_somebody_waits(&database).await;
        let mut writer = database.pool.begin().await.unwrap();
        let stream = stream(OLD, 1);
        let appends = append_in(&mut writer, &stream, 2, deposit(1, 7));
        let ends = async {
            // The second one waits, too.
            sleep(Duration::from_millis(200)).await;
            holder.rollback().await.unwrap();
        };
        let (appended, ()) = join(appends, ends).await;
        writer.commit().await.unwrap();
        appended.unwrap_err()
    };
    let (late, ()) = join(late, apply(&database, vec![moves()])).await;
    assert!(
        matches!(
            late,
            EventStoreError::StreamArchived { .. } | EventStoreError::VersionConflict { .. }
        ),
        "{late:?}"
    );
    assert_eq!(lines(&database, &stream(NEW, 1)).await.len(), 2);
    assert_eq!(events(&database, &stream(OLD, 1)).await.len(), 3);
    assert_eq!(wrong(&database, "wallets").await, 0);
    database.remove().await;
}

/// In place there is no closing event, so whoever writes is waited for, whichever stream it is of.
#[tokio::test]
async fn an_append_in_flight_is_written_anew_in_place() {
    let database = a_wallet().await;
    let mut writer = database.pool.begin().await.unwrap();
    append_in(&mut writer, &stream(OLD, 1), 2, deposit(1, 7))
        .await
        .unwrap();
    let ends = async {
        until_somebody_waits(&database).await;
        writer.commit().await.unwrap();
    };
    join(apply(&database, vec![forgets()]), ends).await;
    assert_eq!(
        lines(&database, &stream(OLD, 1)).await,
        ["1 deposited 5", "2 deposited 7"]
    );
    assert_eq!(wrong(&database, "wallets").await, 0);
    database.remove().await;
}

/// It waits for the lock, and then finds a stream that is shorter than it was.
#[tokio::test]
async fn an_append_that_begins_meanwhile_leaves_no_gap() {
    for seeds in [vec![forgets()], vec![moves(), undoes()]] {
        let database = a_wallet().await;
        let is_undone = seeds.len() == 2;
        let of = if is_undone {
            apply(&database, vec![moves()]).await;
            stream(NEW, 1)
        } else {
            stream(OLD, 1)
        };
        let mut holder = database.pool.begin().await.unwrap();
        Postgres::run(&mut holder, "SELECT 1 FROM read_wallets FOR UPDATE")
            .await
            .unwrap();
        let late = async {
            until_somebody_waits(&database).await;
            let mut writer = database.pool.begin().await.unwrap();
            let appends = append_in(&mut writer, &of, 2, deposit(1, 7));
            let ends = async {
                sleep(Duration::from_millis(100)).await;
                holder.rollback().await.unwrap();
            };
            let (appended, ()) = join(appends, ends).await;
            writer.commit().await.unwrap();
            appended.unwrap_err()
        };
        let (late, ()) = join(late, apply(&database, seeds)).await;
        assert!(
            matches!(late, EventStoreError::VersionConflict { .. }),
            "{late:?}"
        );
        let left = if is_undone { 2 } else { 1 };
        assert_eq!(events(&database, &stream(OLD, 1)).await.len(), left);
        assert_eq!(wrong(&database, "wallets").await, 0);
        database.remove().await;
    }
}

/// The undoing would lose its event.
#[tokio::test]
async fn an_append_in_flight_keeps_a_migration_from_being_undone() {
    let database = a_wallet().await;
    apply(&database, vec![moves()]).await;
    let mut writer = database.pool.begin().await.unwrap();
    append_in(&mut writer, &stream(NEW, 1), 2, deposit(1, 7))
        .await
        .unwrap();
    let ends = async {
        until_somebody_waits(&database).await;
        writer.commit().await.unwrap();
    };
    let runner = runner(vec![moves(), undoes()]);
    let (stopped, ()) = join(runner.apply(&database.pool), ends).await;
    let said = error_chain(&stopped.unwrap_err().error).join(": ");
    assert!(said.contains("has got 1 event since"), "{said}");
    assert_eq!(lines(&database, &stream(NEW, 1)).await.len(), 3);
    database.remove().await;
}

/// Somebody who does not end is not waited for in a queue, where every writer would stand behind.
#[tokio::test]
async fn somebody_who_writes_for_long_is_named() {
    let database = a_wallet().await;
    let mut writer = database.pool.begin().await.unwrap();
    // Not a deposit, which would keep others from the row of all deposits.
    append_in(&mut writer, &stream(OLD, 2), 0, name(2, "two"))
        .await
        .unwrap();
    let runner = runner(vec![forgets()]);
    let others = async {
        sleep(Duration::from_secs(2)).await;
        let mut other = PgConnection::connect(&database.url).await.unwrap();
        let handlers = handlers::<Postgres>();
        let (user, of) = (User::system(), stream(OLD, 3));
        let appends = handlers.append_events(&mut other, &of, 0, [deposit(3, 1)], &user);
        timeout(Duration::from_secs(5), appends)
            .await
            .expect("an append waits")
            .unwrap();
    };
    let (stopped, ()) = join(runner.apply(&database.pool), others).await;
    let said = error_chain(&stopped.unwrap_err().error).join(": ");
    assert!(
        said.contains("events are being written by process "),
        "{said}"
    );
    writer.rollback().await.unwrap();
    runner.apply(&database.pool).await.unwrap();
    assert_eq!(lines(&database, &stream(OLD, 1)).await, ["1 deposited 5"]);
    database.remove().await;
}

/// Somebody begins the new stream at the same time: the migration is told, or the other one.
#[tokio::test]
async fn the_new_stream_is_begun_by_one() {
    let database = a_wallet().await;
    let mut writer = database.pool.begin().await.unwrap();
    append_in(&mut writer, &stream(NEW, 1), 0, deposit(1, 7))
        .await
        .unwrap();
    let ends = async {
        until_somebody_waits(&database).await;
        writer.commit().await.unwrap();
    };
    let runner = runner(vec![moves()]);
    let (stopped, ()) = join(runner.apply(&database.pool), ends).await;
    let said = error_chain(&stopped.unwrap_err().error).join(": ");
    assert!(said.contains("and that one has events already"), "{said}");
    assert_eq!(lines(&database, &stream(OLD, 1)).await.len(), 2);
    database.remove().await;
}

#[tokio::test]
async fn many_replicas_migrate_each_stream_once_beside_writers() {
    let database = a_wallet().await;
    for number in 2..40 {
        let events = [deposit(number, 5), deposit(number, 6)];
        append(&database, &stream(OLD, number), 0, events).await;
    }
    let replicas = (0..4).map(|_| async {
        let pool = database.pool_of(1).await;
        runner(vec![moves()])
            .step_size(1..=3)
            .apply(&pool)
            .await
            .unwrap();
        pool.close().await;
    });
    // As the app does, which goes on in the new tenant once the old stream is over.
    let writers = async {
        let handlers = handlers::<Postgres>();
        let mut connection = database.pool.acquire().await.unwrap();
        for number in 1..40 {
            for tenant in [OLD, NEW] {
                let (of, user, event) =
                    (stream(tenant, number), User::system(), deposit(number, 1));
                let appended = handlers.append_events(&mut connection, &of, 2, [event], &user);
                match appended.await {
                    Ok(_) => break,
                    Err(
                        EventStoreError::StreamArchived { .. }
                        | EventStoreError::VersionConflict { .. },
                    ) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
    };
    join(join_all(replicas), writers).await;
    let of_new = "SELECT aggregate_id || ' ' || count(*) || ' ' || max(version) FROM kumiko_events
                  WHERE tenant_id = '00000000-0000-2e30-8000-000000000000' GROUP BY aggregate_id HAVING count(*) <> 3 OR max(version) <> 3";
    assert_eq!(database.texts(of_new).await, [""; 0]);
    assert_eq!(database.texts(ROWS).await.len(), 39);
    assert_eq!(wrong(&database, "wallets").await, 0);
    database.remove().await;
}

/// What is done after it would be kept whatever becomes of the seed.
macro_rules! outside {
    ($id:literal, $streams:expr, $migrate:expr) => {
        seed($id, |ctx| {
            Box::pin(async move {
                let anew = "COMMIT; BEGIN";
                Postgres::run(ctx.unmanaged_db().await?, anew).await?;
                let migrated = ctx.migrate_streams(&$streams, None, 100, $migrate).await;
                migrated.map(drop).unwrap_err();
                Postgres::run(ctx.unmanaged_db().await?, anew).await?;
                Ok(())
            })
        })
    };
}

#[tokio::test]
async fn nothing_is_done_in_a_transaction_that_is_not_the_steps() {
    let database = a_wallet().await;
    let in_place = outside!("2026-03-01-in-place", of_old().in_place(), without_names);
    let kept = outside!("2026-03-01-kept", of_old(), to_new_tenant);
    for seed in [in_place, kept] {
        let stopped = runner(vec![seed]).apply(&database.pool).await.unwrap_err();
        let said = error_chain(&stopped.error).join(": ");
        assert!(!said.contains("panicked"), "{said}");
        assert_eq!(lines(&database, &stream(OLD, 1)).await.len(), 2);
    }
    database.remove().await;
}
