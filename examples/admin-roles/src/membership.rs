//! Memberships: which user has which roles in which tenant.

use kumiko_seeds::events::{Command, HandlerResult, NewEvent, StoredUuid};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use uuid::Uuid;

use crate::Database;
use crate::database::WriteContext;

/// Makes a user a member of a tenant.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddMember {
    /// The id the membership is to have.
    pub id: Uuid,
    /// The user.
    pub user_id: Uuid,
    /// The tenant the user becomes a member of.
    pub tenant_id: Uuid,
    /// The member's roles.
    pub roles: Vec<String>,
}

impl Command for AddMember {
    const HANDLER: &'static str = "tenant:write:add-member";
}

pub(crate) async fn add(mut write: WriteContext<'_>, command: AddMember) -> HandlerResult {
    let stream = write.stream("membership", command.id);
    write
        .append(&stream, 0, [NewEvent::new("member-added", &command)])
        .await?;
    sqlx::query(
        "INSERT INTO read_tenant_memberships (id, tenant_id, inserted_by_id, user_id, roles)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(StoredUuid(command.id))
    .bind(StoredUuid(command.tenant_id))
    .bind(write.user().id.clone())
    .bind(command.user_id.to_string())
    .bind(serde_json::to_string(&command.roles)?)
    .execute(write.connection().await?)
    .await?;
    Ok(())
}

/// Replaces a member's roles.
#[derive(Debug, Serialize, Deserialize)]
pub struct UpdateMemberRoles {
    /// The membership.
    pub id: Uuid,
    /// The roles the member then has.
    pub roles: Vec<String>,
}

impl Command for UpdateMemberRoles {
    const HANDLER: &'static str = "tenant:write:update-member-roles";
}

pub(crate) async fn update_roles(
    mut write: WriteContext<'_>,
    command: UpdateMemberRoles,
) -> HandlerResult {
    let stream = write.stream("membership", command.id);
    let version = write.stream_version(&stream).await?;
    if version == 0 {
        return Err(format!("there is no membership {} in this tenant", command.id).into());
    }
    let version = write
        .append(
            &stream,
            version,
            [NewEvent::new("member-roles-updated", &command)],
        )
        .await?;
    sqlx::query("UPDATE read_tenant_memberships SET roles = $1, version = $2 WHERE id = $3")
        .bind(serde_json::to_string(&command.roles)?)
        .bind(version)
        .bind(StoredUuid(command.id))
        .execute(write.connection().await?)
        .await?;
    Ok(())
}

/// One membership as the app prints it.
#[derive(Debug)]
pub struct RoleRow {
    /// The member's address.
    pub email: String,
    /// The tenant's name.
    pub tenant: String,
    /// The member's roles.
    pub roles: Vec<String>,
}

/// Every membership, by address and tenant.
///
/// # Errors
/// If the read models cannot be read.
pub async fn who_has_which_role(
    pool: &sqlx::Pool<Database>,
) -> Result<Vec<RoleRow>, Box<dyn std::error::Error>> {
    let rows = sqlx::query(
        "SELECT read_users.email, read_tenants.name, read_tenant_memberships.roles
         FROM read_tenant_memberships
         JOIN read_users ON CAST(read_users.id AS text) = read_tenant_memberships.user_id
         JOIN read_tenants ON read_tenants.id = read_tenant_memberships.tenant_id
         ORDER BY read_users.email, read_tenants.name",
    )
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let roles: String = row.try_get(2)?;
            Ok(RoleRow {
                email: row.try_get(0)?,
                tenant: row.try_get(1)?,
                roles: serde_json::from_str(&roles)?,
            })
        })
        .collect()
}
