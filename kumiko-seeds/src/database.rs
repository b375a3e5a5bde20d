//! The types of the crate for one database, so that a seed names its database once, in its import.

/// Defines the aliases of one database's module.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! database_aliases {
    ($database:ty) => {
        pub use $crate::{Batch, BatchResult, CountResult, SeedResult};

        /// This database, as sqlx names it.
        pub type Database = $database;
        /// A connection to this database.
        pub type Connection = <$database as $crate::__sqlx::Database>::Connection;

        /// A seed of this database.
        pub type Seed = $crate::Seed<$database>;
        /// What a seed of this database may do.
        pub type SeedContext<'c> = $crate::SeedContext<'c, $database>;
        /// Applies seeds to this database.
        pub type SeedRunner = $crate::SeedRunner<$database>;
        /// The app's write handlers.
        #[cfg(feature = "events")]
        pub type Handlers = $crate::events::Handlers<$database>;
        /// What a write handler may do.
        #[cfg(feature = "events")]
        pub type WriteContext<'a> = $crate::events::WriteContext<'a, $database>;

        /// Creates the tables of events in this database where they are missing; see
        /// [`events::create_event_tables`](crate::events::create_event_tables).
        ///
        /// # Errors
        /// If the database refuses.
        #[cfg(feature = "events")]
        pub async fn create_event_tables(
            connection: &mut <$database as $crate::__sqlx::Database>::Connection,
        ) -> Result<(), $crate::events::EventStoreError> {
            $crate::events::create_event_tables::<$database>(connection).await
        }
    };
}
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use database_aliases;

/// Items for a crate that is compiled for PostgreSQL if this one is.
#[cfg(feature = "postgres")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_postgres {
    ($($item:item)*) => { $($item)* };
}

/// No items, since this crate is not compiled for PostgreSQL.
#[cfg(not(feature = "postgres"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_postgres {
    ($($item:item)*) => {};
}

/// Items for a crate that is compiled for SQLite if this one is.
#[cfg(feature = "sqlite")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_sqlite {
    ($($item:item)*) => { $($item)* };
}

/// No items, since this crate is not compiled for SQLite.
#[cfg(not(feature = "sqlite"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_sqlite {
    ($($item:item)*) => {};
}

/// Brings in the seeds that `kumiko_seeds_build::compile` found: one module for each, and
/// `pub static SEEDS`, sorted by id.
///
/// Use it at the top level of a module, through the module of the app's database:
///
/// ```ignore
/// kumiko_seeds::sqlite::include_seeds!();
/// ```
///
/// With another output name, `Config::output("tenant_seeds.rs")`, it is
/// `include_seeds!("tenant_seeds.rs")`.
#[macro_export]
macro_rules! include_seeds {
    ($database:ty) => {
        $crate::include_seeds!($database, "kumiko_seeds.rs");
    };
    ($database:ty, $output:literal) => {
        use $crate as __kumiko_seeds;
        #[doc(hidden)]
        type __KumikoDatabase = $database;
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $output));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __include_postgres_seeds {
    ($($output:literal)?) => {
        $crate::include_seeds!($crate::__sqlx::Postgres $(, $output)?);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __include_sqlite_seeds {
    ($($output:literal)?) => {
        $crate::include_seeds!($crate::__sqlx::Sqlite $(, $output)?);
    };
}
