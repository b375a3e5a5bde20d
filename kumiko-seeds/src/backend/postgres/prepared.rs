//! Statements that one transaction prepares for those that follow it.

use sqlx::postgres::PgConnection;

use super::inline::expression;
use super::message::{Answers, Message};
use crate::backend::{Parameter, Statement};

/// What a chain of transactions has prepared in its session, in SQL.
///
/// Parsing and planning the statements around a seed takes the server longer than executing them. They can be kept,
/// behind a pooler too: each transaction of a chain begins in the message that commits the one before, so that the
/// chain has one session.
///
/// **Invariant:** the session is without them when the chain ends, or is closed. Behind a pooler it is somebody else's
/// next.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Prepared {
    /// The number of the first transaction, which makes the names nobody else's.
    number: String,
    /// How many there have been.
    count: usize,
    statements: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    name: String,
    /// What the name stands for.
    definition: String,
    /// The place in a message of what prepares it, until that is answered.
    begin: Option<usize>,
    /// The place in a message of what takes it away, until that is answered.
    end: Option<usize>,
}

/// More than a chain has. A statement with values in its text would be another one each time.
const MOST_STATEMENTS: usize = 16;

impl Prepared {
    /// Names what is prepared from now on after the transaction with this number, unless a chain has begun.
    pub(super) fn begin(&mut self, number: &str) {
        if self.is_empty() {
            number.clone_into(&mut self.number);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// What executes `statement`. If it is not prepared yet, `prepare` takes what prepares it and gives its place.
    /// None if it is not to be prepared.
    pub(super) fn execution(
        &mut self,
        statement: &Statement<'_>,
        prepare: impl FnOnce(String) -> usize,
    ) -> Option<String> {
        let types = listed(statement, type_of);
        let definition = format!("{types} AS {}", statement.sql);
        let known = (self.statements.iter()).find(|kept| kept.definition == definition);
        let name = match known {
            Some(kept) => kept.name.clone(),
            None if self.statements.len() == MOST_STATEMENTS => return None,
            None => {
                self.count += 1;
                let name = format!("kumiko_seeds_{}_{}", self.number, self.count);
                let begin = Some(prepare(format!("PREPARE {name}{definition}")));
                self.statements.push(Kept {
                    name: name.clone(),
                    definition,
                    begin,
                    end: None,
                });
                name
            }
        };
        Some(format!("EXECUTE {name}{}", listed(statement, expression)))
    }

    /// What takes all of them away, in the places that `add` gives.
    pub(super) fn end(&mut self, mut add: impl FnMut(String) -> usize) {
        for kept in &mut self.statements {
            kept.end = Some(add(format!("DEALLOCATE {}", kept.name)));
        }
    }

    /// Learns from the answers to a message how far it came.
    pub(super) fn learn(&mut self, answers: &Answers) {
        let has = |place: usize| answers.has(place);
        self.statements.retain_mut(|kept| {
            let (begin, end) = (kept.begin.take(), kept.end.take());
            begin.is_none_or(has) && !end.is_some_and(has)
        });
    }

    /// Learns which statements the session has, after somebody else had it; whether there are others than these.
    pub(super) fn keep(&mut self, names: &[String]) -> bool {
        self.statements.retain(|kept| names.contains(&kept.name));
        names.len() > self.statements.len()
    }

    /// Ends the chain in a transaction in which statements can be executed.
    pub(super) async fn take_away(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let mut message = Message::in_chain(self);
        message.end_chain();
        message.send(connection).await.complete().map(drop)
    }
}

/// Something of each value of `statement`, in parentheses; nothing if there are none.
fn listed(statement: &Statement<'_>, of: impl Fn(&Parameter<'_>) -> String) -> String {
    let list: Vec<_> = statement.values.iter().map(of).collect();
    if list.is_empty() {
        String::new()
    } else {
        format!("({})", list.join(", "))
    }
}

/// Null is of any type, which the statement tells.
fn type_of(value: &Parameter<'_>) -> String {
    let name = match value {
        Parameter::Text(_) => "text",
        Parameter::Integer(_) => "integer",
        Parameter::Long(_) => "bigint",
        Parameter::Null => "unknown",
        Parameter::Time(_) => "timestamptz",
        #[cfg(feature = "events")]
        Parameter::Uuid(_) => "uuid",
    };
    name.to_owned()
}
