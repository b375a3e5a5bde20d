//! The only SQL that touches `kumiko_es_operations`, apart from the statement that creates it, in which the databases
//! differ.
//!
//! **Invariant:** each statement that reads says in its first column whether row level security is active, so that
//! rows may be hidden. Without it nothing found would look like nothing there.

mod looking;
mod reading;
mod table;
mod writing;

pub(crate) use looking::Sought;
pub(crate) use reading::{applied, history};
pub(crate) use table::{create, fault};
pub(crate) use writing::{NewMarker, delete, insert_intervention};
