//! `cargo kumiko-ops` as people run it: the real program, real packages, real databases. What it prints
//! and its exit code are compared whole.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod app;
mod choosing_a_database;
mod choosing_a_package;
mod database;
mod init;
mod interrupt;
mod ops_binary;
mod program;
mod seed_apply;
mod seed_apply_cause;
mod seed_apply_dry_run;
mod seed_apply_selection;
mod seed_new;
mod seed_status;
mod seed_verify;
mod transcript;
mod unreachable_databases;
