//! A client that is gone while the server works for it.

use std::time::{Duration, Instant};

use kumiko_seeds::{SeedContext, SeedResult};
use kumiko_tests::database::Engine;
use kumiko_tests::proxy::{Fate, Proxy};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note};
use sqlx::{Executor, Pool, Postgres};

async fn sleep(ctx: &mut SeedContext<'_, Postgres>) -> SeedResult {
    ctx.db().await?.execute("SELECT pg_sleep(120)").await?;
    Ok(())
}

/// By default the server would notice only when it has something to send: after two minutes.
#[tokio::test]
async fn in_a_long_statement_it_keeps_the_lock_for_seconds_only() {
    let database = Postgres::create().await;
    let proxy = Proxy::to(&database.url).await;
    proxy.decide(|_, bytes| {
        if String::from_utf8_lossy(bytes).contains("pg_sleep") {
            Fate::LoseBoth
        } else {
            Fate::Pass
        }
    });
    let pool = Pool::<Postgres>::connect(proxy.url()).await.unwrap();
    let sleeper = seed("2026-01-01-a", |ctx| Box::pin(sleep(ctx)));
    let lost = app::runner(vec![sleeper]).apply(&pool).await;
    assert_eq!(lost.unwrap_err().to_string(), "seed 2026-01-01-a failed");
    pool.close().await;

    let began = Instant::now();
    let next = app::runner(vec![note!("2026-01-01-a")]).lock_timeout(Duration::from_mins(1));
    assert_eq!(next.apply(&database.pool).await.unwrap().applied.len(), 1);
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    database.remove().await;
}

/// For a machine that lost its power there is nothing to test on loopback but the settings: the server
/// asks after fifteen seconds, three times, and then lets go.
#[tokio::test]
async fn the_server_is_told_to_ask_whether_it_is_still_there() {
    let database = Postgres::create().await;
    let asks = seed("2026-01-01-asks", |ctx| {
        Box::pin(async move {
            for (setting, expected) in [
                ("tcp_keepalives_idle", "15"),
                ("tcp_keepalives_interval", "5"),
                ("tcp_keepalives_count", "3"),
                ("client_connection_check_interval", "5s"),
            ] {
                let query = sqlx::query_scalar("SELECT current_setting($1)").bind(setting);
                let value: String = query.fetch_one(ctx.db().await?).await?;
                assert_eq!(value, expected, "{setting}");
            }
            Ok(())
        })
    });
    let pool = database.pool_of(1).await;
    let before = Postgres::texts(&pool, "SHOW tcp_keepalives_idle").await;
    app::runner(vec![asks]).apply(&pool).await.unwrap();
    // As the app's connection came, so it goes back.
    assert_eq!(
        Postgres::texts(&pool, "SHOW tcp_keepalives_idle").await,
        before
    );
    pool.close().await;
    database.remove().await;
}
