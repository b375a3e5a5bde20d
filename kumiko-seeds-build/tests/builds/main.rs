//! Real Cargo builds of small apps with the build script this crate is for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod app;
mod errors;
mod hostile;
mod places;
mod rebuilds;
mod results;
