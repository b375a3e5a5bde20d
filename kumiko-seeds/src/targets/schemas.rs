//! The schemas of a database as targets.

use std::collections::BTreeSet;

use sqlx::Connection;

use super::{Target, Targets};
use crate::Error;
use crate::backend::{Backend, Parameter};
use crate::under_lock::Session;

/// Those of the server itself are never meant.
const SCHEMAS: &str = "FROM pg_namespace
     WHERE nspname LIKE $1 AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'";

impl<DB: Backend> Targets<DB> {
    /// The schemas of a PostgreSQL database whose names are `LIKE` the pattern, in byte order of their names: `tenant\_%`. Those of
    /// the server itself are never among them.
    ///
    /// # Errors
    /// [`Error::NoSchemas`] if there is none, and on SQLite; otherwise if the database cannot be reached.
    pub async fn schemas(
        options: &<DB::Connection as Connection>::Options,
        pattern: &str,
    ) -> Result<Self, Error> {
        let names = match DB::in_schema(options.clone(), "") {
            Some(_) => names::<DB>(options, pattern).await?,
            None => BTreeSet::new(),
        };
        // Sorted here and not by the database, whose collation may not be byte order.
        let targets = names.iter();
        let targets: Vec<_> = targets
            .filter_map(|name| Target::schema(options, name))
            .collect();
        if targets.is_empty() {
            let pattern = pattern.to_owned();
            return Err(Error::NoSchemas { pattern });
        }
        Ok(Self::new(targets))
    }
}

async fn names<DB: Backend>(
    options: &<DB::Connection as Connection>::Options,
    pattern: &str,
) -> Result<BTreeSet<String>, Error> {
    let pool = Target::<DB>::new("", options.clone()).open().await?;
    let listed = async {
        let mut session = Session::acquire(&pool).await?;
        let sql = format!("SELECT {} {SCHEMAS}", DB::as_text("nspname"));
        let rows = DB::fetch(session.connection(), &sql, &[Parameter::Text(pattern)]).await;
        session.settle();
        let read = rows.and_then(|rows| {
            let names = rows.iter().map(|row| DB::text(row, 0));
            names.filter_map(Result::transpose).collect()
        });
        read.map_err(|error| Error::database("list the schemas", error))
    };
    let listed = listed.await;
    pool.close().await;
    listed
}
