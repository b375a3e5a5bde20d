//! The app's write handlers by name, and what they need.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::future::Future;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::store::EventStore;
use super::{
    Command, EventBackend, EventStoreError, KumikoEvents, Lookups, Projection, ProjectionError,
    Projections, Reactors, SYSTEM_TENANT_ID, StoredEvent, Stream, Upcasters, User, WriteContext,
    WriteError,
};
use crate::AppValues;
use crate::app_values::Unnamed;

/// What a write handler returns: something to hand to the seed, or any error.
pub type HandlerResult<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// To whom a write handler is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// To every user, the system user among them.
    OpenToAll,
    /// To users with at least one of these roles. The system user has `system`, and for one write
    /// what [`with_roles`](super::SystemWrite::with_roles) adds.
    Roles(Vec<String>),
}

impl Access {
    /// Access for users with at least one of `roles`.
    pub fn roles<R: Into<String>>(roles: impl IntoIterator<Item = R>) -> Self {
        Self::Roles(roles.into_iter().map(Into::into).collect())
    }

    fn admits(&self, user: &User) -> bool {
        match self {
            Self::OpenToAll => true,
            Self::Roles(roles) => roles.iter().any(|role| user.roles.contains(role)),
        }
    }
}

/// The app's write side: its write handlers by their qualified names, its event store, and what they need.
///
/// The app makes one, shares it in an [`Arc`](std::sync::Arc), and calls it for people's requests with
/// [`Handlers::write_as`]. Given to [`SeedRunner::handlers`](crate::SeedRunner::handlers), it is what seeds write through.
///
/// A handler is an `async fn` of a [`WriteContext`] and a payload that serde reads:
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use kumiko_seeds::events::{Access, HandlerResult, NewEvent};
/// use kumiko_seeds::sqlite::{Handlers, WriteContext};
/// use serde::Deserialize;
/// use uuid::Uuid;
///
/// #[derive(Deserialize)]
/// struct Rename {
///     tenant_id: Uuid,
///     name: String,
/// }
///
/// async fn rename(mut write: WriteContext<'_>, payload: Rename) -> HandlerResult {
///     let stream = write.stream("tenant", payload.tenant_id);
///     let version = write.stream_version(&stream).await?;
///     write.append(&stream, version, [NewEvent::new("tenant-renamed", &payload.name)]).await?;
///     Ok(())
/// }
///
/// let handlers = Handlers::new().register("tenant:write:rename", Access::OpenToAll, rename);
/// # let _ = handlers;
/// # }
/// ```
pub struct Handlers<DB: EventBackend> {
    by_name: BTreeMap<String, Registered<DB>>,
    registered_twice: BTreeSet<String>,
    store: Box<dyn EventStore<DB>>,
    values: AppValues,
    tenants: Option<Box<dyn Lookups<DB>>>,
    projections: Projections<DB>,
    reactors: Reactors,
    /// Whether events are appended to something else than the library's own event store.
    has_own_store: bool,
    upcasters: Upcasters,
    /// What is wrong with projections, reactors and upcasters.
    problems: Vec<String>,
}

struct Registered<DB: EventBackend> {
    access: Access,
    call: Call<DB>,
}

type Call<DB> = Box<
    dyn for<'a> Fn(&'a str, WriteContext<'a, DB>, Value) -> BoxFuture<'a, Result<Value, WriteError>>
        + Send
        + Sync,
>;

impl<DB: EventBackend> Handlers<DB> {
    /// No handlers yet, on the library's own event store.
    #[must_use]
    pub fn new() -> Self {
        Self {
            by_name: BTreeMap::new(),
            registered_twice: BTreeSet::new(),
            store: Box::new(KumikoEvents),
            values: AppValues::default(),
            tenants: None,
            projections: Projections::new(),
            reactors: Reactors::new(),
            has_own_store: false,
            upcasters: Upcasters::new(),
            problems: Vec::new(),
        }
    }

    /// Registers `handler` under a qualified name, `tenant:write:update-member-roles`.
    ///
    /// Registering a name twice makes every call of it fail, because neither handler is the right
    /// one to run silently.
    #[must_use]
    pub fn register<P, R, H>(mut self, name: impl Into<String>, access: Access, handler: H) -> Self
    where
        H: for<'a> HandlerFunction<'a, DB, P, Output = R> + Send + Sync + 'static,
        P: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
    {
        let name = name.into();
        let call: Call<DB> =
            Box::new(
                move |name, context, payload| match serde_json::from_value::<P>(payload) {
                    Ok(payload) => {
                        let output = handler.call(context, payload);
                        Box::pin(async move { answer(name, output.await) })
                    }
                    Err(source) => {
                        let error = WriteError::payload(name, source);
                        Box::pin(async { Err(error) })
                    }
                },
            );
        if self
            .by_name
            .insert(name.clone(), Registered { access, call })
            .is_some()
        {
            self.registered_twice.insert(name);
        }
        self
    }

