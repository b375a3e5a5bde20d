//! What a worker does next, and what it makes of an answer.

use super::database::{Answer, Seen, Transaction};
use super::protocol::{Heed, Message, Protocol, ROLL_BACK, Statement};

/// A process that does what is pending.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Worker {
    kind: Kind,
    at: At,
    /// What it has seen last.
    pub(super) seen: Option<Seen>,
    pub(super) transaction: Option<Transaction>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Knows the steps.
    OfSteps,
    /// Does it in one transaction.
    AtOnce,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Look,
    /// At this message and statement of a list.
    In(List, usize, usize),
    RollBack,
    /// Finished, or refused.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum List {
    Start,
    Step,
    AtOnce,
}

impl Worker {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            at: At::Look,
            seen: None,
            transaction: None,
        }
    }

    /// What it has sent and the server has yet to act on.
    pub(super) fn message(&self, protocol: &Protocol) -> Message {
        match self.at {
            At::Look => &[Statement::Look],
            At::In(list, message, statement) => &list.of(protocol)[message][statement..],
            At::RollBack => ROLL_BACK,
            At::End => &[],
        }
    }

    pub(super) fn has_begun(&self) -> bool {
        self.at != At::Look
    }

    pub(super) fn receive(&mut self, protocol: &Protocol, answer: &Answer) {
        match (self.at, answer) {
            (At::Look, Answer::Seen(seen)) => self.choose(protocol, *seen),
            (At::RollBack, _) => self.restart(),
            (At::In(..), Answer::Busy) => self.at = At::RollBack,
            (At::In(list, message, statement), Answer::Seen(seen)) => {
                self.seen = Some(*seen);
                let fits = match list {
                    List::Start => seen.progress.is_none(),
                    List::Step => seen.progress.is_some(),
                    List::AtOnce => {
                        seen.progress.is_none() || protocol.others_heed_progress == Heed::No
                    }
                };
                if fits && !seen.is_marked {
                    self.go_on(protocol, list, message, statement);
                } else {
                    self.at = At::RollBack;
                }
            }
            (At::In(list, message, statement), Answer::Done) => {
                self.go_on(protocol, list, message, statement);
            }
            _ => {}
        }
    }

    /// Ends, and is started again; so does one whose connection is lost.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.kind);
    }

    fn choose(&mut self, protocol: &Protocol, seen: Seen) {
        self.seen = Some(seen);
        self.at = match self.kind {
            _ if seen.is_marked => At::End,
            Kind::AtOnce
                if seen.progress.is_some() && protocol.others_heed_progress == Heed::Yes =>
            {
                At::End
            }
            Kind::AtOnce => At::In(List::AtOnce, 0, 0),
            Kind::OfSteps if seen.progress.is_some() => At::In(List::Step, 0, 0),
            Kind::OfSteps => At::In(List::Start, 0, 0),
        };
    }

    fn go_on(&mut self, protocol: &Protocol, list: List, message: usize, statement: usize) {
        let messages = list.of(protocol);
        self.at = if statement + 1 < messages[message].len() {
            At::In(list, message, statement + 1)
        } else if message + 1 < messages.len() {
            At::In(list, message + 1, 0)
        } else if messages[message].last() == Some(&Statement::Look) {
            // The next step has its lock and its look.
            At::In(list, WORK, 0)
        } else {
            At::Look
        };
    }
}

/// Where the work is in a step that comes with the look of the next.
const WORK: usize = 2;

impl List {
    fn of(self, protocol: &Protocol) -> &'static [Message] {
        match self {
            Self::Start => protocol.start,
            Self::Step => protocol.step,
            Self::AtOnce => protocol.at_once,
        }
    }
}
