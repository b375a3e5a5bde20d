//! How often a run waits for PostgreSQL, counted by a proxy.

use kumiko_seeds::events::{Access, HandlerResult, Handlers, NewEvent, User, WriteContext};
use kumiko_seeds::{Batch, BatchResult, Seed, SeedContext, SeedRunner, json, read_cursor};
use kumiko_tests::app::{Note, create_tables, id};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::proxy::Proxy;
use kumiko_tests::seeds::seed;
use kumiko_tests::steps::{Items, of_batch};
use sqlx::pool::PoolOptions;
use sqlx::{Connection, Postgres};

/// Appends one event and does nothing else.
async fn add(mut write: WriteContext<'_, Postgres>, note: Note) -> HandlerResult {
    let stream = write.stream("note", id(&note.text));
    let event = NewEvent::new("note-added", &note);
    write.append(&stream, 0, [event]).await?;
    Ok(())
}

/// Applies `seeds` on a fresh connection, as a boot does, and counts the round trips after its handshake.
async fn round_trips(database: &TestDatabase<Postgres>, seeds: Vec<Seed<Postgres>>) -> usize {
    let proxy = Proxy::to(&database.url).await;
    let pool = PoolOptions::new().max_connections(1);
    let pool = pool.connect_lazy(proxy.url()).unwrap();
    let handlers = Handlers::new().register("notes:write:add", Access::OpenToAll, add);
    let runner = SeedRunner::new(seeds.leak()).handlers(handlers);
    runner.apply(&pool).await.unwrap();
    let count = proxy.round_trips();
    pool.close().await;
    count
}

/// Ids of `count` seeds, in order.
fn ids(count: usize) -> impl Iterator<Item = &'static str> {
    (0..count).map(|number| &*format!("2026-01-01-{number:04}").leak())
}

#[tokio::test]
async fn as_few_as_there_can_be() {
    let database = Postgres::create().await;
    create_tables::<Postgres>(&mut database.pool.acquire().await.unwrap())
        .await
        .unwrap();
    let idle = |id| seed(id, |_| Box::pin(async { Ok(()) }));
    let first: Vec<_> = ids(1).map(idle).collect();
    // The look, the transaction, the lock with the session's settings, the table, the re-check, and the marker
    // with the commit.
    assert_eq!(round_trips(&database, first.clone()).await, 6);

    // Nothing pending costs the look, however many seeds there are.
    assert_eq!(round_trips(&database, first).await, 1);
    let many: Vec<_> = ids(101).map(idle).collect();
    // A seed costs one: its marker with the commit, and with the next seed's transaction, lock and re-check. Before the
    // first come the look, the transaction, and the lock.
    assert_eq!(round_trips(&database, many.clone()).await, 3 + 100);
    assert_eq!(round_trips(&database, many.clone()).await, 1);

    let append = |id| {
        seed(id, |ctx| {
            Box::pin(async move {
                for number in 0..10 {
                    let text = format!("{} {number}", ctx.id());
                    ctx.system_write_as("notes:write:add", json!({ "text": text }))
                        .await?;
                }
                Ok(())
            })
        })
    };
    let appending = ids(105).skip(101).map(append);
    let all: Vec<_> = many.into_iter().chain(appending).collect();
    let some = all[..103].to_vec();
    // A write of one event costs one, and the first of its kind on a connection one more, to prepare it.
    assert_eq!(round_trips(&database, some).await, 3 + 2 * (1 + 10) + 1);
    // Whether streams are archived is asked with it.
    database
        .execute("CREATE TABLE kumiko_archived_streams (tenant_id uuid, aggregate_id uuid)")
        .await;
    assert_eq!(round_trips(&database, all).await, 3 + 2 * (1 + 10) + 1);
    database.remove().await;
}

