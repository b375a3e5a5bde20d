//! Applies seeds.

mod app_code;
mod apply;
mod builder;
mod dry_run;
#[cfg(feature = "migrate")]
mod migrations;
mod preparation;
mod queue;
mod run;
mod work;

pub use builder::SeedRunner;
