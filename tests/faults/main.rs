//! What goes wrong around a run, on real servers and real processes: each file takes one kind of fault
//! and shows that nothing is lost and nothing doubled.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod aftermath;
mod archived_beside_others;
mod connection_cut;
mod crashing_server;
mod crashing_under_rebuilds;
mod crashing_under_work;
mod failover;
mod full_disk;
mod killed_in_migrations;
mod killed_in_purges;
mod killed_in_rebuilds;
mod killed_in_replays;
mod killed_in_steps;
mod killed_on_postgres;
mod killed_on_sqlite;
mod lost_commit;
mod lost_request;
mod other_pool_modes;
mod pool_of_one;
mod reader_in_the_way;
mod rebuilds_cut_off;
mod rebuilt_beside_migrations;
mod rebuilt_beside_others;
mod rebuilt_beside_writers;
mod replicas;
mod rolling_deploy;
mod server_timeouts;
mod steered_at_random;
mod steps_cut_off;
mod steps_too_large;
mod stopped_worker;
mod streams_beside_rebuilds;
mod terminated_session;
mod transaction_pooling;
mod two_sources_in_steps;
mod vanished_client;
