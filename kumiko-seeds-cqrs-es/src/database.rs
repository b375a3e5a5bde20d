//! What the tables of cqrs-es ask of a database.

use kumiko_seeds::Backend;
use serde_json::Value;
use sqlx::database::HasStatementCache;
use sqlx::{
    Arguments, AssertSqlSafe, ColumnIndex, Database, Decode, Encode, IntoArguments, Row, Type,
};

/// A database with tables of cqrs-es: `sqlx::Postgres` or `sqlx::Sqlite`. Its items are not for callers.
pub trait CqrsDatabase:
    Backend<Arguments: IntoArguments<Self>>
    + HasStatementCache
    + Holds<String>
    + Holds<i64>
    + Holds<Value>
{
    /// A query that has a row if there is the table `name`, which is `bare` without schema and quotes; and its `$1`.
    #[doc(hidden)]
    fn find_table<'a>(name: &'a str, bare: &'a str) -> (&'static str, &'a str);
}

#[cfg(feature = "postgres")]
impl CqrsDatabase for sqlx::Postgres {
    fn find_table<'a>(name: &'a str, _: &'a str) -> (&'static str, &'a str) {
        ("SELECT 1 WHERE to_regclass($1) IS NOT NULL", name)
    }
}

#[cfg(feature = "sqlite")]
impl CqrsDatabase for sqlx::Sqlite {
    fn find_table<'a>(_: &'a str, bare: &'a str) -> (&'static str, &'a str) {
        let find = "SELECT 1 FROM pragma_table_list WHERE name = $1 COLLATE NOCASE";
        (find, bare)
    }
}

/// A database that takes and gives values of type `T`. sqlx says so with bounds on `T`, which every generic function would
/// have to repeat.
#[doc(hidden)]
pub trait Holds<T>: Database {
    fn encode(arguments: &mut Self::Arguments, value: T) -> sqlx::Result<()>;
    fn decode(row: &Self::Row, index: usize) -> sqlx::Result<T>;
}

impl<DB, T> Holds<T> for DB
where
    DB: Database,
    T: for<'q> Encode<'q, DB> + for<'r> Decode<'r, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    fn encode(arguments: &mut DB::Arguments, value: T) -> sqlx::Result<()> {
        arguments.add(value).map_err(sqlx::Error::Encode)
    }

    fn decode(row: &DB::Row, index: usize) -> sqlx::Result<T> {
        row.try_get(index)
    }
}

/// Whether statements are prepared under a name, so that their connection keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    Named,
    Unnamed,
}

/// A statement with the values of `$1`, `$2` …
///
/// **Invariant:** nothing that users wrote is in its text, which servers log as soon as it fails.
pub(crate) struct Statement<DB: CqrsDatabase> {
    sql: String,
    arguments: DB::Arguments,
}

impl<DB: CqrsDatabase> Statement<DB> {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            arguments: DB::Arguments::default(),
        }
    }

    /// With the next value.
    pub(crate) fn bind<T>(mut self, value: T) -> sqlx::Result<Self>
    where
        DB: Holds<T>,
    {
        DB::encode(&mut self.arguments, value)?;
        Ok(self)
    }

    /// Runs it, and gives its rows.
    pub(crate) async fn rows(
        self,
        connection: &mut DB::Connection,
        naming: Naming,
    ) -> sqlx::Result<Vec<DB::Row>> {
        sqlx::query_with(AssertSqlSafe(self.sql), self.arguments)
            .persistent(naming == Naming::Named)
            .fetch_all(DB::executor(connection))
            .await
    }
}
