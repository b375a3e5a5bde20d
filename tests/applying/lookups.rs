//! The lookups, over the original's read models and over an app's own.

use kumiko_seeds::events::{Lookups, Membership, Tenant, UserRow};
use kumiko_seeds::json;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, on_both_databases};
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
