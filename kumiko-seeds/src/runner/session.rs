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
    connection: PoolConnection<DB>,
    role: Option<String>,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    InUse,
    Settled,
}

impl<DB: Backend> Session<DB> {
    pub(super) async fn acquire(pool: &Pool<DB>) -> Result<Self, Error> {
        match pool.acquire().await {
            Ok(connection) => Ok(Self {
                connection,
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
    pub(super) fn connection(&mut self) -> &mut DB::Connection {
        self.state = State::InUse;
        &mut self.connection
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
        self.state = State::Settled;
    }
}

impl<DB: Database> Drop for Session<DB> {
    fn drop(&mut self) {
        if self.state == State::InUse {
            self.connection.close_on_drop();
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
