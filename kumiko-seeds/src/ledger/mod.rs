//! The only SQL that touches `kumiko_es_operations` and `kumiko_es_progress`, apart from the statements that create them, in
//! which the databases differ.
//!
//! **Invariant:** each statement that reads says in its first column whether row level security is active, so that
//! rows may be hidden. Without it nothing found would look like nothing there.

mod looking;
mod progress;
mod reading;
mod table;
mod writing;

pub(crate) use looking::Sought;
pub(crate) use progress::{
    NewProgress, NewStep, Record, Turned, all_progress, create_progress, find_progress,
    forget_progress, lock_of, turn,
};
pub(crate) use reading::{applied, history};
pub(crate) use table::{Table, Tables, create, fault};
pub(crate) use writing::{NewMarker, delete, insert_intervention};
