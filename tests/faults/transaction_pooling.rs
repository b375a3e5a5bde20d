//! PgBouncer in transaction mode: each transaction may run on another connection to the server, and
//! nothing between two transactions belongs to anybody.

use std::time::Duration;

use futures_util::future::join_all;
use kumiko_seeds::{Error, Seed, SeedRunner, json};
use kumiko_seeds_testing::{PgBouncer, PoolMode};
use kumiko_tests::database::{Engine, server_url};
use kumiko_tests::replicas::{booted, each_seed_ran_once, replica, start_at_once};
use kumiko_tests::seeds::seed;
use kumiko_tests::workers::{check_applied, worker};
use kumiko_tests::{app, note};
use sqlx::{Pool, Postgres, Row};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

fn pooler() -> PgBouncer {
    PgBouncer::start(&server_url(), PoolMode::Transaction).unwrap()
}

/// PgBouncer before 1.21 does not keep what its clients prepare, so nothing is prepared by name.
#[tokio::test]
async fn twelve_processes_over_two_connections() {
    let (pooler, database) = (pooler(), Postgres::create().await);
    let url = pooler.url(&database.url);
    let printed = start_at_once("unnamed", &url, 12).await;
    each_seed_ran_once(&database).await;
    let lines = printed.iter().flat_map(|text| text.lines());
    let applied = lines.filter(|line| line.starts_with("applied ")).count();
    assert_eq!(applied, 20, "{printed:#?}");
    // The connections to the server are still there, for whomever comes next.
    let locks = "SELECT CAST(pid AS text) FROM pg_locks
                 WHERE locktype = 'advisory' AND database = (
                     SELECT oid FROM pg_database WHERE datname = current_database()
                 )";
    assert_eq!(database.texts(locks).await, [""; 0]);
    database.remove().await;
}

/// What a run prepares for its seeds is gone from the server's connection before the pooler gives it to somebody else.
#[tokio::test]
async fn nothing_that_a_run_prepares_is_left_to_others() {
    let (pooler, database) = (pooler(), Postgres::create().await);
    app::create_tables::<Postgres>(&mut database.pool.acquire().await.unwrap())
        .await
        .unwrap();
    let pool = Pool::<Postgres>::connect(&pooler.url(&database.url)).await;
    let pool = pool.unwrap();
    let seeds = [
        note!("2026-01-01-first"),
        note!("2026-01-02-second"),
        note!("2026-01-03-third"),
        seed("2026-01-04-fails", |_| Box::pin(async { Err("no".into()) })),
    ];
    let runner = |count: usize| {
        let runner = SeedRunner::new(seeds[..count].to_vec().leak());
        runner.handlers(app::handlers()).unnamed_statements()
    };
    runner(3).apply(&pool).await.unwrap();
    assert_eq!(prepared(&pool).await, [""; 0]);
    database
        .execute("DELETE FROM kumiko_es_operations WHERE id > '2026-01-02'")
        .await;
    database
        .execute("DELETE FROM kumiko_events; DELETE FROM read_notes")
        .await;
    runner(4).apply(&pool).await.unwrap_err();
    assert_eq!(prepared(&pool).await, [""; 0]);
    database.remove().await;
}

/// What is prepared in SQL on the two connections that the pooler has to the server.
async fn prepared(pool: &Pool<Postgres>) -> Vec<String> {
    let mut first = pool.begin().await.unwrap();
    let mut second = pool.begin().await.unwrap();
    let mut sessions = Vec::new();
    let mut names = Vec::new();
    for transaction in [&mut first, &mut second] {
        let sql = "SELECT CAST(pg_backend_pid() AS text), CAST(name AS text)
                   FROM (SELECT 1) AS one LEFT JOIN pg_prepared_statements ON from_sql";
        let rows = sqlx::raw_sql(sql).fetch_all(&mut **transaction).await;
        for row in rows.unwrap() {
            sessions.push(row.get::<String, _>(0));
            names.extend(row.get::<Option<String>, _>(1));
        }
    }
    sessions.dedup();
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    names
}

