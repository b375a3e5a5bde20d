//! What the server does with a statement: what is committed, transactions, and the lock.

use std::collections::BTreeSet;

use crate::protocol::Statement;

/// How many events a seed writes, each with a statement of its own.
pub(crate) const EVENTS: usize = 2;

/// What every connection sees.
///
/// The primary key of the table of markers is left out. It would turn a lost race into an error, and so
/// hide that the lock does not work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Database {
    /// What is committed of each seed.
    pub(crate) seeds: Vec<Stored>,
    locked: bool,
}

/// What is committed of a seed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Stored {
    /// The replica that wrote the seed's marker. A real one knows its own by the time in it.
    pub(crate) marker: Option<usize>,
    /// How often each of its events is there. Two stands for any more.
    pub(crate) events: [u8; EVENTS],
}

/// A transaction that is neither committed nor rolled back. It is about one seed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Transaction {
    /// What was applied when it began, if it sees only that.
    snapshot: Option<BTreeSet<usize>>,
    pub(crate) has_lock: bool,
    /// The setting that was made with the lock and ends with the transaction.
    setting: bool,
    events: [u8; EVENTS],
    marker: bool,
}

/// One statement as it comes to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) statement: Statement,
    pub(crate) seed: usize,
    pub(crate) replica: usize,
}

/// What the server answers.
pub(crate) enum Answer {
    Done,
    /// Another transaction has the lock.
    Busy,
    /// The insert of a marker inserted nothing.
    Refused,
    Applied(BTreeSet<usize>),
    /// Who wrote the marker, if there is one.
    Marker(Option<usize>),
}

impl Database {
    pub(crate) fn empty(seeds: usize) -> Self {
        Self {
            seeds: vec![Stored::default(); seeds],
            locked: false,
        }
    }

    /// Does what `request` asks for, on a connection with that open transaction.
    pub(crate) fn execute(
        &mut self,
        transaction: &mut Option<Transaction>,
        request: Request,
    ) -> Answer {
        match request.statement {
            Statement::ReadApplied => return Answer::Applied(self.applied()),
            Statement::FindMarker => {
                return Answer::Marker(self.find(transaction.as_ref(), request));
            }
            Statement::Begin => *transaction = Some(Transaction::default()),
            Statement::BeginWithSnapshot => {
                *transaction = Some(Transaction {
                    snapshot: Some(self.applied()),
                    ..Transaction::default()
                });
            }
            Statement::TakeLock | Statement::TakeLockForGood if self.locked => return Answer::Busy,
            Statement::TakeLockForGood => self.locked = true,
            Statement::TakeLock => {
                if let Some(open) = transaction {
                    self.locked = true;
                    open.has_lock = true;
                    open.setting = true;
                }
            }
            Statement::ReleaseLock => {
                self.locked = false;
                if let Some(open) = transaction {
                    open.has_lock = false;
                }
            }
            Statement::InsertMarker if !transaction.as_ref().is_some_and(|open| open.setting) => {
                return Answer::Refused;
            }
            Statement::Write(_) | Statement::InsertMarker | Statement::InsertMarkerAnywhere => {
                self.write(transaction, request);
            }
            Statement::Commit => {
                if let Some(ended) = transaction.take() {
                    self.commit(&ended, request);
                }
            }
            Statement::RollBack => {
                if let Some(ended) = transaction.take() {
                    self.unlock(&ended);
                }
            }
        }
        Answer::Done
    }

    /// Lets go of what a transaction had that is rolled back.
    pub(crate) fn unlock(&mut self, ended: &Transaction) {
        if ended.has_lock {
            self.locked = false;
        }
    }

    fn applied(&self) -> BTreeSet<usize> {
        (0..self.seeds.len())
            .filter(|seed| self.seeds[*seed].marker.is_some())
            .collect()
    }

    fn find(&self, transaction: Option<&Transaction>, request: Request) -> Option<usize> {
        let snapshot = transaction.and_then(|open| open.snapshot.as_ref());
        let is_hidden = snapshot.is_some_and(|applied| !applied.contains(&request.seed));
        self.seeds[request.seed].marker.filter(|_| !is_hidden)
    }

    /// Writes into the open transaction, or at once and for good if there is none.
    fn write(&mut self, transaction: &mut Option<Transaction>, request: Request) {
        let mut single = Transaction::default();
        let open = transaction.as_mut().unwrap_or(&mut single);
        match request.statement {
            Statement::Write(event) => open.events[event] += 1,
            _ => open.marker = true,
        }
        self.commit(&single, request);
    }

    fn commit(&mut self, ended: &Transaction, request: Request) {
        let stored = &mut self.seeds[request.seed];
        for (copies, written) in stored.events.iter_mut().zip(ended.events) {
            *copies = (*copies + written).min(2);
        }
        if ended.marker {
            stored.marker = Some(request.replica);
        }
        self.unlock(ended);
    }
}

impl Stored {
    /// Whether all is there that belongs to it.
    pub(crate) fn is_applied(&self) -> bool {
        self.marker.is_some() && self.events.iter().all(|copies| *copies > 0)
    }
}

impl Transaction {
    pub(crate) fn has_written(&self) -> bool {
        self.marker || self.events.contains(&1)
    }
}
