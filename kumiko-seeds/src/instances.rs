//! Instances of what is generic over the database, compiled with this crate.
//!
//! In a build without optimizations the compiler takes an instance from a crate below, if it is there. What is named here
//! need not be compiled with the app again whenever a seed has changed. A build with optimizations takes none, so there
//! they would be made for nobody. Nothing here is ever called.

use futures_util::future::BoxFuture;
use sqlx::Pool;

use crate::SeedRunner;
#[cfg(not(feature = "events"))]
use crate::backend::Backend;
#[cfg(feature = "events")]
use crate::events::{
    EventBackend as Backend, Handlers, Projections, SYSTEM_TENANT_ID, User, create_event_tables,
    load,
};

type Instances<DB> = fn(&Pool<DB>) -> BoxFuture<'_, ()>;

#[cfg(feature = "postgres")]
#[used]
static ON_POSTGRES: Instances<sqlx::Postgres> = instances::<sqlx::Postgres>;

#[cfg(feature = "sqlite")]
#[used]
static ON_SQLITE: Instances<sqlx::Sqlite> = instances::<sqlx::Sqlite>;

/// What most apps call.
fn instances<DB: Backend>(pool: &Pool<DB>) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        let runner = SeedRunner::<DB>::new(&[]);
        #[cfg(feature = "events")]
        let runner = runner.handlers(written(pool).await);
        drop(runner.apply(pool).await);
        drop(runner.dry_run(pool).await);
        drop(runner.work(pool).await);
        drop(runner.ledger(pool).history().await);
    })
}

#[cfg(feature = "events")]
async fn written<DB: Backend>(pool: &Pool<DB>) -> Handlers<DB> {
    let handlers = Handlers::new().projections(Projections::new());
    let write = handlers.write_as(User::system(), "", ());
    drop(write.commit(pool).await);
    if let Ok(mut connection) = pool.acquire().await {
        let (tenant, aggregate) = (SYSTEM_TENANT_ID, SYSTEM_TENANT_ID);
        drop(create_event_tables::<DB>(&mut connection).await);
        drop(load::<DB>(&mut connection, tenant, aggregate).await);
    }
    handlers
}
