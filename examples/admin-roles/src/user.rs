//! Users.

use kumiko_seeds::events::{Command, HandlerResult, NewEvent, StoredUuid};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::database::WriteContext;

/// Creates a user.
#[derive(Debug, Serialize, Deserialize)]
pub struct CreateUser {
    /// The id it is to have.
    pub id: Uuid,
    /// Its address, unique.
    pub email: String,
    /// Its name for people.
    pub display_name: String,
}

impl Command for CreateUser {
    const HANDLER: &'static str = "user:write:create";
}

pub(crate) async fn create(mut write: WriteContext<'_>, command: CreateUser) -> HandlerResult {
    let stream = write.stream("user", command.id);
    write
        .append(&stream, 0, [NewEvent::new("user-created", &command)])
        .await?;
    sqlx::query(
        "INSERT INTO read_users (id, tenant_id, inserted_by_id, email, display_name)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(StoredUuid(command.id))
    .bind(StoredUuid(stream.tenant_id))
    .bind(write.user().id.clone())
    .bind(command.email)
    .bind(command.display_name)
    .execute(write.connection().await?)
    .await?;
    Ok(())
}
