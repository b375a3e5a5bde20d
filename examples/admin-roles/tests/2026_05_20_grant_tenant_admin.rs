//! The seed that grants `TenantAdmin`: where it does, where it leaves things as they are, and where it refuses.

use admin_roles::{AddMember, CreateTenant};
use kumiko_seeds::events::{Stream, User};
use kumiko_seeds_testing::{ExpectedEvent, TestResult, json};
use uuid::{Uuid, uuid};

#[cfg(feature = "postgres")]
use kumiko_seeds_testing::postgres::TestDatabase;
#[cfg(not(feature = "postgres"))]
use kumiko_seeds_testing::sqlite::TestDatabase;

/// The seed that this is about.
const SEED: &str = "2026-05-20-grant-tenant-admin";

// What the seed before it has made.
const ACME: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000001");
const GLOBEX: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000002");
const ADMIN: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000003");
const IN_ACME: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000004");
const IN_GLOBEX: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000005");

#[tokio::test]
async fn it_grants_the_role_wherever_it_is_lacking() -> TestResult {
    let database = TestDatabase::new(admin_roles::seeds()).await?;
    database.given_seeds_before(SEED).await?;
    // Somebody was quicker in a third tenant, by hand.
    let (initech, in_initech) = (Uuid::from_u128(6), Uuid::from_u128(7));
    let created = CreateTenant {
        id: initech,
        key: "initech".into(),
        name: "Initech".into(),
    };
    let added = AddMember {
        id: in_initech,
        user_id: ADMIN,
        tenant_id: initech,
        roles: vec!["TenantAdmin".into()],
    };
    let handlers = admin_roles::handlers();
    let created = handlers.execute_as(User::system(), created);
    created.commit(database.pool()).await?;
    let added = handlers.execute_as(User::system(), added);
    added.in_tenant(initech).commit(database.pool()).await?;

    let applied = database.apply(SEED).await?;

    let updated = |tenant_id: Uuid, id: Uuid, roles: [&str; 2]| {
        let membership = Stream {
            tenant_id,
            aggregate_type: "membership".into(),
            aggregate_id: id,
        };
        let payload = json!({ "id": id, "roles": roles });
        ExpectedEvent::new(&membership, "member-roles-updated", payload)
    };
    applied.check_events([
        updated(ACME, IN_ACME, ["Admin", "TenantAdmin"]),
        updated(GLOBEX, IN_GLOBEX, ["Billing", "TenantAdmin"]),
    ])?;
    let expected = json!([
        { "name": "Acme", "roles": r#"["Admin","TenantAdmin"]"#, "version": 2 },
        { "name": "Globex", "roles": r#"["Billing","TenantAdmin"]"#, "version": 2 },
        { "name": "Initech", "roles": r#"["TenantAdmin"]"#, "version": 1 },
    ]);
    let memberships = "SELECT name, roles, read_tenant_memberships.version
                       FROM read_tenant_memberships
                       JOIN read_tenants ON read_tenants.id = read_tenant_memberships.tenant_id
                       ORDER BY name";
    database.check_rows(memberships, expected).await?;
    database.check_projection("members").await?;
    database.check_second_run(SEED).await?;
    Ok(())
}

#[tokio::test]
async fn it_refuses_where_there_is_no_admin() -> TestResult {
    let database = TestDatabase::new(admin_roles::seeds()).await?;
    let Err(error) = database.apply(SEED).await else {
        return Err("it was applied although it did nothing".into());
    };
    assert_eq!(
        format!("{error:?}"),
        "seed 2026-05-20-grant-tenant-admin failed\n\
         caused by: there is no user admin@example.com"
    );
    Ok(())
}
