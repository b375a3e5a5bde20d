//! The one connection of a run.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Database, Pool};

use crate::Error;
use crate::backend::Backend;

/// A connection that goes back to its pool only in the state in which it came.
///
/// **Invariant:** what was begun on the connection has been brought to its end, or else the connection
/// is closed: after a cancelled future, a panic in the runner, a rollback that failed. Closing rolls
/// back and frees the lock without waiting for the pool, and a connection that is read-only or has
/// another busy timeout must not reach the rest of the app.
pub(super) struct Session<DB: Database> {
    /// Taken only by [`Session::end`].
    connection: Option<PoolConnection<DB>>,
    role: Option<String>,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    InUse,
    Settled,
    /// Somebody else had it, so that the pool shall not have it again.
    Retired,
}

impl<DB: Backend> Session<DB> {
    pub(super) async fn acquire(pool: &Pool<DB>) -> Result<Self, Error> {
        match pool.acquire().await {
            Ok(connection) => Ok(Self {
                connection: Some(connection),
                role: DB::role(&pool.connect_options()).map(str::to_owned),
                state: State::Settled,
            }),
            Err(error) => {
                let source = reason(pool, error).await;
                Err(Error::database("connect to the database", source))
            }
        }
    }

    /// The connection. Until [`Session::settle`] it is in use, and closed if the session is dropped.
    #[expect(clippy::expect_used, reason = "`end` consumes the session")]
    pub(super) fn connection(&mut self) -> &mut DB::Connection {
        if self.state == State::Settled {
            self.state = State::InUse;
        }
        self.connection.as_mut().expect("taken by `end` alone")
    }

    /// Completes an error of a statement with what the statement does not know.
    pub(super) fn complete(&self, mut error: Error) -> Error {
        match &mut error {
            Error::NotPermitted { role, .. } => role.clone_from(&self.role),
            Error::RowSecurity { role, .. } if role.is_none() => role.clone_from(&self.role),
            _ => {}
        }
        error
    }

    /// Says that the connection is as it came.
    pub(super) fn settle(&mut self) {
        if self.state == State::InUse {
            self.state = State::Settled;
        }
    }

    /// Says that seeds or the app had the connection and may have left anything in its session. It is
    /// closed in the end, and the app gets a fresh one from its pool.
    pub(super) fn retire(&mut self) {
        self.state = State::Retired;
    }
}

impl<DB: Backend> Session<DB> {
    /// Ends the use of the connection. If it is to be closed, it is closed then: a SQLite connection that
    /// closes later may have the file's lock when the next one wants it.
    pub(super) async fn end(mut self) {
        /// A server that does not answer is not waited for.
        const PATIENCE: Duration = Duration::from_secs(2);
        if self.state != State::Settled
            && let Some(connection) = self.connection.take()
        {
            // It is gone, whether or not the server hears of it.
            drop(tokio::time::timeout(PATIENCE, connection.close()).await);
        }
    }
}

impl<DB: Database> Drop for Session<DB> {
    fn drop(&mut self) {
        if self.state != State::Settled
            && let Some(connection) = &mut self.connection
        {
            connection.close_on_drop();
        }
    }
}

/// Why a pool gave no connection. It tries again while a server refuses, and then says no more than that
/// its time is up; connecting once without it brings out the server's answer, if it has one.
async fn reason<DB: Backend>(pool: &Pool<DB>, error: sqlx::Error) -> sqlx::Error {
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
