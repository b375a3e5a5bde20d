//! Servers that are made for a test and thrown away after it.

mod account;
mod cluster;
mod pgbouncer;
mod programs;
mod server;

pub use account::{is_root, may_be_entered};
pub use cluster::{Cluster, Ending};
pub use pgbouncer::{PgBouncer, PoolMode};
pub use programs::{Programs, is_in_path};

#[cfg(all(test, feature = "postgres"))]
pub(crate) use programs::missing;
