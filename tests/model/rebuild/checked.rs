//! Visiting every state of writers and a rebuild on one database.

use std::fmt;

use stateright::{Model, Property};

use super::database::{Database, STREAMS, Source};
use super::protocol::{Protocol, Statement};
use super::rebuilder::{Chunk, Rebuilder};
use super::writer::{Next, Way, Writer};
use super::{AT_ONCE, AT_THE_END, STAYS, UNHARMED};
use crate::check::{Found, visit};

/// What is checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deployment {
    pub(super) source: Source,
    pub(super) protocol: Protocol,
    pub(super) chunks: &'static [Chunk],
    pub(super) way: Way,
    /// How many events each writer may write.
    pub(super) writers: &'static [usize],
}

impl Deployment {
    pub(super) fn check(&self) -> Found {
        let Self {
            source,
            chunks,
            way,
            writers,
            ..
        } = self;
        visit(
            self,
            &format!(
                "rows of {source:?}, chunks {chunks:?}, events of writers {writers:?}, {way:?}"
            ),
        )
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    database: Database,
    writers: Vec<Writer>,
    rebuilder: Rebuilder,
    /// Whether a row that was right was wrong in the next state that was committed.
    is_spoiled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Inserts(usize, usize),
    GoesOn(usize, Next),
    RollsBack(usize),
    Rebuilds(Statement),
    BeginsAnew,
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inserts(writer, stream) => {
                write!(
                    formatter,
                    "writer {writer} inserts an event of stream {stream}"
                )
            }
            Self::GoesOn(writer, next) => write!(formatter, "writer {writer}: {next:?}"),
            Self::RollsBack(writer) => write!(formatter, "writer {writer} rolls back"),
            Self::Rebuilds(statement) => write!(formatter, "the rebuild: {statement:?}"),
            Self::BeginsAnew => formatter.write_str("the rebuild dies or gives up"),
        }
    }
}

impl Model for Deployment {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let first = [None, Some(0), Some(1), Some(3)];
        let rows = first.into_iter().flat_map(|first| match self.source {
            Source::OneStream => vec![[first, None], [first, Some(1)]],
            Source::AllStreams => vec![[first, None]],
        });
        let writers = self.writers.iter().enumerate();
        let writers: Vec<_> = writers
            .map(|(number, left)| Writer::new(number, *left))
            .collect();
        rows.map(|rows| State {
            database: Database::new(rows),
            writers: writers.clone(),
            rebuilder: Rebuilder::default(),
            is_spoiled: false,
        })
        .collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (number, writer) in state.writers.iter().enumerate() {
            if writer.may_insert() {
                actions.extend((0..STREAMS).map(|stream| Action::Inserts(number, stream)));
            }
            if !writer.is_idle() {
                let next = writer.next(self.way);
                actions.extend([Action::GoesOn(number, next), Action::RollsBack(number)]);
            }
        }
        if !state.rebuilder.is_done {
            let next = state.rebuilder.next(self.protocol);
            actions.push(Action::Rebuilds(next));
            if state.rebuilder.has_begun() {
                actions.push(Action::BeginsAnew);
            }
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        let State {
            database,
            writers,
            rebuilder,
            ..
        } = &mut state;
        match action {
            Action::Inserts(number, stream) => writers[number].insert(database, stream)?,
            Action::GoesOn(number, _) => {
                writers[number].go_on(database, rebuilder, self.source, self.way)?;
            }
            Action::RollsBack(number) => writers[number].roll_back(database),
            Action::Rebuilds(_) => {
                rebuilder.go_on(database, writers, self.source, self.protocol, self.chunks)?;
            }
            Action::BeginsAnew => rebuilder.begin_anew(),
        }
        if let Action::GoesOn(number, _) | Action::RollsBack(number) = action
            && !database.has_open_event(number)
        {
            rebuilder.notice_end(number);
        }
        state.is_spoiled |= self.rows().any(|row| {
            before.database.is_right(self.source, row) && !state.database.is_right(self.source, row)
        });
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(AT_THE_END, |model: &Self, state: &State| {
                let is_over = state.rebuilder.is_done && state.writers.iter().all(Writer::is_idle);
                let mut rows = model.rows();
                !is_over || rows.all(|row| state.database.is_right(model.source, row))
            }),
            Property::always(AT_ONCE, |model: &Self, state: &State| {
                let mut rows = model.rows().filter(|row| state.rebuilder.repaired[*row]);
                rows.all(|row| state.database.is_right(model.source, row))
            }),
            Property::always(STAYS, |_, state: &State| !state.is_spoiled),
            Property::always(UNHARMED, |model: &Self, state: &State| {
                !model.waits_in_a_circle(state)
            }),
            Property::sometimes(
                "the rebuild is done, and all events are written",
                |_, state: &State| {
                    let mut writers = state.writers.iter();
                    state.rebuilder.is_done && writers.all(|writer| !writer.may_insert())
                },
            ),
        ]
    }
}

impl Deployment {
    fn rows(&self) -> std::ops::Range<usize> {
        match self.source {
            Source::OneStream => 0..STREAMS,
            Source::AllStreams => 0..1,
        }
    }

    /// Whether the rebuild has a lock that a writer waits for, and waits for a row that this writer has locked.
    fn waits_in_a_circle(&self, state: &State) -> bool {
        let State {
            database,
            writers,
            rebuilder,
            ..
        } = state;
        if rebuilder.is_done {
            return false;
        }
        let wanted = rebuilder.changed_by_merge(database, self.source, self.protocol, self.chunks);
        let mut holders = wanted.iter().filter_map(|row| database.rows[*row].change);
        holders.any(|holder| {
            writers[holder.writer].is_held_up(database, rebuilder, self.source, self.way)
        })
    }
}
