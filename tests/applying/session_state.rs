//! What a seed does to its session is seen by no other seed, nor by the app.

use kumiko_seeds::Seed;
use kumiko_tests::app;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use sqlx::pool::PoolOptions;
use sqlx::{Executor, Pool, Postgres, Sqlite};

/// Everything in a session that outlives a transaction.
const LEAVE: &str = "
    SET statement_timeout = '7s';
    SET search_path = elsewhere;
    SET app.tenant = 'acme';
    SET app.name = 'spoilt';
    SET TIME ZONE 'Europe/Berlin';
    SET session_replication_role = replica;
    SELECT pg_advisory_lock(42);
    LISTEN gossip;
    CREATE TEMPORARY TABLE left_over (n int);
    DECLARE left_over CURSOR WITH HOLD FOR SELECT 1;
    SET ROLE pg_monitor";

/// What of it can be seen, and of the settings that the pool makes.
const SEEN: &str = "
    SELECT concat_ws(', ',
        current_setting('statement_timeout'), current_setting('search_path'),
        current_setting('app.tenant', true), current_setting('app.name'),
        current_setting('TimeZone'), current_setting('session_replication_role'),
        (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42),
        (SELECT count(*) FROM pg_listening_channels()),
        (SELECT count(*) FROM pg_class WHERE relname = 'left_over'),
        (SELECT count(*) FROM pg_cursors WHERE is_holdable),
        current_setting('role'))";

const CLEAN: &str = "3s, public, mine, UTC, origin, 0, 0, 0, 0, pg_read_all_data";

/// A pool of one connection that makes settings of its own, as apps do.
async fn pool(database: &TestDatabase<Postgres>) -> Pool<Postgres> {
    let grant = "GRANT ALL ON SCHEMA public TO pg_read_all_data";
    database.execute(grant).await;
    PoolOptions::new()
        .max_connections(1)
        .after_connect(|connection: &mut sqlx::PgConnection, _| {
            Box::pin(async move {
                let sql = "SET statement_timeout = '3s'; SET search_path = public;
                           SET app.name = 'mine'; SET ROLE pg_read_all_data";
                connection.execute(sql).await.map(drop)
            })
        })
        .connect(&database.url)
        .await
        .unwrap()
}

/// What one value of the app's own connection is.
async fn seen(pool: &Pool<Postgres>) -> String {
    let seen = Postgres::texts(pool, SEEN).await;
    seen.into_iter().next().unwrap().replace(", , ", ", ")
}

/// A seed that notes what it sees.
fn look() -> Seed<Postgres> {
    seed("2026-01-02-looks", |ctx| {
        Box::pin(async move {
            let note = format!("CREATE TABLE seen AS {SEEN} AS text");
            Postgres::run(ctx.unmanaged_db().await?, &note).await?;
            Ok(())
        })
    })
}

/// What the seed of [`look`] saw.
async fn seen_by_a_seed(database: &TestDatabase<Postgres>) -> String {
    let seen = database.text("SELECT text FROM seen").await;
    seen.replace(", , ", ", ")
}

