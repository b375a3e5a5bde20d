//! Transactions under the lock of seeds: how they begin, how they end, and what becomes of them if they do not. The
//! only place that opens a transaction.

mod again;
mod doubt;
mod open;
mod session;
mod wait;
mod without;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{Pool, Transaction};

pub(crate) use self::again::{Repeated, is_unreachable};
pub(crate) use self::session::Session;
pub(crate) use self::wait::{LOCK_TIMEOUT, Wait};
pub(crate) use self::work::{By, Kept, Turn, Work};
pub use self::work::{IsNew, OnFailure};

use self::open::{Doubt, Open};
use self::session::InUse;
use crate::backend::{Backend, Fault, Lock, Locked, Next, NotCommitted, Statement, Taking, Under};
use crate::ledger::{self, NewMarker, Record, Sought, Table, Tables};
use crate::observer::Observer;
use crate::{Error, Warning};

/// The transactions of one run, one after another, each with the lock.
pub(crate) struct UnderLock<'r, DB: Backend> {
    pool: &'r Pool<DB>,
    observer: &'r Observer,
    lock_timeout: Duration,
    /// The connection, unless none is there or it is in use.
    session: Option<Session<DB>>,
    tables: Tables,
    /// The transaction of which it is not known how it ended.
    open: Option<Open<DB>>,
    /// The commit of which it is not known whether it went through.
    pub(crate) doubt: Option<Doubt>,
    /// Whether a commit is on its way and not answered.
    pub(crate) committing: Arc<AtomicBool>,
    /// How often what comes next was tried again.
    pub(crate) retries: u32,
    pub(crate) warnings: Vec<Warning>,
}

/// How an attempt ended, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// Something was done, perhaps not all that there is to do.
    Done,
    /// Nothing, because somebody else holds the lock.
    Busy,
}

impl<'r, DB: Backend> UnderLock<'r, DB> {
    pub(crate) fn new(pool: &'r Pool<DB>, lock_timeout: Duration, observer: &'r Observer) -> Self {
        Self {
            pool,
            observer,
            lock_timeout,
            session: None,
            tables: Tables::UNKNOWN,
            open: None,
            doubt: None,
            committing: Arc::default(),
            retries: 0,
            warnings: Vec::new(),
        }
    }

    /// Does all of `work`, which is one transaction, however long others hold the lock.
    pub(crate) async fn complete_work<W: Work<DB>>(&mut self, work: &mut W) -> Result<(), Error> {
        let mut wait = self.wait();
        loop {
            match self.attempt(work).await {
                Ok(Attempt::Done) => return Ok(()),
                Ok(Attempt::Busy) => self.pause(&mut wait, work.lock()).await?,
                Err(error) => self.again(work.seed(), Repeated::TheSame, error).await?,
            }
        }
    }

    /// Takes the lock if it is free, does what comes next of `work`, and commits; and so on, for as long as the
    /// lock comes with the commit.
    ///
    /// **Invariant:** the order is lock, re-check, work, marker, commit, all in one transaction. Taking
    /// any of them out of it, or changing the order, doubles or loses events. `tests/model` checks it in
    /// every interleaving; whoever changes one changes both.
    pub(crate) async fn attempt<W: Work<DB>>(&mut self, work: &mut W) -> Result<Attempt, Error> {
        let mut session = self.session().await?;
        match self.transact(&mut session, work).await {
            Ending::Busy => {
                let calmed = session.after_busy().await;
                calmed.map_err(|error| ledger::fault::<DB>(LOCK, error))?;
                session.settle();
                self.session = Some(session);
                Ok(Attempt::Busy)
            }
            Ending::Settled(done) => {
                session.settle();
                self.session = Some(session);
                done.map_err(|error| self.complete(error))?;
                Ok(Attempt::Done)
            }
            Ending::Reconnect => {
                session.settle();
                session.end().await;
                Ok(Attempt::Done)
            }
            Ending::Lost(error) => Err(error),
            Ending::Unanswered { marker, source } => {
                // First, because a pool of one has no other connection to give.
                drop(session);
                self.find_out(*marker, source, work).await
            }
        }
    }

