//! The protocol as lists of messages, and the pieces of which wrong ones can be made.

use self::Statement::{Begin, Commit, FindMarker, InsertMarker, RollBack, TakeLock, Write};

/// What a replica does for each pending seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Protocol {
    /// What applies a seed. Once the last message is answered, the replica says that it is applied.
    pub(crate) attempt: &'static [Message],
    /// What goes with the last message of a seed, where another seed follows.
    pub(crate) chain: Option<Chain>,
    /// What becomes of a seed whose last message, with the commit in it, gets no answer.
    pub(crate) doubt: Doubt,
    /// What becomes of a seed whose transaction the server has undone, because of a deadlock for example.
    pub(crate) again: Again,
}

/// The beginning of the next seed's attempt, sent together with the end of this one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    /// The last message of a seed with the beginning of the next.
    pub(crate) last: Message,
    /// That beginning, which is what remains once the commit is answered.
    pub(crate) next: &'static [Message],
    /// At which message of the attempt the next seed then is.
    pub(crate) then: usize,
}

/// Where a replica goes on after the server has undone its transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Again {
    /// With a transaction of its own: lock, re-check and all.
    FromTheStart,
    /// With the statement that has failed.
    WithTheStatement,
    /// With the seed, in a transaction of its own.
    WithTheSeed,
}

/// Statements that are sent together. The server acts on each, whatever becomes of the client, up to the
/// first that fails.
pub(crate) type Message = &'static [Statement];

/// Whether a commit without an answer counts as done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Doubt {
    /// A new connection asks. Where it finds the marker the seed is applied, and the marker says by
    /// whom; where it comes to the end without, the seed is not, and the replica stops and says so.
    Ask(&'static [Message]),
    /// The same, but any marker is taken for the replica's own.
    AskCarelessly(&'static [Message]),
    /// It counts as failed, and these messages apply the seed.
    Repeat(&'static [Message]),
    /// It counts as done.
    Believe,
}

/// Which of its two lists a replica is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum List {
    Attempt,
    /// What was sent with the commit of the seed before.
    Next,
    Doubt,
}

/// One statement of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Statement {
    /// Which seeds are applied?
    ReadApplied,
    /// Is this seed applied, and by whom?
    FindMarker,
    /// From here on, each statement sees what was committed before that statement.
    Begin,
    /// From here on, each statement sees what was committed before this one.
    BeginWithSnapshot,
    /// Takes the lock until the transaction ends, which outside of one is at once.
    TakeLock,
    /// Takes the lock until [`Statement::ReleaseLock`], whatever becomes of the connection.
    TakeLockForGood,
    ReleaseLock,
    /// Writes one of the seed's events.
    Write(usize),
    /// Writes the marker. Fails except in a transaction in which the lock was taken.
    InsertMarker,
    /// Writes the marker.
    InsertMarkerAnywhere,
    Commit,
    RollBack,
}

impl Protocol {
    /// The protocol as the runner has it.
    pub(crate) const AS_WRITTEN: Self = Self {
        attempt: &[
            &[Begin],
            &[TakeLock, FindMarker],
            &[Write(0)],
            &[Write(1)],
            &[InsertMarker, Commit],
        ],
        chain: Some(Chain {
            last: &[InsertMarker, Commit, Begin, TakeLock, FindMarker],
            next: &[&[Begin, TakeLock, FindMarker]],
            then: 2,
        }),
        doubt: Doubt::Ask(&[
            &[FindMarker],
            &[Begin],
            &[TakeLock],
            &[FindMarker],
            &[RollBack],
        ]),
        again: Again::FromTheStart,
    };

    /// The runner's, but for the attempt, which begins anew for each seed.
    pub(crate) const fn attempting(attempt: &'static [Message]) -> Self {
        Self {
            attempt,
            chain: None,
            ..Self::AS_WRITTEN
        }
    }

    /// The runner's, but for what it makes of a commit without an answer.
    pub(crate) const fn doubting(doubt: Doubt) -> Self {
        Self {
            doubt,
            ..Self::AS_WRITTEN
        }
    }

    /// The runner's, but for where it goes on after the server has undone a transaction.
    pub(crate) const fn trying_again(again: Again) -> Self {
        Self {
            again,
            ..Self::AS_WRITTEN
        }
    }

    pub(crate) fn messages(&self, list: List) -> &'static [Message] {
        match (list, self.doubt) {
            (List::Attempt, _) => self.attempt,
            (List::Next, _) => self.chain.map_or(&[], |chain| chain.next),
            (
                List::Doubt,
                Doubt::Ask(messages) | Doubt::AskCarelessly(messages) | Doubt::Repeat(messages),
            ) => messages,
            (List::Doubt, Doubt::Believe) => &[],
        }
    }
}

impl Statement {
    /// Whether it does something for good outside of a transaction.
    pub(crate) fn is_lasting(self) -> bool {
        matches!(
            self,
            Self::Write(_) | Self::InsertMarkerAnywhere | Self::TakeLockForGood | Self::ReleaseLock
        )
    }
}
