//! Seeds and the app's schema migrations.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_util::future::{join, join_all};
use kumiko_seeds::{Batch, Seed, SeedCode, SeedRunner, Selection};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note};
use sqlx::migrate::{Migrate, Migrator};

const CREATE: (&str, &str) = (
    "20260101000000_widgets",
    "CREATE TABLE widgets (name text PRIMARY KEY)",
);
const COLOR: (&str, &str) = (
    "20260201120000_color",
    "ALTER TABLE widgets ADD COLUMN color text",
);
const NO_COLOR: (&str, &str) = (
    "20260201180000_no_color",
    "ALTER TABLE widgets DROP COLUMN color",
);
const SIZE: (&str, &str) = (
    "20260301000000_size",
    "ALTER TABLE widgets ADD COLUMN size integer",
);
const ALL: [(&str, &str); 4] = [CREATE, COLOR, NO_COLOR, SIZE];

async fn migrator(files: &[(&str, &str)]) -> &'static Migrator {
    let folder = tempfile::tempdir().unwrap();
    for (name, sql) in files {
        std::fs::write(folder.path().join(format!("{name}.sql")), sql).unwrap();
    }
    Box::leak(Box::new(Migrator::new(folder.path()).await.unwrap()))
}

/// A seed that runs a statement.
macro_rules! runs {
    ($id:literal, $sql:literal) => {
        seed($id, |ctx| {
            Box::pin(async move {
                DB::run(ctx.unmanaged_db().await?, $sql).await?;
                Ok(())
            })
        })
    };
}

/// The second works with the schema of noon of its day alone.
fn seeds<DB: Engine>() -> Vec<Seed<DB>> {
    vec![
        runs!("2026-01-15-first", "INSERT INTO widgets VALUES ('first')"),
        Seed {
            after_migration: Some(20_260_201_120_000),
            ..runs!(
                "2026-02-01-red",
                "INSERT INTO widgets (name, color) VALUES ('red', '#f00')"
            )
        },
        runs!("2026-02-01-zebra", "INSERT INTO widgets VALUES ('zebra')"),
    ]
}

fn runner<DB: Engine>(seeds: Vec<Seed<DB>>) -> SeedRunner<DB> {
    SeedRunner::new(seeds.leak()).skip_flags(kumiko_seeds::SkipFlags::default())
}

async fn migrated<DB: Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    let versions = "SELECT CAST(version AS text) FROM _sqlx_migrations ORDER BY version";
    database.texts(versions).await
}

async fn widgets<DB: Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    database
        .texts("SELECT name FROM widgets ORDER BY name")
        .await
}

fn versions(files: &[(&str, &str)]) -> Vec<String> {
    let versions = files.iter().filter_map(|(name, _)| name.split('_').next());
    versions.map(str::to_owned).collect()
}

/// Runs a test on a database of each kind.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        #[tokio::test]
        async fn $name() {
            on::<sqlx::Postgres, _>(async |database| tests::$name(database).await).await;
            on::<sqlx::Sqlite, _>(async |database| tests::$name(database).await).await;
        }
    )*};
}

async fn on<DB: Engine, F>(test: F)
where
    F: AsyncFnOnce(&TestDatabase<DB>),
{
    let database = DB::create().await;
    test(&database).await;
    database.remove().await;
}

on_both! {
    each_seed_meets_the_schema_that_it_was_written_for
    what_comes_after_the_last_seed_runs_at_every_start
    a_run_that_fails_goes_on_where_it_was
    a_dry_run_runs_them_in_order_and_keeps_nothing
    work_leaves_them_to_the_boot
    of_many_processes_each_finds_its_schema
    two_that_die_at_any_moment_leave_nothing_wrong
    a_version_without_a_date_is_refused_at_once
    a_seed_waits_for_its_migration
    a_seed_of_many_steps_waits_too
}

/// The future's output, or nothing if it is not ready after so many polls. Then it is dropped, as if the process had died.
async fn polled<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        let Some(fewer) = left.checked_sub(1) else {
            return Poll::Ready(None);
        };
        left = fewer;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

mod tests {
    use super::*;

    pub(super) async fn each_seed_meets_the_schema_that_it_was_written_for<DB: Engine>(
        database: &TestDatabase<DB>,
    ) where
        DB::Connection: Migrate,
    {
        let all = migrator(&ALL).await;
        let at_once = runner(seeds()).migrations(all);
        let failed = at_once.apply(&database.pool).await.unwrap_err();
        assert!(failed.seed.is_some(), "{failed:?}");

        let other = DB::create().await;
        let in_order = runner(seeds()).migrations_interleaved(all);
        let report = in_order.apply(&other.pool).await.unwrap();
        assert_eq!(report.applied.len(), 3);
        assert_eq!(widgets(&other).await, ["first", "red", "zebra"]);
        assert_eq!(migrated(&other).await, versions(&ALL));
        other.remove().await;
    }

