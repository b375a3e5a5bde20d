//! One projection as an app registers it.

use std::error::Error;
use std::fmt;
use std::future::Future;

use futures_util::future::BoxFuture;

use crate::events::{EventBackend, StoredEvent};

/// What the `apply` of a projection returns: nothing, or any error, which fails the append.
pub type ProjectionResult = Result<(), Box<dyn Error + Send + Sync>>;

/// Read tables whose rows are computed from events, and how.
///
/// `apply` gets one event after another, in the order of each stream, in the transaction that appends them. A rebuild calls it
/// with the same events again, and has it write into empty tables of the same names and shapes. So what it writes may depend on
/// nothing but the event and what it has written before:
///
/// - it names its tables without a schema, and writes to no other;
/// - it reads no clock: the time is [`StoredEvent::created_at`];
/// - it acts on the row as it is (`n = n + 1`, an upsert), or reads it `FOR UPDATE` before it writes. One that reads a row without a
///   lock and then writes an absolute value loses updates, with or without a rebuild.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use kumiko_seeds::events::{Projection, Projections, ProjectionResult, StoredEvent, StoredUuid};
/// use kumiko_seeds::sqlite::Handlers;
/// use sqlx::SqliteConnection;
///
/// async fn apply(connection: &mut SqliteConnection, event: &StoredEvent) -> ProjectionResult {
///     let name = event.payload["name"].as_str().unwrap_or_default();
///     sqlx::query("INSERT INTO read_tenants (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name")
///         .bind(StoredUuid(event.stream.aggregate_id))
///         .bind(name)
///         .execute(connection)
///         .await?;
///     Ok(())
/// }
///
/// let tenants = Projection::new("tenants", 1, apply)
///     .of("tenant", ["tenant-created", "tenant-renamed"])
///     .table("read_tenants", "id");
/// let handlers = Handlers::new().projections(Projections::new().register(tenants));
/// # let _ = handlers;
/// # }
/// ```
pub struct Projection<DB: EventBackend> {
    pub(in crate::events) name: String,
    pub(in crate::events) version: u32,
    pub(in crate::events) sources: Vec<Source>,
    pub(in crate::events) tables: Vec<Table>,
    pub(in crate::events) is_before_serving: bool,
    is_all_at_once: bool,
    apply: Apply<DB>,
    apply_all: Option<ApplyAll<DB>>,
}

/// Events of a kind of aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::events) struct Source {
    pub(in crate::events) aggregate_type: String,
    pub(in crate::events) event_types: Vec<String>,
}

/// A table of a projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::events) struct Table {
    /// Without a schema.
    pub(in crate::events) name: String,
    /// The column with the id of the aggregate from whose stream alone a row is computed; none if rows are computed from several.
    pub(in crate::events) aggregate: Option<String>,
}

type Apply<DB> = Box<
    dyn for<'a> Fn(
            &'a mut <DB as sqlx::Database>::Connection,
            &'a StoredEvent,
        ) -> BoxFuture<'a, ProjectionResult>
        + Send
        + Sync,
>;

type ApplyAll<DB> = Box<
    dyn for<'a> Fn(
            &'a mut <DB as sqlx::Database>::Connection,
            &'a [StoredEvent],
        ) -> BoxFuture<'a, ProjectionResult>
        + Send
        + Sync,
>;

impl<DB: EventBackend> Projection<DB> {
    /// The projection `name` (letters `a-z`, digits and `-`), whose rows are as `version` of the code makes them. A higher version makes its
    /// rebuild pending.
    ///
    /// `apply` is an `async fn(&mut Connection, &StoredEvent) -> ProjectionResult`.
    #[must_use]
    pub fn new<F>(name: impl Into<String>, version: u32, apply: F) -> Self
    where
        F: for<'a> ApplyFunction<'a, DB> + Send + Sync + 'static,
    {
        Self {
            name: name.into(),
            version,
            sources: Vec::new(),
            tables: Vec::new(),
            is_before_serving: false,
            is_all_at_once: false,
            apply: Box::new(move |connection, event| apply.call(connection, event)),
            apply_all: None,
        }
    }

    /// Applies events of these types from streams of this kind of aggregate. Several kinds may be named, one after another.
    #[must_use]
    pub fn of<T: Into<String>>(
        mut self,
        aggregate_type: impl Into<String>,
        event_types: impl IntoIterator<Item = T>,
    ) -> Self {
        self.sources.push(Source {
            aggregate_type: aggregate_type.into(),
            event_types: event_types.into_iter().map(Into::into).collect(),
        });
        self
    }

