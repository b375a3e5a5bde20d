//! What a rebuild does in the transaction of a chunk.

use self::Later::{NewerVersions, NotFoldedAboveTheComplete, NotFoldedAboveTheLast};
use self::Statement::{
    CatchUp, CommitIfEqual, Compare, FindLater, Fold, FoldNext, FoldRest, KeepShadow, ListWriters,
    Lock, Merge, OpenShadow, ReadTheLast, WaitForWriters,
};

pub(super) type Protocol = &'static [Statement];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// Reads the id that the sequence gave last.
    ReadTheLast,
    /// Reads the largest id in the table, as who does not know of the sequence does.
    ReadTheLargest,
    /// Lists the transactions that have the writers' lock of the table of events.
    ListWriters,
    /// Waits until they have ended.
    WaitForWriters,
    /// Reads the next stream of the chunk. Again and again, until there is none.
    Fold,
    /// Opens the shadow as the last commit has kept it, with the id up to which it has all events.
    OpenShadow,
    /// Applies the next event to it, up to the id that the sequence gave last, and has all events up to this one.
    FoldNext,
    /// Commits it if [`Statement::FoldNext`] has found an event, and begins again.
    KeepShadow,
    /// Applies such events to it. Then it has all up to the id that was read at the beginning.
    FoldRest(Later),
    /// Finds the rows that differ from the computed ones.
    Compare,
    /// Counts as different also the rows for which there are such events by now.
    FindLater(Later),
    /// Is done with the chunk if no row differs.
    CommitIfEqual,
    /// Lets the statements that follow see what this one sees, as REPEATABLE READ does.
    KeepSnapshot,
    /// Locks the table.
    Lock(Mode),
    /// Locks those of the rows that differ which exist.
    LockRows,
    /// Applies such events to the computed rows that differ.
    CatchUp(Later),
    /// Makes rows as they were computed, and commits. Between the two nobody could do what they cannot do before or after.
    Merge(Rows),
}

/// Which events come after those that were folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Later {
    /// Those with a higher version than the last folded one of their stream.
    NewerVersions,
    /// Those that were not folded and have a higher id than the one that was read at the beginning.
    NotFoldedAboveTheLast,
    /// Those that were not folded and have a higher id than the one up to which the shadow has all.
    NotFoldedAboveTheComplete,
    /// Those with a higher id than that, folded or not.
    AboveTheComplete,
    /// Those with a higher id than all that were folded.
    AboveAllFolded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    ThatDiffer,
    OfTheChunk,
}

/// How a table is locked. Each writer has a mode of its own, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// Of SELECT FOR UPDATE.
    RowShare,
    /// Of INSERT, UPDATE and DELETE.
    RowExclusive,
    ShareRowExclusive,
    Exclusive,
}

impl Mode {
    pub(super) fn conflicts_with(self, other: Self) -> bool {
        match self {
            Self::Exclusive => true,
            Self::ShareRowExclusive => other != Self::RowShare,
            Self::RowShare | Self::RowExclusive => false,
        }
    }
}

pub(super) const ROWS_OF_ONE_STREAM: Protocol = &[
    Fold,
    Compare,
    FindLater(NewerVersions),
    CommitIfEqual,
    Lock(Mode::Exclusive),
    CatchUp(NewerVersions),
    Merge(Rows::ThatDiffer),
];

pub(super) const ROWS_OF_SEVERAL_STREAMS: Protocol = &[
    OpenShadow,
    ReadTheLast,
    ListWriters,
    WaitForWriters,
    FoldNext,
    KeepShadow,
    FoldRest(NotFoldedAboveTheComplete),
    Compare,
    FindLater(NotFoldedAboveTheLast),
    CommitIfEqual,
    Lock(Mode::Exclusive),
    CatchUp(NotFoldedAboveTheLast),
    Merge(Rows::ThatDiffer),
];
