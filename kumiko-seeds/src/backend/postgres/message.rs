//! Several statements in one message of the simple protocol.

use futures_util::StreamExt;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Either, Executor};

use super::inline::inline;
use super::prepared::Prepared;
use crate::backend::Statement;

/// Statements that reach the server together, and are executed one after another until one fails.
#[derive(Debug, Default)]
pub(super) struct Message<'p> {
    statements: Vec<String>,
    /// What is prepared in its chain, if it belongs to one.
    prepared: Option<&'p mut Prepared>,
}

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The rows of each statement that was executed.
    pub(super) rows: Vec<Vec<PgRow>>,
    /// Why there are no more.
    pub(super) error: Option<sqlx::Error>,
}

impl<'p> Message<'p> {
    /// A message whose statements with values are prepared, for the messages that come after it.
    pub(super) fn in_chain(prepared: &'p mut Prepared) -> Self {
        Self {
            statements: Vec::new(),
            prepared: Some(prepared),
        }
    }

    /// Adds a statement, and gives its place among the answers.
    pub(super) fn add(&mut self, statement: impl Into<String>) -> usize {
        added(&mut self.statements, statement.into())
    }

    /// Adds a statement with its values.
    pub(super) fn add_with_values(&mut self, statement: &Statement<'_>) -> usize {
        let execution = self.prepared.as_mut().and_then(|prepared| {
            prepared.execution(statement, |prepare| added(&mut self.statements, prepare))
        });
        self.add(execution.unwrap_or_else(|| inline(&statement.sql, &statement.values)))
    }

    /// Takes away what is prepared in the chain.
    pub(super) fn end_chain(&mut self) {
        if let Some(prepared) = &mut self.prepared {
            prepared.end(|statement| added(&mut self.statements, statement));
        }
    }

    pub(super) async fn send(self, connection: &mut PgConnection) -> Answers {
        let sql = AssertSqlSafe(self.statements.join(";\n"));
        let mut answers = Answers::default();
        let mut rows = Vec::new();
        let mut stream = connection.fetch_many(sqlx::raw_sql(sql));
        while let Some(next) = stream.next().await {
            match next {
                Ok(Either::Right(row)) => rows.push(row),
                Ok(Either::Left(_)) => answers.rows.push(std::mem::take(&mut rows)),
                Err(error) => answers.error = Some(error),
            }
        }
        if let Some(prepared) = self.prepared {
            prepared.learn(&answers);
        }
        answers
    }
}

/// Adds a statement, and gives its place.
fn added(statements: &mut Vec<String>, statement: String) -> usize {
    statements.push(statement);
    statements.len() - 1
}

impl Answers {
    /// Whether the statement with this place was executed.
    pub(super) fn has(&self, place: usize) -> bool {
        place < self.rows.len()
    }

    /// Takes the rows of the statement with this place; none if it was not executed.
    pub(super) fn take(&mut self, place: usize) -> Vec<PgRow> {
        self.rows
            .get_mut(place)
            .map_or_else(Vec::new, std::mem::take)
    }

    /// The answers, if every statement was executed.
    pub(super) fn complete(self) -> sqlx::Result<Self> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}
