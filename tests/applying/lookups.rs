//! The lookups, over the original's read models and over an app's own.

use kumiko_seeds::events::{
    Access, HandlerResult, Lookups, Membership, Tenant, UserRow, WriteContext,
};
use kumiko_seeds::json;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, on_both_databases};
use sqlx::Postgres;
use uuid::uuid;

pub(crate) async fn read_models<DB: Engine>(database: &TestDatabase<DB>) {
    let mut connection = database.pool.acquire().await.unwrap();
    app::create_tables::<DB>(&mut connection).await.unwrap();
    let (uuid, timestamp) = if DB::NAME == "PostgreSQL" {
        ("uuid", "timestamptz")
    } else {
        ("text", "text")
    };
    let sql = "
        CREATE TABLE read_users (id UUID PRIMARY KEY, tenant_id UUID NOT NULL,
            inserted_at TIME NOT NULL, email text NOT NULL UNIQUE, roles text NOT NULL DEFAULT '[]');
        CREATE TABLE read_tenants (id UUID PRIMARY KEY, tenant_id UUID NOT NULL,
            inserted_at TIME NOT NULL, key text NOT NULL UNIQUE, name text NOT NULL);
        CREATE TABLE read_tenant_memberships (id UUID PRIMARY KEY, tenant_id UUID NOT NULL,
            inserted_at TIME NOT NULL, user_id text NOT NULL, roles text NOT NULL);
        INSERT INTO read_users (id, tenant_id, inserted_at, email) VALUES
            ('00000000-0000-0000-0000-0000000000a1', '00000000-0000-0000-0000-0000000000b1',
             '2026-01-01T00:00:00Z', 'admin@example.com');
        INSERT INTO read_tenants (id, tenant_id, inserted_at, key, name) VALUES
            ('00000000-0000-0000-0000-0000000000b1', '00000000-0000-0000-0000-0000000000b1',
             '2026-01-02T00:00:00Z', 'second', 'The second'),
            ('00000000-0000-0000-0000-0000000000b2', '00000000-0000-0000-0000-0000000000b2',
             '2026-01-01T00:00:00Z', 'first', 'The first');
        INSERT INTO read_tenant_memberships (id, tenant_id, inserted_at, user_id, roles) VALUES
            ('00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-0000000000b1',
             '2026-01-01T00:00:00Z', '00000000-0000-0000-0000-0000000000a1', '[\"Admin\",\"Billing\"]'),
            ('00000000-0000-0000-0000-0000000000c2', '00000000-0000-0000-0000-0000000000b2',
             '2026-01-02T00:00:00Z', '00000000-0000-0000-0000-0000000000a1', 'not JSON'),
            ('00000000-0000-0000-0000-0000000000c3', '00000000-0000-0000-0000-0000000000b2',
             '2026-01-03T00:00:00Z', '00000000-0000-0000-0000-0000000000a1', '[\"NoFirstEvent\"]'),
            ('00000000-0000-0000-0000-0000000000c4', '00000000-0000-0000-0000-0000000000b2',
             '2026-01-04T00:00:00Z', 'somebody else', '[]');
        INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload,
                                   metadata, created_by) VALUES
            ('00000000-0000-0000-0000-0000000000c1', 'membership',
             '00000000-0000-0000-0000-0000000000d1', 1, 'added', '{}', '{}', 'x'),
            ('00000000-0000-0000-0000-0000000000c1', 'membership',
             '00000000-0000-0000-0000-0000000000d1', 2, 'changed', '{}', '{}', 'x'),
            ('00000000-0000-0000-0000-0000000000c2', 'membership',
             '00000000-0000-0000-0000-0000000000b2', 1, 'added', '{}', '{}', 'x')";
    let sql = sql.replace("UUID", uuid).replace("TIME", timestamp);
    DB::run(&mut connection, &sql).await.unwrap();
}

on_both_databases! {
    async fn lookups_find_what_the_read_models_hold(database: &TestDatabase<DB>) {
        read_models(database).await;
        let looks = seed("2026-01-01-looks", |ctx| Box::pin(async move {
            assert_eq!(ctx.find_user_by_email("nobody@example.com").await?, None);
            let user = ctx.find_user_by_email("admin@example.com").await?.ok_or("no user")?;
            let tenant_1 = uuid!("00000000-0000-0000-0000-0000000000b1");
            let tenant_2 = uuid!("00000000-0000-0000-0000-0000000000b2");
            assert_eq!(user, UserRow {
                id: "00000000-0000-0000-0000-0000000000a1".into(),
                email: "admin@example.com".into(),
                tenant_id: tenant_1,
            });
            assert_eq!(ctx.find_memberships_of_user(&user.id).await?, [
                Membership {
                    id: uuid!("00000000-0000-0000-0000-0000000000c1"),
                    user_id: user.id.clone(),
                    tenant_id: tenant_1,
                    stream_tenant_id: uuid!("00000000-0000-0000-0000-0000000000d1"),
                    roles: vec!["Admin".into(), "Billing".into()],
                },
                Membership {
                    id: uuid!("00000000-0000-0000-0000-0000000000c2"),
                    user_id: user.id.clone(),
                    tenant_id: tenant_2,
                    stream_tenant_id: tenant_2,
                    roles: vec![],
                },
            ]);
            assert_eq!(ctx.find_memberships_of_user("stranger").await?, []);
            assert_eq!(ctx.find_tenants().await?, [
                Tenant { id: tenant_2, name: "The first".into(), key: "first".into() },
                Tenant { id: tenant_1, name: "The second".into(), key: "second".into() },
            ]);
            Ok(())
        }));
        app::runner(vec![looks]).apply(&database.pool).await.unwrap();
    }

    async fn an_app_brings_its_own_lookups(database: &TestDatabase<DB>) {
        let looks = seed("2026-01-01-looks", |ctx| Box::pin(async move {
            let user = ctx.find_user_by_email("x@example.com").await?.ok_or("no user")?;
            ctx.system_write_as("notes:write:add", json!({ "text": user.id })).await?;
            Ok(())
        }));
        app::runner(vec![looks]).lookups(Decrypting).apply(&database.pool).await.unwrap();
        assert_eq!(database.texts("SELECT text FROM read_notes").await, ["found x@example.com"]);
    }
}

