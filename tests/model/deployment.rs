//! What can happen next, at any time, to replicas on one database.

use std::fmt;

use stateright::{Model, Property};

use crate::properties;
use crate::protocol::{Protocol, Statement};
use crate::replica::Step;
use crate::state::State;

/// What is checked: a protocol, and how many of each there are.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    pub(crate) protocol: Protocol,
    pub(crate) replicas: usize,
    pub(crate) seeds: usize,
    /// How many crashes, lost connections and undone transactions there may be in all.
    pub(crate) faults: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The server acts on the statement of a replica, which gets the answer.
    Answered {
        replica: usize,
        statement: Statement,
    },
    /// A replica loses its connection with the statement on its way.
    ConnectionLost {
        replica: usize,
        statement: Statement,
    },
    /// A replica ends without warning, with the statement on its way, and may begin again.
    Crashed {
        replica: usize,
        statement: Statement,
    },
    /// The server undoes the transaction of a replica instead of acting on the statement: a deadlock with
    /// the app.
    Undone {
        replica: usize,
        statement: Statement,
    },
    /// The server acts on what a client sent that is gone.
    ActsForOrphan(usize),
    /// The server notices that a client is gone, and rolls back.
    EndsOrphan(usize),
}

impl Model for Deployment {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for at_work in &state.replicas {
            let replica = at_work.number;
            let Some(statement) = at_work.statement(self) else {
                continue;
            };
            actions.push(Action::Answered { replica, statement });
            if state.faults > 0 && at_work.step != Step::Look {
                actions.push(Action::ConnectionLost { replica, statement });
                actions.push(Action::Crashed { replica, statement });
                if at_work.may_be_undone() {
                    actions.push(Action::Undone { replica, statement });
                }
            }
        }
        for (number, orphan) in state.orphans.iter().enumerate() {
            if !orphan.requests.is_empty() {
                actions.push(Action::ActsForOrphan(number));
            }
            actions.push(Action::EndsOrphan(number));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Answered { replica, .. } => state.answer(self, replica),
            Action::ConnectionLost { replica, .. } => state.lose_connection(self, replica),
            Action::Crashed { replica, .. } => state.crash(self, replica),
            Action::Undone { replica, .. } => state.undo(self, replica),
            Action::ActsForOrphan(number) => state.act_for_orphan(number),
            Action::EndsOrphan(number) => state.end_orphan(number),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = properties::always();
        properties.extend(properties::sometimes());
        properties
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { replica, statement } => write!(formatter, "{replica}: {statement:?}"),
            Self::ConnectionLost { replica, statement } => {
                write!(
                    formatter,
                    "{replica}: {statement:?} gets no answer, the connection is lost"
                )
            }
            Self::Crashed { replica, statement } => {
                write!(
                    formatter,
                    "{replica}: {statement:?} gets no answer, the process is gone"
                )
            }
            Self::Undone { replica, statement } => {
                write!(
                    formatter,
                    "{replica}: {statement:?} fails, the transaction is undone"
                )
            }
            Self::ActsForOrphan(_) => {
                formatter.write_str("the server acts on what a client sent that is gone")
            }
            Self::EndsOrphan(_) => {
                formatter.write_str("the server ends what a client left that is gone")
            }
        }
    }
}