    pub(super) async fn what_comes_after_the_last_seed_runs_at_every_start<DB: Engine>(
        database: &TestDatabase<DB>,
    ) where
        DB::Connection: Migrate,
    {
        let run = async |files: &[(&str, &str)]| {
            let migrator = migrator(files).await;
            let runner = runner(seeds()).migrations_interleaved(migrator);
            runner.apply(&database.pool).await.unwrap()
        };
        assert_eq!(run(&ALL[..3]).await.applied.len(), 3);
        assert_eq!(migrated(database).await, versions(&ALL[..3]));
        assert_eq!(run(&ALL).await.applied, []);
        assert_eq!(migrated(database).await, versions(&ALL));
        // But not where only some of the seeds are asked for: the others are still to meet their schema.
        let other = DB::create().await;
        let runner = runner(seeds()).migrations_interleaved(migrator(&ALL).await);
        let some = runner.select(Selection::UpTo("2026-02-01-red".into()));
        assert_eq!(some.apply(&other.pool).await.unwrap().applied.len(), 2);
        assert_eq!(migrated(&other).await, versions(&ALL[..2]));
        other.remove().await;
    }

    pub(super) async fn a_run_that_fails_goes_on_where_it_was<DB: Engine>(
        database: &TestDatabase<DB>,
    ) where
        DB::Connection: Migrate,
    {
        let all = migrator(&ALL).await;
        let mut failing = seeds();
        failing[1].code = runs!("2026-02-01-red", "INSERT INTO nowhere VALUES (1)").code;
        let failing = runner(failing).migrations_interleaved(all);
        let failed = failing.apply(&database.pool).await.unwrap_err();
        assert_eq!(failed.seed, Some("2026-02-01-red"));
        assert_eq!(migrated(database).await, versions(&ALL[..2]));
        let right = runner(seeds()).migrations_interleaved(all);
        assert_eq!(right.apply(&database.pool).await.unwrap().applied.len(), 2);
        assert_eq!(migrated(database).await, versions(&ALL));
    }

    pub(super) async fn a_dry_run_runs_them_in_order_and_keeps_nothing<DB: Engine>(
        database: &TestDatabase<DB>,
    ) where
        DB::Connection: Migrate,
    {
        let runner = runner(seeds()).migrations_interleaved(migrator(&ALL).await);
        let tried = runner.dry_run(&database.pool).await.unwrap();
        assert_eq!(tried.seeds.len(), 3);
        let left = DB::execute(&database.pool, "SELECT 1 FROM widgets").await;
        assert!(left.is_err());
    }

