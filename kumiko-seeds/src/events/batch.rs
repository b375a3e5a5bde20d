//! Many writes of a seed through one handler.

use std::fmt;
use std::future::IntoFuture;

use futures_util::future::BoxFuture;
use serde::Serialize;
use uuid::Uuid;

use super::appending::Appending;
use super::naming::Naming;
use super::pending_events::PendingEvents;
use super::system_write::handlers_of;
use super::{EventBackend, SYSTEM_TENANT_ID, User, WriteContext, WriteError};
use crate::progress::TARGET;
use crate::{Parts, SeedContext, UnitOfWork};

impl<'c, DB: EventBackend> SeedContext<'c, DB> {
    /// Writes each of `payloads` through the handler with this qualified name, otherwise like
    /// [`SeedContext::system_write_as`]: for thousands of them. Awaiting it gives their number.
    ///
    /// The handler is called once for each payload. The events that it appends go to the database many
    /// at a time, at the latest when a handler reads the event store or asks for its connection, so a
    /// handler that only appends is what gains from it. At most 1,000 events or a MiB of them wait, while the database
    /// writes as many that came before.
    /// Payloads are taken one by one; if they come from an iterator that makes them, memory stays
    /// flat however many there are.
    ///
    /// The [projections](super::Handlers::projections) of the app get the events when the database does, many at a time.
    ///
    /// A version conflict may show only after the handler was told that its append succeeded. It fails the
    /// batch, and with it the seed.
    pub fn system_batch<I>(
        &mut self,
        handler: impl Into<String>,
        payloads: I,
    ) -> SystemBatch<'_, 'c, DB, I::IntoIter>
    where
        I: IntoIterator<Item: Serialize>,
    {
        let handler = handler.into();
        SystemBatch {
            work: self.begin(format!("the batch to {handler:?}")),
            handler,
            payloads: payloads.into_iter(),
            tenant_id: SYSTEM_TENANT_ID,
            user: User::system(),
        }
    }
}

/// Writes that happen when they are awaited; see [`SeedContext::system_batch`].
#[must_use = "a batch is written when it is awaited"]
pub struct SystemBatch<'a, 'c, DB: EventBackend, I> {
    work: UnitOfWork<'a, 'c, DB>,
    handler: String,
    payloads: I,
    tenant_id: Uuid,
    user: User,
}

impl<DB, I> SystemBatch<'_, '_, DB, I>
where
    DB: EventBackend,
    I: Iterator<Item: Serialize> + Send,
{
    /// Writes in this tenant, which is the one that streams are stored under.
    pub fn in_tenant(mut self, tenant_id: Uuid) -> Self {
        self.tenant_id = tenant_id;
        self
    }

    /// Gives the system user these roles for these writes, beside `system`.
    pub fn with_roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.user.roles.extend(roles.into_iter().map(Into::into));
        self
    }

    async fn write(mut self) -> Result<u64, WriteError> {
        let written = self.write_all().await;
        self.work.ended(written)
    }

    async fn write_all(&mut self) -> Result<u64, WriteError> {
        let handler = self.handler.as_str();
        let handlers = handlers_of(&self.work, handler)?;
        let id = self.work.seed();
        let parts = self.work.parts().await;
        let parts = parts.map_err(|source| WriteError::not_begun(handler, source))?;
        tracing::debug!(target: TARGET, id, handler, tenant_id = %self.tenant_id, "seed writes a batch");
        let Parts {
            connection,
            values,
            identity,
            journal,
            ..
        } = parts;
        (handlers.check_tenant(connection, handler, self.tenant_id)).await?;
        let naming = Naming::after(journal.count(), values);
        let mut pending = PendingEvents::new(connection, identity, naming, handlers);
        let append = |source| WriteError::append(handler, source);
        let mut written = 0;
        // The payload itself is not kept, since not every payload may be sent between threads.
        while let Some(payload) = self.payloads.next().map(serde_json::to_value) {
            written += 1;
            let in_batch = |source| WriteError::InBatch {
                handler: handler.to_owned(),
                position: written,
                source: Box::new(source),
            };
            let payload =
                payload.map_err(|source| in_batch(WriteError::payload(handler, source)))?;
            let write = WriteContext {
                appended: None,
                events: &mut pending,
                handlers,
                values: [values, handlers.values()],
                journal: &mut *journal,
                user: &self.user,
                tenant_id: self.tenant_id,
            };
            if let Err(error) = handlers.call(handler, write, payload).await {
                // What went wrong first is the cause.
                pending.written().await.map_err(append).map_err(in_batch)?;
                return Err(in_batch(error));
            }
        }
        pending.connection().await.map_err(append)?;
        Ok(written)
    }
}

impl<'a, 'c: 'a, DB, I> IntoFuture for SystemBatch<'a, 'c, DB, I>
where
    DB: EventBackend,
    I: Iterator<Item: Serialize> + Send + 'a,
{
    type Output = Result<u64, WriteError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.write())
    }
}

impl<DB: EventBackend, I> fmt::Debug for SystemBatch<'_, '_, DB, I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SystemBatch")
            .field("handler", &self.handler)
            .field("tenant_id", &self.tenant_id)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
