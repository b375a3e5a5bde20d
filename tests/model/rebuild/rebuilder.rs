//! What the process that rebuilds does next.

use super::database::{Database, STREAMS, Source};
use super::protocol::{Later, Mode, Protocol, Rows, Statement};
use super::writer::Writer;

/// The streams whose rows are made right in one transaction.
pub(super) type Chunk = &'static [usize];

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Rebuilder {
    /// How many chunks of this pass are done. It is committed with them, as the two that follow are.
    cursor: usize,
    /// Whether this pass has changed a row.
    has_changed: bool,
    /// The rows of chunks that were done at least once.
    pub(super) repaired: [bool; STREAMS],
    pub(super) is_done: bool,
    kept: Kept,
    transaction: Transaction,
}

/// The shadow of rows of several streams, as it is committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Kept {
    /// The events from which its rows are computed.
    folded: Vec<usize>,
    /// The id after which others may come.
    complete: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Transaction {
    statement: usize,
    /// What was read at the beginning.
    last_id: usize,
    awaited: Vec<usize>,
    /// How many streams of the chunk are folded.
    streams: usize,
    /// The id after which events may be missing among those folded.
    complete: Option<usize>,
    /// Whether the last event that was to be folded was not the last there is.
    has_more: bool,
    /// The events from which the rows are computed. What a row is follows from them.
    folded: Vec<usize>,
    /// The rows that differ.
    differ: [bool; STREAMS],
    snapshot: Option<Vec<usize>>,
    lock: Option<Mode>,
    locked_rows: [bool; STREAMS],
}

impl Rebuilder {
    /// Does the next statement, if it need not wait.
    pub(super) fn go_on(
        &mut self,
        database: &mut Database,
        writers: &[Writer],
        source: Source,
        protocol: Protocol,
        chunks: &[Chunk],
    ) -> Option<()> {
        let chunk = chunks[self.cursor];
        let statement = self.next(protocol);
        let open = &mut self.transaction;
        match statement {
            Statement::ReadTheLast => open.last_id = database.last_id(),
            Statement::ReadTheLargest => open.last_id = database.committed().pop()?,
            Statement::ListWriters => {
                let numbers = 0..writers.len();
                open.awaited = numbers.filter(|w| database.has_open_event(*w)).collect();
            }
            Statement::WaitForWriters if !open.awaited.is_empty() => return None,
            Statement::Fold if open.fold(database, chunk) => return Some(()),
            Statement::OpenShadow => {
                open.folded.clone_from(&self.kept.folded);
                open.complete = self.kept.complete;
            }
            Statement::FoldNext => {
                let (complete, last) = (open.complete, open.last_id);
                let mut visible = database.committed().into_iter();
                let next = visible
                    .find(|id| Some(*id) > complete && *id <= last && !open.folded.contains(id));
                open.folded.extend(next);
                open.complete = next.or(Some(last));
                open.has_more = next.is_some();
            }
            Statement::KeepShadow => {
                if open.has_more {
                    self.keep();
                    self.begin_anew();
                    return Some(());
                }
            }
            Statement::FoldRest(later) => {
                let rest = open.later(database, later, source, chunk);
                open.folded.extend(rest);
                open.complete = Some(open.last_id);
            }
            Statement::Compare => {
                for row in rows(source, chunk) {
                    let computed = database.computed(source, row, &open.folded);
                    open.differ[row] |= computed != database.rows[row].committed;
                }
            }
            Statement::FindLater(later) => {
                for id in open.later(database, later, source, chunk) {
                    open.differ[source.row(database.event(id)?.stream)] = true;
                }
            }
            Statement::CommitIfEqual if open.differ == [false; STREAMS] => {
                self.commit(source, chunks);
                return Some(());
            }
            Statement::WaitForWriters | Statement::Fold | Statement::CommitIfEqual => {}
            Statement::KeepSnapshot => open.snapshot = Some(database.committed()),
            Statement::Lock(mode) => {
                let mut locks = writers.iter().filter_map(|writer| writer.lock);
                if locks.any(|lock| mode.conflicts_with(lock)) {
                    return None;
                }
                open.lock = Some(mode);
            }
            Statement::LockRows => {
                for (number, row) in database.rows.iter().enumerate() {
                    if open.differ[number] && row.change.is_some() && row.committed.is_some() {
                        return None;
                    }
                    open.locked_rows[number] = open.differ[number] && row.committed.is_some();
                }
            }
            Statement::CatchUp(later) => {
                for id in open.later(database, later, source, chunk) {
                    if open.differ[source.row(database.event(id)?.stream)] {
                        open.folded.push(id);
                    }
                }
                open.folded.sort_unstable();
            }
            Statement::Merge(_) => {
                let changed = self.changed_by_merge(database, source, protocol, chunks);
                if changed
                    .iter()
                    .any(|row| database.rows[*row].change.is_some())
                {
                    return None;
                }
                for row in changed {
                    let computed = database.computed(source, row, &self.transaction.folded);
                    database.rows[row].committed = computed;
                    self.has_changed = true;
                }
                self.commit(source, chunks);
                return Some(());
            }
        }
        self.transaction.statement += 1;
        Some(())
    }

