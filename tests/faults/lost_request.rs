//! The commit of a write of the app's own that is lost on the way.

use std::time::Duration;

use kumiko_seeds::events::{User, WriteError};
use kumiko_seeds::json;
use kumiko_tests::app;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::proxy::{Fate, Proxy};
use sqlx::pool::PoolOptions;
use sqlx::{Pool, Postgres};

/// A pool of one on a connection whose next commit meets `fate`, and whose later requests meet `later`.
async fn through_proxy(
    database: &TestDatabase<Postgres>,
    fate: fn() -> Fate,
    later: fn() -> Fate,
) -> (Proxy, Pool<Postgres>) {
    app::create_tables::<Postgres>(&mut database.pool.acquire().await.unwrap())
        .await
        .unwrap();
    let proxy = Proxy::to(&database.url).await;
    let mut is_over = false;
    proxy.decide(move |_, bytes| {
        if is_over {
            return later();
        }
        is_over = String::from_utf8_lossy(bytes).contains("COMMIT AND CHAIN");
        if is_over { fate() } else { Fate::Pass }
    });
    let pool = PoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(2))
        .connect_lazy(proxy.url())
        .unwrap();
    (proxy, pool)
}

async fn write(pool: &Pool<Postgres>) -> Result<(), WriteError> {
    let handlers = app::handlers();
    let user = User::new("u", [""; 0]);
    let note = json!({ "text": "a" });
    let write = handlers.write_as(user, "notes:write:add", note);
    write.commit(pool).await.map(drop)
}

#[tokio::test]
async fn one_whose_answer_is_lost_is_known_to_be_committed() {
    let database = Postgres::create().await;
    let (_proxy, pool) = through_proxy(&database, || Fate::LoseAnswer, || Fate::Pass).await;
    write(&pool).await.unwrap();
    assert_eq!(database.payloads().await.len(), 1);
    pool.close().await;
    database.remove().await;
}

#[tokio::test]
async fn one_that_never_arrived_is_known_not_to_be() {
    let database = Postgres::create().await;
    let (_proxy, pool) = through_proxy(&database, || Fate::LoseRequest, || Fate::Pass).await;
    let error = write(&pool).await.unwrap_err();
    assert!(
        matches!(error, WriteError::NotCommitted { .. }),
        "{error:?}"
    );
    assert_eq!(database.payloads().await.len(), 0);
    write(&pool).await.unwrap();
    pool.close().await;
    database.remove().await;
}

#[tokio::test]
async fn one_of_which_nobody_can_ask_is_told_as_that() {
    let database = Postgres::create().await;
    let (_proxy, pool) = through_proxy(&database, || Fate::LoseAnswer, || Fate::LoseRequest).await;
    let error = write(&pool).await.unwrap_err();
    assert!(
        matches!(error, WriteError::CommitUnanswered { .. }),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "whether the write to \"notes:write:add\" is committed is not known, because the answer was lost"
    );
    assert_eq!(database.payloads().await.len(), 1);
    database.remove().await;
}
