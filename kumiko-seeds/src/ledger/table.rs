//! The table itself: its creation, and what its errors mean.

use sqlx::Executor;

use crate::Error;
use crate::backend::{Backend, Fault, Parameter, column};
use crate::operation_type::OperationType;

const TABLE: &str = "kumiko_es_operations";

/// Which of the library's tables are known to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) operations: Table,
    pub(crate) progress: Table,
}

/// Whether a table is known to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Exists,
    MayBeMissing,
}

impl Tables {
    /// Nobody has looked.
    pub(crate) const UNKNOWN: Self = Self {
        operations: Table::MayBeMissing,
        progress: Table::MayBeMissing,
    };
    /// Somebody has seen a row of each, or what comes to the same.
    pub(crate) const EXIST: Self = Self {
        operations: Table::Exists,
        progress: Table::Exists,
    };
}

/// A number that is `integer` in one database and `bigint` in the other.
pub(super) fn number<DB: Backend>(row: &DB::Row, index: usize) -> sqlx::Result<i64> {
    column::<DB, i64>(row, index).or_else(|_| column::<DB, i32>(row, index).map(i64::from))
}

/// What differs between the library's tables for whoever creates one or says why it failed.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// What is being done when it is created.
    pub(super) creating: &'static str,
    /// The privileges that it takes to read and to write it.
    pub(super) privileges: &'static str,
    /// What to say if it has other columns.
    pub(super) other_shape: fn(sqlx::Error) -> Error,
}

const OPERATIONS: Kind = Kind {
    name: TABLE,
    creating: "create the table kumiko_es_operations",
    privileges: "SELECT, INSERT, UPDATE, DELETE ON kumiko_es_operations",
    other_shape: |source| Error::MarkerTable { source },
};

/// Creates the table where it is missing. The lock must be held: `IF NOT EXISTS` alone is a race.
pub(crate) async fn create<DB: Backend>(connection: &mut DB::Connection) -> Result<(), Error> {
    OPERATIONS
        .create::<DB>(connection, DB::CREATE_OPERATIONS)
        .await
}

/// What to say of a statement on the table that failed.
pub(crate) fn fault<DB: Backend>(step: &'static str, source: sqlx::Error) -> Error {
    OPERATIONS.fault::<DB>(step, source)
}

impl Kind {
    pub(super) async fn create<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
        creation: &'static str,
    ) -> Result<(), Error> {
        let created = DB::executor(connection)
            .execute(sqlx::raw_sql(creation))
            .await;
        created.map(drop).map_err(|error| {
            let mut error = self.fault::<DB>(self.creating, error);
            if let Error::NotPermitted { creation: sql, .. } = &mut error {
                *sql = Some(creation);
            }
            error
        })
    }

    pub(super) fn fault<DB: Backend>(&self, step: &'static str, source: sqlx::Error) -> Error {
        let decoding = matches!(
            source,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)
        );
        match DB::fault(&source) {
            _ if decoding => (self.other_shape)(source),
            Fault::OtherShape => (self.other_shape)(source),
            Fault::RowSecurity => Error::RowSecurity {
                table: self.name,
                role: None,
                source: Some(source),
            },
            Fault::NotPermitted => Error::NotPermitted {
                step,
                role: None,
                creation: None,
                privileges: self.privileges,
                source,
            },
            _ => Error::database(step, source),
        }
    }

    /// Fails if row level security may have hidden rows, which column `index` of `row` says.
    pub(super) async fn see_all<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
        step: &'static str,
        row: &DB::Row,
        index: usize,
    ) -> Result<(), Error> {
        let failed = |error| self.fault::<DB>(step, error);
        let is_active = column::<DB, i32>(row, index).map_err(failed)? != 0;
        if is_active
            && let Some(role) = DB::blinded_role(connection, self.name)
                .await
                .map_err(failed)?
        {
            return Err(Error::RowSecurity {
                table: self.name,
                role: Some(role),
                source: None,
            });
        }
        Ok(())
    }
}

/// Takes away the row of a seed's source.
pub(super) async fn delete_source<DB: Backend>(
    connection: &mut DB::Connection,
    source_id: &str,
) -> Result<(), Error> {
    let source = OperationType::SeedSource.as_str();
    let deleted = DB::fetch(
        connection,
        "DELETE FROM kumiko_es_operations WHERE id = $1 AND operation_type = $2",
        &[Parameter::Text(source_id), Parameter::Text(source)],
    )
    .await;
    deleted
        .map(drop)
        .map_err(|error| fault::<DB>("take away what is left of an earlier marker", error))
}

/// The expression for the first column of a statement that reads.
pub(super) fn row_security<DB: Backend>() -> String {
    DB::row_security(TABLE)
}

/// Fails if row level security may have hidden rows from the statement with these `rows`, of which there has to be one.
pub(super) async fn see_all<DB: Backend>(
    connection: &mut DB::Connection,
    step: &'static str,
    rows: &[DB::Row],
) -> Result<(), Error> {
    let first = rows.first().ok_or(sqlx::Error::RowNotFound);
    let first = first.map_err(|error| fault::<DB>(step, error))?;
    OPERATIONS.see_all::<DB>(connection, step, first, 0).await
}
