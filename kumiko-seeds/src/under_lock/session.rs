//! The one connection of a run.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Database, Pool};

use crate::Error;
use crate::backend::{Backend, Hands, Leaving};

/// A connection that goes back to its pool only in the state in which it came.
///
/// **Invariant:** what was begun on the connection has been brought to its end, or else the connection
/// is closed: after a cancelled future, a panic in the runner, a rollback that failed. Closing rolls
/// back and frees the lock without waiting for the pool, and a connection that is read-only or has
/// another busy timeout must not reach the rest of the app.
pub(crate) struct Session<DB: Backend> {
    /// Taken only by [`Session::end`].
    connection: Option<PoolConnection<DB>>,
    /// What the session was like before it had the lock; none if it never had.
    baseline: Option<DB::Baseline>,
    /// Who has had the connection.
    hands: Hands,
    is_settled: bool,
}

/// A session in use.
pub(super) struct InUse<'s, DB: Backend> {
    pub(super) connection: &'s mut DB::Connection,
    pub(super) baseline: &'s mut Option<DB::Baseline>,
    pub(super) hands: &'s mut Hands,
}

impl<DB: Backend> Session<DB> {
    pub(crate) async fn acquire(pool: &Pool<DB>) -> Result<Self, Error> {
        match pool.acquire().await {
            Ok(connection) => Ok(Self {
                connection: Some(connection),
                baseline: None,
                hands: Hands::Library,
                is_settled: true,
            }),
            Err(error) => {
                let source = reason(pool, error).await;
                Err(Error::database("connect to the database", source))
            }
        }
    }

    /// The connection, for statements that leave nothing behind.
    pub(crate) fn connection(&mut self) -> &mut DB::Connection {
        self.in_use().connection
    }

    /// The session. Until [`Session::settle`] it is closed if it is dropped.
    #[expect(clippy::expect_used, reason = "`end` consumes the session")]
    pub(super) fn in_use(&mut self) -> InUse<'_, DB> {
        self.is_settled = false;
        InUse {
            connection: self.connection.as_mut().expect("taken by `end` alone"),
            baseline: &mut self.baseline,
            hands: &mut self.hands,
        }
    }

    /// Makes the session as it was after somebody else had the lock.
    pub(super) async fn after_busy(&mut self) -> sqlx::Result<()> {
        let in_use = self.in_use();
        match in_use.baseline {
            Some(baseline) => DB::after_busy(in_use.connection, baseline).await,
            None => Ok(()),
        }
    }

    /// Says that no transaction is open and no answer on its way.
    pub(crate) fn settle(&mut self) {
        self.is_settled = true;
    }

    /// Gives the connection back to the pool if it is as it came, and closes it if not. It is closed then, and not
    /// some time later: a SQLite connection may have the file's lock when the next one wants it.
    pub(crate) async fn end(mut self) {
        /// A server that does not answer is not waited for.
        const PATIENCE: Duration = Duration::from_secs(2);
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let is_as_it_came = match &self.baseline {
            _ if !self.is_settled => false,
            None => true,
            Some(baseline) => {
                let leaving = DB::leave(&mut connection, baseline, self.hands).await;
                matches!(leaving, Ok(Leaving::AsItCame))
            }
        };
        if !is_as_it_came {
            // It is gone, whether or not the server hears of it.
            drop(tokio::time::timeout(PATIENCE, connection.close()).await);
        }
    }
}

impl<DB: Backend> Drop for Session<DB> {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection
            && (!self.is_settled || self.baseline.is_some())
        {
            connection.close_on_drop();
        }
    }
}

/// Why a pool gave no connection. It tries again while a server refuses, and then says no more than that
/// its time is up; connecting once without it brings out the server's answer, if it has one.
async fn reason<DB: Database>(pool: &Pool<DB>, error: sqlx::Error) -> sqlx::Error {
    const PATIENCE: Duration = Duration::from_secs(5);
    if !matches!(error, sqlx::Error::PoolTimedOut) {
        return error;
    }
    let options = pool.connect_options();
    match tokio::time::timeout(PATIENCE, options.connect()).await {
        Ok(Err(reason)) => reason,
        _ => error,
    }
}
