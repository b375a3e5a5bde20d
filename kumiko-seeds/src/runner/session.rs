//! The one connection of a run.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Database, Pool};

use crate::Error;
use crate::backend::Backend;

/// A connection that goes back to its pool only when the run says so.
///
/// **Invariant:** a run that is dropped half way (a cancelled future, a panic in the runner) never
/// gives its connection back. Closing it rolls back and frees the lock without waiting for the pool,
/// and a connection that is read-only or has another busy timeout must not reach the rest of the app.
pub(super) struct Session<DB: Database> {
    connection: PoolConnection<DB>,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    InUse,
    Clean,
}

impl<DB: Backend> Session<DB> {
    pub(super) async fn acquire(pool: &Pool<DB>) -> Result<Self, Error> {
        match pool.acquire().await {
            Ok(connection) => Ok(Self {
                connection,
                state: State::InUse,
            }),
            Err(error) => {
                let source = reason(pool, error).await;
                Err(Error::database("connect to the database", source))
            }
        }
    }

    pub(super) fn connection(&mut self) -> &mut DB::Connection {
        &mut self.connection
    }

    /// Gives the connection back to the pool, in the state in which it came.
    pub(super) fn give_back(mut self) {
        self.state = State::Clean;
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
