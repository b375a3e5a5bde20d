//! Tenants.

use kumiko_seeds::events::{Command, HandlerResult, NewEvent, StoredUuid};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::database::WriteContext;

/// Creates a tenant.
#[derive(Debug, Serialize, Deserialize)]
pub struct CreateTenant {
    /// The id it is to have.
    pub id: Uuid,
    /// Its name for machines, unique.
    pub key: String,
    /// Its name for people.
    pub name: String,
}

impl Command for CreateTenant {
    const HANDLER: &'static str = "tenant:write:create";
}

pub(crate) async fn create(mut write: WriteContext<'_>, command: CreateTenant) -> HandlerResult {
    let stream = write.stream("tenant", command.id);
    write
        .append(&stream, 0, [NewEvent::new("tenant-created", &command)])
        .await?;
    sqlx::query(
        "INSERT INTO read_tenants (id, tenant_id, inserted_by_id, key, name)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(StoredUuid(command.id))
    .bind(StoredUuid(stream.tenant_id))
    .bind(write.user().id.clone())
    .bind(command.key)
    .bind(command.name)
    .execute(write.connection().await?)
    .await?;
    Ok(())
}