    /// Does `work` in one transaction after another. An ending that is not settled leaves the session to be closed.
    async fn transact<W: Work<DB>>(&mut self, session: &mut Session<DB>, work: &mut W) -> Ending {
        let InUse {
            connection,
            baseline,
            hands,
        } = session.in_use();
        let sought = self.if_there(work.sought());
        let taking = self.taking(work.lock(), sought.as_ref());
        let mut locked = match DB::lock(connection, baseline, &taking).await {
            Ok(Some(locked)) => locked,
            Ok(None) => return Ending::Busy,
            Err(error) => {
                let is_answer = error.as_database_error().is_some();
                let error = ledger::fault::<DB>(LOCK, error);
                return if is_answer {
                    Ending::Settled(Err(error))
                } else {
                    Ending::Lost(error)
                };
            }
        };
        let Some(baseline) = baseline else {
            // Noted with the lock.
            return Ending::Busy;
        };
        let mut prepared = DB::Prepared::default();
        loop {
            let Locked {
                mut transaction,
                found,
            } = locked;
            let identity = found.identity.clone();
            let open = self.open.insert(Open::new(identity.clone()));
            let turn = Turn {
                connection: &mut *transaction,
                found,
                baseline,
                tables: &mut self.tables,
                retries: self.retries,
                open,
            };
            let performed = work.perform(turn).await;
            let under = Under {
                baseline: &*baseline,
                identity: &identity,
                hands: open.journal.hands,
            };
            *hands = under.hands.max(*hands);
            let record = match performed {
                Ok(Kept::Changes) => None,
                Ok(Kept::Recorded(record)) => Some(record),
                Ok(Kept::Nothing) => return self.forget(transaction, &mut prepared).await,
                Err(error) => {
                    return self
                        .undo(transaction, &mut prepared, work.seed(), error)
                        .await;
                }
            };
            let statements = record.as_ref().map_or_else(Vec::new, |it| it.statements());
            let next = self.if_there(work.sought_next());
            let next = next
                .as_ref()
                .map(|next| self.taking(work.lock(), Some(next)));
            match self
                .commit(
                    transaction,
                    &mut prepared,
                    under,
                    &statements,
                    next.as_ref(),
                )
                .await
            {
                Ok(next) => {
                    self.open = None;
                    self.retries = 0;
                    if let Some(record) = &record {
                        record.note_tables(&mut self.tables);
                    }
                    work.committed(By::Us);
                    match next {
                        Next::Locked(next) => locked = next,
                        Next::Begin => return Ending::Settled(Ok(())),
                        Next::Reconnect => return Ending::Reconnect,
                    }
                }
                Err(refused) => {
                    let record = record.map(|record| *record);
                    return self
                        .not_committed(refused, &mut prepared, work.seed(), record)
                        .await;
                }
            }
        }
    }

    /// What comes of a transaction that is not committed, or perhaps not, with this record.
    async fn not_committed(
        &mut self,
        not_committed: NotCommitted<'_, DB>,
        prepared: &mut DB::Prepared,
        seed: Option<&'static str>,
        record: Option<Record>,
    ) -> Ending {
        match not_committed {
            NotCommitted::Refused(transaction, error) => {
                let error = refusal::<DB>(record.as_ref(), error);
                self.undo(transaction, prepared, seed, error).await
            }
            NotCommitted::RolledBack(error) => {
                self.open = None;
                Ending::Lost(refusal::<DB>(record.as_ref(), error))
            }
            NotCommitted::Unanswered(source) => {
                self.open = None;
                match record {
                    Some(Record::Marker(marker)) => Ending::Unanswered {
                        marker: Box::new(marker),
                        source,
                    },
                    Some(_) => Ending::Lost(Error::database(COMMIT_STEP, source)),
                    None => Ending::Lost(Error::database(COMMIT_CHANGES, source)),
                }
            }
        }
    }

