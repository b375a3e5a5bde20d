//! What an app hands over, so that seeds can execute commands of an aggregate.

use std::fmt;
use std::sync::Arc;

use cqrs_es::persist::EventUpcaster;
use cqrs_es::{Aggregate, EventEnvelope, View};

use crate::view_table::ViewTable;

/// The commands of an aggregate, with what executing them takes: hand it over with
/// [`SeedRunner::with`](kumiko_seeds::SeedRunner::with), once for each type of aggregate.
///
/// It says what the app says when it builds its `CqrsFramework`, and it has to say the same.
///
/// ```
/// # use cqrs_es::doc::{Customer, CustomerService};
/// # #[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
/// # struct CustomerView;
/// # impl cqrs_es::View<Customer> for CustomerView {
/// #     fn update(&mut self, _: &cqrs_es::EventEnvelope<Customer>) {}
/// # }
/// # fn upcasters() -> Vec<Box<dyn cqrs_es::persist::EventUpcaster>> { Vec::new() }
/// use kumiko_seeds_cqrs_es::Commands;
///
/// let commands = Commands::<Customer>::on_event_store(CustomerService::default())
///     .view::<CustomerView>("customer_view")
///     .upcasters(upcasters());
/// ```
pub struct Commands<A: Aggregate> {
    pub(crate) services: A::Services,
    pub(crate) events: String,
    pub(crate) snapshots: String,
    pub(crate) views: Vec<ViewTable<A>>,
    pub(crate) upcasters: Vec<Box<dyn EventUpcaster>>,
    pub(crate) after_commit: Option<AfterCommit<A>>,
}

/// What is done with the events of a command once they are committed.
pub(crate) type AfterCommit<A> = Arc<dyn Fn(Vec<EventEnvelope<A>>) + Send + Sync>;

impl<A: Aggregate> Commands<A> {
    /// The commands of an app that uses the event store: `postgres_cqrs`, `sqlite_cqrs` or
    /// `PersistedEventStore::new_event_store`. Its snapshot and aggregate stores are not supported.
    ///
    /// `services` are called for real, also in a dry run and in a seed that fails later.
    #[must_use]
    pub fn on_event_store(services: A::Services) -> Self {
        Self {
            services,
            events: "events".to_owned(),
            snapshots: "snapshots".to_owned(),
            views: Vec::new(),
            upcasters: Vec::new(),
            after_commit: None,
        }
    }

    /// Keeps a view up to date in this table, as a `GenericQuery` does: the view's id is that of the aggregate, and its
    /// version counts commands.
    ///
    /// The table is that of `PostgresViewRepository::new` or `SqliteViewRepository::new`.
    #[must_use]
    pub fn view<V: View<A>>(mut self, table: impl Into<String>) -> Self {
        self.views.push(ViewTable::of::<V>(table.into()));
        self
    }

    /// The upcasters of `PersistedEventStore::with_upcasters`, in the same order. The default is none.
    #[must_use]
    pub fn upcasters(mut self, upcasters: Vec<Box<dyn EventUpcaster>>) -> Self {
        self.upcasters = upcasters;
        self
    }

    /// The tables of `PostgresEventRepository::with_tables` or `SqliteEventRepository::with_tables`. The default is
    /// `events` and `snapshots`, and the second one need not exist.
    #[must_use]
    pub fn tables(mut self, events: impl Into<String>, snapshots: impl Into<String>) -> Self {
        self.events = events.into();
        self.snapshots = snapshots.into();
        self
    }

    /// Calls `action` with the events of each command once its seed is committed: for an outbox, or for queries of the app's own
    /// that tell the outside world. It is not called if the seed fails or runs dry.
    ///
    /// It has the rules of [`SeedContext::after_commit`](kumiko_seeds::SeedContext::after_commit): at most once, in the order
    /// of the commands, and quick, because the run waits for it.
    #[must_use]
    pub fn after_commit(
        mut self,
        action: impl Fn(Vec<EventEnvelope<A>>) + Send + Sync + 'static,
    ) -> Self {
        self.after_commit = Some(Arc::new(action));
        self
    }
}

impl<A: Aggregate> fmt::Debug for Commands<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Commands")
            .field("aggregate", &A::TYPE)
            .field("events", &self.events)
            .field("snapshots", &self.snapshots)
            .field("views", &self.views)
            .field("upcasters", &self.upcasters.len())
            .finish_non_exhaustive()
    }
}
