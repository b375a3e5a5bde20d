//! The app's own writes, through its handlers, for a person.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::ser::Error as _;
use serde_json::Value;
use sqlx::{Pool, Transaction};
use uuid::Uuid;

use super::appending::AtOnce;
use super::earlier_failure::EarlierFailure;
use super::naming::Naming;
use super::{
    Command, EventBackend, EventStoreError, Handlers, SYSTEM_TENANT_ID, User, WriteContext,
    WriteError, Written,
};
use crate::Journal;
use crate::backend::{Fault, NotCommitted};
use crate::progress::TARGET;

/// How often a write is made again by default after another writer was quicker. With sixteen clients that do nothing but write to
/// one stream, three were too few for one write in forty.
const RETRIES: u32 = 8;
/// Each pause is up to twice as long as the one before, and none is longer than the last.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LAST_PAUSE: Duration = Duration::from_millis(80);
/// How long the database is asked what became of a commit.
const PATIENCE: Duration = Duration::from_secs(5);

impl<DB: EventBackend> Handlers<DB> {
    /// A write through the handler with this qualified name, as `user`. It happens with [`Write::commit`], in a
    /// transaction of its own, or with [`Write::within`], in one of the app's.
    ///
    /// It is the same call as that of a seed, with the same gates: the handler has to be registered and open to one of the
    /// user's roles, and the payload has to fit. Who the user is the app knows; nobody checks that here.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example(
    /// #     handlers: &kumiko_seeds::sqlite::Handlers,
    /// #     pool: &sqlx::SqlitePool,
    /// #     membership: uuid::Uuid,
    /// #     tenant: uuid::Uuid,
    /// # ) -> Result<(), kumiko_seeds::events::WriteError> {
    /// use kumiko_seeds::events::User;
    /// use kumiko_seeds::json;
    ///
    /// let admin = User::new("7b6c…", ["TenantAdmin"]);
    /// let roles = json!({ "id": membership, "roles": ["Billing"] });
    /// handlers
    ///     .write_as(admin, "tenant:write:update-member-roles", roles)
    ///     .in_tenant(tenant)
    ///     .commit(pool)
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn write_as(
        &self,
        user: User,
        handler: impl Into<String>,
        payload: impl Serialize,
    ) -> Write<'_, DB> {
        Write {
            handlers: self,
            handler: handler.into(),
            payload: serde_json::to_value(payload),
            tenant_id: SYSTEM_TENANT_ID,
            user,
            retries: RETRIES,
        }
    }

    /// A write of a [`Command`] through the handler it names, otherwise like [`Handlers::write_as`].
    pub fn execute_as<C: Command>(&self, user: User, command: C) -> Write<'_, DB> {
        self.write_as(user, C::HANDLER, command)
    }
}

/// A write of the app's that happens with [`Write::commit`] or [`Write::within`].
#[must_use = "a write happens when it is committed, or made within a transaction"]
pub struct Write<'h, DB: EventBackend> {
    handlers: &'h Handlers<DB>,
    handler: String,
    payload: Result<Value, serde_json::Error>,
    tenant_id: Uuid,
    user: User,
    retries: u32,
}

