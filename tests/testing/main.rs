//! The kit for tests of seeds, used as an author of seeds uses it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod applying;
mod given;
mod projections;
mod rows;
mod second_run;
mod snapshots;

use kumiko_tests::database;

/// A database that the tests of this folder run on.
pub(crate) trait Engine: database::Engine + kumiko_seeds_testing::Engine {}

impl<DB: database::Engine + kumiko_seeds_testing::Engine> Engine for DB {}

/// Defines each function, which is generic in `DB`, as a test on PostgreSQL and as one on SQLite.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$note:meta])* async fn $name:ident() $body:block)+) => {
        $($(#[$note])* async fn $name<DB: $crate::Engine>() $body)+

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name::<sqlx::Postgres>().await;
            })+
        }

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name::<sqlx::Sqlite>().await;
            })+
        }
    };
}
