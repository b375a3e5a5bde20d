//! Memberships: which user has which roles in which tenant.

use kumiko_seeds::events::{Command, HandlerResult, NewEvent, StoredUuid};
use kumiko_seeds::json;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// The version that whoever asks has seen. If there is a newer one, nothing is changed.
    pub version: Option<i32>,
}

impl Command for UpdateMemberRoles {
    const HANDLER: &'static str = "tenant:write:update-member-roles";
}

/// Somebody asked for a membership that is not in the tenant.
#[derive(Debug, thiserror::Error)]
#[error("there is no membership {0} in this tenant")]
pub struct UnknownMembership(pub Uuid);

/// Answers with the version that the membership then has.
pub(crate) async fn update_roles(
    mut write: WriteContext<'_>,
    command: UpdateMemberRoles,
) -> HandlerResult<i32> {
    let UpdateMemberRoles { id, roles, version } = command;
    let stream = write.stream("membership", id);
    let latest = write.stream_version(&stream).await?;
    if latest == 0 {
        return Err(UnknownMembership(id).into());
    }
    let updated = NewEvent::new("member-roles-updated", json!({ "id": id, "roles": roles }));
    let version = write
        .append(&stream, version.unwrap_or(latest), [updated])
        .await?;
    sqlx::query("UPDATE read_tenant_memberships SET roles = $1, version = $2 WHERE id = $3")
        .bind(serde_json::to_string(&roles)?)
        .bind(version)
        .bind(StoredUuid(id))
        .execute(write.connection().await?)
        .await?;
    Ok(version)
}
