//! People's requests.
//!
//! **There is no sign-in.** Whoever can reach the port is who the headers of a request say; see `signed_in`. An app of your own
//! puts its sign-in there, and the rest stays as it is.

mod event;
mod failure;
mod signed_in;

use std::fmt::Write as _;
use std::sync::Arc;

use admin_roles::database::Handlers;
use admin_roles::{Database, Member, UnknownMembership, who_has_which_role};
use axum::extract::{Path, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use kumiko_seeds::{events, json};
use serde_json::Value;
use sqlx::Pool;
use uuid::Uuid;

use self::event::Event;
use self::failure::Failure;
use self::signed_in::SignedIn;

/// What requests need.
#[derive(Clone)]
pub(crate) struct App {
    /// The handlers that seeds call, too.
    pub(crate) handlers: Arc<Handlers>,
    pub(crate) pool: Pool<Database>,
}

pub(crate) fn routes(app: App) -> Router {
    Router::new()
        .route("/", get(overview))
        .route("/memberships", get(memberships))
        .route("/memberships/{id}/events", get(membership_events))
        .route("/memberships/{id}/roles", put(update_roles))
        .with_state(app)
}

/// Who has which role, for a person.
async fn overview(State(app): State<App>) -> Result<String, Failure> {
    let mut text = String::new();
    for member in who_has_which_role(&app.pool).await? {
        let roles = member.roles.join(", ");
        writeln!(text, "{:<20} {:<20} {roles}", member.email, member.tenant)?;
    }
    Ok(text)
}

/// Who has which role, for a program.
async fn memberships(State(app): State<App>) -> Result<Json<Vec<Member>>, Failure> {
    Ok(Json(who_has_which_role(&app.pool).await?))
}

/// All that happened to a membership.
async fn membership_events(
    State(app): State<App>,
    SignedIn { tenant_id, .. }: SignedIn,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<Event>>, Failure> {
    let mut connection = app.pool.acquire().await?;
    let events = events::load::<Database>(&mut connection, tenant_id, id).await?;
    if events.is_empty() {
        return Err(UnknownMembership(id).into());
    }
    Ok(Json(events.into_iter().map(Event::from).collect()))
}

/// Gives a member other roles, and answers with the event of that.
async fn update_roles(
    State(app): State<App>,
    SignedIn { user, tenant_id }: SignedIn,
    Path(id): Path<Uuid>,
    Json(asked): Json<Value>,
) -> Result<Json<Event>, Failure> {
    // ANCHOR: request
    let payload = json!({ "id": id, "roles": asked["roles"], "version": asked["version"] });
    let written = app
        .handlers
        .write_as(user, "tenant:write:update-member-roles", payload)
        .in_tenant(tenant_id)
        .commit(&app.pool)
        .await?;
    // ANCHOR_END: request

    let mut connection = app.pool.acquire().await?;
    let events = events::load::<Database>(&mut connection, tenant_id, id).await?;
    let appended = events
        .into_iter()
        .find(|event| written.output == event.version);
    let appended = appended.ok_or("the event that was appended is gone")?;
    Ok(Json(appended.into()))
}