    /// Registers the handler of a [`Command`] under the name the command gives.
    #[must_use]
    pub fn command<C, R, H>(self, access: Access, handler: H) -> Self
    where
        H: for<'a> HandlerFunction<'a, DB, C, Output = R> + Send + Sync + 'static,
        C: Command,
        R: Serialize + Send + 'static,
    {
        self.register::<C, R, H>(C::HANDLER, access, handler)
    }

    /// Appends to this event store rather than to the library's own, [`KumikoEvents`].
    #[must_use]
    pub fn event_store(mut self, store: impl EventStore<DB> + 'static) -> Self {
        self.store = Box::new(store);
        self.has_own_store = true;
        self
    }

    /// Keeps these projections: each append applies its events to them in the same transaction, whoever writes, and a rebuild or a
    /// check computes them from the events. None by default.
    ///
    /// If something is wrong with them, as [`Projections::problems`] tells, every write fails with [`WriteError::Misconfigured`].
    #[must_use]
    pub fn projections(mut self, projections: Projections<DB>) -> Self {
        self.projections = projections;
        self.with_problems()
    }

    /// Knows these reactors, so that events can be delivered to them [again](crate::SeedRunner::replaying). Nothing else calls them: that is for
    /// the app's own dispatcher. None by default.
    ///
    /// If something is wrong with them, as [`Reactors::problems`] tells, every write fails with [`WriteError::Misconfigured`].
    #[must_use]
    pub fn reactors(mut self, reactors: Reactors) -> Self {
        self.reactors = reactors;
        self.with_problems()
    }

    /// Reads events of older versions as these make them. None by default, and then each event is read as it was written.
    ///
    /// If something is wrong with them, as [`Upcasters::problems`] tells, every write fails with [`WriteError::Misconfigured`].
    #[must_use]
    pub fn upcasters(mut self, upcasters: Upcasters) -> Self {
        self.upcasters = upcasters;
        self.with_problems()
    }

    fn with_problems(mut self) -> Self {
        self.problems = self.projections.problems();
        self.problems.extend(self.reactors.problems());
        self.problems.extend(self.upcasters.problems());
        self
    }

