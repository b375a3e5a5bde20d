//! Projections that the library knows: read tables whose rows are computed from events.
//!
//! An app registers them beside its handlers. Each append then applies its events to them in the same transaction, and an
//! operation can check them against the events or rebuild them, because it knows how their rows come about.

mod projection;
mod registry;

pub use projection::{ApplyAllFunction, ApplyFunction, Projection, ProjectionResult};
pub use registry::Projections;
