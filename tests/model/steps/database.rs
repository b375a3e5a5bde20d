//! What the server does with a statement.

use super::protocol::Statement;

/// How many items there are. Each is a step.
pub(super) const ITEMS: usize = 2;

/// What is committed, and who has the locks.
///
/// Primary keys are left out: they would turn a lost race into an error, and hide that a lock does not work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Database {
    pub(super) is_marked: bool,
    /// How many items are done, as long as not all are.
    pub(super) progress: Option<usize>,
    /// How often each item was done. Two stands for any more.
    pub(super) items: [u8; ITEMS],
    pub(super) seeds_lock: Lock,
    pub(super) operation_lock: Lock,
    /// Whether anything was done when there was a marker.
    pub(super) was_late: Lateness,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Lock {
    #[default]
    Free,
    Taken,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Lateness {
    #[default]
    Never,
    Once,
}

/// A transaction that is neither committed nor rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Transaction {
    locks: Vec<Statement>,
    items: [u8; ITEMS],
    progress: Progress,
    marks: Option<()>,
}

/// What becomes of the progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Progress {
    #[default]
    Stays,
    Becomes(usize),
    Goes,
}

/// What a look finds. Half of one finds nothing of the other half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    pub(super) is_marked: bool,
    pub(super) progress: Option<usize>,
}

pub(super) enum Answer {
    Done,
    Busy,
    Seen(Seen),
}

impl Database {
    /// Acts on a statement of a client that has seen this.
    pub(super) fn execute(
        &mut self,
        open: &mut Option<Transaction>,
        statement: Statement,
        seen: Option<Seen>,
    ) -> Answer {
        let cursor = seen.and_then(|seen| seen.progress).unwrap_or_default();
        match statement {
            Statement::Look => return Answer::Seen(self.seen()),
            Statement::LookForProgress => {
                return Answer::Seen(Seen {
                    is_marked: false,
                    ..self.seen()
                });
            }
            Statement::LookForMarker => {
                return Answer::Seen(Seen {
                    progress: None,
                    ..self.seen()
                });
            }
            Statement::Begin => {
                *open = Some(Transaction {
                    locks: Vec::new(),
                    items: [0; ITEMS],
                    progress: Progress::Stays,
                    marks: None,
                });
            }
            Statement::Commit => {
                if let Some(ended) = open.take() {
                    self.commit(&ended);
                }
            }
            Statement::RollBack => {
                if let Some(ended) = open.take() {
                    self.unlock(&ended);
                }
            }
            _ => {
                let Some(open) = open else {
                    return Answer::Done;
                };
                match statement {
                    Statement::TakeSeedsLock | Statement::TakeOperationLock => {
                        let lock = self.lock(statement);
                        if *lock == Lock::Taken {
                            return Answer::Busy;
                        }
                        *lock = Lock::Taken;
                        open.locks.push(statement);
                    }
                    Statement::InsertProgress => open.progress = Progress::Becomes(0),
                    Statement::Work => open.items[cursor] += 1,
                    Statement::WorkOnAll => open.items = [1; ITEMS],
                    Statement::Advance if cursor + 1 < ITEMS => {
                        open.progress = Progress::Becomes(cursor + 1);
                    }
                    Statement::Advance => {
                        open.progress = Progress::Goes;
                        open.marks = Some(());
                    }
                    _ => open.marks = Some(()),
                }
            }
        }
        Answer::Done
    }

    pub(super) fn seen(&self) -> Seen {
        Seen {
            is_marked: self.is_marked,
            progress: self.progress,
        }
    }

    pub(super) fn unlock(&mut self, ended: &Transaction) {
        for taken in &ended.locks {
            *self.lock(*taken) = Lock::Free;
        }
    }

    fn lock(&mut self, statement: Statement) -> &mut Lock {
        match statement {
            Statement::TakeSeedsLock => &mut self.seeds_lock,
            _ => &mut self.operation_lock,
        }
    }

    fn commit(&mut self, ended: &Transaction) {
        if self.is_marked && ended.items.contains(&1) {
            self.was_late = Lateness::Once;
        }
        for (copies, done) in self.items.iter_mut().zip(ended.items) {
            *copies = (*copies + done).min(2);
        }
        match ended.progress {
            Progress::Stays => {}
            Progress::Becomes(cursor) => self.progress = Some(cursor),
            Progress::Goes => self.progress = None,
        }
        self.is_marked |= ended.marks.is_some();
        self.unlock(ended);
    }
}