    /// Hands a value to the handlers, which find it by its type with [`WriteContext::app`]: a clock, a key, a client. A
    /// second value of a type replaces the first.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.values.insert(value);
        self
    }

    /// Refuses writes in tenants that `lookups` do not find, [`ReadModels`](super::ReadModels) for example, with
    /// [`WriteError::UnknownTenant`]. The [system tenant](SYSTEM_TENANT_ID) is not looked for.
    ///
    /// The look costs a round trip for each write, and one for a whole batch. By default nobody looks.
    #[must_use]
    pub fn known_tenants(mut self, lookups: impl Lookups<DB> + 'static) -> Self {
        self.tenants = Some(Box::new(lookups));
        self
    }

    /// Writes without named prepared statements when the app calls, for a pooler in transaction mode that forgets
    /// them; as [`SeedRunner::unnamed_statements`](crate::SeedRunner::unnamed_statements) does for seeds.
    #[must_use]
    pub fn unnamed_statements(self) -> Self {
        self.with(Unnamed)
    }

    /// The registered names, in byte order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The event store that handlers append to. What is appended to it directly gets to no projection.
    #[must_use]
    pub fn store(&self) -> &dyn EventStore<DB> {
        self.store.as_ref()
    }

    /// The projections, as registered.
    #[must_use]
    pub fn kept_projections(&self) -> &Projections<DB> {
        &self.projections
    }

    /// The reactors, as registered.
    #[must_use]
    pub fn registered_reactors(&self) -> &Reactors {
        &self.reactors
    }

    /// The projections that can be rebuilt: none if the events are in an event store of the app's own, or something is wrong with them, which
    /// is told elsewhere.
    pub(super) fn rebuildable(&self) -> impl Iterator<Item = &Projection<DB>> {
        let can_be = !self.has_own_store && self.problems.is_empty();
        self.projections.iter().filter(move |_| can_be)
    }

    /// The projection of this name, if it can be checked and rebuilt.
    pub(super) fn projection(&self, name: &str) -> Result<&Projection<DB>, ProjectionError> {
        if !self.problems.is_empty() {
            return Err(ProjectionError::Invalid {
                problems: self.problems.clone(),
            });
        }
        if self.has_own_store {
            return Err(ProjectionError::OtherEventStore);
        }
        self.projections
            .get(name)
            .ok_or_else(|| ProjectionError::Unknown {
                name: name.to_owned(),
                known: self.projections.iter().map(|it| it.name.clone()).collect(),
            })
    }

    /// What is wrong with projections, reactors and upcasters.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Whether events are in the library's own event store, of whose streams it keeps snapshots and an archive.
    pub(super) fn is_on_own_store(&self) -> bool {
        !self.has_own_store
    }

    /// The event in the shape that the code knows.
    pub(in crate::events) fn upcast(
        &self,
        event: StoredEvent,
    ) -> Result<StoredEvent, EventStoreError> {
        self.upcasters.upcast(event)
    }

    /// The events of a stream, in the shape that the code knows.
    pub(super) async fn load(
        &self,
        connection: &mut DB::Connection,
        stream: &Stream,
    ) -> Result<Vec<StoredEvent>, EventStoreError> {
        let events = self.store.load(connection, stream).await?;
        let events = events.into_iter().map(|event| self.upcast(event));
        events.collect()
    }

    pub(super) fn values(&self) -> &AppValues {
        &self.values
    }

    /// Fails if there is no such tenant, as far as anybody asked for that to be known.
    pub(super) async fn check_tenant(
        &self,
        connection: &mut DB::Connection,
        name: &str,
        tenant_id: Uuid,
    ) -> Result<(), WriteError> {
        let Some(tenants) = &self.tenants else {
            return Ok(());
        };
        if tenant_id == SYSTEM_TENANT_ID {
            return Ok(());
        }
        let handler = || name.to_owned();
        match tenants.has_tenant(connection, tenant_id).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(WriteError::UnknownTenant {
                handler: handler(),
                tenant_id,
            }),
            Err(source) => Err(WriteError::TenantsUnread {
                handler: handler(),
                source,
            }),
        }
    }

    /// Fails if a write to `name` by `user` would be refused whatever its payload.
    pub(super) fn check(&self, name: &str, user: &User) -> Result<(), WriteError> {
        self.admit(name, user).map(drop)
    }

    /// Runs the handler `name`.
    pub(super) async fn call<'a>(
        &self,
        name: &'a str,
        context: WriteContext<'a, DB>,
        payload: Value,
    ) -> Result<Value, WriteError> {
        let registered = self.admit(name, context.user)?;
        (registered.call)(name, context, payload).await
    }

    fn admit(&self, name: &str, user: &User) -> Result<&Registered<DB>, WriteError> {
        let handler = name.to_owned();
        if self.registered_twice.contains(name) {
            return Err(WriteError::AmbiguousHandler { handler });
        }
        let Some(registered) = self.by_name.get(name) else {
            return Err(WriteError::UnknownHandler {
                handler,
                suggestion: self.like(name),
            });
        };
        match &registered.access {
            Access::Roles(required) if !registered.access.admits(user) => {
                let (required, roles) = (required.clone(), user.roles.clone());
                Err(WriteError::AccessDenied {
                    handler,
                    user: user.id.clone(),
                    required,
                    roles,
                })
            }
            _ if !self.problems.is_empty() => {
                let problems = self.problems.clone();
                Err(WriteError::Misconfigured { handler, problems })
            }
            _ => Ok(registered),
        }
    }

    /// The registered name that is most like `name`, if it is like it enough to be meant.
    fn like(&self, name: &str) -> Option<String> {
        const ENOUGH: f64 = 0.8;
        self.names()
            .map(|other| (strsim::normalized_damerau_levenshtein(name, other), other))
            .filter(|(likeness, _)| *likeness >= ENOUGH)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, other)| other.to_owned())
    }
}

fn answer<R: Serialize>(name: &str, output: HandlerResult<R>) -> Result<Value, WriteError> {
    let handler = || name.to_owned();
    let answer = output.map_err(|source| WriteError::Handler {
        handler: handler(),
        source,
    })?;
    serde_json::to_value(answer).map_err(|error| WriteError::Handler {
        handler: handler(),
        source: Box::new(error),
    })
}

impl<DB: EventBackend> Default for Handlers<DB> {
    fn default() -> Self {
        Self::new()
    }
}

impl<DB: EventBackend> fmt::Debug for Handlers<DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.names()).finish()
    }
}

/// An `async fn(WriteContext<'_, DB>, P) -> HandlerResult<Output>`. Implemented for every such
/// function; there is no need to implement it.
pub trait HandlerFunction<'a, DB: EventBackend, P> {
    /// What the handler gives back to the seed.
    type Output;

    /// Calls the function.
    fn call(
        &self,
        context: WriteContext<'a, DB>,
        payload: P,
    ) -> BoxFuture<'a, HandlerResult<Self::Output>>;
}

impl<'a, DB, P, F, Fut, R> HandlerFunction<'a, DB, P> for F
where
    DB: EventBackend,
    F: Fn(WriteContext<'a, DB>, P) -> Fut,
    Fut: Future<Output = HandlerResult<R>> + Send + 'a,
{
    type Output = R;

    fn call(&self, context: WriteContext<'a, DB>, payload: P) -> BoxFuture<'a, HandlerResult<R>> {
        Box::pin(self(context, payload))
    }
}