    /// Keeps rows in the table `name`, each computed from the events of one aggregate, whose id is in the column
    /// `aggregate`. Such a row can be rebuilt by itself. The table has a primary key, and an index on that column.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>, aggregate: impl Into<String>) -> Self {
        self.tables.push(Table {
            name: name.into(),
            aggregate: Some(aggregate.into()),
        });
        self
    }

    /// Keeps rows in the table `name` that are computed from the events of several aggregates: a count of members, for example. The
    /// table has a primary key.
    ///
    /// Such a row has to come out the same in any order of the events of different aggregates: appends apply them in the order in which
    /// they get the row, and a rebuild in the order of ids.
    ///
    /// A rebuild computes such rows step by step into a table of the same name in another schema, which is `kumiko_rebuild_public` for tables in
    /// `public`. On PostgreSQL the role needs the right to create it, or somebody creates it beforehand. It stays there, empty, afterwards.
    #[must_use]
    pub fn shared_table(mut self, name: impl Into<String>) -> Self {
        self.tables.push(Table {
            name: name.into(),
            aggregate: None,
        });
        self
    }

    /// Applies many events at once, in their order, where there are many: in a batch and in a rebuild. What comes out must be the same as
    /// with `apply`.
    ///
    /// `apply_all` is an `async fn(&mut Connection, &[StoredEvent]) -> ProjectionResult`.
    #[must_use]
    pub fn apply_all<F>(mut self, apply_all: F) -> Self
    where
        F: for<'a> ApplyAllFunction<'a, DB> + Send + Sync + 'static,
    {
        self.apply_all = Some(Box::new(move |connection, events| {
            apply_all.call(connection, events)
        }));
        self
    }

    /// Makes the boot wait until the projection is rebuilt. By default it is rebuilt in the background, while the app serves what is
    /// there.
    #[must_use]
    pub fn before_serving(mut self) -> Self {
        self.is_before_serving = true;
        self
    }

    /// Has a rebuild change all wrong rows in one transaction, so that no reader sees old rows beside new ones. Writers wait until all of them are
    /// written; by default they wait for some at a time. What the rows should be is computed before, as with a
    /// [shared table](Projection::shared_table).
    #[must_use]
    pub fn all_at_once(mut self) -> Self {
        self.is_all_at_once = true;
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version that the app has.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The names of its tables.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.name.as_str())
    }

    /// Whether events of this type from such a stream are applied.
    pub(in crate::events) fn takes(&self, aggregate_type: &str, event_type: &str) -> bool {
        self.sources.iter().any(|source| {
            source.aggregate_type == aggregate_type
                && source.event_types.iter().any(|taken| taken == event_type)
        })
    }

    /// Whether all rows go live in one transaction.
    pub(in crate::events) fn is_all_at_once(&self) -> bool {
        self.is_all_at_once
    }

    /// Whether rows can be rebuilt some at a time: each is computed from the events of one aggregate.
    pub(in crate::events) fn is_by_aggregate(&self) -> bool {
        !self.is_all_at_once && self.tables.iter().all(|table| table.aggregate.is_some())
    }

    /// The types of the aggregates that its events are of, as a statement takes them.
    pub(super) fn aggregate_types(&self) -> String {
        let sources = self.sources.iter();
        let types: Vec<&str> = sources
            .map(|source| source.aggregate_type.as_str())
            .collect();
        serde_json::to_string(&types).unwrap_or_default()
    }

    /// Applies `events`, all of which it takes, in their order. If it cannot, the answer says which event it was, where that is known.
    pub(in crate::events) async fn apply_events(
        &self,
        connection: &mut DB::Connection,
        events: &[StoredEvent],
    ) -> Result<(), NotApplied> {
        if let Some(apply_all) = &self.apply_all
            && events.len() > 1
        {
            let applied = apply_all(connection, events).await;
            return applied.map_err(|source| NotApplied {
                event_id: None,
                source,
            });
        }
        for event in events {
            let applied = (self.apply)(connection, event).await;
            applied.map_err(|source| NotApplied {
                event_id: Some(event.id),
                source,
            })?;
        }
        Ok(())
    }
}

/// Why events were not applied.
#[derive(Debug)]
pub(in crate::events) struct NotApplied {
    /// The event, where it is known.
    pub(in crate::events) event_id: Option<i64>,
    pub(in crate::events) source: Box<dyn Error + Send + Sync>,
}

impl<DB: EventBackend> fmt::Debug for Projection<DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Projection")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("sources", &self.sources)
            .field("tables", &self.tables)
            .finish_non_exhaustive()
    }
}

/// An `async fn(&mut Connection, &StoredEvent) -> ProjectionResult`. Implemented for every such function; there is no need to
/// implement it.
pub trait ApplyFunction<'a, DB: EventBackend> {
    /// Calls the function.
    fn call(
        &self,
        connection: &'a mut DB::Connection,
        event: &'a StoredEvent,
    ) -> BoxFuture<'a, ProjectionResult>;
}

impl<'a, DB, F, Fut> ApplyFunction<'a, DB> for F
where
    DB: EventBackend,
    F: Fn(&'a mut DB::Connection, &'a StoredEvent) -> Fut,
    Fut: Future<Output = ProjectionResult> + Send + 'a,
{
    fn call(
        &self,
        connection: &'a mut DB::Connection,
        event: &'a StoredEvent,
    ) -> BoxFuture<'a, ProjectionResult> {
        Box::pin(self(connection, event))
    }
}

/// An `async fn(&mut Connection, &[StoredEvent]) -> ProjectionResult`. Implemented for every such function; there is no need to
/// implement it.
pub trait ApplyAllFunction<'a, DB: EventBackend> {
    /// Calls the function.
    fn call(
        &self,
        connection: &'a mut DB::Connection,
        events: &'a [StoredEvent],
    ) -> BoxFuture<'a, ProjectionResult>;
}

impl<'a, DB, F, Fut> ApplyAllFunction<'a, DB> for F
where
    DB: EventBackend,
    F: Fn(&'a mut DB::Connection, &'a [StoredEvent]) -> Fut,
    Fut: Future<Output = ProjectionResult> + Send + 'a,
{
    fn call(
        &self,
        connection: &'a mut DB::Connection,
        events: &'a [StoredEvent],
    ) -> BoxFuture<'a, ProjectionResult> {
        Box::pin(self(connection, events))
    }
}