/// Each step may run on another connection than the one before.
#[tokio::test]
async fn four_workers_over_two_connections() {
    const ITEMS: i64 = 1_500;
    let (pooler, database) = (pooler(), Postgres::create().await);
    let url = pooler.url(&database.url);
    let start = |release| worker(release, &url, ITEMS).spawn().unwrap();
    let mut printed = Vec::new();
    for worker in ["unnamed-work"; 4].map(start) {
        printed.push(booted(worker).await);
    }
    check_applied(&database, ITEMS).await;
    let lines = printed.iter().flat_map(|text| text.lines());
    let applied = lines.filter(|line| line.starts_with("applied ")).count();
    assert_eq!(applied, 1, "{printed:#?}");
    database.remove().await;
}

/// Appends, versions and all else that seeds do through the library.
#[tokio::test]
async fn the_write_side_can_do_without_names() {
    let (pooler, database) = (pooler(), Postgres::create().await);
    let url = pooler.url(&database.url);
    let runs = (0..6).map(|_| async {
        let pool = Pool::<Postgres>::connect(&url).await.unwrap();
        let runner = app::runner(rename_notes()).unnamed_statements();
        runner.apply(&pool).await.unwrap()
    });
    let runs = timeout(Duration::from_secs(40), join_all(runs)).await;
    let reports = runs.unwrap();
    let applied = reports.iter().flat_map(|report| &report.applied).count();
    assert_eq!(applied, 5, "{reports:?}");
    assert_eq!(database.payloads().await.len(), 10);
    database.remove().await;
}

/// Each adds a note and asks for its version.
fn rename_notes() -> Vec<Seed<Postgres>> {
    macro_rules! renames {
        ($id:literal) => {
            seed($id, |ctx| {
                Box::pin(async move {
                    let note = json!({ "text": $id });
                    ctx.system_write_as("notes:write:add", note).await?;
                    let name = json!({ "from": $id, "to": "renamed" });
                    ctx.system_write_as("notes:write:rename", name).await?;
                    Ok(())
                })
            })
        };
    }
    vec![
        renames!("2026-01-01-a"),
        renames!("2026-01-02-b"),
        renames!("2026-01-03-c"),
        renames!("2026-01-04-d"),
        renames!("2026-01-05-e"),
    ]
}

/// sqlx gives statements the same names in each client, and PgBouncer before 1.21 does not tell them
/// apart. A seed that prepares some may fail; then it fails clearly, and what is done stays done.
#[tokio::test]
async fn seeds_that_prepare_statements_double_and_lose_nothing() {
    let (pooler, database) = (pooler(), Postgres::create().await);
    let url = pooler.url(&database.url);
    let runs = (0..8).map(|_| async {
        let pool = Pool::<Postgres>::connect(&url).await.unwrap();
        let runner = app::runner(prepare_statements()).unnamed_statements();
        runner.apply(&pool).await
    });
    let runs = timeout(Duration::from_secs(40), join_all(runs))
        .await
        .unwrap();

    for failure in runs.iter().filter_map(|run| run.as_ref().err()) {
        let text = format!("{failure:?}");
        assert!(text.contains("prepared statement \"sqlx_s_"), "{text}");
    }
    let reported = runs.iter().flat_map(|run| match run {
        Ok(report) => &report.applied,
        Err(stopped) => &stopped.report.applied,
    });
    let applied = database.markers().await;
    assert_eq!(reported.count(), applied.len(), "{applied:?}");
    assert_eq!(
        database.payloads().await.len(),
        applied.len(),
        "{applied:?}"
    );
    // The rest, past the pooler.
    let runner = app::runner(prepare_statements());
    runner.apply(&database.pool).await.unwrap();
    assert_eq!(database.payloads().await.len(), 5);
    // Nothing pending is one statement without a name.
    let pool = Pool::<Postgres>::connect(&url).await.unwrap();
    assert_eq!(runner.apply(&pool).await.unwrap().applied, []);
    database.remove().await;
}

