//! What a run that failed says is to be done, where the database's own words leave that open.

use kumiko_seeds::events::create_event_tables;
use kumiko_seeds::{Error, RunSeed, SeedRunner, json};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, on_both_databases};
use sqlx::Postgres;

use crate::role::{Role, sql};

/// What is said to be done about the failure of a seed in a database without any tables; empty if nothing is.
async fn help<DB: Engine>(database: &TestDatabase<DB>, run: RunSeed<DB>) -> String {
    let seeds = vec![seed("2026-01-01-fails", run)];
    let runner = SeedRunner::new(seeds.leak()).handlers(app::handlers());
    let stopped = runner.apply(&database.pool).await.unwrap_err();
    assert!(matches!(stopped.error, Error::Seed { .. }), "{stopped:?}");
    stopped.error.remedy().unwrap_or_default()
}

on_both_databases! {
    async fn a_missing_table_of_events(database: &TestDatabase<DB>) {
        let expected = format!(
            "nothing has created the table of events; let the app's SeedRunner do it before the first pending seed:
    .prepare(|connection| Box::pin(async move {{
        kumiko_seeds::events::create_event_tables::<sqlx::{}>(connection).await?;
        Ok(())
    }}))",
            if DB::NAME == "SQLite" { "Sqlite" } else { "Postgres" }
        );
        let write = help(database, |ctx| Box::pin(async move {
            ctx.system_write_as("notes:write:add", json!({ "text": "x" })).await?;
            Ok(())
        }));
        assert_eq!(write.await, expected);
        let batch = help(database, |ctx| Box::pin(async move {
            ctx.system_batch("counter:write:count", [json!({ "number": 1 }), json!({ "number": 2 })]).await?;
            Ok(())
        }));
        assert_eq!(batch.await, expected);
        let load = help(database, |ctx| Box::pin(async move {
            let nil = uuid::Uuid::nil();
            kumiko_seeds::events::load::<DB>(ctx.db().await?, nil, nil).await?;
            Ok(())
        }));
        assert_eq!(load.await, expected);
        // The lines of the help.
        let seeds = vec![kumiko_tests::note!("2026-01-01-fails")];
        let runner = SeedRunner::<DB>::new(seeds.leak())
            .handlers(app::handlers())
            .prepare(|connection| Box::pin(async move {
                create_event_tables::<DB>(connection).await?;
                Ok(())
            }));
        let stopped = runner.apply(&database.pool).await.unwrap_err();
        assert_eq!(stopped.error.remedy(), None, "the app's own table is missing: {stopped:?}");
    }

    async fn a_missing_read_model(database: &TestDatabase<DB>) {
        let expected = "the lookups read read_users, read_tenant_memberships and read_tenants; if the app has other \
                        read models, give its SeedRunner lookups of its own:
    .lookups(AppLookups)
or else let the app's schema migrations create these three before the first pending seed:
    .migrations(&MIGRATIONS)";
        let lookups: [RunSeed<DB>; 3] = [
            |ctx| Box::pin(async move { ctx.find_user_by_email("a@b").await?; Ok(()) }),
            |ctx| Box::pin(async move { ctx.find_memberships_of_user("a").await?; Ok(()) }),
            |ctx| Box::pin(async move { ctx.find_tenants().await?; Ok(()) }),
        ];
        for lookup in lookups {
            assert_eq!(help(database, lookup).await, expected);
        }
    }

    async fn a_write_where_one_only_reads(database: &TestDatabase<DB>) {
        database.execute("CREATE TABLE widgets (name text)").await;
        let writes = help(database, |ctx| Box::pin(async move {
            DB::run(ctx.db().await?, "INSERT INTO widgets VALUES ('a')").await?;
            Ok(())
        }));
        assert_eq!(
            writes.await,
            "ctx.db() only reads; write through a handler, so that there is an event:
    ctx.system_write_as(\"feature:write:name\", json!({ \"id\": id })).await?;
or, if the data has no events, on the connection for such data:
    ctx.unmanaged_db().await?"
        );
    }
}

/// What is said to be done about a failure of `role`.
async fn help_for(role: &Role, runner: &SeedRunner<Postgres>) -> String {
    let stopped = runner.apply(&role.pool).await.unwrap_err();
    format!("{stopped:?}").replace("the app's role", "app")
}

fn idle() -> SeedRunner<Postgres> {
    let idle = seed("2026-01-01-idle", |_| Box::pin(async { Ok(()) }));
    SeedRunner::new(vec![idle].leak())
}

#[tokio::test]
async fn a_role_that_may_not_create_what_the_app_prepares() {
    let database = Postgres::create().await;
    let role = Role::create(&database).await;
    let events = idle().prepare(|connection| {
        Box::pin(async move {
            create_event_tables::<Postgres>(connection).await?;
            Ok(())
        })
    });
    let said = help_for(&role, &events).await;
    let (_, help) = said.split_once("\nhelp: ").unwrap();
    assert_eq!(
        help,
        "let the owner of the schema run this, and try again:
    CREATE TABLE IF NOT EXISTS kumiko_events (
        id bigserial PRIMARY KEY,
        aggregate_id uuid NOT NULL,
        aggregate_type text NOT NULL,
        tenant_id uuid NOT NULL,
        version integer NOT NULL,
        type text NOT NULL,
        event_version integer NOT NULL DEFAULT 1,
        payload jsonb NOT NULL,
        metadata jsonb NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        created_by text NOT NULL
    );
    CREATE UNIQUE INDEX IF NOT EXISTS events_aggregate_version_uq
        ON kumiko_events (tenant_id, aggregate_id, version);
    CREATE UNIQUE INDEX IF NOT EXISTS events_idempotency_uq
        ON kumiko_events (tenant_id, (metadata->>'idempotencyKey'))
        WHERE (metadata->>'idempotencyKey') IS NOT NULL;
    CREATE INDEX IF NOT EXISTS events_load_idx ON kumiko_events (aggregate_id, version);
    CREATE INDEX IF NOT EXISTS events_tenant_type_idx
        ON kumiko_events (tenant_id, aggregate_type, created_at);
    CREATE TABLE IF NOT EXISTS kumiko_snapshots (
        aggregate_id uuid NOT NULL,
        tenant_id uuid NOT NULL,
        aggregate_type text NOT NULL,
        version integer NOT NULL,
        state jsonb NOT NULL,
        snapshot_version integer NOT NULL DEFAULT 1,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT kumiko_snapshots_pk PRIMARY KEY (aggregate_id, version)
    );
    CREATE INDEX IF NOT EXISTS kumiko_snapshots_latest_idx
        ON kumiko_snapshots (aggregate_id, tenant_id, version);
    GRANT SELECT, INSERT ON kumiko_events TO \"app\";
    GRANT USAGE ON SEQUENCE kumiko_events_id_seq TO \"app\";
    GRANT SELECT, INSERT, UPDATE, DELETE ON kumiko_snapshots TO \"app\";"
    );
    database.execute(&sql(&said, &role)).await;

    let own = idle().prepare(|connection| {
        Box::pin(async move {
            create_event_tables::<Postgres>(connection).await?;
            Postgres::run(connection, "CREATE TABLE IF NOT EXISTS widgets (name text)").await?;
            Ok(())
        })
    });
    let said = help_for(&role, &own).await;
    let (_, help) = said.split_once("\nhelp: ").unwrap();
    assert_eq!(
        help,
        "let the owner of the schema run this, and try again:
    GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"app\";
or let the owner create the tables"
    );
    let grant = sql(&said, &role);
    database.execute(grant.split_once("\nor").unwrap().0).await;
    own.apply(&role.pool).await.unwrap();

    // What the owner has created serves.
    let note = vec![kumiko_tests::note!("2026-01-02-note")];
    database
        .execute("CREATE TABLE read_notes (text text PRIMARY KEY)")
        .await;
    let note = SeedRunner::new(note.leak()).handlers(app::handlers());
    let said = help_for(&role, &note).await;
    assert!(
        said.ends_with(
            "\nhelp: let the owner of the table run this, as far as the app needs it, and try again:
    GRANT SELECT, INSERT, UPDATE, DELETE ON \"read_notes\" TO \"app\";"
        ),
        "{said}"
    );
    database.execute(&sql(&said, &role)).await;
    note.apply(&role.pool).await.unwrap();
    role.remove(&database).await;
    database.remove().await;
}

#[tokio::test]
async fn a_role_that_only_wants_to_know() {
    let database = Postgres::create().await;
    idle().apply(&database.pool).await.unwrap();
    let role = Role::create(&database).await;
    let error = idle().ledger(&role.pool).history().await.unwrap_err();
    let name = &role.name;
    assert_eq!(
        error.remedy().unwrap(),
        format!(
            "let the owner of the schema run this, and try again:\n    \
             GRANT SELECT ON kumiko_es_operations TO \"{name}\";"
        )
    );
    role.remove(&database).await;
    database.remove().await;
}
