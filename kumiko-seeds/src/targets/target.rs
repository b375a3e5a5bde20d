//! One of many databases: its name, and how it is opened.

use std::fmt;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::{Connection, Pool};

use crate::Error;
use crate::backend::Backend;
use crate::under_lock::Session;

/// How long a database that does not answer is tried.
const PATIENCE: Duration = Duration::from_secs(10);

/// One of many databases, or one schema of a database. It prints as its name.
pub struct Target<DB: Backend> {
    name: String,
    options: <DB::Connection as Connection>::Options,
    /// The schema that a connection has to be in, where the target is one.
    schema: Option<String>,
}

impl<DB: Backend> Target<DB> {
    /// The database of `options`. The name is what people see, so no password may be in it.
    pub fn new(name: impl Into<String>, options: <DB::Connection as Connection>::Options) -> Self {
        Self {
            name: name.into(),
            options,
            schema: None,
        }
    }

    /// The schema of this name in the PostgreSQL database of `options`, and nothing but that schema: what an extension has in
    /// another one has to be called by its full name, `public.citext`. `None` on SQLite, which has none.
    ///
    /// **Invariant:** the schema is an option of the connection and not set after it: behind a pooler that gives each transaction
    /// another session, a setting would be lost, and seeds would run in somebody else's schema. A pooler that refuses such
    /// options, or drops them, makes the target fail with nothing done.
    pub fn schema(options: &<DB::Connection as Connection>::Options, schema: &str) -> Option<Self> {
        Some(Self {
            name: schema.to_owned(),
            options: DB::in_schema(options.clone(), schema)?,
            schema: Some(schema.to_owned()),
        })
    }

    /// What people know it as.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which database it is in, as far as the options tell. Targets of one database take turns at its lock.
    pub(super) fn database(&self) -> String {
        DB::database(&self.options)
    }

    /// A pool of one connection, which is in the schema if the target is one. Otherwise it connects when it is first used.
    pub(super) async fn open(&self) -> Result<Pool<DB>, Error> {
        let pool = PoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE);
        let pool = pool.connect_lazy_with(self.options.clone());
        if let Some(schema) = &self.schema
            && let Err(error) = check_schema(&pool, schema).await
        {
            pool.close().await;
            return Err(error);
        }
        Ok(pool)
    }
}

impl<DB: Backend> fmt::Debug for Target<DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Target").field(&self.name).finish()
    }
}

async fn check_schema<DB: Backend>(pool: &Pool<DB>, schema: &str) -> Result<(), Error> {
    let mut session = Session::acquire(pool).await?;
    let sql = format!("SELECT {}", DB::as_text("current_schema()"));
    let found = async {
        let rows = DB::fetch(session.connection(), &sql, &[]).await?;
        rows.first().map_or(Ok(None), |row| DB::text(row, 0))
    };
    let found = found
        .await
        .map_err(|error| Error::database("look which schema it is", error))?;
    session.settle();
    if found.as_deref() == Some(schema) {
        Ok(())
    } else {
        let schema = schema.to_owned();
        Err(Error::NotInSchema { schema })
    }
}