#[tokio::test]
async fn neither_the_next_seed_nor_the_app_sees_it() {
    let database = Postgres::create().await;
    let leave = seed("2026-01-01-leaves", |ctx| {
        Box::pin(async move {
            let connection = ctx.unmanaged_db().await?;
            Postgres::run(connection, "RESET ROLE").await?;
            Postgres::run(connection, LEAVE).await?;
            Ok(())
        })
    });
    let pool = pool(&database).await;
    assert_eq!(seen(&pool).await, CLEAN);
    let runner = kumiko_seeds::SeedRunner::new(vec![leave, look()].leak());
    runner.apply(&pool).await.unwrap();
    assert_eq!(seen_by_a_seed(&database).await, CLEAN);
    assert_eq!(seen(&pool).await, CLEAN);
    pool.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_seed_that_fails_leaves_nothing_of_it_either() {
    let database = Postgres::create().await;
    let leave = seed("2026-01-01-leaves", |ctx| {
        Box::pin(async move {
            let connection = ctx.unmanaged_db().await?;
            Postgres::run(connection, "SELECT pg_advisory_lock(42); LISTEN gossip").await?;
            Err("no".into())
        })
    });
    let pool = pool(&database).await;
    let runner = kumiko_seeds::SeedRunner::new(vec![leave].leak());
    runner.apply(&pool).await.unwrap_err();
    assert_eq!(seen(&pool).await, CLEAN);
    runner.dry_run(&pool).await.unwrap_err();
    assert_eq!(seen(&pool).await, CLEAN);
    pool.close().await;
    database.remove().await;
}

static LOOK: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// Where the pool makes no settings of its own the connection stays, and is brought back in SQL.
#[tokio::test]
async fn a_connection_that_nobody_has_set_up_is_cleaned() {
    let database = Postgres::create().await;
    let schema = "CREATE SCHEMA elsewhere; CREATE TABLE seen (id text, text text)";
    database.execute(schema).await;
    let seen = SEEN
        .replace(
            "current_setting('app.tenant', true)",
            "nullif(current_setting('app.tenant', true), '')",
        )
        .replace(
            "current_setting('app.name')",
            "nullif(current_setting('app.name', true), '')",
        );
    LOOK.get_or_init(|| format!("INSERT INTO seen VALUES ('a seed', ({seen}))"));
    let leaves = seed("2026-01-01-leaves", |ctx| {
        Box::pin(async move {
            Postgres::run(ctx.unmanaged_db().await?, LEAVE).await?;
            Ok(())
        })
    });
    let looks = seed("2026-01-02-looks", |ctx| {
        Box::pin(async move {
            let look = LOOK.get().map(String::as_str).unwrap_or_default();
            Postgres::run(ctx.unmanaged_db().await?, look).await?;
            let backend = "INSERT INTO seen SELECT 'backend', pg_backend_pid()";
            Postgres::run(ctx.unmanaged_db().await?, backend).await?;
            Ok(())
        })
    });
    let first = seed("2025-12-31-first", |ctx| {
        Box::pin(async move {
            let backend = "INSERT INTO seen SELECT 'backend', pg_backend_pid()";
            Postgres::run(ctx.unmanaged_db().await?, backend).await?;
            Ok(())
        })
    });
    let pool = database.pool_of(1).await;
    let before = Postgres::texts(&pool, &seen).await;
    let seeds = vec![first, leaves, looks];
    let runner = kumiko_seeds::SeedRunner::new(seeds.leak());
    runner.apply(&pool).await.unwrap();
    let by_the_seed = database
        .texts("SELECT text FROM seen WHERE id = 'a seed'")
        .await;
    assert_eq!(by_the_seed, before);
    let backends = "SELECT DISTINCT text FROM seen WHERE id = 'backend'";
    assert_eq!(database.texts(backends).await.len(), 1);
    assert_eq!(Postgres::texts(&pool, &seen).await, before);
    pool.close().await;
    database.remove().await;
}

#[tokio::test]
async fn what_the_preparation_leaves_is_gone_before_the_first_seed() {
    let database = Postgres::create().await;
    let pool = pool(&database).await;
    let runner = kumiko_seeds::SeedRunner::new(vec![look()].leak()).prepare(|connection| {
        Box::pin(async move {
            let sql = "SET statement_timeout = '9s'; LISTEN gossip; SELECT pg_advisory_lock(42)";
            Ok(Postgres::run(connection, sql).await?)
        })
    });
    runner.apply(&pool).await.unwrap();
    assert_eq!(seen_by_a_seed(&database).await, CLEAN);
    pool.close().await;
    database.remove().await;
}

#[tokio::test]
async fn pragmas_and_temporary_tables_go_with_their_seed() {
    let database = Sqlite::create().await;
    let leave = seed("2026-01-01-leaves", |ctx| {
        Box::pin(async move {
            let sql = "PRAGMA recursive_triggers = ON; CREATE TEMP TABLE left_over (n)";
            Sqlite::run(ctx.unmanaged_db().await?, sql).await?;
            Ok(())
        })
    });
    let look = seed("2026-01-02-looks", |ctx| {
        Box::pin(async move {
            let sql = "INSERT INTO read_notes
                       SELECT recursive_triggers || ', ' || (SELECT count(*) FROM temp.sqlite_master)
                       FROM pragma_recursive_triggers";
            Sqlite::run(ctx.unmanaged_db().await?, sql).await?;
            Ok(())
        })
    });
    let pool = database.pool_of(1).await;
    app::runner(vec![leave, look]).apply(&pool).await.unwrap();
    let seen = "SELECT text FROM read_notes";
    assert_eq!(Sqlite::texts(&pool, seen).await, ["0, 0"]);
    let by_the_app = "SELECT CAST(recursive_triggers AS text) FROM pragma_recursive_triggers";
    assert_eq!(Sqlite::texts(&pool, by_the_app).await, ["0"]);
    pool.close().await;
    database.remove().await;
}
