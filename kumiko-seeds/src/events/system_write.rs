//! A seed's writes, through the app's handlers, as the system user.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::appending::AtOnce;
use super::earlier_failure::EarlierFailure;
use super::naming::Naming;
use super::{
    Command, EventBackend, Handlers, SYSTEM_TENANT_ID, User, WriteContext, WriteError, Written,
};
use crate::progress::TARGET;
use crate::{Parts, SeedContext, UnitOfWork};

impl<'c, DB: EventBackend> SeedContext<'c, DB> {
    /// Writes through the handler with this qualified name, as the [system user](User::system), in
    /// the [system tenant](SYSTEM_TENANT_ID). Await it; `.in_tenant(id)` and `.with_roles([..])` before
    /// that change the tenant and add roles.
    ///
    /// It is the same call as that of the app for a person, [`Handlers::write_as`], with the same gates.
    ///
    /// A failed write fails the seed, even if the seed swallows the error, and so does one that was
    /// never awaited.
    ///
    /// Write the name as a literal, and it is checked before the first write of the run.
    pub fn system_write_as(
        &mut self,
        handler: impl Into<String>,
        payload: impl Serialize,
    ) -> SystemWrite<'_, 'c, DB> {
        let handler = handler.into();
        SystemWrite {
            work: self.begin(format!("the write to {handler:?}")),
            handler,
            payload: serde_json::to_value(payload),
            tenant_id: SYSTEM_TENANT_ID,
            user: User::system(),
        }
    }

    /// Writes a [`Command`] through the handler it names, otherwise like
    /// [`SeedContext::system_write_as`].
    pub fn system_execute<C: Command>(&mut self, command: C) -> SystemWrite<'_, 'c, DB> {
        self.system_write_as(C::HANDLER, command)
    }
}

/// A write that happens when it is awaited.
#[must_use = "a write happens when it is awaited"]
pub struct SystemWrite<'a, 'c, DB: EventBackend> {
    work: UnitOfWork<'a, 'c, DB>,
    handler: String,
    payload: Result<Value, serde_json::Error>,
    tenant_id: Uuid,
    user: User,
}

impl<DB: EventBackend> SystemWrite<'_, '_, DB> {
    /// Writes in this tenant, which is the one that streams are stored under.
    pub fn in_tenant(mut self, tenant_id: Uuid) -> Self {
        self.tenant_id = tenant_id;
        self
    }

    /// Gives the system user these roles for this write, beside `system`, so that it passes the gate
    /// of a handler that is open to them.
    pub fn with_roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.user.roles.extend(roles.into_iter().map(Into::into));
        self
    }

    async fn write(self) -> Result<Written, WriteError> {
        let Self {
            mut work,
            handler,
            payload,
            tenant_id,
            user,
        } = self;
        let written = call(&mut work, &handler, payload, tenant_id, &user).await;
        work.ended(written)
    }
}

impl<'a, 'c: 'a, DB: EventBackend> IntoFuture for SystemWrite<'a, 'c, DB> {
    type Output = Result<Written, WriteError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.write())
    }
}

impl<DB: EventBackend> fmt::Debug for SystemWrite<'_, '_, DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SystemWrite")
            .field("handler", &self.handler)
            .field("tenant_id", &self.tenant_id)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

async fn call<DB: EventBackend>(
    work: &mut UnitOfWork<'_, '_, DB>,
    handler: &str,
    payload: Result<Value, serde_json::Error>,
    tenant_id: Uuid,
    user: &User,
) -> Result<Written, WriteError> {
    let handlers = handlers_of(work, handler)?;
    let id = work.seed();
    let parts = work.parts().await;
    let parts = parts.map_err(|source| WriteError::not_begun(handler, source))?;
    let payload = payload.map_err(|source| WriteError::payload(handler, source))?;
    tracing::debug!(target: TARGET, id, handler, %tenant_id, "seed writes");
    let Parts {
        connection,
        values,
        identity,
        journal,
        ..
    } = parts;
    handlers
        .check_tenant(connection, handler, tenant_id)
        .await?;
    let mut events = AtOnce {
        connection,
        identity,
        naming: Naming::after(journal.count(), values),
        handlers,
        failure: EarlierFailure::default(),
    };
    let mut appended = Vec::new();
    let write = WriteContext {
        appended: Some(&mut appended),
        events: &mut events,
        handlers,
        values: [values, handlers.values()],
        journal,
        user,
        tenant_id,
    };
    let output = handlers.call(handler, write, payload).await?;
    let passed_over = |source| WriteError::append(handler, source);
    events.failure.check().map_err(passed_over)?;
    // What is to be done after the commit is in the seed's journal.
    Ok(Written::new(output, appended, Vec::new()))
}

/// The app's handlers.
pub(super) fn handlers_of<'c, DB: EventBackend>(
    work: &UnitOfWork<'_, 'c, DB>,
    handler: &str,
) -> Result<&'c Handlers<DB>, WriteError> {
    let handlers = work.app::<Arc<Handlers<DB>>>();
    handlers
        .map(AsRef::as_ref)
        .ok_or_else(|| WriteError::UnknownHandler {
            handler: handler.to_owned(),
            suggestion: None,
        })
}
