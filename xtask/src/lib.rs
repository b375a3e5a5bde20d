//! Throwaway servers and commands that cannot outlive the program that started them: for the checks of
//! this workspace, and for tests that crash servers and so need some of their own.

#[cfg(not(unix))]
compile_error!("xtask starts servers with Unix means; on Windows, run it in WSL");

mod account;
mod cargo;
mod cluster;
mod failure;
pub mod guarded;
mod pgbouncer;
mod programs;
mod release;
mod server;

pub use account::is_root;
pub use cargo::{cargo, without_package};
pub use cluster::{Cluster, Ending};
pub use failure::Failure;
pub use pgbouncer::{PgBouncer, PoolMode};
pub use programs::{Programs, is_in_path};
pub use release::Release;

/// The variable through which tests find the server that they share.
pub const URL_VARIABLE: &str = "KUMIKO_TEST_POSTGRES_URL";
