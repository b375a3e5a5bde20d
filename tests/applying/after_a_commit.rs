//! A commit goes to PostgreSQL together with the lock and the look of the next seed.

use kumiko_seeds::{Error, SeedRunner};
use kumiko_tests::database::Engine;
use kumiko_tests::proxy::Proxy;
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note};
use sqlx::Postgres;
use sqlx::pool::PoolOptions;

use crate::role::Role;

/// What fails after the commit is the next seed's failure, and not that of the seed which is committed.
#[tokio::test]
async fn a_look_that_fails_undoes_nothing() {
    let database = Postgres::create().await;
    let role = Role::create(&database).await;
    let create = format!("GRANT CREATE ON SCHEMA public TO \"{}\"", role.name);
    database.execute(&create).await;
    let shuts = seed("2026-01-01-shuts", |ctx| {
        Box::pin(async move {
            let sql = "REVOKE SELECT ON kumiko_es_operations FROM CURRENT_USER";
            Postgres::run(ctx.unmanaged_db().await?, sql).await?;
            Ok(())
        })
    });
    let first = seed("2025-12-31-first", |_| Box::pin(async { Ok(()) }));
    let idle = seed("2026-01-02-idle", |_| Box::pin(async { Ok(()) }));
    let runner = SeedRunner::new(vec![first, shuts, idle].leak());
    let stopped = runner.apply(&role.pool).await.unwrap_err();
    let applied = stopped.report.applied.iter().map(|seed| seed.id);
    assert_eq!(applied.collect::<Vec<_>>(), [first.id, shuts.id]);
    assert!(
        matches!(stopped.error, Error::NotPermitted { .. }),
        "{stopped:?}"
    );
    assert_eq!(stopped.seed, Some(idle.id));
    assert_eq!(database.markers().await, [first.id, shuts.id]);
    role.remove(&database).await;
    database.remove().await;
}

/// Seeds that speak SQL of their own share a connection, for what they do to the session is undone in it.
#[tokio::test]
async fn seeds_with_sql_of_their_own_take_two_round_trips() {
    let database = Postgres::create().await;
    let writes = |number: usize| {
        let id = &*format!("2026-01-01-{number:04}").leak();
        seed(id, |ctx| {
            Box::pin(async move {
                let sql =
                    "CREATE TABLE IF NOT EXISTS written (id int); SET statement_timeout = '9s'";
                Postgres::run(ctx.unmanaged_db().await?, sql).await?;
                Ok(())
            })
        })
    };
    let runner = SeedRunner::new((0..1).map(writes).collect::<Vec<_>>().leak());
    runner.apply(&database.pool).await.unwrap();
    let proxy = Proxy::to(&database.url).await;
    let pool = PoolOptions::<Postgres>::new().max_connections(1);
    let pool = pool.connect_lazy(proxy.url()).unwrap();
    let runner = SeedRunner::new((0..21).map(writes).collect::<Vec<_>>().leak());
    runner.apply(&pool).await.unwrap();
    // The look, the transaction, the lock; and of each seed its own statement and the commit.
    assert_eq!(proxy.round_trips(), 3 + 2 * 20);
    pool.close().await;
    database.remove().await;
}

/// What is prepared in SQL cannot be told from what the driver has prepared, so the connection is replaced.
#[tokio::test]
async fn what_a_seed_prepares_in_sql_is_not_there_for_the_next() {
    let database = Postgres::create().await;
    let prepares = |id| {
        seed(id, |ctx| {
            Box::pin(async move {
                let sql = "PREPARE mine AS SELECT 1";
                Postgres::run(ctx.unmanaged_db().await?, sql).await?;
                Ok(())
            })
        })
    };
    let seeds = vec![prepares("2026-01-01-a"), prepares("2026-01-02-b")];
    let report = SeedRunner::new(seeds.leak()).apply(&database.pool).await;
    assert_eq!(report.unwrap().applied.len(), 2);
    database.remove().await;
}

/// A commit that PostgreSQL refuses ends the transaction, but nobody else has.
#[tokio::test]
async fn a_commit_that_is_refused_is_no_transaction_ended_by_a_seed() {
    let database = Postgres::create().await;
    app::runner(vec![note!("2025-12-31-first")])
        .apply(&database.pool)
        .await
        .unwrap();
    let trigger = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                   AS 'BEGIN RAISE EXCEPTION ''not today''; END';
                   CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON kumiko_events
                   DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()";
    database.execute(trigger).await;
    let seeds = vec![note!("2025-12-31-first"), note!("2026-01-01-late")];
    let runner = SeedRunner::new(seeds.leak()).handlers(app::handlers());
    let stopped = runner.apply(&database.pool).await.unwrap_err();
    assert_eq!(
        stopped.to_string(),
        "could not commit the seed with its marker"
    );
    assert_eq!(database.markers().await, ["2025-12-31-first"]);
    assert_eq!(database.payloads().await.len(), 1);
    database.remove().await;
}