impl<DB: EventBackend> Write<'_, DB> {
    /// Writes in this tenant, which is the one that streams are stored under. The default is the
    /// [system tenant](SYSTEM_TENANT_ID).
    pub fn in_tenant(mut self, tenant_id: Uuid) -> Self {
        self.tenant_id = tenant_id;
        self
    }

    /// How often [`Write::commit`] makes the write again, from its beginning, after a
    /// [conflict](WriteError::is_conflict) with another writer or a failure that passes, a deadlock for example. The default
    /// is 8, with a few milliseconds in between; with 0 the caller gets the first conflict.
    ///
    /// A handler whose version comes from outside, from the form that a person saw, would conflict each time. A conflict that
    /// expects the same version of the same stream as the one before is therefore not tried again.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Writes in a transaction of its own, and commits it. On PostgreSQL it is one at READ COMMITTED, and takes three round
    /// trips beside the handler's own.
    ///
    /// Events and projections are kept together or not at all. Dropping the future rolls back, unless the commit is
    /// on its way. If the answer to the commit is lost, another connection asks PostgreSQL what became of it.
    ///
    /// # Errors
    /// After an error nothing is kept, with two exceptions that say so: [`WriteError::CommitUnanswered`] and
    /// [`WriteError::TransactionEnded`].
    pub async fn commit(self, pool: &Pool<DB>) -> Result<Written, WriteError> {
        let payload = self.admitted()?;
        let mut retry = 0;
        let mut last = None;
        loop {
            let error = match self.attempt(pool, payload.clone()).await {
                Ok(mut written) => {
                    written.committed();
                    return Ok(written);
                }
                Err(error) => error,
            };
            let expected = error.expected();
            let is_known = expected.is_some() && expected == last;
            if retry == self.retries || is_known || !may_pass::<DB>(&error) {
                return Err(error);
            }
            last = expected;
            retry += 1;
            let handler = self.handler.as_str();
            tracing::debug!(target: TARGET, handler, retry, %error, "writes again");
            tokio::time::sleep(pause(retry)).await;
        }
    }

    /// Writes in a transaction of the app's, which the app commits. What it did before in that transaction is kept, also if
    /// the write fails: then all that the write has done is undone, and the app may go on.
    ///
    /// Say [`Written::committed`] after the commit, for what the handler asked to be done then. Nothing is tried again. On
    /// PostgreSQL it takes three round trips beside the handler's own.
    ///
    /// # Errors
    /// After an error nothing of the write is in the transaction. [`WriteError::TransactionEnded`] says that there is none
    /// any more. On SQLite the driver does not know that, and its connection is to be closed.
    pub async fn within(
        self,
        transaction: &mut Transaction<'_, DB>,
    ) -> Result<Written, WriteError> {
        let payload = self.admitted()?;
        let handler = || self.handler.clone();
        let ended = || WriteError::TransactionEnded { handler: handler() };
        let begun = DB::begin_within(transaction).await;
        let begun = begun.map_err(|source| WriteError::database(&self.handler, source))?;
        let (mut savepoint, identity) = begun.ok_or_else(ended)?;
        match self.call(&mut savepoint, &identity, payload).await {
            Ok(written) => match savepoint.commit().await {
                Ok(()) => Ok(written),
                Err(error) if DB::is_without_savepoint(&error) => Err(ended()),
                Err(source) => {
                    let handler = handler();
                    Err(WriteError::NotCommitted { handler, source })
                }
            },
            Err(error) => match savepoint.rollback().await {
                Err(undone) if DB::is_without_savepoint(&undone) => Err(ended()),
                _ => Err(error),
            },
        }
    }

    /// The payload, if the handler is there and open to the user.
    fn admitted(&self) -> Result<Value, WriteError> {
        self.handlers.check(&self.handler, &self.user)?;
        let payload = self.payload.as_ref();
        payload
            .cloned()
            .map_err(|error| WriteError::payload(&self.handler, serde_json::Error::custom(error)))
    }

    async fn attempt(&self, pool: &Pool<DB>, payload: Value) -> Result<Written, WriteError> {
        let database = |source| WriteError::database(&self.handler, source);
        let mut connection = pool.acquire().await.map_err(database)?;
        let begun = DB::begin(&mut connection).await;
        let (mut transaction, identity) = begun.map_err(database)?;
        let written = match self.call(&mut transaction, &identity, payload).await {
            Ok(written) => written,
            Err(error) => return Err(self.undone(transaction, &identity, error).await),
        };
        let handler = self.handler.clone();
        let source = match DB::commit_own(transaction, &identity).await {
            Ok(()) => return Ok(written),
            Err(NotCommitted::Unanswered(source)) => source,
            Err(NotCommitted::RolledBack(source)) => {
                return Err(WriteError::NotCommitted { handler, source });
            }
            Err(NotCommitted::Refused(transaction, source)) => {
                let error = WriteError::NotCommitted { handler, source };
                return Err(self.undone(transaction, &identity, error).await);
            }
        };
        // First, because a pool of one has no other connection to give.
        drop(connection);
        match is_committed(pool, &identity).await {
            Some(true) => Ok(written),
            Some(false) => Err(WriteError::NotCommitted { handler, source }),
            None => Err(WriteError::CommitUnanswered { handler, source }),
        }
    }

    /// Rolls back after `error`; that somebody has ended the transaction, if that is so. If it cannot be rolled back, the
    /// connection is lost, and the transaction with it.
    async fn undone(
        &self,
        transaction: Transaction<'_, DB>,
        identity: &DB::Identity,
        error: WriteError,
    ) -> WriteError {
        match DB::roll_back(transaction, &mut DB::Prepared::default(), identity).await {
            Ok(Some(_)) => WriteError::TransactionEnded {
                handler: self.handler.clone(),
            },
            _ => error,
        }
    }

    async fn call(
        &self,
        connection: &mut DB::Connection,
        identity: &DB::Identity,
        payload: Value,
    ) -> Result<Written, WriteError> {
        let (handlers, tenant_id) = (self.handlers, self.tenant_id);
        let handler = self.handler.as_str();
        handlers
            .check_tenant(connection, handler, tenant_id)
            .await?;
        let mut events = AtOnce {
            connection,
            identity,
            naming: Naming::after(0, handlers.values()),
            handlers,
            failure: EarlierFailure::default(),
        };
        let (mut appended, mut journal) = (Vec::new(), Journal::default());
        let write = WriteContext {
            appended: Some(&mut appended),
            events: &mut events,
            handlers,
            values: [handlers.values(), handlers.values()],
            journal: &mut journal,
            user: &self.user,
            tenant_id,
        };
        let output = match handlers.call(handler, write, payload).await {
            Ok(output) => output,
            Err(error) if was_ended(&error) => {
                return Err(WriteError::TransactionEnded {
                    handler: handler.to_owned(),
                });
            }
            Err(error) => return Err(error),
        };
        let passed_over = |source| WriteError::append(handler, source);
        events.failure.check().map_err(passed_over)?;
        Ok(Written::new(output, appended, journal.take_after_commit()))
    }
}

