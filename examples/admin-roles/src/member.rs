//! Who has which role, as the read models have it.

use kumiko_seeds::events::StoredUuid;
use serde::Serialize;
use sqlx::{Pool, Row};
use uuid::Uuid;

use crate::Database;

/// A member of a tenant.
#[derive(Debug, Serialize)]
pub struct Member {
    /// The membership.
    pub id: Uuid,
    /// Its version, which is that of its last event.
    pub version: i32,
    /// The member's address.
    pub email: String,
    /// The tenant.
    pub tenant_id: Uuid,
    /// The tenant's name.
    pub tenant: String,
    /// The member's roles.
    pub roles: Vec<String>,
}

/// Every member, by address and tenant.
///
/// # Errors
/// If the read models cannot be read.
pub async fn who_has_which_role(
    pool: &Pool<Database>,
) -> Result<Vec<Member>, Box<dyn std::error::Error + Send + Sync>> {
    let rows = sqlx::query(
        "SELECT membership.id, membership.version, read_users.email,
                read_tenants.id, read_tenants.name, membership.roles
         FROM read_tenant_memberships AS membership
         JOIN read_users ON CAST(read_users.id AS text) = membership.user_id
         JOIN read_tenants ON read_tenants.id = membership.tenant_id
         ORDER BY read_users.email, read_tenants.name",
    )
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let roles: String = row.try_get(5)?;
            Ok(Member {
                id: row.try_get::<StoredUuid, _>(0)?.into(),
                version: row.try_get(1)?,
                email: row.try_get(2)?,
                tenant_id: row.try_get::<StoredUuid, _>(3)?.into(),
                tenant: row.try_get(4)?,
                roles: serde_json::from_str(&roles)?,
            })
        })
        .collect()
}
