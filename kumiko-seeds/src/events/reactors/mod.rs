//! Reactors: what an app does outside its database because of an event, and delivering events to them again.

mod delivery;
mod error;
mod operation;
mod range;
mod reactor;
mod registry;
mod replay;
mod step;

pub use delivery::Delivery;
pub use error::ReplayError;
pub use range::EventCount;
pub use reactor::{Reactor, ReactorResult};
pub use registry::Reactors;
pub use replay::Replay;
