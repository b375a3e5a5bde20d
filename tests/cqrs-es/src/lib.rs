//! An app on cqrs-es whose requests go through postgres-es or sqlite-es as published.

pub mod account;
pub mod app;
pub mod stores;

/// Defines each function as a test on postgres-es and as one on sqlite-es, each with a database of its own in which the app's
/// tables are.
#[macro_export]
macro_rules! on_both_stores {
    ($($(#[$note:meta])* async fn $name:ident($database:ident: &TestDatabase<DB>) $body:block)+) => {
        $($(#[$note])* async fn $name<DB: $crate::stores::Store>(
            $database: &kumiko_tests::database::TestDatabase<DB>
        ) $body)+

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let database = $crate::stores::database::<sqlx::Postgres>().await;
                super::$name(&database).await;
                database.remove().await;
            })+
        }

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let database = $crate::stores::database::<sqlx::Sqlite>().await;
                super::$name(&database).await;
                database.remove().await;
            })+
        }
    };
}
