//! The seed that gives each member a role: to whom, and to whom it does not. Its steps are of two members here.

use admin_roles::{AddMember, CreateUser};
use kumiko_seeds::events::{Stream, User};
use kumiko_seeds_testing::{ExpectedEvent, TestResult, json};
use uuid::{Uuid, uuid};

#[cfg(feature = "postgres")]
use kumiko_seeds_testing::postgres::TestDatabase;
#[cfg(not(feature = "postgres"))]
use kumiko_seeds_testing::sqlite::TestDatabase;

/// The seed that this is about.
const SEED: &str = "2026-06-15-default-role";

// What the seeds before it have made.
const ACME: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000001");
const GLOBEX: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000002");

#[tokio::test]
async fn each_member_who_has_no_role_gets_one() -> TestResult {
    let database = TestDatabase::new(admin_roles::seeds()).await?;
    database.given_seeds_before(SEED).await?;
    // Five who have none, in turns in two tenants, and one who has.
    for (number, tenant_id, roles) in [
        (1, ACME, vec![]),
        (2, GLOBEX, vec![]),
        (3, ACME, vec!["Billing".to_owned()]),
        (4, GLOBEX, vec![]),
        (5, ACME, vec![]),
        (6, ACME, vec![]),
    ] {
        given_member(&database, number, tenant_id, roles).await?;
    }

    let applied = database.apply(SEED).await?;

    let updated = |number: u128, tenant_id: Uuid| {
        let id = membership(number);
        let stream = Stream {
            tenant_id,
            aggregate_type: "membership".into(),
            aggregate_id: id,
        };
        let payload = json!({ "id": id, "roles": ["Member"] });
        ExpectedEvent::new(&stream, "member-roles-updated", payload)
    };
    // A step for each two members, those of one tenant first.
    applied.check_events([
        updated(1, ACME),
        updated(2, GLOBEX),
        updated(5, ACME),
        updated(4, GLOBEX),
        updated(6, ACME),
    ])?;
    let roles = "SELECT roles, count(*) AS members FROM read_tenant_memberships
                 GROUP BY roles ORDER BY roles";
    let expected = json!([
        { "roles": r#"["Admin","TenantAdmin"]"#, "members": 1 },
        { "roles": r#"["Billing","TenantAdmin"]"#, "members": 1 },
        { "roles": r#"["Billing"]"#, "members": 1 },
        { "roles": r#"["Member"]"#, "members": 5 },
    ]);
    database.check_rows(roles, expected).await?;
    database.check_projection("members").await?;
    database.check_second_run(SEED).await?;
    Ok(())
}

/// A user who is a member, by the app's own handlers.
async fn given_member(
    database: &TestDatabase,
    number: u128,
    tenant_id: Uuid,
    roles: Vec<String>,
) -> TestResult {
    let handlers = admin_roles::handlers();
    let created = CreateUser {
        id: Uuid::from_u128(number),
        email: format!("{number}@example.com"),
        display_name: format!("Member {number}"),
    };
    let added = AddMember {
        id: membership(number),
        user_id: created.id,
        tenant_id,
        roles,
    };
    let created = handlers.execute_as(User::system(), created);
    created.commit(database.pool()).await?;
    let added = handlers.execute_as(User::system(), added);
    added.in_tenant(tenant_id).commit(database.pool()).await?;
    Ok(())
}

fn membership(number: u128) -> Uuid {
    Uuid::from_u128(0x100 + number)
}
