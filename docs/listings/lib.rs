//! Code that the guide shows and that no example has. It compiles here; what it does is tested where the library is.

#![allow(
    missing_docs,
    dead_code,
    clippy::must_use_candidate,
    clippy::unnecessary_wraps,
    reason = "the guide shows these files as an app has them, and explains them"
)]

pub mod account;
pub mod baseline;
pub mod many;
pub mod named;
pub mod rules;
pub mod users_to_their_own_tenant;
