//! One prepared statement of the write side, on any database.

use sqlx::error::BoxDynError;
use sqlx::{Database, IntoArguments};

use crate::backend::{Backend, Carries};

/// One statement with its bound values; placeholders are `$1`, `$2` … on both databases.
pub(crate) struct Statement<DB: Database> {
    sql: &'static str,
    arguments: Result<DB::Arguments, BoxDynError>,
}

impl<DB: Backend> Statement<DB> {
    pub(crate) fn new(sql: &'static str) -> Self {
        let arguments = Ok(DB::Arguments::default());
        Self { sql, arguments }
    }

    pub(crate) fn bind<T>(mut self, value: T) -> Self
    where
        DB: Carries<T>,
    {
        if let Ok(arguments) = &mut self.arguments
            && let Err(error) = DB::bind(arguments, value)
        {
            self.arguments = Err(error);
        }
        self
    }

    pub(crate) async fn fetch_all(
        self,
        connection: &mut DB::Connection,
    ) -> sqlx::Result<Vec<DB::Row>> {
        let query = sqlx::query_with::<DB, _>(
            self.sql,
            Bound(self.arguments.map_err(sqlx::Error::Encode)?),
        );
        query.fetch_all(DB::executor(connection)).await
    }

    pub(crate) async fn fetch_optional(
        self,
        connection: &mut DB::Connection,
    ) -> sqlx::Result<Option<DB::Row>> {
        let query = sqlx::query_with::<DB, _>(
            self.sql,
            Bound(self.arguments.map_err(sqlx::Error::Encode)?),
        );
        query.fetch_optional(DB::executor(connection)).await
    }
}

/// `DB::Arguments` as sqlx takes them; it offers the conversion only for each concrete database.
struct Bound<DB: Database>(DB::Arguments);

impl<DB: Database> IntoArguments<DB> for Bound<DB> {
    fn into_arguments(self) -> DB::Arguments {
        self.0
    }
}
