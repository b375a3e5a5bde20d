//! The table of progress: missing, lost in the middle of a run, of another shape, or not for the role that works.

use std::time::Duration;

use futures_util::future::join;
use kumiko_seeds::{Error, Pace, SeedRunner};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::steps::{
    ID, Items, check_each_once, done_so_far, in_background, notes_in_steps, progress,
};
use kumiko_tests::{app, note, on_both_databases};
use sqlx::Postgres;

use crate::role::{Role, sql};

const ITEMS: i64 = 300;

fn runner<DB: Engine>() -> SeedRunner<DB> {
    app::runner(vec![notes_in_steps(ID)]).with(Items(ITEMS))
}

/// Some steps of it are done.
async fn begun<DB: Engine>(database: &TestDatabase<DB>) {
    let worker = app::runner(vec![in_background(notes_in_steps(ID))]).with(Items(ITEMS));
    let worker = worker.pace(Pace::default().pause(Duration::from_mins(1)));
    tokio::select! {
        _ = worker.work(&database.pool) => unreachable!("it waits between steps"),
        () = until_begun(database) => {}
    }
}

async fn until_begun<DB: Engine>(database: &TestDatabase<DB>) {
    while done_so_far(&database.pool, ITEMS).await.unwrap() < 100 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

on_both_databases! {
    /// An app that has been there for longer than the table.
    async fn it_is_created_where_it_is_missing(database: &TestDatabase<DB>) {
        let earlier = app::runner(vec![note!("2026-01-01-a")]);
        earlier.apply(&database.pool).await.unwrap();
        database.execute("DROP TABLE IF EXISTS kumiko_es_progress").await;
        runner().apply(&database.pool).await.unwrap();
        check_each_once(database, ITEMS).await;
    }

    async fn a_run_that_loses_it_fails_and_does_not_begin_anew(database: &TestDatabase<DB>) {
        let pace = Pace::default().pause(Duration::from_millis(300));
        let in_a_boot = runner().pace(pace);
        let lose = async {
            until_begun(database).await;
            database.execute("DROP TABLE kumiko_es_progress").await;
        };
        let (ended, ()) = join(in_a_boot.apply(&database.pool), lose).await;
        let stopped = ended.unwrap_err();
        assert!(matches!(stopped.error, Error::Database { .. }), "{stopped:?}");
        assert!(format!("{stopped:?}").contains("kumiko_es_progress"), "{stopped:?}");
        check_each_once(database, 100).await;
        assert_eq!(database.markers().await, [""; 0]);
    }

    async fn a_row_that_somebody_takes_away_is_not_begun_anew(database: &TestDatabase<DB>) {
        let pace = Pace::default().pause(Duration::from_millis(300));
        let in_a_boot = runner().pace(pace);
        let lose = async {
            until_begun(database).await;
            database.execute("DELETE FROM kumiko_es_progress").await;
        };
        let (ended, ()) = join(in_a_boot.apply(&database.pool), lose).await;
        let stopped = ended.unwrap_err();
        assert!(matches!(stopped.error, Error::NotUnderWay { .. }), "{stopped:?}");
        check_each_once(database, 100).await;
    }

    async fn another_shape_is_said(database: &TestDatabase<DB>) {
        database.execute("CREATE TABLE kumiko_es_progress (id text PRIMARY KEY)").await;
        let stopped = runner().apply(&database.pool).await.unwrap_err();
        assert!(matches!(stopped.error, Error::ProgressTable { .. }), "{stopped:?}");
        let worker = app::runner(vec![in_background(notes_in_steps(ID))]).with(Items(ITEMS));
        let report = worker.work(&database.pool).await;
        let errors: Vec<_> = report.failed.iter().map(|failed| &failed.error).chain(&report.error).collect();
        assert!(matches!(errors[..], [Error::ProgressTable { .. }]), "{report:?}");
        assert_eq!(database.payloads().await, [""; 0]);
    }

    /// Whatever the database's clock did between the first step and the last.
    async fn a_marker_may_be_older_than_the_beginning(database: &TestDatabase<DB>) {
        begun(database).await;
        database.execute("UPDATE kumiko_es_progress SET started_at = '2999-01-01 00:00:00+00:00', updated_at = started_at").await;
        let report = runner().apply(&database.pool).await.unwrap();
        assert_eq!(report.applied.len(), 1);
        check_each_once(database, ITEMS).await;
        assert_eq!(progress(database).await, [""; 0]);
    }
}

/// A database in which the role may do everything but what has to do with the table of progress.
async fn with_a_role() -> (TestDatabase<Postgres>, Role) {
    let database = Postgres::create().await;
    let earlier = app::runner(vec![note!("2026-01-01-a")]);
    earlier.apply(&database.pool).await.unwrap();
    let role = Role::create(&database).await;
    let tables = "kumiko_es_operations, kumiko_events, read_notes";
    let grant = format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {:?}",
        role.name
    );
    database.execute(&grant).await;
    let sequences = format!(
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {:?}",
        role.name
    );
    database.execute(&sequences).await;
    (database, role)
}

