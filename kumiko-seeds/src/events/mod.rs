//! The write side: what turns a seed's wish into events and projections.
//!
//! A layer over the core, which knows nothing of it. [`Handlers`] is the app's registry of write
//! handlers; a seed reaches them with
//! [`SeedContext::system_write_as`](crate::SeedContext::system_write_as), as the [system
//! user](User::system). A handler appends to the event store, and writes what else it has to, through a
//! [`WriteContext`]. All of that is in the seed's transaction, the app's projections as well.
//!
//! # Aggregates
//!
//! A handler that has to know what has happened before loads the events of a stream, or has an [`Aggregate`] make a state of them:
//! [`WriteContext::load_aggregate`]. Where streams are long, the state is kept as a [snapshot](Aggregate#snapshots).
//!
//! # Projections
//!
//! A [`Projection`] says which events it takes, how they become rows, and in which tables those are. Given to
//! [`Handlers::projections`], it is kept by every append through the handlers, of people and of seeds: in the same transaction,
//! before the append answers. Event and row are there together or not at all. `apply` gets each event as a load will give it
//! later, with the id and the time that the database gave it, so that the same rows can be computed again.
//!
//! Events keep the shape in which they were written. When the code wants another, it says how the old one becomes that, as
//! [`Upcasters`], and handlers and projections see no other.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # mod app {
//! use kumiko_seeds::events::{
//!     NewEvent, Projection, ProjectionResult, Projections, StoredEvent, StoredUuid, Upcasters,
//! };
//! use kumiko_seeds::json;
//! use kumiko_seeds::sqlite::Handlers;
//! use sqlx::SqliteConnection;
//!
//! async fn apply(connection: &mut SqliteConnection, event: &StoredEvent) -> ProjectionResult {
//!     let roles = event.payload["roles"].to_string();
//!     sqlx::query("INSERT INTO read_members (id, roles, since) VALUES ($1, $2, $3)")
//!         .bind(StoredUuid(event.stream.aggregate_id))
//!         .bind(roles)
//!         .bind(event.created_at)
//!         .execute(connection)
//!         .await?;
//!     Ok(())
//! }
//!
//! pub fn handlers() -> Handlers {
//!     let members = Projection::new("members", 1, apply)
//!         .of("membership", ["member-added"])
//!         .table("read_members", "id");
//!     // Until version 2 a member had one role.
//!     let upcasters = Upcasters::new()
//!         .step("member-added", 1, |payload| Ok(json!({ "roles": [payload["role"]] })));
//!     Handlers::new()
//!         .projections(Projections::new().register(members))
//!         .upcasters(upcasters)
//! }
//!
//! pub fn added(roles: &[&str]) -> NewEvent {
//!     NewEvent::new("member-added", json!({ "roles": roles })).event_version(2)
//! }
//! # }
//! ```
//!
//! A projection that fails fails the write with [`EventStoreError::NotApplied`], whatever the handler makes of it. What the
//! functions [`append`] and [`load`] do is beside all that: they know the table alone.
//!
//! # Reactors
//!
//! What the app does outside its database because of an event is a [`Reactor`]. The app's own dispatcher calls it; registered with
//! [`Handlers::reactors`] as well, it can be given events again with [`SeedRunner::replaying`](crate::SeedRunner::replaying).
//!
//! # Archive
//!
//! A stream that is over is archived, by a handler with [`WriteContext::archive`], by a seed with
//! [`SeedContext::system_archive`](crate::SeedContext::system_archive), or with [`Handlers::archive_streams`]. It takes no events then,
//! [`WriteContext::load`] gives none, and no projection has rows of it. All of that comes back when it is restored.
//!
//! # Migrations of streams
//!
//! A stream that lies under the wrong tenant, or whose events are not what they should have been, is migrated by a seed of many steps:
//! [`SeedContext::migrate_streams`](crate::SeedContext::migrate_streams). By default it is kept, closed, archived and linked, so that
//! [`SeedContext::undo_migration`](crate::SeedContext::undo_migration) takes the way back.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # mod seed {
//! use kumiko_seeds::events::{MigrateResult, MigratedEvent, NewStreams, OldStream, Stream, StreamCursor, Streams};
//! use kumiko_seeds::sqlite::SeedContext;
//! use kumiko_seeds::{BatchResult, CountResult};
//! use uuid::{Uuid, uuid};
//!
//! const INVITING: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000001");
//! const WORKING: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000002");
//!
//! pub type Cursor = StreamCursor;
//!
//! fn streams() -> Streams {
//!     Streams::of("user").in_tenant(INVITING)
//! }
//!
//! fn migrate(old: &OldStream, into: &mut NewStreams) -> MigrateResult {
//!     let mut user = into.stream(Stream { tenant_id: WORKING, ..old.stream.clone() });
//!     for event in &old.events {
//!         match event.event_type.as_str() {
//!             "user-made" => user.append(MigratedEvent::of(event).event_type("user-created")),
//!             "user-pinged" => {} // dropped
//!             _ => user.keep(event),
//!         }
//!     }
//!     Ok(())
//! }
//!
//! pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult {
//!     ctx.count_streams(&streams()).await
//! }
//!
//! pub async fn batch(ctx: &mut SeedContext<'_>, after: Option<Cursor>, limit: u32) -> BatchResult<Cursor> {
//!     ctx.migrate_streams(&streams(), after, limit, migrate).await
//! }
//! # }
//! ```
//!
//! # Compatibility
//!
//! Tables, constants and lookups are those of the original, so that a Rust service and a TypeScript
//! one can share a database.

