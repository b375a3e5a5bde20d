//! `cargo kumiko-ops` as people run it: the real program, real packages, real databases. What it prints
//! and its exit code are compared whole.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod app;
mod app_names;
mod builds;
mod by_hand;
mod choosing_a_database;
mod choosing_a_package;
mod color;
mod database;
mod database_to_create;
mod differing_binary;
mod environments;
mod event_replay;
mod example;
mod harmless;
mod hostile_app;
mod hostile_text;
mod init;
mod interrupt;
mod json_shapes;
mod many_databases;
mod ops_binary;
mod program;
mod projections;
mod reading_urls;
mod readme;
mod renamed_files;
mod seed_apply;
mod seed_apply_cause;
mod seed_apply_committing;
mod seed_apply_dry_run;
mod seed_apply_selection;
mod seed_history;
mod seed_names;
mod seed_new;
mod seed_new_options;
mod seed_new_test;
mod seed_retire;
mod seed_show;
mod seed_status;
mod seed_verify;
mod seeds_apart;
mod shell_files;
mod status_formats;
mod status_progress;
mod steering;
mod streams;
mod transcript;
mod two_words;
mod unreachable_databases;
mod working;
