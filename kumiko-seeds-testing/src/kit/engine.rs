//! What tests ask of a database, beyond what seeds do.

use std::future::Future;

use serde_json::Value;
use sqlx::Pool;

use super::database_name::DatabaseName;
use super::error::Error;

#[cfg(not(feature = "events"))]
use kumiko_seeds::Backend as Seeds;
#[cfg(feature = "events")]
use kumiko_seeds::events::EventBackend as Seeds;

/// A database that seeds can be tested on: `sqlx::Postgres` or `sqlx::Sqlite`, for a feature each. Its methods are not
/// for callers.
pub trait Engine: Seeds {
    /// Begins a transaction that is going to write.
    #[doc(hidden)]
    #[cfg(feature = "events")]
    const BEGIN: &'static str;

    /// Where a database of a test is.
    #[doc(hidden)]
    type Place: Send + Sync + 'static;

    /// Creates an empty database, after it has removed those that earlier runs of the same test have left.
    #[doc(hidden)]
    fn create(
        name: &DatabaseName,
    ) -> impl Future<Output = Result<(Pool<Self>, Self::Place), Error>> + Send;

    /// Removes a database. It is called where nothing of the test runs any more, not even its runtime.
    #[doc(hidden)]
    fn remove(
        pool: Pool<Self>,
        place: Self::Place,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Where the database is, and how to look at it, for a person.
    #[doc(hidden)]
    fn shown(place: &Self::Place) -> String;

    /// The names of all tables, as SQL has them.
    #[doc(hidden)]
    fn tables(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<Vec<String>>> + Send;

    /// The rows of a query, each as an object.
    #[doc(hidden)]
    fn rows(pool: &Pool<Self>, sql: &str) -> impl Future<Output = sqlx::Result<Vec<Value>>> + Send;

    /// Runs statements.
    #[doc(hidden)]
    fn execute(pool: &Pool<Self>, sql: &str) -> impl Future<Output = sqlx::Result<()>> + Send;
}