/// Clients that name their statements, and what each is told to do about it.
#[tokio::test]
async fn whoever_names_statements_is_told_what_to_do() {
    let (pooler, database) = (pooler(), Postgres::create().await);
    let url = pooler.url(&database.url);
    let mut connection = database.pool.acquire().await.unwrap();
    app::create_tables::<Postgres>(&mut connection)
        .await
        .unwrap();
    drop(connection);
    let (mut pools, mut refused) = (Vec::new(), Vec::new());
    for seed in rename_notes() {
        let pool = Pool::<Postgres>::connect(&url).await.unwrap();
        // It prepares nothing, for its connection would be closed after that, and that of the pooler with it.
        let runner = SeedRunner::new(vec![seed].leak()).handlers(app::handlers());
        if let Err(stopped) = runner.apply(&pool).await {
            refused.push(stopped);
        }
        // The next client gets the connection to the server with what is prepared on it.
        Postgres::execute(&pool, "SELECT 1").await.unwrap();
        pools.push(pool);
    }
    assert!(!refused.is_empty());
    for stopped in refused {
        let remedy = stopped.error.remedy().unwrap();
        assert!(remedy.contains("`.unnamed_statements()`"), "{remedy}");
    }
    database.remove().await;
}

/// Each prepares a statement of its own.
fn prepare_statements() -> Vec<Seed<Postgres>> {
    macro_rules! prepares {
        ($id:literal) => {
            seed($id, |ctx| {
                Box::pin(async move {
                    let note = json!({ "text": $id });
                    ctx.system_write_as("notes:write:add", note).await?;
                    let query = sqlx::query_scalar(concat!("SELECT '", $id, "'"));
                    let id: String = query.fetch_one(ctx.db().await?).await?;
                    assert_eq!(id, $id);
                    Ok(())
                })
            })
        };
    }
    vec![
        prepares!("2026-01-01-a"),
        prepares!("2026-01-02-b"),
        prepares!("2026-01-03-c"),
        prepares!("2026-01-04-d"),
        prepares!("2026-01-05-e"),
    ]
}

#[tokio::test]
async fn a_client_killed_in_a_seed_leaves_neither_lock_nor_connection() {
    let (pooler, database) = (pooler(), Postgres::create().await);
    let url = pooler.url(&database.url);
    // Two would hold each connection there is, if the first kill did not free one.
    for _ in 0..3 {
        let mut holder = replica("hold", &url).spawn().unwrap();
        let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        let holds = async {
            // It may wait until the server knows of the kill before.
            while lines.next_line().await.unwrap().unwrap() != "holding" {}
        };
        timeout(Duration::from_secs(20), holds).await.unwrap();
        holder.kill().await.unwrap();
    }
    let pool = Pool::<Postgres>::connect(&url).await.unwrap();
    let runner = app::runner(vec![note!("2026-01-01-a")]).unnamed_statements();
    let runner = runner.lock_timeout(Duration::from_secs(20));
    assert_eq!(runner.apply(&pool).await.unwrap().applied.len(), 1);
    database.remove().await;
}

/// After the handler's COMMIT the next statement runs on whatever connection is free, outside of any
/// transaction; the marker is not written there.
#[tokio::test]
async fn a_handler_that_commits_leaves_no_marker() {
    let (pooler, database) = (pooler(), Postgres::create().await);
    let url = pooler.url(&database.url);
    let pool = Pool::<Postgres>::connect(&url).await.unwrap();
    let commits = seed("2026-01-01-commits", |ctx| {
        Box::pin(async move {
            ctx.system_write_as("notes:write:commit", json!({ "text": "" }))
                .await?;
            Ok(())
        })
    });
    let stopped = app::runner(vec![commits]).apply(&pool).await.unwrap_err();
    assert!(
        matches!(stopped.error, Error::TransactionEnded { .. }),
        "{stopped:?}"
    );
    assert_eq!(database.markers().await, [""; 0]);
    database.remove().await;
}