/// Does a seed of so many items, ten a step, and counts the round trips.
async fn round_trips_of_steps(
    database: &TestDatabase<Postgres>,
    items: i64,
    reads: Reads,
) -> usize {
    let proxy = Proxy::to(&database.url).await;
    let pool = PoolOptions::new().max_connections(1);
    let pool = pool.connect_lazy(proxy.url()).unwrap();
    let handlers = Handlers::new().register("notes:write:add", Access::OpenToAll, add);
    let id = format!("2026-01-01-{items}-{reads:?}").leak();
    let runner = SeedRunner::new(
        vec![of_batch(id, |ctx, after, limit| {
            Box::pin(batch(ctx, after, limit))
        })]
        .leak(),
    );
    let runner = runner.handlers(handlers).with(Items(items)).with(reads);
    runner.step_size(10..=10).apply(&pool).await.unwrap();
    let count = proxy.round_trips();
    pool.close().await;
    count
}

/// Whether a seed reads before it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    Nothing,
    First,
}

async fn batch(
    ctx: &mut SeedContext<'_, Postgres>,
    after: Option<&str>,
    limit: u32,
) -> BatchResult<String> {
    let Items(items) = *ctx.app().unwrap();
    let reads: Reads = *ctx.app().unwrap();
    if reads == Reads::First {
        sqlx::query("SELECT 1").execute(ctx.db().await?).await?;
    }
    let first = read_cursor::<i64>(after)?.unwrap_or(0) + 1;
    let numbers: Vec<i64> = (first..=items).take(limit as usize).collect();
    let notes = numbers
        .iter()
        .map(|number| json!({ "text": format!("{} {number}", ctx.id()) }));
    let notes: Vec<_> = notes.collect();
    ctx.system_batch("notes:write:add", notes).await?;
    Batch::new(numbers.last().copied(), numbers.len()).written()
}

/// Its cursor goes with the commit, and with the next step's transaction, lock and look.
#[tokio::test]
async fn a_step_takes_one_beside_its_own() {
    let database = Postgres::create().await;
    create_tables::<Postgres>(&mut database.pool.acquire().await.unwrap())
        .await
        .unwrap();
    // Creates the table of progress.
    round_trips_of_steps(&database, 10, Reads::Nothing).await;
    let few = round_trips_of_steps(&database, 20, Reads::Nothing).await;
    let many = round_trips_of_steps(&database, 120, Reads::Nothing).await;
    assert_eq!(many - few, 10 * (1 + 1));
    // To read and then to write is to switch twice.
    let few = round_trips_of_steps(&database, 20, Reads::First).await;
    let many = round_trips_of_steps(&database, 120, Reads::First).await;
    assert_eq!(many - few, 10 * (1 + 2 + 2));
    database.remove().await;
}

/// Beside the handler's own, which is its append: the transaction begins and gets its number, and is committed.
#[tokio::test]
async fn a_write_of_the_app_s_takes_three_more_than_its_handler() {
    let database = Postgres::create().await;
    create_tables::<Postgres>(&mut database.pool.acquire().await.unwrap())
        .await
        .unwrap();
    let proxy = Proxy::to(&database.url).await;
    let pool = PoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false);
    let pool: sqlx::PgPool = pool.connect(proxy.url()).await.unwrap();
    let handlers = Handlers::new().register("notes:write:add", Access::OpenToAll, add);
    let write = |text| {
        let user = User::new("u", [""; 0]);
        handlers.write_as(user, "notes:write:add", json!({ "text": text }))
    };
    let mut connection = pool.acquire().await.unwrap();
    // The first write of a connection also prepares its statement.
    let mut transaction = connection.begin().await.unwrap();
    write("a").within(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();

    let before = proxy.round_trips();
    let mut transaction = connection.begin().await.unwrap();
    write("b").within(&mut transaction).await.unwrap();
    write("c").within(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(proxy.round_trips() - before, 2 + 2 * (3 + 1));

    drop(connection);
    // The pool asks a connection that comes back whether it is alive.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let before = proxy.round_trips();
    write("d").commit(&pool).await.unwrap();
    assert_eq!(proxy.round_trips() - before, 3 + 1);
    pool.close().await;
    database.remove().await;
}
