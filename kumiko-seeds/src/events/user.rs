//! On whose behalf a handler runs.

use uuid::{Uuid, uuid};

/// The id of the [system user](User::system), which events and rows carry as their creator.
pub const SYSTEM_USER_ID: Uuid = Uuid::nil();

/// The tenant that a seed writes in unless it says [`in_tenant`](super::SystemWrite::in_tenant).
pub const SYSTEM_TENANT_ID: Uuid = uuid!("00000000-0000-4000-8000-000000000000");

/// The role that the system user always has.
pub const SYSTEM_ROLE: &str = "system";

/// A user with the roles that count for one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// What events store as `created_by` and as `userId` in their metadata.
    pub id: String,
    /// What a handler's [`Access`](super::Access) is held against.
    pub roles: Vec<String>,
}

impl User {
    /// A person with an id and roles, as the app's own sign-in knows them. An id is any text; events store it as it is.
    pub fn new<R: Into<String>>(id: impl Into<String>, roles: impl IntoIterator<Item = R>) -> Self {
        Self {
            id: id.into(),
            roles: roles.into_iter().map(Into::into).collect(),
        }
    }

    /// The user that seeds write as: id [`SYSTEM_USER_ID`], role [`SYSTEM_ROLE`]. It passes no gate
    /// that its roles do not open.
    #[must_use]
    pub fn system() -> Self {
        Self {
            id: SYSTEM_USER_ID.to_string(),
            roles: vec![SYSTEM_ROLE.to_owned()],
        }
    }
}
