//! What the end-to-end tests share: databases of their own, an app with handlers, and seeds written in
//! place.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

pub mod app;
pub mod batches;
pub mod database;
pub mod forwarder;
pub mod migrations;
pub mod migrations_under_kills;
pub mod mortal;
pub mod proxy;
pub mod purges;
pub mod replays;
pub mod replicas;
pub mod restarts;
pub mod seeds;
pub mod steps;
pub mod toll;
pub mod wallets;
pub mod wallets_by_sql;
pub mod workers;
pub mod writers;
