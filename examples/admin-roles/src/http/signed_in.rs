//! Who asks, and in which tenant.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use kumiko_seeds::events::User;
use uuid::Uuid;

/// Who asks, and in which tenant.
///
/// **This is no sign-in.** It believes what the request says: `x-user`, an id; `x-roles`, separated by commas; `x-tenant`, a
/// UUID. An app of your own takes all three from a session or a token that nobody else can make.
pub(crate) struct SignedIn {
    pub(crate) user: User,
    pub(crate) tenant_id: Uuid,
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let header = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let tenant_id = header("x-tenant").and_then(|id| id.parse().ok());
        let (Some(id), Some(tenant_id)) = (header("x-user"), tenant_id) else {
            let help = "say who you are with the headers x-user, x-roles and x-tenant (a UUID)\n";
            return Err((StatusCode::UNAUTHORIZED, help));
        };
        let roles = header("x-roles").unwrap_or_default().split(',');
        let roles = roles.map(str::trim).filter(|role| !role.is_empty());
        let user = User::new(id, roles);
        Ok(Self { user, tenant_id })
    }
}
