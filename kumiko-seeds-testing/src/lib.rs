//! Throwaway PostgreSQL servers and poolers for tests that crash, stop or restart them, and so need some of their own.
//!
//! ```no_run
//! use kumiko_seeds_testing::{Cluster, Ending, PgBouncer, PoolMode};
//!
//! # fn main() -> Result<(), kumiko_seeds_testing::Failure> {
//! let mut server = Cluster::start()?;
//! let pooler = PgBouncer::start(&server.url(), PoolMode::Transaction)?;
//! let url = pooler.url(&server.url());
//! // … connect to `url` …
//! server.end(Ending::Crash)?;
//! server.start_again()?;
//! # Ok(())
//! # }
//! ```
//!
//! The servers are those that are installed on the machine. Nothing is installed or changed on it: where a program is
//! missing, the [`Failure`] says how to get it. A server has a free port, a random password and a temporary folder of its
//! own, and all of it goes with the program that started it, however that ends.
//!
//! [`guarded`] runs other commands that end with the program, and [`cargo`](cargo()) is Cargo as a person would start it.

#[cfg(not(unix))]
compile_error!("servers are started with Unix means; on Windows, run the tests in WSL");

mod cargo;
mod failure;
pub mod guarded;
mod servers;

pub use cargo::{cargo, without_package};
pub use failure::Failure;
pub use servers::{
    Cluster, Ending, PgBouncer, PoolMode, Programs, is_in_path, is_root, may_be_entered,
};

/// The variable through which tests find the server that they share.
pub const URL_VARIABLE: &str = "KUMIKO_TEST_POSTGRES_URL";
