//! How many instructions the parts take that neither wait nor ask a database. The clock of a busy machine says
//! little; these numbers hardly change, so that something that has become slower fails here.
//!
//! Each part is a test that runs in a process of its own, under callgrind of Valgrind. It runs with nothing to do
//! and with much, and the difference counts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod callgrind;
mod parts;
