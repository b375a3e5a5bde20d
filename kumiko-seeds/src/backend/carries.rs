//! Values on any database, without a page of trait bounds at each use.

use sqlx::{ColumnIndex, Database, Decode, Row, Type};

/// A database from which values of type `T` can be read.
///
/// sqlx says this with bounds on `T` and on references, which every generic function would have to
/// repeat; as a supertrait of [`Backend`] it is said once and implied everywhere.
#[doc(hidden)]
pub trait Carries<T>: Database {
    fn read(row: &Self::Row, index: usize) -> sqlx::Result<T>;
}

impl<DB, T> Carries<T> for DB
where
    DB: Database,
    T: for<'r> Decode<'r, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    fn read(row: &DB::Row, index: usize) -> sqlx::Result<T> {
        row.try_get(index)
    }
}

/// The value in column `index` of `row`, counted from 0.
pub(crate) fn column<DB: Carries<T>, T>(row: &DB::Row, index: usize) -> sqlx::Result<T> {
    DB::read(row, index)
}