    pub(super) fn next(&self, protocol: Protocol) -> Statement {
        protocol[self.transaction.statement]
    }

    /// The process dies, or gives up waiting: the transaction is rolled back, and another begins the chunk anew.
    pub(super) fn begin_anew(&mut self) {
        self.transaction = Transaction::default();
    }

    pub(super) fn has_begun(&self) -> bool {
        self.transaction != Transaction::default()
    }

    /// A transaction of a writer has ended.
    pub(super) fn notice_end(&mut self, writer: usize) {
        self.transaction.awaited.retain(|other| *other != writer);
    }

    /// Whether a writer that needs this lock has to wait for it.
    pub(super) fn keeps_out(&self, mode: Mode, row: usize) -> bool {
        let Transaction {
            lock, locked_rows, ..
        } = &self.transaction;
        lock.is_some_and(|lock| lock.conflicts_with(mode)) || locked_rows[row]
    }

    /// The rows that its next statement would change, if that is a merge.
    pub(super) fn changed_by_merge(
        &self,
        database: &Database,
        source: Source,
        protocol: Protocol,
        chunks: &[Chunk],
    ) -> Vec<usize> {
        let Transaction { folded, differ, .. } = &self.transaction;
        let Statement::Merge(which) = self.next(protocol) else {
            return Vec::new();
        };
        let rows = rows(source, chunks[self.cursor]).into_iter();
        rows.filter(|row| which == Rows::OfTheChunk || differ[*row])
            .filter(|row| database.computed(source, *row, folded) != database.rows[*row].committed)
            .collect()
    }

    fn keep(&mut self) {
        let Transaction {
            folded, complete, ..
        } = &self.transaction;
        self.kept = Kept {
            folded: folded.clone(),
            complete: *complete,
        };
        self.kept.folded.sort_unstable();
    }

    fn commit(&mut self, source: Source, chunks: &[Chunk]) {
        if source == Source::AllStreams {
            self.keep();
        }
        for row in rows(source, chunks[self.cursor]) {
            self.repaired[row] = true;
        }
        self.begin_anew();
        self.cursor += 1;
        if self.cursor == chunks.len() {
            self.is_done = !self.has_changed;
            self.has_changed = false;
            self.cursor = 0;
        }
    }
}

impl Transaction {
    /// Whether there was something to fold.
    fn fold(&mut self, database: &Database, chunk: Chunk) -> bool {
        let visible = database.committed();
        let Some(stream) = chunk.get(self.streams) else {
            return false;
        };
        let is_of = |id: &usize| database.event(*id).is_some_and(|e| e.stream == *stream);
        self.folded.extend(visible.into_iter().filter(is_of));
        self.folded.sort_unstable();
        self.streams += 1;
        true
    }

    fn later(&self, database: &Database, later: Later, source: Source, chunk: Chunk) -> Vec<usize> {
        let visible = self
            .snapshot
            .clone()
            .unwrap_or_else(|| database.committed());
        let folded = |stream| {
            let events = self.folded.iter().filter_map(|id| database.event(*id));
            let versions = events.filter(|event| event.stream == stream);
            versions.map(|event| event.version).max().unwrap_or(0)
        };
        let is_later = |id: usize| {
            let Some(event) = database.event(id) else {
                return false;
            };
            let is_of = source == Source::AllStreams || chunk.contains(&event.stream);
            is_of
                && match later {
                    Later::NewerVersions => event.version > folded(event.stream),
                    Later::NotFoldedAboveTheLast => id > self.last_id && !self.folded.contains(&id),
                    Later::NotFoldedAboveTheComplete => {
                        Some(id) > self.complete && !self.folded.contains(&id)
                    }
                    Later::AboveTheComplete => Some(id) > self.complete,
                    Later::AboveAllFolded => Some(&id) > self.folded.last(),
                }
        };
        visible.into_iter().filter(|id| is_later(*id)).collect()
    }
}

fn rows(source: Source, chunk: Chunk) -> Vec<usize> {
    match source {
        Source::OneStream => chunk.to_vec(),
        Source::AllStreams => vec![0],
    }
}