    /// What is looked for, unless there may be no table to look into.
    fn if_there(&self, sought: Option<Sought<'static>>) -> Option<Sought<'static>> {
        sought.filter(|_| self.tables.operations == Table::Exists)
    }

    fn taking<'a>(&self, lock: Lock, sought: Option<&'a Sought<'_>>) -> Taking<'a> {
        Taking {
            lock,
            look: sought.map(|sought| sought.look::<DB>(self.tables)),
        }
    }

    // By `&mut self`, because a future that has `&self` could be sent to no other thread where `DB` is not known.
    async fn commit<'c>(
        &mut self,
        transaction: Transaction<'c, DB>,
        prepared: &mut DB::Prepared,
        under: Under<'_, DB>,
        record: &[Statement<'_>],
        next: Option<&Taking<'_>>,
    ) -> Result<Next<'c, DB>, NotCommitted<'c, DB>> {
        self.committing.store(true, Ordering::Relaxed);
        let committed = DB::commit(transaction, prepared, under, record, next).await;
        self.committing.store(false, Ordering::Relaxed);
        committed
    }

    /// Rolls a transaction back in which nothing was done that matters.
    async fn forget(
        &mut self,
        transaction: Transaction<'_, DB>,
        prepared: &mut DB::Prepared,
    ) -> Ending {
        self.open = None;
        self.retries = 0;
        match DB::forget(transaction, prepared).await {
            Ok(()) => Ending::Settled(Ok(())),
            Err(error) => Ending::Lost(Error::database("roll back the transaction", error)),
        }
    }

    /// Rolls a transaction back in which something has failed with `error`, and says so if somebody else has ended it.
    ///
    /// **Invariant:** what is said to be rolled back is rolled back. If the transaction cannot be asked
    /// any more, its identity is kept for [`UnderLock::look_back`].
    async fn undo(
        &mut self,
        transaction: Transaction<'_, DB>,
        prepared: &mut DB::Prepared,
        seed: Option<&'static str>,
        error: Error,
    ) -> Ending {
        let Some(open) = &self.open else {
            return Ending::Lost(error);
        };
        let Ok(ended) = DB::roll_back(transaction, prepared, &open.identity).await else {
            return Ending::Lost(error);
        };
        let error = match ended {
            Some(ended) => open.not_undone(seed, ended, error),
            None => error,
        };
        self.open = None;
        Ending::Settled(Err(error))
    }

    /// The session, or a new one.
    async fn session(&mut self) -> Result<Session<DB>, Error> {
        match self.session.take() {
            Some(session) => Ok(session),
            None => Session::acquire(self.pool).await,
        }
    }

    /// Gives the connection back, or closes it.
    pub(crate) async fn end(&mut self) {
        if let Some(session) = self.session.take() {
            session.end().await;
        }
    }

    /// A wait for the lock that begins now.
    pub(crate) fn wait(&self) -> Wait {
        Wait::new(self.lock_timeout)
    }

    /// Waits a little for whoever has the lock.
    pub(crate) async fn pause(&mut self, wait: &mut Wait, lock: Lock) -> Result<(), Error> {
        let mut holder = None;
        if wait.wants_holder()
            && let Some(session) = &mut self.session
        {
            // Only a courtesy: not every role may look, and the lock may be free by now.
            let asked = DB::holder(session.connection(), lock).await;
            holder = asked.unwrap_or_default();
            session.settle();
        }
        wait.pause(holder, self.observer).await
    }

    /// Completes an error of a statement with what the statement does not know.
    fn complete(&self, mut error: Error) -> Error {
        let of_pool = || DB::role(&self.pool.connect_options()).map(str::to_owned);
        match &mut error {
            Error::NotPermitted { role, .. } => *role = of_pool(),
            Error::RowSecurity { role, .. } if role.is_none() => *role = of_pool(),
            _ => {}
        }
        error
    }
}

const LOCK: &str = "take the lock of seeds";
const COMMIT_CHANGES: &str = "commit the transaction";
const COMMIT_STEP: &str = "commit the step";
const COMMIT: &str = "commit the seed with its marker";

/// How the transactions on a session ended.
enum Ending {
    /// None has begun, because somebody else has the lock.
    Busy,
    /// None is open.
    Settled(Result<(), Error>),
    /// The last is committed, and the next one needs another session.
    Reconnect,
    /// The session is of no use any more.
    Lost(Error),
    /// A seed has run, but whether it is committed is not known.
    Unanswered {
        marker: Box<NewMarker<'static>>,
        source: sqlx::Error,
    },
}

fn refusal<DB: Backend>(record: Option<&Record>, error: sqlx::Error) -> Error {
    match record {
        Some(Record::Marker(marker)) => refused::<DB>(marker.id(), error),
        Some(record) => record.refused::<DB>(error),
        None => Error::database(COMMIT_CHANGES, error),
    }
}

/// What to say of a seed whose marker or whose commit the database refuses.
pub(crate) fn refused<DB: Backend>(id: &'static str, error: sqlx::Error) -> Error {
    match DB::fault(&error) {
        Fault::TransactionFailed => Error::unfinished_after_failure(id),
        Fault::NotPermitted | Fault::RowSecurity | Fault::OtherShape => {
            ledger::fault::<DB>("write the seed's marker", error)
        }
        _ => Error::database(COMMIT, error),
    }
}
