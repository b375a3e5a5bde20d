//! The only SQL that touches `kumiko_es_operations` and `kumiko_es_progress`, apart from the statements that create them, in
//! which the databases differ.
//!
//! **Invariant:** each statement that reads says in its first column whether row level security is active, so that
//! rows may be hidden. Without it nothing found would look like nothing there.

mod looking;
mod progress;
mod reading;
mod record;
mod table;
mod writing;

pub(crate) use looking::Sought;
pub(crate) use progress::{all_progress, create_progress, find_progress, lock_of};
pub(crate) use reading::{applied, history};
pub(crate) use record::{NewProgress, NewStep, Record, Turned, forget_progress, turn};
pub(crate) use table::{Table, Tables, create, fault};
pub(crate) use writing::{NewMarker, delete, insert_intervention};
