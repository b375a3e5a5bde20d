//! A member without any role sees none of the new screens, and until June nothing kept a tenant from having such members.

use std::collections::BTreeMap;

use kumiko_seeds::events::StoredUuid;
use kumiko_seeds::{Batch, BatchResult, CountResult, json};
use uuid::Uuid;

use crate::database::SeedContext;

pub const DESCRIPTION: &str = "Give the role Member to each member who has none";

// A tenant may have many thousands of them. The app serves meanwhile.
pub const BACKGROUND: bool = true;

/// The last membership of a step.
pub type Cursor = Uuid;

pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult {
    let sql = "SELECT count(*) FROM read_tenant_memberships WHERE roles = '[]'";
    let members: i64 = sqlx::query_scalar(sql).fetch_one(ctx.db().await?).await?;
    Ok(members.unsigned_abs())
}

pub async fn batch(
    ctx: &mut SeedContext<'_>,
    after: Option<Cursor>,
    limit: u32,
) -> BatchResult<Cursor> {
    let members: Vec<(StoredUuid, StoredUuid, i32)> = sqlx::query_as(
        "SELECT id, tenant_id, version FROM read_tenant_memberships
         WHERE roles = '[]' AND id > $1 ORDER BY id LIMIT $2",
    )
    .bind(StoredUuid(after.unwrap_or_default()))
    .bind(i64::from(limit))
    .fetch_all(ctx.db().await?)
    .await?;

    let mut updates = BTreeMap::<Uuid, Vec<_>>::new();
    for (StoredUuid(id), StoredUuid(tenant_id), version) in &members {
        // With the version that is seen here, a role that somebody gives at this moment is not lost: the step is tried again.
        let update = json!({ "id": id, "roles": ["Member"], "version": version });
        updates.entry(*tenant_id).or_default().push(update);
    }
    for (tenant_id, updates) in updates {
        ctx.system_batch("tenant:write:update-member-roles", updates)
            .in_tenant(tenant_id)
            .with_roles(["TenantAdmin"])
            .await?;
    }
    Ok(Batch::new(
        members.last().map(|(id, ..)| id.0),
        members.len(),
    ))
}
