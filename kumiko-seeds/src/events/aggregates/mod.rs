//! Aggregates: what a handler has to know of a stream before it appends to it, computed from its events.
//!
//! The state of a long stream may be kept as a snapshot, in the original's table `kumiko_snapshots`, so that a load reads the events since then
//! and no others.

mod aggregate;
mod check;
mod forget;
mod loading;

pub use aggregate::{Aggregate, AggregateResult};
pub use forget::forget_snapshots;
pub(in crate::events) use forget::forget_snapshots_of;
