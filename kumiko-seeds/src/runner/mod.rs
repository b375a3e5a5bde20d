//! Applies seeds.

mod app_code;
mod apply;
mod apply_each;
mod builder;
mod cloning;
mod dry_run;
#[cfg(feature = "migrate")]
mod migrations;
mod new_database;
mod preparation;
mod prepare;
mod queue;
mod replacing;
mod required_migration;
mod run;
mod step_size;
mod steps;
mod work;
mod worker_name;

pub use builder::{SeedRunner, WhenPaused};
