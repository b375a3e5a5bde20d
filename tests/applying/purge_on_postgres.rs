//! What is peculiar to PostgreSQL about a purge: somebody else is at work on the same streams.

use std::time::Duration;

use futures_util::future::join;
use kumiko_seeds::events::{EventStoreError, NewEvent, Purge, User, append};
use kumiko_seeds::json;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::wallets::Change;
use sqlx::Postgres;
use tokio::time::sleep;

use crate::archive::{archive_all, handlers, said, stream, three_wallets, wallet};
use crate::purge::{all, purge};

async fn archived_wallets() -> TestDatabase<Postgres> {
    let database = Postgres::create().await;
    three_wallets(&database).await;
    archive_all(&database.pool, &[stream(1), stream(2)], None)
        .await
        .unwrap();
    database
}

const STREAMS: &str = "SELECT CAST(aggregate_id AS text) || ' ' || count(*) FROM kumiko_events GROUP BY aggregate_id ORDER BY 1";

/// Its events would be without those before them, and nobody would ever see or delete them.
#[tokio::test]
async fn an_event_that_was_on_its_way_when_the_stream_was_archived_goes_too() {
    let database = Postgres::create().await;
    three_wallets(&database).await;
    let mut writer = database.pool.begin().await.unwrap();
    let event = NewEvent::new("deposited", json!(Change::deposit(wallet(1), 1)));
    append::<Postgres>(&mut writer, &stream(1), 2, vec![event], &User::system())
        .await
        .unwrap();
    // As a handler archives it, or the original, which both wait for nobody.
    let mark = format!(
        "CREATE TABLE kumiko_archived_streams (tenant_id uuid NOT NULL, aggregate_id uuid NOT NULL, aggregate_type text NOT NULL,
             archived_at timestamptz(3) NOT NULL DEFAULT now(), archived_by text NOT NULL, reason text);
         CREATE UNIQUE INDEX ON kumiko_archived_streams (tenant_id, aggregate_id);
         INSERT INTO kumiko_archived_streams VALUES ('{}', '{}', 'wallet', now(), 'somebody')",
        stream(1).tenant_id,
        wallet(1)
    );
    database.execute(&mark).await;
    let ends = async {
        sleep(Duration::from_millis(500)).await;
        writer.commit().await.unwrap();
    };
    let (report, ()) = join(purge(&database, Purge::of(all())), ends).await;
    assert_eq!(report.unwrap().applied.len(), 1);
    let left = [2, 3].map(|number| format!("{} 2", wallet(number)));
    assert_eq!(database.texts(STREAMS).await, left);
    database.remove().await;
}

#[tokio::test]
async fn a_writer_who_does_not_end_is_told_of() {
    let database = archived_wallets().await;
    let mut writer = database.pool.begin().await.unwrap();
    let event = NewEvent::new("deposited", json!(Change::deposit(wallet(3), 1)));
    append::<Postgres>(&mut writer, &stream(3), 2, vec![event], &User::system())
        .await
        .unwrap();
    let report = purge(&database, Purge::of(all())).await.unwrap();
    let [failed] = &report.failed[..] else {
        panic!("{report:?}")
    };
    let failed = said(&failed.error);
    assert!(
        failed.ends_with("a transaction that was writing events has not ended in 10 s, and may yet append to a stream that is to be purged"),
        "{failed}"
    );
    drop(writer);
    assert_eq!(database.texts(STREAMS).await.len(), 3);
    // Asked for again, it goes on.
    let report = purge(&database, Purge::of(all())).await.unwrap();
    assert_eq!(report.failed.len(), 0, "{report:?}");
    assert_eq!(database.texts(STREAMS).await.len(), 1);
    database.remove().await;
}

/// Whoever restores first has the stream, and whoever purges first has it: never a live stream without its events.
#[tokio::test]
async fn a_stream_that_is_being_restored_is_left_alone() {
    let database = archived_wallets().await;
    let mut restoring = database.pool.begin().await.unwrap();
    let delete = format!(
        "DELETE FROM kumiko_archived_streams WHERE aggregate_id = '{}'",
        wallet(1)
    );
    Postgres::run(&mut restoring, &delete).await.unwrap();
    let ends = async {
        sleep(Duration::from_millis(500)).await;
        restoring.commit().await.unwrap();
    };
    let (report, ()) = join(purge(&database, Purge::of(all())), ends).await;
    assert_eq!(report.unwrap().failed.len(), 0);
    let left = [1, 3].map(|number| format!("{} 2", wallet(number)));
    assert_eq!(database.texts(STREAMS).await, left);
    database.remove().await;
}

#[tokio::test]
async fn a_stream_that_is_being_purged_is_not_restored() {
    let database = archived_wallets().await;
    let mut purging = database.pool.begin().await.unwrap();
    let delete = format!(
        "UPDATE kumiko_archived_streams SET reason = reason WHERE aggregate_id = '{id}';
         DELETE FROM kumiko_events WHERE aggregate_id = '{id}'",
        id = wallet(1)
    );
    Postgres::run(&mut purging, &delete).await.unwrap();
    let ends = async {
        sleep(Duration::from_millis(500)).await;
        purging.commit().await.unwrap();
    };
    let (handlers, streams) = (handlers(), [stream(1)]);
    let restored = handlers.restore_streams(&database.pool, &streams);
    let (restored, ()) = join(restored, ends).await;
    assert!(
        matches!(restored, Err(EventStoreError::Purged { .. })),
        "{restored:?}"
    );
    let marks = "SELECT CAST(count(*) AS text) FROM kumiko_archived_streams";
    assert_eq!(database.text(marks).await, "2");
    database.remove().await;
}

/// It was archived anew, and is kept for as long as that says.
#[tokio::test]
async fn a_stream_that_was_restored_and_archived_again_meanwhile_stays() {
    let database = archived_wallets().await;
    let mut writer = database.pool.begin().await.unwrap();
    let event = NewEvent::new("deposited", json!(Change::deposit(wallet(3), 1)));
    append::<Postgres>(&mut writer, &stream(3), 2, vec![event], &User::system())
        .await
        .unwrap();
    let meanwhile = async {
        sleep(Duration::from_millis(500)).await;
        let again = format!(
            "UPDATE kumiko_archived_streams SET archived_at = now() WHERE aggregate_id = '{}'",
            wallet(2)
        );
        database.execute(&again).await;
        drop(writer);
    };
    let (report, ()) = join(purge(&database, Purge::of(all())), meanwhile).await;
    assert_eq!(report.unwrap().failed.len(), 0);
    let left = [2, 3].map(|number| format!("{} 2", wallet(number)));
    assert_eq!(database.texts(STREAMS).await, left);
    database.remove().await;
}
