//! One prepared statement on any backend, without a page of trait bounds at each use.

use sqlx::error::BoxDynError;
use sqlx::{Arguments, ColumnIndex, Database, Decode, Encode, IntoArguments, Row, Type};

use super::Backend;

/// A database that can bind and read values of type `T`.
///
/// sqlx says this with bounds on `T` and on references, which every generic function would have to
/// repeat; as a supertrait of [`Backend`] it is said once and implied everywhere.
#[doc(hidden)]
pub trait Carries<T>: Database {
    fn bind(arguments: &mut Self::Arguments, value: T) -> Result<(), BoxDynError>;
    fn read(row: &Self::Row, index: usize) -> sqlx::Result<T>;
}

impl<DB, T> Carries<T> for DB
where
    DB: Database,
    T: for<'r> Decode<'r, DB> + for<'q> Encode<'q, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    fn bind(arguments: &mut DB::Arguments, value: T) -> Result<(), BoxDynError> {
        arguments.add(value)
    }

    fn read(row: &DB::Row, index: usize) -> sqlx::Result<T> {
        row.try_get(index)
    }
}

/// The value in column `index` of `row`, counted from 0.
pub(crate) fn column<DB: Carries<T>, T>(row: &DB::Row, index: usize) -> sqlx::Result<T> {
    DB::read(row, index)
}

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

    /// Runs the statement and says how many rows it inserted or changed.
    pub(crate) async fn execute(self, connection: &mut DB::Connection) -> sqlx::Result<u64> {
        let query = sqlx::query_with::<DB, _>(
            self.sql,
            Bound(self.arguments.map_err(sqlx::Error::Encode)?),
        );
        let result = query.execute(DB::executor(connection)).await?;
        Ok(DB::rows_affected(&result))
    }

    #[cfg(feature = "events")]
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
