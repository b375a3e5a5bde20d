//! Notices that something else than shadows is written.

use sqlx::postgres::{PgConnection, PgDatabaseError};
use sqlx::{AssertSqlSafe, Executor, Postgres, Row};

use super::kept::SCHEMA;
use crate::backend::{Backend, Parameter};
use crate::events::projections::backend::Lives;

#[derive(Debug)]
pub enum Guard {
    /// The transaction is read-only. What is temporary can be written all the same.
    ReadOnly,
    /// Whoever writes a table has a lock of it until the transaction ends. These had one before.
    Watched { before: String },
}

impl Guard {
    pub(super) async fn begin(connection: &mut PgConnection, lives: Lives) -> sqlx::Result<Self> {
        if lives == Lives::UntilCommit {
            connection
                .execute(sqlx::raw_sql(Postgres::FORBID_WRITES))
                .await?;
            return Ok(Self::ReadOnly);
        }
        let before = written_tables(connection, "SAVEPOINT kumiko_read_only").await?;
        Ok(Self::Watched { before })
    }

    /// Gives the name of a table that was written all the same.
    pub(super) async fn end(self, connection: &mut PgConnection) -> sqlx::Result<Option<String>> {
        let Self::Watched { before } = self else {
            connection
                .execute(sqlx::raw_sql(Postgres::ALLOW_WRITES))
                .await?;
            return Ok(None);
        };
        let after = written_tables(connection, Postgres::ALLOW_WRITES).await?;
        if after == before {
            return Ok(None);
        }
        let sql = format!(
            "SELECT {} FROM unnest(string_to_array($1, ',')) AS number
             JOIN pg_class AS class ON class.oid = CAST(number AS oid)
             WHERE number <> ALL (string_to_array($2, ',')) LIMIT 1",
            Postgres::as_text("class.relname"),
        );
        let values = [Parameter::Text(&after), Parameter::Text(&before)];
        let rows = Postgres::fetch(connection, &sql, &values).await?;
        rows.first().map_or(Ok(None), |row| Postgres::text(row, 0))
    }

    pub(super) async fn undo(self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let undo = "ROLLBACK TO SAVEPOINT kumiko_read_only; RELEASE SAVEPOINT kumiko_read_only";
        connection.execute(sqlx::raw_sql(undo)).await?;
        Ok(())
    }
}

/// Whether an error says that another table was to be written: the transaction is read-only, or a constraint of that table has refused it.
pub(super) fn has_refused(error: &sqlx::Error) -> bool {
    const READ_ONLY_SQL_TRANSACTION: &str = "25006";
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    let Some(error) = error.try_downcast_ref::<PgDatabaseError>() else {
        return false;
    };
    let is_of_shadows = |schema: &str| schema.starts_with("pg_temp") || schema.starts_with(SCHEMA);
    let is_elsewhere =
        error.table().is_some() && error.schema().is_some_and(|schema| !is_of_shadows(schema));
    error.code() == READ_ONLY_SQL_TRANSACTION || is_elsewhere
}

/// Runs `statement`, and gives the tables that the transaction has locked for writing, shadows apart.
async fn written_tables(connection: &mut PgConnection, statement: &str) -> sqlx::Result<String> {
    let sql = format!(
        "{statement};
         SELECT coalesce(string_agg(DISTINCT CAST(class.oid AS text), ','), '')
         FROM pg_locks AS lock JOIN pg_class AS class ON class.oid = lock.relation
         JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
         WHERE lock.locktype = 'relation' AND lock.pid = pg_backend_pid()
           AND lock.mode NOT IN ('AccessShareLock', 'RowShareLock') AND class.relkind IN ('r', 'p', 'f')
           AND namespace.oid <> pg_my_temp_schema() AND namespace.nspname <> 'pg_catalog'
           AND NOT starts_with(namespace.nspname, '{SCHEMA}')"
    );
    let rows = connection
        .fetch_all(sqlx::raw_sql(AssertSqlSafe(sql)))
        .await?;
    let first = rows.first().map(|row| row.try_get(0)).transpose()?;
    Ok(first.unwrap_or_default())
}
