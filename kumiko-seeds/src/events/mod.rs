//! The write side: what turns a seed's wish into events and projections.
//!
//! A layer over the core, which knows nothing of it. [`Handlers`] is the app's registry of write
//! handlers; a seed reaches them with
//! [`SeedContext::system_write_as`](crate::SeedContext::system_write_as), as the [system
//! user](User::system). A handler appends to the event store and updates its projections through a
//! [`WriteContext`], all in the seed's transaction.
//!
//! Tables, constants and lookups are those of the original, so that a Rust service and a TypeScript
//! one can share a database.

mod appending;
mod backend;
mod batch;
mod command;
mod earlier_failure;
mod event;
mod event_row;
mod event_store;
mod event_store_error;
mod event_tables;
mod handlers;
mod lookups;
mod naming;
mod pending_events;
mod preflight;
mod projections;
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

pub use backend::EventBackend;
pub use batch::SystemBatch;
pub use command::Command;
pub use event::{NewEvent, StoredEvent};
pub use event_row::EventRow;
pub use event_store::{KumikoEvents, append, load, stream_version};
pub use event_store_error::EventStoreError;
pub(crate) use event_store_error::is_version_conflict;
pub use event_tables::create_event_tables;
pub use handlers::{Access, HandlerFunction, HandlerResult, Handlers};
pub use lookups::{Lookups, Membership, ReadModels, Tenant, UserRow};
pub use projections::{
    ApplyAllFunction, ApplyFunction, EventPlace, Projection, ProjectionCheck, ProjectionError,
    ProjectionResult, Projections, Wrong, WrongRow,
};
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
