//! What a process that writes events does next.

use super::database::{Change, Database, Source};
use super::protocol::Mode;
use super::rebuilder::Rebuilder;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Writer {
    number: usize,
    at: At,
    /// The lock of the table of rows that its transaction has.
    pub(super) lock: Option<Mode>,
    /// How many events it may write from now on, in one transaction or in several.
    left: usize,
}

/// How the row of an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// `n = n + 1`, or an upsert.
    ActsOnTheRow,
    /// It is read FOR UPDATE, and then written.
    ReadsForUpdate,
    /// It is read, and then written.
    ReadsWithoutLock,
    /// As the first, in a transaction of its own.
    CommitsTwice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Idle,
    Inserted(usize),
    /// The event is committed, its row is not written.
    Apart(usize),
    Read(usize, Option<usize>),
    Written,
}

/// What it does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    ReadsTheRow,
    WritesTheRow,
    Commits,
}

impl Writer {
    pub(super) fn new(number: usize, events: usize) -> Self {
        Self {
            number,
            at: At::Idle,
            lock: None,
            left: events,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.at == At::Idle
    }

    /// Whether it may insert an event now, maybe one more in the same transaction.
    pub(super) fn may_insert(&self) -> bool {
        self.left > 0 && matches!(self.at, At::Idle | At::Written)
    }

    /// Inserts the next event of a stream, if it need not wait.
    pub(super) fn insert(&mut self, database: &mut Database, stream: usize) -> Option<()> {
        self.at = At::Inserted(database.insert(stream, self.number)?);
        self.left -= 1;
        Some(())
    }

    pub(super) fn next(&self, way: Way) -> Next {
        match (self.at, way) {
            (At::Inserted(_), Way::ReadsForUpdate | Way::ReadsWithoutLock) => Next::ReadsTheRow,
            (At::Inserted(_), Way::CommitsTwice) | (At::Idle | At::Written, _) => Next::Commits,
            (At::Inserted(_) | At::Apart(_) | At::Read(..), _) => Next::WritesTheRow,
        }
    }

    /// Does what comes after an insert, if it need not wait.
    pub(super) fn go_on(
        &mut self,
        database: &mut Database,
        rebuilder: &Rebuilder,
        source: Source,
        way: Way,
    ) -> Option<()> {
        if self.is_held_up(database, rebuilder, source, way) {
            return None;
        }
        let lock = self.needs(database, source, way).map(|(mode, _)| mode);
        self.lock = match self.lock {
            Some(Mode::RowExclusive) => self.lock,
            _ => lock.or(self.lock),
        };
        let event = self.event();
        let row = |id| Some(source.row(database.event(id)?.stream));
        let row = event.and_then(row);
        match (self.next(way), event, row) {
            (Next::ReadsTheRow, Some(id), Some(row)) => {
                let seen = self.row_as_seen(database, row);
                if way == Way::ReadsForUpdate && seen.is_some() {
                    self.change(database, row, seen);
                }
                self.at = At::Read(id, seen);
            }
            (Next::WritesTheRow, Some(id), Some(row)) => {
                let seen = match self.at {
                    At::Read(_, seen) => seen,
                    _ => self.row_as_seen(database, row),
                };
                self.write(database, source, id, seen);
            }
            _ => {
                let apart = event.filter(|_| way == Way::CommitsTwice);
                database.commit(self.number);
                self.lock = None;
                self.at = apart.map_or(At::Idle, At::Apart);
            }
        }
        Some(())
    }

    pub(super) fn roll_back(&mut self, database: &mut Database) {
        database.roll_back(self.number);
        self.at = At::Idle;
        self.lock = None;
    }

    /// Whether it waits for a lock of the rebuild or for another writer.
    pub(super) fn is_held_up(
        &self,
        database: &Database,
        rebuilder: &Rebuilder,
        source: Source,
        way: Way,
    ) -> bool {
        let Some((mode, row)) = self.needs(database, source, way) else {
            return false;
        };
        let change = database.rows[row].change;
        rebuilder.keeps_out(mode, row) || change.is_some_and(|change| change.writer != self.number)
    }

    /// The lock of the table that its next statement takes, and the row that it locks.
    fn needs(&self, database: &Database, source: Source, way: Way) -> Option<(Mode, usize)> {
        let mode = match self.next(way) {
            Next::ReadsTheRow if way == Way::ReadsForUpdate => Mode::RowShare,
            Next::WritesTheRow => Mode::RowExclusive,
            Next::ReadsTheRow | Next::Commits => return None,
        };
        let event = database.event(self.event()?)?;
        Some((mode, source.row(event.stream)))
    }

    /// The event whose row is to be written.
    fn event(&self) -> Option<usize> {
        match self.at {
            At::Inserted(id) | At::Apart(id) | At::Read(id, _) => Some(id),
            At::Idle | At::Written => None,
        }
    }

    fn row_as_seen(&self, database: &Database, row: usize) -> Option<usize> {
        let row = database.rows[row];
        let own = row.change.filter(|change| change.writer == self.number);
        own.map_or(row.committed, |own| own.becomes)
    }

    /// The first event inserts the row if there is none. Every other updates it, which does nothing where there is none.
    fn write(&mut self, database: &mut Database, source: Source, id: usize, seen: Option<usize>) {
        self.at = At::Written;
        let Some(event) = database.event(id) else {
            return;
        };
        let row = source.row(event.stream);
        let is_first = event.version == 1 && source.row(event.stream) == event.stream;
        let is_there = self.row_as_seen(database, row).is_some();
        match seen {
            Some(count) if is_there || is_first => self.change(database, row, Some(count + 1)),
            None if is_first => self.change(database, row, Some(1)),
            _ => {}
        }
    }

    fn change(&self, database: &mut Database, row: usize, becomes: Option<usize>) {
        let writer = self.number;
        database.rows[row].change = Some(Change { writer, becomes });
    }
}
