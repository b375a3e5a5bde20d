//! The gate of the new screens is `TenantAdmin`. The first admin came before that role did.

use kumiko_seeds::json;

use crate::database::{SeedContext, SeedResult};

pub const DESCRIPTION: &str = "Grant TenantAdmin to admin@example.com wherever it lacks it";

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    // Returning Ok here would mark the seed as applied without having done anything.
    let Some(admin) = ctx.find_user_by_email("admin@example.com").await? else {
        return Err("there is no user admin@example.com".into());
    };
    for membership in ctx.find_memberships_of_user(&admin.id).await? {
        let mut roles = membership.roles;
        if roles.iter().any(|role| role == "TenantAdmin") {
            continue;
        }
        roles.push("TenantAdmin".into());
        ctx.system_write_as(
            "tenant:write:update-member-roles",
            json!({ "id": membership.id, "roles": roles }),
        )
        .in_tenant(membership.stream_tenant_id)
        .with_roles(["TenantAdmin"])
        .await?;
    }
    Ok(())
}
