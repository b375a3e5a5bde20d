//! Values on any database, without a page of trait bounds at each use.

use sqlx::error::BoxDynError;
use sqlx::{Arguments, ColumnIndex, Database, Decode, Encode, Row, Type};

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
