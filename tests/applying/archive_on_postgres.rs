//! What is peculiar to PostgreSQL about archived streams: writers who are under way, roles, and row level security.

use std::time::{Duration, Instant};

use futures_util::future::join;
use kumiko_seeds::events::{
    ArchivedStreams, EventStoreError, NewEvent, User, append, archived_streams,
};
use kumiko_seeds::json;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::wallets::{Change, ROWS, make, prepare};
use sqlx::Postgres;
use tokio::time::sleep;

use crate::archive::{archive_all, archived, handlers, said, stream, wallet};
use crate::role::Role;

async fn a_wallet() -> TestDatabase<Postgres> {
    let database = Postgres::create().await;
    prepare(&database).await;
    make(&database, &handlers(), [Change::deposit(wallet(1), 5)]).await;
    database
}

/// A writer has appended before the stream is archived, and comes to the row after that.
#[tokio::test]
async fn a_row_of_somebody_who_is_under_way_goes_too() {
    let database = a_wallet().await;
    let mut writer = database.pool.begin().await.unwrap();
    let deposit = Change::deposit(wallet(1), 1);
    let event = NewEvent::new("deposited", json!(deposit));
    append::<Postgres>(&mut writer, &stream(1), 1, vec![event], &User::system())
        .await
        .unwrap();
    let ends = async {
        sleep(Duration::from_millis(300)).await;
        let row = format!(
            "INSERT INTO read_wallets (id, balance, deposits) VALUES ('{}', 1, 1)",
            wallet(1)
        );
        Postgres::run(&mut writer, &row).await.unwrap();
        writer.commit().await.unwrap();
    };
    let handlers = handlers();
    let streams = [stream(1)];
    let archives = archive_all(&database.pool, &streams, None);
    let (done, ()) = join(archives, ends).await;
    done.unwrap();
    assert_eq!(database.texts(ROWS).await, [""; 0]);
    handlers
        .restore_streams(&database.pool, &streams)
        .await
        .unwrap();
    assert_eq!(database.texts(ROWS).await, [format!("{} 6 2 -", wallet(1))]);
    database.remove().await;
}

#[tokio::test]
async fn somebody_who_does_not_end_is_told_of() {
    let database = a_wallet().await;
    let mut writer = database.pool.begin().await.unwrap();
    let event = NewEvent::new("deposited", json!(Change::deposit(wallet(2), 1)));
    append::<Postgres>(&mut writer, &stream(2), 0, vec![event], &User::system())
        .await
        .unwrap();
    let began = Instant::now();
    let refused = archive_all(&database.pool, &[stream(1)], None).await;
    let refused = said(&refused.unwrap_err());
    assert!(
        refused.contains("the streams are archived, but a transaction that was writing events then has not ended in 10 s"),
        "{refused}"
    );
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(
        archived(&database, &ArchivedStreams::default()).await.len(),
        1
    );
    assert_eq!(database.texts(ROWS).await, [""; 0]);
    writer.rollback().await.unwrap();
    database.remove().await;
}

#[tokio::test]
async fn a_role_that_may_not_create_the_table_is_told_what_to_run() {
    let database = a_wallet().await;
    let role = Role::create(&database).await;
    let grant = format!(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO {0:?}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {0:?}",
        role.name
    );
    database.execute(&grant).await;
    let archive = async || archive_all(&role.pool, &[stream(1)], None).await;
    let EventStoreError::NotCreated {
        missing, creation, ..
    } = archive().await.unwrap_err()
    else {
        panic!("the table was created");
    };
    assert_eq!(
        missing,
        ["kumiko_archived_streams", "kumiko_archived_streams_pk"]
    );
    database.execute(&creation).await;
    database.execute(&grant).await;
    archive().await.unwrap();
    assert_eq!(database.texts(ROWS).await, [""; 0]);
    role.remove(&database).await;
    database.remove().await;
}

/// A stream whose mark is hidden would be taken for one that goes on.
#[tokio::test]
async fn hidden_marks_are_an_error() {
    let database = a_wallet().await;
    let handlers = handlers::<Postgres>();
    archive_all(&database.pool, &[stream(1)], None)
        .await
        .unwrap();
    let role = Role::create(&database).await;
    let grant = format!(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO {0:?}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {0:?};
         ALTER TABLE kumiko_archived_streams ENABLE ROW LEVEL SECURITY",
        role.name
    );
    database.execute(&grant).await;
    let mut connection = role.pool.acquire().await.unwrap();
    let expected = "may not see every row of the table kumiko_archived_streams";
    let loaded = handlers.store().load(&mut connection, &stream(1)).await;
    let listed = archived_streams::<Postgres>(&mut connection, &ArchivedStreams::default()).await;
    for refused in [said(&loaded.unwrap_err()), said(&listed.unwrap_err())] {
        assert!(refused.contains(expected), "{refused}");
    }
    drop(connection);
    role.remove(&database).await;
    database.remove().await;
}

#[tokio::test]
async fn two_that_archive_the_same_streams_do_not_wait_for_each_other() {
    let database = a_wallet().await;
    let deposits = (2..10).map(|number| Change::deposit(wallet(number), 1));
    make(&database, &handlers(), deposits).await;
    let ascending: Vec<_> = (1..10).map(stream).collect();
    let descending: Vec<_> = (1..10).rev().map(stream).collect();
    for _ in 0..10 {
        let first = archive_all(&database.pool, &ascending, None);
        let second = archive_all(&database.pool, &descending, None);
        let (first, second) = join(first, second).await;
        first.unwrap();
        second.unwrap();
    }
    database.remove().await;
}