/// Whether a transaction is committed whose commit was not answered, as far as another connection can find out.
async fn is_committed<DB: EventBackend>(pool: &Pool<DB>, identity: &DB::Identity) -> Option<bool> {
    let ask = async {
        let mut connection = pool.acquire().await.ok()?;
        DB::is_committed(&mut connection, identity).await.ok()?
    };
    tokio::time::timeout(PATIENCE, ask).await.ok()?
}

/// Whether the same write may well succeed if it is made again.
fn may_pass<DB: EventBackend>(error: &WriteError) -> bool {
    match error {
        WriteError::TransactionEnded { .. } | WriteError::CommitUnanswered { .. } => false,
        error if error.is_conflict() => true,
        error => error.driver().map(DB::fault) == Some(Fault::Passing),
    }
}

fn was_ended(error: &WriteError) -> bool {
    let WriteError::Handler { source, .. } = error else {
        return false;
    };
    matches!(
        source.downcast_ref(),
        Some(EventStoreError::TransactionEnded)
    )
}

/// Different for each writer, so that those who met do not meet again.
fn pause(retry: u32) -> Duration {
    let longest = (FIRST_PAUSE * 2u32.pow(retry.min(8))).min(LAST_PAUSE);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

impl<DB: EventBackend> fmt::Debug for Write<'_, DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Write")
            .field("handler", &self.handler)
            .field("tenant_id", &self.tenant_id)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