mod aggregates;
mod appending;
mod archive;
mod backend;
mod batch;
mod command;
mod consumers;
mod earlier_failure;
mod event;
mod event_row;
mod event_store;
mod event_store_error;
mod event_tables;
mod existing;
mod handlers;
mod lookups;
mod migration;
mod naming;
mod operations;
mod pending_events;
mod preflight;
mod projections;
mod reactors;
mod store;
mod stored_uuid;
mod stream;
mod system_write;
mod upcasters;
mod user;
mod visible_rows;
mod write;
mod write_context;
mod write_error;
mod written;

pub use aggregates::{Aggregate, AggregateResult, forget_snapshots};
pub use archive::{
    ArchivedStream, ArchivedStreams, ImportError, Imported, NotProjected, Purge, Purgeable, Purged,
    StreamExport, archived_streams, purgeable,
};
pub use backend::EventBackend;
pub use batch::SystemBatch;
pub use command::Command;
pub use consumers::Consumer;
pub use event::{NewEvent, StoredEvent};
pub use event_row::EventRow;
pub use event_store::{KumikoEvents, append, load, stream_version, streams_of};
pub use event_store_error::EventStoreError;
pub(crate) use event_store_error::is_version_conflict;
pub use event_tables::create_event_tables;
pub use handlers::{Access, HandlerFunction, HandlerResult, Handlers};
pub use lookups::{Lookups, Membership, ReadModels, Tenant, UserRow};
pub use migration::{
    MigrateResult, MigratedEvent, MigrationError, NewStream, NewStreams, OldStream, StreamCursor,
    Streams,
};
pub use projections::{
    ApplyAllFunction, ApplyFunction, EventPlace, Part, Projection, ProjectionCheck,
    ProjectionError, ProjectionResult, Projections, SetAside, Wrong, WrongRow,
};
pub use reactors::{Delivery, EventCount, Reactor, ReactorResult, Reactors, Replay, ReplayError};
pub use store::{EventStore, InTransaction};
pub use stored_uuid::StoredUuid;
pub use stream::Stream;
pub use system_write::SystemWrite;
pub use upcasters::{UpcastResult, Upcasters};
pub use user::{SYSTEM_ROLE, SYSTEM_TENANT_ID, SYSTEM_USER_ID, User};
pub use write::Write;
pub use write_context::WriteContext;
pub use write_error::WriteError;
pub use written::Written;