/// A connection keeps the statements of the lookups, and the server refuses one whose columns have got other types.
#[tokio::test]
async fn what_is_migrated_between_two_lookups_is_found() {
    let database = Postgres::create().await;
    read_models(&database).await;
    let handlers =
        app::handlers().register("read-models:write:migrate", Access::OpenToAll, migrate);
    let looks = seed("2026-01-01-looks", |ctx| {
        Box::pin(async move {
            // After it the connection keeps statements.
            ctx.system_write_as("counter:write:count", json!({ "number": 1 }))
                .await?;
            let mut found = Vec::new();
            for number in 0..3 {
                if number > 0 {
                    ctx.system_write_as("read-models:write:migrate", number)
                        .await?;
                }
                let user = ctx.find_user_by_email("admin@example.com").await?;
                let id = user.as_ref().map(|user| user.id.clone()).ok_or("no user")?;
                let memberships = ctx.find_memberships_of_user(&id).await?;
                assert_eq!(memberships.len(), 2);
                found.push((user, memberships, ctx.find_tenants().await?));
            }
            assert_eq!(found[0], found[1]);
            assert_eq!(found[0], found[2]);
            Ok(())
        })
    });
    let runner = app::runner(vec![looks]).handlers(handlers);
    runner.apply(&database.pool).await.unwrap();
    database.remove().await;
}

/// Changes what the columns are, and then which tables they are in.
async fn migrate(mut write: WriteContext<'_, Postgres>, number: i32) -> HandlerResult {
    let counter = write.stream("counter", uuid::Uuid::nil());
    let connection = write.connection().await?;
    let kept = sqlx::Connection::cached_statements_size(&*connection);
    assert!(kept > 1, "nothing is kept");
    let migration = match number {
        1 => {
            "ALTER TABLE read_users ADD COLUMN age integer;
              ALTER TABLE read_users ALTER COLUMN email TYPE varchar(99), ALTER COLUMN id TYPE text;
              ALTER TABLE read_tenants ALTER COLUMN id TYPE text, ALTER COLUMN name TYPE varchar(99);
              ALTER TABLE read_tenant_memberships ALTER COLUMN roles TYPE varchar(99);
              ALTER TABLE kumiko_events ALTER COLUMN type TYPE varchar(99), ADD COLUMN note text;
              ALTER TABLE kumiko_events ALTER COLUMN payload TYPE json"
        }
        _ => {
            "CREATE SCHEMA rebuilt;
              CREATE TABLE rebuilt.read_users AS TABLE read_users;
              CREATE TABLE rebuilt.read_tenants AS TABLE read_tenants;
              SET LOCAL search_path = rebuilt, public;
              DROP TABLE public.read_users; DROP TABLE public.read_tenants"
        }
    };
    Postgres::run(connection, migration).await?;
    assert_eq!(write.load(&counter).await?.len(), 1);
    assert_eq!(write.stream_version(&counter).await?, 1);
    Ok(())
}

struct Decrypting;

type Found<'a, T> = std::pin::Pin<
    Box<dyn Future<Output = Result<T, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>,
>;

impl<DB: Engine> Lookups<DB> for Decrypting {
    fn find_user_by_email<'a>(
        &'a self,
        _: &'a mut DB::Connection,
        email: &'a str,
    ) -> Found<'a, Option<UserRow>> {
        let id = format!("found {email}");
        let user = UserRow {
            id,
            email: email.to_owned(),
            tenant_id: uuid::Uuid::nil(),
        };
        Box::pin(async { Ok(Some(user)) })
    }

    fn find_memberships_of_user<'a>(
        &'a self,
        _: &'a mut DB::Connection,
        _: &'a str,
    ) -> Found<'a, Vec<Membership>> {
        Box::pin(async { Ok(vec![]) })
    }

    fn find_tenants<'a>(&'a self, _: &'a mut DB::Connection) -> Found<'a, Vec<Tenant>> {
        Box::pin(async { Ok(vec![]) })
    }
}
