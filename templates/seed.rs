//! Why the data has to change: what the code does not say, for whoever reads this in a year.

use kumiko_seeds::postgres::{SeedContext, SeedResult};

pub const DESCRIPTION: &str = "What this seed changes, in a sentence";

// Lets an operator skip this seed with an environment variable, should it keep the app from starting.
// pub const SKIPPABLE: bool = true;

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    // A seed runs once in each database, in one transaction. `Ok` marks it as applied for good; an
    // error undoes all of it and stops the run. Look something up, then write through a handler:
    //
    //     let Some(admin) = ctx.find_user_by_email("admin@example.com").await? else {
    //         return Err("there is no user admin@example.com".into());
    //     };
    //     for membership in ctx.find_memberships_of_user(&admin.id).await? {
    //         ctx.system_write_as(
    //             "tenant:write:update-member-roles",
    //             kumiko_seeds::json!({ "id": membership.id, "roles": ["TenantAdmin"] }),
    //         )
    //         .in_tenant(membership.stream_tenant_id)
    //         .with_roles(["TenantAdmin"])
    //         .await?;
    //     }
    //     Ok(())
    //
    // It fails until it is written: an empty seed that returned `Ok` would be marked as applied, and
    // would never run again once it is written.
    Err(format!("{} is not written yet", ctx.id()).into())
}