    pub(super) async fn work_leaves_them_to_the_boot<DB: Engine>(database: &TestDatabase<DB>)
    where
        DB::Connection: Migrate,
    {
        let mut seeds = seeds();
        seeds.push(Seed {
            background: true,
            ..runs!("2026-01-20-background", "SELECT 1")
        });
        let runner = runner(seeds).migrations_interleaved(migrator(&ALL).await);
        let report = runner.work(&database.pool).await;
        assert_eq!(report.applied.len(), 1);
        // Otherwise the seeds of the boot would find the schema of today.
        let migrated = DB::execute(&database.pool, "SELECT 1 FROM _sqlx_migrations").await;
        assert!(migrated.is_err());
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied.len(), 3);
    }

    pub(super) async fn of_many_processes_each_finds_its_schema<DB: Engine>(
        database: &TestDatabase<DB>,
    ) where
        DB::Connection: Migrate,
    {
        let all = migrator(&ALL).await;
        let replicas = (0..8).map(|_| {
            let pool = database.pool.clone();
            async move {
                let runner = runner(seeds::<DB>()).migrations_interleaved(all);
                runner.apply(&pool).await.unwrap().applied.len()
            }
        });
        let applied = join_all(replicas).await;
        assert_eq!(applied.iter().sum::<usize>(), 3);
        assert_eq!(widgets(database).await, ["first", "red", "zebra"]);
        assert_eq!(migrated(database).await, versions(&ALL));
    }

    pub(super) async fn two_that_die_at_any_moment_leave_nothing_wrong<DB: Engine>(
        database: &TestDatabase<DB>,
    ) where
        DB::Connection: Migrate,
    {
        let all = migrator(&ALL).await;
        let runner = runner(seeds()).migrations_interleaved(all);
        let mut deaths = 0;
        // Each goes a little farther than the one before, and two are under way at a time.
        for polls in (1..).step_by(3) {
            let first = polled(runner.apply(&database.pool), polls);
            let second = polled(runner.apply(&database.pool), polls + polls / 2);
            let ended = join(first, second).await;
            if ended.0.is_some() && ended.1.is_some() {
                break;
            }
            deaths += 1;
        }
        assert!(deaths > 10, "{deaths}");
        assert_eq!(widgets(database).await, ["first", "red", "zebra"]);
        assert_eq!(migrated(database).await, versions(&ALL));
        assert_eq!(database.markers().await.len(), 3);
    }

    pub(super) async fn a_version_without_a_date_is_refused_at_once<DB: Engine>(
        database: &TestDatabase<DB>,
    ) where
        DB::Connection: Migrate,
    {
        let numbered = migrator(&[("0001_widgets", CREATE.1)]).await;
        let runner = runner(seeds()).migrations_interleaved(numbered);
        for refused in [
            runner.apply(&database.pool).await.unwrap_err(),
            runner.dry_run(&database.pool).await.unwrap_err(),
        ] {
            assert_eq!(
                refused.to_string(),
                "the schema migration 1 has no date for a version, so it has no place among the seeds"
            );
        }
        let created = DB::execute(&database.pool, "SELECT 1 FROM widgets").await;
        assert!(created.is_err());
    }

    pub(super) async fn a_seed_of_many_steps_waits_too<DB: Engine>(database: &TestDatabase<DB>)
    where
        DB::Connection: Migrate,
    {
        let waits = Seed {
            after_migration: Some(20_260_201_120_000),
            code: SeedCode::Batch {
                count: None,
                batch: |_, _, _| Box::pin(async { Ok(Batch::new(None, 0)) }),
            },
            ..note!("2026-01-02-waits")
        };
        let waiting = app::runner(vec![waits]);
        let missing = "seed 2026-01-02-waits waits for the schema migration 20260201120000, which is not in _sqlx_migrations";
        for stopped in [
            waiting.dry_run(&database.pool).await.unwrap_err(),
            waiting.apply(&database.pool).await.unwrap_err(),
        ] {
            assert_eq!(stopped.to_string(), missing);
        }
        let runner = app::runner(vec![waits]).migrations(migrator(&ALL).await);
        assert_eq!(runner.apply(&database.pool).await.unwrap().applied.len(), 1);
    }

    pub(super) async fn a_seed_waits_for_its_migration<DB: Engine>(database: &TestDatabase<DB>)
    where
        DB::Connection: Migrate,
    {
        let waits = || Seed {
            after_migration: Some(20_260_201_120_000),
            ..note!("2026-01-02-waits")
        };
        let run = async || {
            let runner = app::runner(vec![note!("2026-01-01-a"), waits()]);
            let tried = runner.dry_run(&database.pool).await.map(drop);
            let applied = runner.apply(&database.pool).await.map(drop);
            let [tried, applied] = [tried, applied].map(|ended| match ended {
                Ok(()) => "fine".to_owned(),
                Err(stopped) => stopped.to_string(),
            });
            assert_eq!(tried, applied);
            applied
        };
        let missing = "seed 2026-01-02-waits waits for the schema migration 20260201120000, which";
        let not_there = format!("{missing} is not in _sqlx_migrations");
        assert_eq!(run().await, not_there);
        assert_eq!(database.markers().await, ["2026-01-01-a"]);

        let migrate = async |files: &[(&str, &str)]| {
            let runner = app::runner(Vec::new()).migrations(migrator(files).await);
            runner.run_preparation(&database.pool).await.unwrap();
        };
        migrate(&ALL[..1]).await;
        assert_eq!(run().await, not_there);
        migrate(&ALL).await;
        database
            .execute("UPDATE _sqlx_migrations SET success = false WHERE version = 20260201120000")
            .await;
        let failed = format!("{missing} has failed, says _sqlx_migrations");
        assert_eq!(run().await, failed);
        // Where sqlx.toml gives the table another name.
        database
            .execute("UPDATE _sqlx_migrations SET success = true")
            .await;
        database
            .execute("ALTER TABLE _sqlx_migrations RENAME TO changes")
            .await;
        assert_eq!(run().await, not_there);
        let runner = app::runner(vec![note!("2026-01-01-a"), waits()]);
        let report = runner
            .migrations_table("changes")
            .apply(&database.pool)
            .await;
        assert_eq!(report.unwrap().applied.len(), 1);
    }
}
