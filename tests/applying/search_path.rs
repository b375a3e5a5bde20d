//! Schemas other than `public`, and seeds that change which one counts.

use std::error::Error;

use futures_util::future::BoxFuture;
use kumiko_seeds::events::{Lookups, Membership, Tenant, UserRow};
use kumiko_seeds::{SeedContext, SeedResult};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use sqlx::pool::PoolOptions;
use sqlx::{Executor, PgConnection, Pool, Postgres};

/// A pool of one connection whose tables are in `schema`.
async fn pool_in(database: &TestDatabase<Postgres>, schema: &str) -> Pool<Postgres> {
    let create = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
    database.execute(&create).await;
    let url = format!("{}?options=-c search_path={schema}", database.url);
    let pool = PoolOptions::new().max_connections(1);
    pool.connect(&url).await.unwrap()
}

async fn markers_in(database: &TestDatabase<Postgres>, schema: &str) -> Vec<String> {
    let query = format!(
        "SELECT id FROM {schema}.kumiko_es_operations WHERE operation_type = 'seed-migration'
         ORDER BY id"
    );
    database.texts(&query).await
}

async fn set_path(ctx: &mut SeedContext<'_, Postgres>, statement: &'static str) -> SeedResult {
    ctx.unmanaged_db().await?.execute(statement).await?;
    Ok(())
}

#[tokio::test]
async fn each_schema_has_markers_of_its_own() {
    let database = Postgres::create().await;
    for schema in ["tenant_a", "tenant_b"] {
        let idle = vec![seed("2026-01-01-idle", |_| Box::pin(async { Ok(()) }))];
        let runner = kumiko_seeds::SeedRunner::new(idle.leak());
        let pool = pool_in(&database, schema).await;
        assert_eq!(runner.apply(&pool).await.unwrap().applied.len(), 1);
        assert_eq!(runner.apply(&pool).await.unwrap().applied.len(), 0);
        assert_eq!(markers_in(&database, schema).await, ["2026-01-01-idle"]);
        pool.close().await;
    }
    database.remove().await;
}

/// Otherwise the marker would be in the table of another tenant, and the seed would run again.
#[tokio::test]
async fn a_seed_that_changes_it_gets_its_marker_where_the_run_looks() {
    let database = Postgres::create().await;
    let local = seed("2026-01-01-local", |ctx| {
        Box::pin(set_path(ctx, "SET LOCAL search_path = tenant_b"))
    });
    let session = seed("2026-01-02-session", |ctx| {
        Box::pin(set_path(ctx, "SET search_path = tenant_b"))
    });
    let last = seed("2026-01-03-last", |ctx| {
        Box::pin(set_path(ctx, "CREATE TABLE made_by_last ()"))
    });
    let runner = kumiko_seeds::SeedRunner::new(vec![local, session, last].leak());
    let idle = vec![seed("2025-01-01-idle", |_| Box::pin(async { Ok(()) }))];
    let other = pool_in(&database, "tenant_b").await;
    let idle = kumiko_seeds::SeedRunner::new(idle.leak());
    idle.apply(&other).await.unwrap();
    other.close().await;

    let pool = pool_in(&database, "tenant_a").await;
    assert_eq!(runner.apply(&pool).await.unwrap().applied.len(), 3);
    assert_eq!(
        markers_in(&database, "tenant_a").await,
        ["2026-01-01-local", "2026-01-02-session", "2026-01-03-last"]
    );
    assert_eq!(markers_in(&database, "tenant_b").await, ["2025-01-01-idle"]);
    assert_eq!(
        Postgres::texts(&pool, "SHOW search_path").await,
        ["tenant_a"]
    );
    assert_eq!(
        database
            .text("SELECT schemaname::text FROM pg_tables WHERE tablename = 'made_by_last'")
            .await,
        "tenant_a"
    );
    pool.close().await;
    database.remove().await;
}

/// Lookups of an app whose read models are elsewhere.
struct Elsewhere;

impl Lookups<Postgres> for Elsewhere {
    fn find_user_by_email<'a>(
        &'a self,
        _: &'a mut PgConnection,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<UserRow>, Box<dyn Error + Send + Sync>>> {
        Box::pin(async { Ok(None) })
    }

    fn find_memberships_of_user<'a>(
        &'a self,
        _: &'a mut PgConnection,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Membership>, Box<dyn Error + Send + Sync>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn find_tenants<'a>(
        &'a self,
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<Vec<Tenant>, Box<dyn Error + Send + Sync>>> {
        Box::pin(async {
            connection.execute("SET search_path = tenant_b").await?;
            Ok(Vec::new())
        })
    }
}

#[tokio::test]
async fn so_does_a_seed_whose_lookups_change_it() {
    let database = Postgres::create().await;
    pool_in(&database, "tenant_b").await.close().await;
    let looks = seed("2026-01-01-looks", |ctx| {
        Box::pin(async move { ctx.find_tenants().await.map(drop) })
    });
    let pool = pool_in(&database, "tenant_a").await;
    let runner = kumiko_seeds::SeedRunner::new(vec![looks].leak()).lookups(Elsewhere);
    runner.apply(&pool).await.unwrap();
    assert_eq!(
        markers_in(&database, "tenant_a").await,
        ["2026-01-01-looks"]
    );
    assert_eq!(
        Postgres::texts(&pool, "SHOW search_path").await,
        ["tenant_a"]
    );
    pool.close().await;
    database.remove().await;
}