/// Does the seed without the app's preparation, and the error as a `main` would print it.
async fn refusal(role: &Role) -> String {
    let runner = SeedRunner::<Postgres>::new(vec![notes_in_steps(ID)].leak());
    let runner = runner.handlers(app::handlers()).with(Items(ITEMS));
    match runner.apply(&role.pool).await {
        Ok(_) => String::new(),
        Err(stopped) => format!("{stopped:?}").replace(&role.name, "app"),
    }
}

#[tokio::test]
async fn a_role_that_may_not_create_it_is_told_what_the_owner_has_to_run() {
    let (database, role) = with_a_role().await;
    let refused = refusal(&role).await;
    let step = "the role \"app\" may not create the table kumiko_es_progress\n";
    assert!(refused.starts_with(step), "{refused}");
    assert!(
        refused.contains("\n    CREATE TABLE IF NOT EXISTS kumiko_es_progress ("),
        "{refused}"
    );
    assert_eq!(database.payloads().await.len(), 1);
    database.execute(&sql(&refused, &role)).await;
    assert_eq!(refusal(&role).await, "");
    check_each_once(&database, ITEMS).await;
    role.remove(&database).await;
    database.remove().await;
}

#[tokio::test]
async fn a_role_that_may_not_write_it_is_told_so() {
    let (database, role) = with_a_role().await;
    begun(&database).await;
    let refused = refusal(&role).await;
    let step = "the role \"app\" may not read how far seeds of many steps are\n";
    assert!(refused.starts_with(step), "{refused}");
    let select = format!("GRANT SELECT ON kumiko_es_progress TO {:?}", role.name);
    database.execute(&select).await;
    let refused = refusal(&role).await;
    let step = "the role \"app\" may not write how far a seed of many steps is\n";
    assert!(refused.starts_with(step), "{refused}");
    check_each_once(&database, 100).await;
    let sql = sql(&refused, &role);
    assert_eq!(
        sql,
        format!(
            "    GRANT SELECT, INSERT, UPDATE, DELETE ON kumiko_es_progress TO {:?};",
            role.name
        )
    );
    database.execute(&sql).await;
    assert_eq!(refusal(&role).await, "");
    check_each_once(&database, ITEMS).await;
    role.remove(&database).await;
    database.remove().await;
}

/// A row that is hidden would look like a seed that has not begun.
#[tokio::test]
async fn rows_that_are_hidden_are_an_error() {
    let (database, role) = with_a_role().await;
    begun(&database).await;
    let hide = format!(
        "ALTER TABLE kumiko_es_progress ENABLE ROW LEVEL SECURITY;
         CREATE POLICY new ON kumiko_es_progress FOR INSERT WITH CHECK (true);
         GRANT SELECT, INSERT, UPDATE, DELETE ON kumiko_es_progress TO {:?}",
        role.name
    );
    database.execute(&hide).await;
    let refused = refusal(&role).await;
    let step = "the role \"app\" may not see every row of the table kumiko_es_progress, which has row level security\n";
    assert!(refused.starts_with(step), "{refused}");
    check_each_once(&database, 100).await;
    let sql = sql(&refused, &role);
    let (policy, _) = sql.split_once("\nor, ").unwrap();
    database.execute(policy).await;
    assert_eq!(refusal(&role).await, "");
    check_each_once(&database, ITEMS).await;
    role.remove(&database).await;
    database.remove().await;
}
