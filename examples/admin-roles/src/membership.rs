//! Memberships: which user has which roles in which tenant.

use kumiko_seeds::events::{
    Command, HandlerResult, NewEvent, Projection, ProjectionResult, StoredEvent, StoredUuid,
};
use kumiko_seeds::json;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Database;
use crate::database::{Connection, WriteContext};

// ANCHOR: projection
/// Who has which roles: a row for each membership. Version 2 knows who is an admin.
pub(crate) fn members() -> Projection<Database> {
    Projection::new("members", 2, apply)
        .of("membership", ["member-added", "member-roles-updated"])
        .table("read_tenant_memberships", "id")
}

async fn apply(connection: &mut Connection, event: &StoredEvent) -> ProjectionResult {
    let roles: Vec<String> = serde_json::from_value(event.payload["roles"].clone())?;
    let is_admin = roles.iter().any(|role| role.ends_with("Admin"));
    let roles = serde_json::to_string(&roles)?;
    let id = StoredUuid(event.stream.aggregate_id);
    let query = if event.event_type == "member-added" {
        sqlx::query(
            "INSERT INTO read_tenant_memberships
                 (roles, is_admin, version, id, tenant_id, user_id, inserted_by_id, inserted_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(roles)
        .bind(is_admin)
        .bind(event.version)
        .bind(id)
        .bind(StoredUuid(event.stream.tenant_id))
        .bind(event.payload["user_id"].as_str())
        .bind(event.created_by.as_str())
        // The time of the event, which is the same whenever this is computed.
        .bind(event.created_at)
    } else {
        sqlx::query(
            "UPDATE read_tenant_memberships SET roles = $1, is_admin = $2, version = $3 WHERE id = $4",
        )
        .bind(roles)
        .bind(is_admin)
        .bind(event.version)
        .bind(id)
    };
    query.execute(connection).await?;
    Ok(())
}
// ANCHOR_END: projection

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

// ANCHOR: handler
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
    let version = version.unwrap_or(latest);
    Ok(write.append(&stream, version, [updated]).await?)
}
// ANCHOR_END: handler
