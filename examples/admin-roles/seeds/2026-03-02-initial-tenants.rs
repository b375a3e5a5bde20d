//! The app went live with two tenants and nobody who could administer them.

use uuid::{Uuid, uuid};

use crate::database::{SeedContext, SeedResult};
use crate::{AddMember, CreateTenant, CreateUser};

pub const DESCRIPTION: &str = "Two tenants, and an admin who is a member of both";

const ACME: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000001");
const GLOBEX: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000002");
const ADMIN: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000003");

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    for (id, key, name) in [(ACME, "acme", "Acme"), (GLOBEX, "globex", "Globex")] {
        ctx.system_execute(CreateTenant {
            id,
            key: key.into(),
            name: name.into(),
        })
        .await?;
    }
    ctx.system_execute(CreateUser {
        id: ADMIN,
        email: "admin@example.com".into(),
        display_name: "Admin".into(),
    })
    .await?;

    let memberships = [
        (
            uuid!("0198f0a1-0000-7000-8000-000000000004"),
            ACME,
            vec!["Admin".into()],
        ),
        (
            uuid!("0198f0a1-0000-7000-8000-000000000005"),
            GLOBEX,
            vec!["Billing".into()],
        ),
    ];
    for (id, tenant_id, roles) in memberships {
        ctx.system_execute(AddMember {
            id,
            user_id: ADMIN,
            tenant_id,
            roles,
        })
        .in_tenant(tenant_id)
        .await?;
    }
    Ok(())
}
