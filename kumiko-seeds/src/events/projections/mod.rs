//! Projections that the library knows: read tables whose rows are computed from events.
//!
//! An app registers them beside its handlers. Each append then applies its events to them in the same transaction, and an
//! operation can check them against the events or rebuild them, because it knows how their rows come about. `reproject` does so for some
//! streams at once.

mod backend;
mod check;
mod error;
mod fold;
mod inline;
mod lock_events;
mod operation;
mod projection;
mod reading;
mod rebuild;
mod registry;
mod reproject;
mod set_aside;
mod shape;
mod state;
mod tables;

pub(crate) use backend::ProjectionBackend;
pub use check::{ProjectionCheck, Wrong, WrongRow};
pub use error::{EventPlace, ProjectionError};
pub(super) use fold::may_be_set_aside;
pub(super) use lock_events::lock_events;
pub use operation::Part;
pub(super) use operation::{is_new, operation};
pub(super) use projection::Source;
pub use projection::{ApplyAllFunction, ApplyFunction, Projection, ProjectionResult};
pub(super) use reading::{event, has_archive};
pub use registry::Projections;
pub(super) use registry::is_name;
pub(super) use reproject::reproject;
pub use set_aside::SetAside;
pub(super) use set_aside::{Quarantine, list, set_aside, take_back};
pub(super) use state::failed;
