//! Row level security on the tables that the write side reads: rows that policies hide are an error, never an
//! empty result.

use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{NewEvent, Stream, User, append, load, stream_version};
use kumiko_seeds::{RunSeed, json};
use kumiko_tests::app::{self, RenameNote};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use sqlx::Postgres;
use uuid::Uuid;

use crate::lookups::read_models;
use crate::role::{Role, sql};

/// A database with events and read models, and a role that has every grant and sees no row of `table`.
async fn hidden(table: &str) -> (TestDatabase<Postgres>, Role) {
    let database = Postgres::create().await;
    read_models(&database).await;
    let note = vec![kumiko_tests::note!("2025-01-01-note")];
    app::runner(note).apply(&database.pool).await.unwrap();
    let role = Role::create(&database).await;
    let grant = format!(
        "CREATE TABLE kumiko_archived_streams (tenant_id uuid, aggregate_id uuid);
         GRANT ALL ON ALL TABLES IN SCHEMA public TO \"{0}\";
         GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO \"{0}\";
         ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        role.name
    );
    database.execute(&grant).await;
    (database, role)
}

/// The error of a run of `seed`; empty if there is none.
async fn refusal(role: &Role, run: RunSeed<Postgres>) -> String {
    let seeds = vec![seed("2026-01-01-reads", run)];
    let runner = SeedRunner::new(seeds.leak()).handlers(app::handlers());
    match runner.apply(&role.pool).await {
        Ok(_) => String::new(),
        Err(stopped) => format!("{stopped:?}").replace(&role.name, "app"),
    }
}

/// What is said of `table`, whose rows `run` does not see; and what is said to be done about it helps.
async fn is_refused_and_then_not(table: &str, run: RunSeed<Postgres>) {
    let (database, role) = hidden(table).await;
    let refusal = |role| refusal(role, run);
    let said = refusal(&role).await;
    let cause = format!(
        "caused by: the role \"app\" may not see every row of the table {table}, which has row level security\n"
    );
    assert!(said.contains(&cause), "{said}");
    let help = format!(
        "\nhelp: let the owner of the table run this, and try again:
    CREATE POLICY \"kumiko seeds of app\" ON {table} TO \"app\" USING (true) WITH CHECK (true);
or, if a restrictive policy is in the way, let a superuser run this:
    ALTER ROLE \"app\" BYPASSRLS;"
    );
    assert!(said.ends_with(&help), "{said}");
    assert_eq!(database.markers().await, ["2025-01-01-note"]);
    let policy = sql(&said, &role);
    let (policy, _) = policy.split_once("\nor,").unwrap();
    database.execute(policy).await;
    assert_eq!(refusal(&role).await, "");
    role.remove(&database).await;
    database.remove().await;
}

#[tokio::test]
async fn of_users() {
    is_refused_and_then_not("read_users", |ctx| {
        Box::pin(async move {
            ctx.find_user_by_email("admin@example.com").await?;
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn of_memberships() {
    for table in ["read_tenant_memberships", "kumiko_events"] {
        is_refused_and_then_not(table, |ctx| {
            Box::pin(async move {
                ctx.find_memberships_of_user("00000000-0000-0000-0000-0000000000a1")
                    .await?;
                Ok(())
            })
        })
        .await;
    }
}

#[tokio::test]
async fn of_tenants() {
    is_refused_and_then_not("read_tenants", |ctx| {
        Box::pin(async move {
            ctx.find_tenants().await?;
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn of_the_event_store() {
    // A stream that is loaded, and one that is asked for its length before it goes on.
    is_refused_and_then_not("kumiko_events", |ctx| {
        Box::pin(async move {
            let connection = ctx.db().await?;
            load::<Postgres>(connection, Uuid::nil(), Uuid::nil()).await?;
            Ok(())
        })
    })
    .await;
    is_refused_and_then_not("kumiko_events", |ctx| {
        Box::pin(async move {
            let rename = RenameNote {
                from: "2025-01-01-note".into(),
                to: "b".into(),
            };
            ctx.system_execute(rename).await?;
            Ok(())
        })
    })
    .await;
}

/// A predecessor that is not shown would look like a version conflict, and an event that the database refuses to
/// take like a missing privilege.
#[tokio::test]
async fn of_what_an_append_looks_for() {
    is_refused_and_then_not("kumiko_events", |ctx| {
        Box::pin(async move {
            let stream = Stream {
                tenant_id: kumiko_seeds::events::SYSTEM_TENANT_ID,
                aggregate_type: "note".to_owned(),
                aggregate_id: app::id("2025-01-01-note"),
            };
            let connection = ctx.unmanaged_db().await?;
            let events = vec![NewEvent::new("renamed", json!({}))];
            append::<Postgres>(connection, &stream, 1, events, &User::system()).await?;
            let version =
                stream_version::<Postgres>(connection, stream.tenant_id, stream.aggregate_id);
            assert_eq!(version.await?, 2);
            Ok(())
        })
    })
    .await;
    for count in [1, 2] {
        let (database, role) = hidden("kumiko_events").await;
        let said = refused_new_stream(&role, count).await;
        assert_eq!(
            said,
            "the database's user may not see every row of the table kumiko_events, which has row level security"
        );
        role.remove(&database).await;
        database.remove().await;
    }
}

/// The error of an append to a stream that is not there yet.
async fn refused_new_stream(role: &Role, count: usize) -> String {
    let mut transaction = role.pool.begin().await.unwrap();
    let stream = Stream {
        tenant_id: Uuid::nil(),
        aggregate_type: "note".to_owned(),
        aggregate_id: Uuid::nil(),
    };
    let events = vec![NewEvent::new("added", json!({})); count];
    append::<Postgres>(&mut transaction, &stream, 0, events, &User::system())
        .await
        .unwrap_err()
        .to_string()
}

#[tokio::test]
async fn of_archived_streams() {
    for run in [
        (|ctx| {
            Box::pin(async move {
                ctx.system_write_as("notes:write:add", json!({ "text": "x" }))
                    .await?;
                Ok(())
            })
        }) as RunSeed<Postgres>,
        |ctx| {
            Box::pin(async move {
                let notes = [json!({ "number": 1 }), json!({ "number": 2 })];
                ctx.system_batch("counter:write:count", notes).await?;
                Ok(())
            })
        },
        // So many that they go another way.
        |ctx| {
            Box::pin(async move {
                let notes = (1..=300).map(|number| json!({ "number": number }));
                ctx.system_batch("counter:write:count", notes).await?;
                Ok(())
            })
        },
    ] {
        is_refused_and_then_not("kumiko_archived_streams", run).await;
    }
}
