//! Visiting every state of workers on one database.

use std::collections::VecDeque;

use stateright::{Checker, Model, Property};

use super::database::{Database, ITEMS, Lateness, Seen, Transaction};
use super::protocol::{Protocol, Statement};
use super::worker::{Kind, Worker};
use super::{NOT_AFTER, ONCE, TOGETHER, VOUCHED};

/// What is checked.
#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) protocol: Protocol,
    pub(super) workers: usize,
    /// Processes that do it in one transaction.
    pub(super) others: usize,
    /// How many crashes and lost connections there may be in all.
    pub(super) faults: usize,
}

/// What does not hold in every state, or cannot be come to.
pub(super) fn broken(deployment: Deployment) -> Vec<&'static str> {
    let properties = deployment.properties();
    let checker = deployment.checker().spawn_bfs().join();
    println!("{} states", checker.unique_state_count());
    let discoveries = checker.discoveries();
    let is_broken = |property: &Property<Deployment>| {
        let is_found = discoveries.contains_key(property.name);
        match property.expectation {
            stateright::Expectation::Sometimes => !is_found,
            _ => is_found,
        }
    };
    properties
        .iter()
        .filter(|property| is_broken(property))
        .map(|property| property.name)
        .collect()
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    database: Database,
    workers: Vec<Worker>,
    orphans: Vec<Orphan>,
    faults: usize,
}

/// A connection whose client is gone, which the server does not know yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Orphan {
    transaction: Option<Transaction>,
    requests: VecDeque<Statement>,
    seen: Option<Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Answered(usize),
    /// It loses its connection, or ends, with its message on its way.
    Lost(usize),
    ActsForOrphan(usize),
    EndsOrphan(usize),
}

impl Model for Deployment {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let of_steps = (0..self.workers).map(|_| Worker::new(Kind::OfSteps));
        let others = (0..self.others).map(|_| Worker::new(Kind::AtOnce));
        vec![State {
            database: Database::default(),
            workers: of_steps.chain(others).collect(),
            orphans: Vec::new(),
            faults: self.faults,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (number, worker) in state.workers.iter().enumerate() {
            if worker.message(&self.protocol).is_empty() {
                continue;
            }
            actions.push(Action::Answered(number));
            if state.faults > 0 && worker.has_begun() {
                actions.push(Action::Lost(number));
            }
        }
        for number in 0..state.orphans.len() {
            actions.push(Action::ActsForOrphan(number));
            actions.push(Action::EndsOrphan(number));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        let State {
            database,
            workers,
            orphans,
            faults,
        } = &mut state;
        match action {
            Action::Answered(number) => {
                let worker = &mut workers[number];
                let statement = *worker.message(&self.protocol).first()?;
                let answer = database.execute(&mut worker.transaction, statement, worker.seen);
                worker.receive(&self.protocol, &answer);
            }
            Action::Lost(number) => {
                *faults -= 1;
                let worker = &mut workers[number];
                orphans.push(Orphan {
                    transaction: worker.transaction.take(),
                    requests: worker.message(&self.protocol).iter().copied().collect(),
                    seen: worker.seen,
                });
                worker.restart();
            }
            Action::ActsForOrphan(number) => {
                let orphan = &mut orphans[number];
                let request = orphan.requests.pop_front()?;
                database.execute(&mut orphan.transaction, request, orphan.seen);
            }
            Action::EndsOrphan(number) => {
                if let Some(ended) = orphans.remove(number).transaction {
                    database.unlock(&ended);
                }
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONCE, |_, state: &State| {
                state.database.items.iter().all(|copies| *copies <= 1)
            }),
            Property::always(VOUCHED, |_, state: &State| {
                let Database {
                    is_marked, items, ..
                } = &state.database;
                !is_marked || items.iter().all(|copies| *copies == 1)
            }),
            Property::always(TOGETHER, |_, state: &State| {
                let Database {
                    progress, items, ..
                } = &state.database;
                let done = items.iter().filter(|copies| **copies > 0).count();
                progress.is_none_or(|cursor| cursor == done)
            }),
            Property::always(NOT_AFTER, |_, state: &State| {
                state.database.was_late == Lateness::Never
            }),
            Property::sometimes("all is done in steps", |_, state: &State| {
                let Database {
                    is_marked, items, ..
                } = &state.database;
                *is_marked && *items == [1; ITEMS]
            }),
            Property::sometimes("a step is half way", |_, state: &State| {
                state.database.progress == Some(1)
            }),
        ]
    }
}
