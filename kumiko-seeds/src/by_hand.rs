//! What people ask of the ledger, and what they do to it by hand.

use std::fmt;
use std::time::Duration;

use sqlx::Pool;

use crate::backend::{Backend, Hands};
use crate::history::{History, InterventionKind};
use crate::ledger::{self, NewMarker, Sought, Table};
use crate::observer::Observer;
use crate::under_lock::{Kept, LOCK_TIMEOUT, Turn, UnderLock, Work};
use crate::{App, AppliedBy, Error, ProgressState, SeedInfo};

/// The table of operations of a database, for whoever asks it something or changes a marker by hand.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example(pool: sqlx::SqlitePool) -> Result<(), kumiko_seeds::Error> {
/// let history = kumiko_seeds::Ledger::new(&pool).history().await?;
/// for marker in &history.markers {
///     println!("{} at {}", marker.id, marker.applied_at);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Ledger<DB: Backend> {
    pool: Pool<DB>,
    app: App,
    applied_by: AppliedBy,
    lock_timeout: Duration,
}

impl<DB: Backend> Ledger<DB> {
    /// The ledger of this database, for the seeds of an app without a name.
    #[must_use]
    pub fn new(pool: &Pool<DB>) -> Self {
        Self {
            pool: pool.clone(),
            app: App::default(),
            applied_by: AppliedBy::Cli,
            lock_timeout: LOCK_TIMEOUT,
        }
    }

    /// Whose seeds are meant. The default is an app without a name.
    #[must_use]
    pub fn app(mut self, app: App) -> Self {
        self.app = app;
        self
    }

    /// What to store as `applied_by`. The default is [`AppliedBy::Cli`].
    #[must_use]
    pub fn applied_by(mut self, applied_by: AppliedBy) -> Self {
        self.applied_by = applied_by;
        self
    }

    /// How long to wait for a process that holds the lock. The default is five minutes.
    #[must_use]
    pub fn lock_timeout(mut self, lock_timeout: Duration) -> Self {
        self.lock_timeout = lock_timeout;
        self
    }

    /// What the database tells of the app's seeds; nothing where there is no table yet. One statement, no lock.
    ///
    /// # Errors
    /// If the database cannot be read or the table has another shape.
    pub async fn history(&self) -> Result<History, Error> {
        self.app.check()?;
        let observer = Observer::default();
        let mut lock = self.under_lock(&observer);
        let history = lock.history(&self.app).await?;
        Ok(history.unwrap_or_else(|| History::of(self.app.clone(), Vec::new())))
    }

    /// Marks a seed as applied without running it: for a database where the change was made already,
    /// before there was a seed for it. Leaves a trace that the status shows. Takes the lock.
    ///
    /// # Errors
    /// [`Error::AlreadyApplied`] if it is applied; otherwise if the database cannot be written.
    pub async fn mark(&self, seed: SeedInfo<'_>) -> Result<(), Error> {
        self.change(Change::Mark(seed)).await
    }

    /// Takes the marker of a seed away, so that it is pending again: to repeat one in development. What
    /// the seed did is not undone. Leaves a trace that the status shows. Takes the lock.
    ///
    /// # Errors
    /// [`Error::NotApplied`] if it has no marker; otherwise if the database cannot be written.
    pub async fn unmark(&self, id: &str) -> Result<(), Error> {
        self.change(Change::Unmark(id)).await
    }

    pub(crate) fn whose(&self) -> &App {
        &self.app
    }

    pub(crate) fn under_lock<'l>(&'l self, observer: &'l Observer) -> UnderLock<'l, DB> {
        UnderLock::new(&self.pool, self.lock_timeout, observer)
    }

    async fn change(&self, change: Change<'_>) -> Result<(), Error> {
        self.app.check()?;
        let observer = Observer::default();
        let mut lock = self.under_lock(&observer);
        let mut work = ByHand {
            ledger: self,
            change,
        };
        let changed = match lock.applied().await {
            Ok(_) => lock.complete_work(&mut work).await,
            Err(error) => Err(error),
        };
        lock.end().await;
        changed
    }
}

impl<DB: Backend> fmt::Debug for Ledger<DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Ledger")
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

/// A change to the marker of a seed that is not run.
enum Change<'a> {
    Mark(SeedInfo<'a>),
    Unmark(&'a str),
}

struct ByHand<'a, DB: Backend> {
    ledger: &'a Ledger<DB>,
    change: Change<'a>,
}

impl<DB: Backend> Work<DB> for ByHand<'_, DB> {
    async fn perform(&mut self, turn: Turn<'_, DB>) -> Result<Kept, Error> {
        match &self.change {
            Change::Mark(seed) => mark(self.ledger, turn, seed).await?,
            Change::Unmark(id) => unmark(self.ledger, turn, id).await?,
        }
        Ok(Kept::Changes)
    }
}

async fn mark<DB: Backend>(
    ledger: &Ledger<DB>,
    mut turn: Turn<'_, DB>,
    seed: &SeedInfo<'_>,
) -> Result<(), Error> {
    let Ledger {
        app, applied_by, ..
    } = ledger;
    let id = seed.id;
    if turn.tables.operations == Table::MayBeMissing {
        ledger::create::<DB>(turn.connection).await?;
    }
    if turn.tables.progress == Table::Exists {
        give_up::<DB>(turn.connection, &app.ledger_id(id)).await?;
    }
    let sought = Sought::own(app, id);
    if sought
        .check::<DB>(turn.connection, *turn.tables)
        .await?
        .is_some()
    {
        return Err(Error::AlreadyApplied { id: id.to_owned() });
    }
    let marker = NewMarker::new(app, seed.clone(), turn.since(), *applied_by);
    let recorded = turn.record(Hands::Library, &[marker.insert()]).await;
    recorded.map_err(|error| ledger::fault::<DB>("write the seed's marker", error))?;
    let kind = InterventionKind::Marked;
    ledger::insert_intervention::<DB>(turn.connection, app, id, kind, *applied_by).await
}

/// Forgets how far a seed is that was cancelled. One that goes on is refused by the look for it.
async fn give_up<DB: Backend>(
    connection: &mut DB::Connection,
    ledger_id: &str,
) -> Result<(), Error> {
    match ledger::find_progress::<DB>(connection, ledger_id).await? {
        Some(progress) if progress.state == ProgressState::Cancelled => {
            ledger::forget_progress::<DB>(connection, ledger_id).await
        }
        _ => Ok(()),
    }
}

async fn unmark<DB: Backend>(
    ledger: &Ledger<DB>,
    turn: Turn<'_, DB>,
    id: &str,
) -> Result<(), Error> {
    let Ledger {
        app, applied_by, ..
    } = ledger;
    if turn.tables.operations == Table::MayBeMissing
        || !ledger::delete::<DB>(turn.connection, app, id).await?
    {
        return Err(Error::NotApplied { id: id.to_owned() });
    }
    let kind = InterventionKind::Unmarked;
    ledger::insert_intervention::<DB>(turn.connection, app, id, kind, *applied_by).await
}
