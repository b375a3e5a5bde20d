//! A seed's writes, through the app's handlers, as the system user.

use std::fmt;
use std::future::IntoFuture;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::appending::AtOnce;
use super::naming::Naming;
use super::{Command, EventBackend, Handlers, SYSTEM_TENANT_ID, User, WriteContext, WriteError};
use crate::SeedContext;
use crate::causes::with_causes;
use crate::progress::TARGET;

impl<'c, DB: EventBackend> SeedContext<'c, DB> {
    /// Writes through the handler with this qualified name, as the [system user](User::system), in
    /// the [system tenant](SYSTEM_TENANT_ID). Await it; `.in_tenant(id)` and `.with_roles([..])` before
    /// that change the tenant and add roles.
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
        self.begin_work(format!(
            "the write to {handler:?} was not awaited to its end"
        ));
        SystemWrite {
            context: self,
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
    context: &'a mut SeedContext<'c, DB>,
    handler: String,
    payload: Result<Value, serde_json::Error>,
    tenant_id: Uuid,
    user: User,
}

/// A write that succeeded.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Written {
    /// What the handler returned, as JSON.
    pub output: Value,
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
            context,
            handler,
            payload,
            tenant_id,
            user,
        } = self;
        let written = call(context, &handler, payload, tenant_id, user).await;
        ended(context, written)
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
    context: &mut SeedContext<'_, DB>,
    handler: &str,
    payload: Result<Value, serde_json::Error>,
    tenant_id: Uuid,
    user: User,
) -> Result<Written, WriteError> {
    let handlers = ready(context, handler).await?;
    let payload = payload.map_err(|source| WriteError::Payload {
        handler: handler.to_owned(),
        source,
    })?;
    tracing::debug!(target: TARGET, id = context.id(), handler, %tenant_id, "seed writes");
    let parts = context.parts();
    let mut events = AtOnce::<DB> {
        connection: parts.connection,
        identity: parts.identity,
        naming: Naming::after(parts.activity.count(), parts.extensions),
    };
    let write = WriteContext {
        events: &mut events,
        extensions: parts.extensions,
        activity: parts.activity,
        user: &user,
        tenant_id,
    };
    let output = handlers.call(handler, write, payload).await?;
    Ok(Written { output })
}

/// Notes on the context how writing ended.
pub(super) fn ended<DB: EventBackend, T>(
    context: &mut SeedContext<'_, DB>,
    written: Result<T, WriteError>,
) -> Result<T, WriteError> {
    match &written {
        Ok(_) => context.end_work(),
        Err(error) => context.fail_work(format!("a write in it failed: {}", with_causes(error))),
    }
    written
}

/// The app's handlers, if the seed may go on writing through them.
pub(super) async fn ready<'c, DB: EventBackend>(
    context: &mut SeedContext<'c, DB>,
    handler: &str,
) -> Result<&'c Handlers<DB>, WriteError> {
    let name = || handler.to_owned();
    if let Some(earlier) = context.failure() {
        return Err(WriteError::EarlierFailure {
            handler: name(),
            earlier: earlier.to_owned(),
        });
    }
    context
        .writable()
        .await
        .map_err(|source| WriteError::Database {
            handler: name(),
            source,
        })?;
    context
        .parts()
        .extensions
        .get()
        .ok_or_else(|| WriteError::UnknownHandler {
            handler: name(),
            suggestion: None,
        })
}
