//! The stream as the server has it, those who append to it, and who migrates it.

use std::collections::{BTreeMap, BTreeSet};

/// What a migration sends, each a statement of its own. It begins anew where it comes too late, and commits at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Statement {
    /// Keeps writers from the table.
    LockTable,
    /// Reads the events.
    Read,
    /// Asks for the version, without the events.
    AskVersion,
    /// Appends the closing event behind the version that it knows.
    Close,
    /// Takes the closing event away.
    Reopen,
    /// Writes what was read to a new stream, and marks this one.
    Move,
    /// Deletes the events, and writes anew what was read, but for the first.
    Rewrite,
}

/// Who has written an event: a number from 1 on, or the one that was there at first.
pub(super) type Author = usize;
const FIRST: Author = 0;
/// Who has written the closing event.
const CLOSING: Author = usize::MAX;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Database {
    /// What is committed, by version.
    pub(super) events: BTreeMap<usize, Author>,
    /// What is not, by version: who has it.
    pub(super) pending: BTreeMap<usize, Author>,
    pub(super) is_marked: bool,
    /// The events of the new stream, once there is one.
    pub(super) moved: Option<BTreeSet<Author>>,
}

impl Database {
    pub(super) fn new() -> Self {
        Self {
            events: BTreeMap::from([(1, FIRST)]),
            pending: BTreeMap::new(),
            is_marked: false,
            moved: None,
        }
    }

    pub(super) fn version(&self) -> usize {
        self.events.keys().last().copied().unwrap_or_default()
    }

    fn roll_back(&mut self, author: Author) {
        self.pending.retain(|_, owner| *owner != author);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Writer {
    Idle,
    /// It has looked, and will append this version.
    Looked(usize),
    /// It has appended, and may commit.
    Appended(usize),
    Taken,
    Refused,
}

impl Writer {
    /// Whether its transaction is open.
    pub(super) fn is_under_way(self) -> bool {
        matches!(self, Self::Looked(_) | Self::Appended(_))
    }

    /// What it is next; none if it has to wait, or is over.
    pub(super) fn go_on(self, number: Author, database: &mut Database) -> Option<Self> {
        match self {
            Self::Idle if database.is_marked || database.version() == 0 => Some(Self::Refused),
            Self::Idle => Some(Self::Looked(database.version() + 1)),
            Self::Looked(version) if database.pending.contains_key(&version) => None,
            Self::Looked(version) if database.events.contains_key(&version) => Some(Self::Refused),
            Self::Looked(version) => {
                database.pending.insert(version, number);
                Some(Self::Appended(version))
            }
            Self::Appended(version) => {
                database.pending.remove(&version);
                database.events.insert(version, number);
                Some(Self::Taken)
            }
            Self::Taken | Self::Refused => None,
        }
    }

    pub(super) fn roll_back(&mut self, number: Author, database: &mut Database) {
        database.roll_back(number);
        *self = Self::Refused;
    }
}

/// Who migrates the stream, in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Migration {
    /// How many of its statements are done.
    pub(super) done: usize,
    pub(super) has_lock: bool,
    pub(super) is_committed: bool,
    read: Vec<Author>,
    version: usize,
    closing: Option<usize>,
    moves: bool,
    /// The versions that it deletes.
    deletes: Option<BTreeSet<usize>>,
}

impl Migration {
    /// Does the next statement, or commits; false if it has to wait.
    pub(super) fn go_on(
        &mut self,
        statements: &[Statement],
        writers: &[Writer],
        database: &mut Database,
    ) -> bool {
        let Some(statement) = statements.get(self.done) else {
            self.commit(database);
            return true;
        };
        match statement {
            Statement::LockTable if writers.iter().any(|it| it.is_under_way()) => return false,
            Statement::LockTable => self.has_lock = true,
            Statement::Read => {
                self.read = database.events.values().copied().collect();
                // Behind the closing event it has the version already.
                if self.closing.is_none() {
                    self.version = database.version();
                }
            }
            Statement::AskVersion => self.version = database.version(),
            Statement::Close => {
                let version = self.version + 1;
                if database.pending.contains_key(&version) {
                    return false;
                }
                if database.events.contains_key(&version) {
                    self.roll_back(database);
                    return true;
                }
                database.pending.insert(version, CLOSING);
                self.closing = Some(version);
            }
            Statement::Reopen => {
                // It is there, and deleted, until the commit.
                self.closing = None;
            }
            Statement::Move => self.moves = true,
            Statement::Rewrite => self.deletes = Some(database.events.keys().copied().collect()),
        }
        self.done += 1;
        true
    }

    fn commit(&mut self, database: &mut Database) {
        database.roll_back(CLOSING);
        if let Some(deletes) = &self.deletes {
            database
                .events
                .retain(|version, _| !deletes.contains(version));
            let anew = self.read.iter().skip(1).copied();
            database.events.extend((1..).zip(anew));
        }
        if let Some(version) = self.closing {
            database.events.insert(version, CLOSING);
        }
        if self.moves {
            database.is_marked = true;
            database.moved = Some(self.read.iter().copied().collect());
        }
        self.has_lock = false;
        self.is_committed = true;
    }

    /// Nothing of it is kept, and it begins anew.
    pub(super) fn roll_back(&mut self, database: &mut Database) {
        database.roll_back(CLOSING);
        *self = Self::default();
    }
}
