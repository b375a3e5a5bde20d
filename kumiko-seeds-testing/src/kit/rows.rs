//! Rows that a test puts into its database, and rows that it expects there.

use serde_json::Value;

use super::database::TestDatabase;
use super::difference::whole;
use super::engine::Engine;
use super::error::Error;
use super::json_line::json_line;

impl<DB: Engine> TestDatabase<DB> {
    /// Runs statements of SQL, one or several: rows that the seed is to find.
    ///
    /// # Errors
    /// [`Error::Statement`] if the database refuses.
    pub async fn execute(&self, sql: &str) -> Result<(), Error> {
        let executed = DB::execute(self.pool(), sql).await;
        executed.map_err(|source| statement(sql, source))
    }

    /// The rows of a query, each as a JSON object of its columns.
    ///
    /// PostgreSQL makes the JSON, as its `row_to_json` does it. SQLite's integers and reals are numbers, its texts are
    /// strings, also where there is JSON in them, and its blobs are strings of hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::Statement`] if the database refuses.
    pub async fn rows(&self, sql: &str) -> Result<Vec<Value>, Error> {
        let rows = DB::rows(self.pool(), sql).await;
        rows.map_err(|source| statement(sql, source))
    }

    /// Checks that a query gives these rows in this order, as [`TestDatabase::rows`] has them: a read model as the seed
    /// was to leave it.
    ///
    /// # Errors
    /// [`Error::OtherRows`] if it does not, with both; [`Error::NotRows`] if `expected` is no array.
    pub async fn check_rows(&self, sql: &str, expected: Value) -> Result<(), Error> {
        let Value::Array(expected) = expected else {
            return Err(Error::NotRows {
                expected: json_line(&expected),
            });
        };
        let lines = |rows: Vec<Value>| -> Vec<String> { rows.iter().map(json_line).collect() };
        let (expected, found) = (lines(expected), lines(self.rows(sql).await?));
        if expected == found {
            return Ok(());
        }
        Err(Error::OtherRows {
            sql: sql.to_owned(),
            difference: whole(&expected, &found),
        })
    }
}

fn statement(sql: &str, source: sqlx::Error) -> Error {
    Error::Statement {
        sql: sql.to_owned(),
        source,
    }
}
