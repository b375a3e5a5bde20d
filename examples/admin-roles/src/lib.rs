//! A small event-sourced web app: tenants, users, and who has which role where.
//!
//! Its data has changed three times since it went live; see `seeds/`. Every write goes through a handler,
//! which appends an event and updates a read model in one transaction, whether a person asks for it,
//! in `http/`, or a seed does. The read model of memberships is a projection, and has changed once. What is done outside
//! the database is done by a reactor: it sends a mail.

mod member;
mod membership;
mod outbox;
mod schema;
mod tenant;
mod user;
mod welcome;

// The one place that says which database this is; everything else imports from here.
#[cfg(feature = "postgres")]
pub use kumiko_seeds::postgres as database;
#[cfg(feature = "postgres")]
pub use sqlx::Postgres as Database;

#[cfg(not(feature = "postgres"))]
pub use kumiko_seeds::sqlite as database;
#[cfg(not(feature = "postgres"))]
pub use sqlx::Sqlite as Database;

pub use member::{Member, who_has_which_role};
pub use membership::{AddMember, UnknownMembership, UpdateMemberRoles};
pub use tenant::CreateTenant;
pub use user::CreateUser;

use kumiko_seeds::events::{Access, Projections, Reactors, ReadModels, SYSTEM_ROLE};

// Brings in `SEEDS`.
database::include_seeds!();

/// The app's write handlers, and who may call them: people through HTTP, and seeds.
#[must_use]
pub fn handlers() -> database::Handlers {
    // ANCHOR: handlers
    database::Handlers::new()
        .known_tenants(ReadModels)
        .command(Access::roles([SYSTEM_ROLE]), tenant::create)
        .command(Access::roles([SYSTEM_ROLE]), user::create)
        .command(Access::roles(["TenantAdmin", SYSTEM_ROLE]), membership::add)
        .command(Access::roles(["TenantAdmin"]), membership::update_roles)
        .projections(Projections::new().register(membership::members()))
        .reactors(Reactors::new().register(welcome::mail()))
    // ANCHOR_END: handlers
}

/// The app's seeds with all they need. The app boots with it, and its ops binary applies with it.
#[must_use]
pub fn seeds() -> database::SeedRunner {
    database::SeedRunner::new(SEEDS)
        .handlers(handlers())
        .prepare(|connection| Box::pin(schema::create(connection)))
}
