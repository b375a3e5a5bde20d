//! Applying seeds to real databases: one file for each promise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod after_a_commit;
mod app_names;
mod archive;
mod archive_on_postgres;
mod archived_streams;
mod bad_databases;
mod batches;
mod by_hand;
mod cancelled_run;
mod dry_run;
mod edited_seeds;
mod encodings;
mod ended_transactions;
mod environments;
mod escape_hatches;
mod event_replay;
mod event_replay_on_postgres;
mod event_store;
mod event_tables;
mod failing_seeds;
mod first_run;
mod foreign_markers;
mod growth;
mod handlers;
mod hidden_events;
mod hostile_text;
mod isolation;
mod logging;
mod lookups;
mod many_targets;
mod migrations;
mod order;
mod own_event_store;
mod passing_failures;
mod prepare;
mod prepared_statements;
mod privileges;
mod progress_table;
mod projections_inline;
mod projections_kept;
mod projections_on_postgres;
mod projections_quarantined;
mod projections_quarantined_on_postgres;
mod projections_rebuilt;
mod projections_state;
mod purge;
mod purge_on_postgres;
mod remedies;
mod renamed_files;
mod replicas;
mod requests;
mod requests_at_once;
mod retired_seeds;
mod role;
mod round_trips;
mod row_security;
mod search_path;
mod selection;
mod server_log;
mod session_settings;
mod session_state;
mod shared_table;
mod skip_flags;
mod snapshots;
mod snapshots_at_once;
mod spawned;
mod steps;
mod stopping;
mod stream_migration;
mod stream_migration_on_postgres;
mod units_of_work;
mod upcasters;
mod waiting;
mod work;
