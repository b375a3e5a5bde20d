//! Visiting every state of a stream that is migrated beside writers.

use stateright::{Checker, Expectation, Model, Property};

use super::database::{Database, Migration, Statement, Writer};
use super::{NO_GAPS, NOT_LOST};

/// What is checked.
#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) statements: &'static [Statement],
    pub(super) writers: usize,
    /// How many transactions are rolled back, by whatever ends them.
    pub(super) faults: usize,
}

/// What does not hold in every state, or cannot be come to.
pub(super) fn broken(deployment: Deployment) -> Vec<&'static str> {
    let properties = deployment.properties();
    let checker = deployment.checker().spawn_bfs().join();
    println!("{} states", checker.unique_state_count());
    let discoveries = checker.discoveries();
    let is_broken = |property: &&Property<Deployment>| {
        let is_found = discoveries.contains_key(property.name);
        match property.expectation {
            Expectation::Sometimes => !is_found,
            _ => is_found,
        }
    };
    let broken = properties.iter().filter(is_broken);
    broken.map(|property| property.name).collect()
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    database: Database,
    writers: Vec<Writer>,
    migration: Migration,
    faults: usize,
}

impl State {
    /// Whether an event of this author is where it is looked for.
    fn has(&self, author: usize) -> bool {
        let is_there = self.database.events.values().any(|it| *it == author);
        let moved = self.database.moved.as_ref();
        is_there && moved.is_none_or(|moved| moved.contains(&author))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Writes(usize),
    Migrates,
    EndsWriter(usize),
    EndsMigration,
}

impl Model for Deployment {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            database: Database::new(),
            writers: vec![Writer::Idle; self.writers],
            migration: Migration::default(),
            faults: self.faults,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (number, writer) in state.writers.iter().enumerate() {
            actions.push(Action::Writes(number));
            if state.faults > 0 && writer.is_under_way() {
                actions.push(Action::EndsWriter(number));
            }
        }
        if !state.migration.is_committed {
            actions.push(Action::Migrates);
            if state.faults > 0 && state.migration.done > 0 {
                actions.push(Action::EndsMigration);
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        let State {
            database,
            writers,
            migration,
            faults,
        } = &mut state;
        match action {
            Action::Writes(number) => {
                let writer = &mut writers[number];
                if *writer == Writer::Idle && migration.has_lock {
                    return None;
                }
                *writer = writer.go_on(number + 1, database)?;
            }
            Action::Migrates => {
                if !migration.go_on(self.statements, writers, database) {
                    return None;
                }
            }
            Action::EndsWriter(number) => {
                *faults -= 1;
                writers[number].roll_back(number + 1, database);
            }
            Action::EndsMigration => {
                *faults -= 1;
                migration.roll_back(database);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NOT_LOST, |_, state: &State| {
                let mut writers = (1..).zip(&state.writers);
                writers.all(|(author, writer)| *writer != Writer::Taken || state.has(author))
            }),
            Property::always(NO_GAPS, |_, state: &State| {
                let events = &state.database.events;
                events.len() == state.database.version()
            }),
            Property::sometimes(
                "it is migrated, and all have written",
                |_, state: &State| {
                    let has_written = |it: &Writer| *it == Writer::Taken;
                    state.migration.is_committed && state.writers.iter().all(has_written)
                },
            ),
            Property::sometimes(
                "it is migrated, and somebody is refused",
                |_, state: &State| {
                    state.migration.is_committed && state.writers.contains(&Writer::Refused)
                },
            ),
        ]
    }
}
