//! Row level security on the table of operations: what is hidden is never taken for what is not there.

use kumiko_seeds::{Error, SeedRunner};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use sqlx::{Executor, Postgres};

use crate::role::{Role, sql};

/// A database with one applied seed, whose table of operations has row level security, and a role with all grants.
async fn secured() -> (TestDatabase<Postgres>, Role) {
    let database = Postgres::create().await;
    let applied = vec![seed("2026-01-01-idle", |_| Box::pin(async { Ok(()) }))];
    let runner = SeedRunner::new(applied.leak());
    runner.apply(&database.pool).await.unwrap();
    let role = Role::create(&database).await;
    database
        .execute(&format!(
            "ALTER TABLE kumiko_es_operations ENABLE ROW LEVEL SECURITY;
             GRANT SELECT, INSERT, UPDATE, DELETE ON kumiko_es_operations TO {:?}",
            role.name
        ))
        .await;
    (database, role)
}

const REFUSAL: &str = "\
the role \"app\" may not see every row of the table kumiko_es_operations, which has row level security
note: stopped at: no seed; applied before: none; not attempted: none; the failed step is rolled back, so a retry is safe
help: let the owner of the table run this, and try again:
    CREATE POLICY \"kumiko seeds of app\" ON kumiko_es_operations TO \"app\" USING (true) WITH CHECK (true);
or, if a restrictive policy is in the way, let a superuser run this:
    ALTER ROLE \"app\" BYPASSRLS;";

#[tokio::test]
async fn hidden_rows_are_an_error_that_says_what_to_run() {
    let (database, role) = secured().await;
    let refusal = role.refusal().await;
    assert_eq!(refusal, REFUSAL);
    let (policy, bypass) = sql(&refusal, &role)
        .split_once("\nor, ")
        .map(|(policy, rest)| {
            (
                policy.to_owned(),
                rest.split_once('\n').unwrap().1.to_owned(),
            )
        })
        .unwrap();

    database.execute(&policy).await;
    assert_eq!(role.refusal().await, "");
    assert_eq!(database.markers().await, ["2026-01-01-idle"]);
    let next = vec![seed("2026-01-02-next", |_| Box::pin(async { Ok(()) }))];
    let next = SeedRunner::new(next.leak());
    assert_eq!(next.apply(&role.pool).await.unwrap().applied.len(), 1);

    database
        .execute(
            "CREATE POLICY narrow ON kumiko_es_operations AS RESTRICTIVE
             USING (operation_type <> 'seed-migration')",
        )
        .await;
    assert_eq!(role.refusal().await, REFUSAL);
    database.execute(&bypass).await;
    assert_eq!(role.refusal().await, "");
    role.remove(&database).await;
    database.remove().await;
}

/// Every door by which the library reads the table.
#[tokio::test]
async fn no_way_of_reading_is_blind() {
    let (database, role) = secured().await;
    let idle = vec![seed("2026-01-01-idle", |_| Box::pin(async { Ok(()) }))];
    let runner = SeedRunner::new(idle.leak());
    let info = runner.seeds()[0].info();
    let expected = "the role \"app\" may not see every row of the table kumiko_es_operations, which has \
                    row level security";
    for error in [
        runner.ledger(&role.pool).history().await.unwrap_err(),
        runner
            .ledger(&role.pool)
            .mark(info.clone())
            .await
            .unwrap_err(),
        runner.ledger(&role.pool).unmark(info.id).await.unwrap_err(),
        runner.dry_run(&role.pool).await.unwrap_err().error,
        runner.apply(&role.pool).await.unwrap_err().error,
    ] {
        assert_eq!(error.to_string().replace(&role.name, "app"), expected);
    }
    assert_eq!(database.markers().await, ["2026-01-01-idle"]);
    role.remove(&database).await;
    database.remove().await;
}

/// A run that has read the table once reads it again before each seed.
#[tokio::test]
async fn policies_that_come_while_a_run_is_under_way_are_noticed_under_the_lock() {
    let (database, role) = secured().await;
    database
        .execute("ALTER TABLE kumiko_es_operations DISABLE ROW LEVEL SECURITY")
        .await;
    let owner = database.pool.clone();
    let next = vec![seed("2026-01-02-next", |_| {
        Box::pin(async { Err("it ran".into()) })
    })];
    let runner = SeedRunner::new(next.leak()).prepare(move |_| {
        let owner = owner.clone();
        Box::pin(async move {
            owner
                .execute("ALTER TABLE kumiko_es_operations ENABLE ROW LEVEL SECURITY")
                .await?;
            Ok(())
        })
    });
    let stopped = runner.apply(&role.pool).await.unwrap_err();
    assert!(
        matches!(stopped.error, Error::RowSecurity { .. }),
        "{stopped:?}"
    );
    role.remove(&database).await;
    database.remove().await;
}

/// Whoever owns the table, without FORCE, and superusers see all rows, whatever the policies say.
#[tokio::test]
async fn whoever_sees_all_rows_anyway_is_not_alarmed() {
    let (database, role) = secured().await;
    let next = vec![seed("2026-01-02-next", |_| Box::pin(async { Ok(()) }))];
    let next = SeedRunner::new(next.leak());
    assert_eq!(next.apply(&database.pool).await.unwrap().applied.len(), 1);
    let owner = format!("ALTER TABLE kumiko_es_operations OWNER TO {:?}", role.name);
    database.execute(&owner).await;
    assert_eq!(role.refusal().await, "");
    database
        .execute("ALTER TABLE kumiko_es_operations FORCE ROW LEVEL SECURITY")
        .await;
    assert_eq!(role.refusal().await, REFUSAL);
    role.remove(&database).await;
    database.remove().await;
}

/// With `row_security = off` PostgreSQL refuses by itself, with the code of a missing grant.
#[tokio::test]
async fn what_the_server_refuses_for_its_policies_is_not_answered_with_a_grant() {
    let (database, role) = secured().await;
    let off = format!("ALTER ROLE {:?} SET row_security = off", role.name);
    database.execute(&off).await;
    let role = role.reconnect().await;
    let (_, help) = REFUSAL.split_once("\nnote: ").unwrap();
    let refusal = role.refusal().await;
    assert!(refusal.ends_with(help), "{refusal}");
    role.remove(&database).await;
    database.remove().await;

    let (database, role) = secured().await;
    let all = "CREATE POLICY seen ON kumiko_es_operations FOR SELECT USING (true)";
    database.execute(all).await;
    let next = vec![seed("2026-01-02-next", |_| Box::pin(async { Ok(()) }))];
    let next = SeedRunner::new(next.leak());
    let stopped = next.apply(&role.pool).await.unwrap_err();
    let remedy = stopped.error.remedy().unwrap();
    assert!(remedy.contains("CREATE POLICY"), "{remedy}");
    role.remove(&database).await;
    database.remove().await;
}
