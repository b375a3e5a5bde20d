//! A command in a seed: the aggregate is loaded, the command handled, events and views written.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, EventEnvelope};
use kumiko_seeds::{AppendedEvent, Conflict, Journal, Parts, SeedContext, UnitOfWork};

use crate::database::{CqrsDatabase, Naming};
use crate::stream::{Loaded, envelopes, serialized};
use crate::table_name::TableName;
use crate::tables::{Outcome, Tables};
use crate::view_table::{ViewOf, ViewTable};
use crate::{Commands, ExecuteError};

/// Gives a seed's context `execute`.
pub trait ExecuteCommands<'c, DB: CqrsDatabase> {
    /// Executes a command on an aggregate of the app's, in the seed's transaction. Await it; `.metadata([..])` before that
    /// says what is stored with its events.
    ///
    /// Say which aggregate it is: `ctx.execute::<Account>("a1", AccountCommand::Deposit { amount: 7 })`. Its [`Commands`]
    /// have to be with the runner.
    ///
    /// A command that failed fails the seed, even if the seed swallows the error, and so does one that was never awaited.
    fn execute<A: Aggregate>(
        &mut self,
        aggregate_id: impl Into<String>,
        command: A::Command,
    ) -> Execution<'_, 'c, DB, A>;
}

impl<'c, DB: CqrsDatabase> ExecuteCommands<'c, DB> for SeedContext<'c, DB> {
    fn execute<A: Aggregate>(
        &mut self,
        aggregate_id: impl Into<String>,
        command: A::Command,
    ) -> Execution<'_, 'c, DB, A> {
        let aggregate_id = aggregate_id.into();
        Execution {
            work: self.begin(format!("the command to {} {aggregate_id}", A::TYPE)),
            aggregate_id,
            command,
            metadata: HashMap::new(),
        }
    }
}

/// A command that is executed when it is awaited. It gives the events that it has led to, which may be none.
#[must_use = "a command is executed when it is awaited"]
pub struct Execution<'a, 'c, DB: CqrsDatabase, A: Aggregate> {
    work: UnitOfWork<'a, 'c, DB>,
    aggregate_id: String,
    command: A::Command,
    metadata: HashMap<String, String>,
}

impl<DB: CqrsDatabase, A: Aggregate> Execution<'_, '_, DB, A> {
    /// What is stored with each event, as with `execute_with_metadata`. The default is nothing.
    pub fn metadata<K: Into<String>, V: Into<String>>(
        mut self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let entries = entries.into_iter();
        self.metadata
            .extend(entries.map(|(key, value)| (key.into(), value.into())));
        self
    }
}

impl<'a, 'c: 'a, DB, A> IntoFuture for Execution<'a, 'c, DB, A>
where
    DB: CqrsDatabase,
    A: Aggregate<Command: Send, Error: Error + Send + Sync + 'static> + 'static,
{
    type Output = Result<Vec<EventEnvelope<A>>, ExecuteError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self {
            mut work,
            aggregate_id,
            command,
            metadata,
        } = self;
        Box::pin(async move {
            let executed = execute::<DB, A>(&mut work, &aggregate_id, command, &metadata).await;
            work.ended(executed)
        })
    }
}

impl<DB: CqrsDatabase, A: Aggregate> fmt::Debug for Execution<'_, '_, DB, A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Execution")
            .field("aggregate", &A::TYPE)
            .field("aggregate_id", &self.aggregate_id)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

async fn execute<DB, A>(
    work: &mut UnitOfWork<'_, '_, DB>,
    aggregate_id: &str,
    command: A::Command,
    metadata: &HashMap<String, String>,
) -> Result<Vec<EventEnvelope<A>>, ExecuteError>
where
    DB: CqrsDatabase,
    A: Aggregate<Command: Send, Error: Error + Send + Sync + 'static> + 'static,
{
    let commands = work.app::<Commands<A>>();
    let commands = commands.ok_or(ExecuteError::UnknownAggregate {
        aggregate_type: A::TYPE,
    })?;
    let events_table = TableName::new(&commands.events)?;
    let snapshots_table = TableName::new(&commands.snapshots)?;

    let mut parts = work.parts().await?;
    parts.ensure_open().await?;
    let Parts {
        connection,
        values,
        journal,
        ..
    } = parts;
    let naming = if values.unnamed_statements() {
        Naming::Unnamed
    } else {
        Naming::Named
    };
    let mut tables = Tables::<DB>::new(connection, naming);

    refuse_snapshots::<DB, A>(&mut tables, &snapshots_table).await?;
    let stored = tables.events(&events_table, A::TYPE, aggregate_id).await;
    let stored =
        stored.map_err(|source| database(format!("load {} {aggregate_id}", A::TYPE), source))?;
    let mut loaded = Loaded::<A>::from_events(stored, &commands.upcasters)?;

    let sink = EventSink::default();
    let handled = loaded
        .aggregate
        .handle(command, &commands.services, &sink)
        .await;
    handled.map_err(|error| ExecuteError::Refused {
        aggregate_type: A::TYPE,
        aggregate_id: aggregate_id.to_owned(),
        source: Box::new(error),
    })?;

    let events = sink.collect().await;
    let events = envelopes::<A>(aggregate_id, loaded.sequence, events, metadata);
    append(&mut tables, &events_table, &events, journal).await?;
    for view in &commands.views {
        update(&mut tables, view, aggregate_id, &events).await?;
    }
    if let Some(action) = &commands.after_commit
        && !events.is_empty()
    {
        let (action, events) = (action.clone(), events.clone());
        journal.after_commit(move || action(events));
    }
    Ok(events)
}

/// **Invariant:** nothing is appended where an app reads snapshots. Its aggregate store would never see the events, and conflict
/// with them for good.
async fn refuse_snapshots<DB: CqrsDatabase, A: Aggregate>(
    tables: &mut Tables<'_, DB>,
    table: &TableName,
) -> Result<(), ExecuteError> {
    let found = tables.has_snapshots(table, A::TYPE).await;
    let found =
        found.map_err(|source| database(format!("look into {}", table.as_str()), source))?;
    if !found {
        return Ok(());
    }
    Err(ExecuteError::Snapshots {
        aggregate_type: A::TYPE,
        table: table.as_str().to_owned(),
    })
}

async fn append<DB: CqrsDatabase, A: Aggregate>(
    tables: &mut Tables<'_, DB>,
    table: &TableName,
    events: &[EventEnvelope<A>],
    journal: &mut Journal,
) -> Result<(), ExecuteError> {
    for event in events {
        let (id, sequence) = (&event.aggregate_id, event.sequence);
        let row = serialized(event)?;
        let event_type = row.event_type.clone();
        let appended = tables.append(table, row).await;
        let appended = appended.map_err(|source| {
            database(
                format!("append event {sequence} of {} {id}", A::TYPE),
                source,
            )
        })?;
        if appended == Outcome::Conflict {
            return Err(ExecuteError::Conflict {
                aggregate_type: A::TYPE,
                aggregate_id: id.clone(),
                sequence,
                source: Conflict,
            });
        }
        journal.note_event(|| {
            let version = i64::try_from(sequence).unwrap_or(i64::MAX);
            AppendedEvent::new(A::TYPE, id, version, event_type)
        });
    }
    Ok(())
}

/// A command that has led to nothing changes no view, nor its version.
async fn update<DB: CqrsDatabase, A: Aggregate>(
    tables: &mut Tables<'_, DB>,
    view: &ViewTable<A>,
    id: &str,
    events: &[EventEnvelope<A>],
) -> Result<(), ExecuteError> {
    if events.is_empty() {
        return Ok(());
    }
    let table = view.table()?;
    let failed = |what: &str, source| {
        let table = table.as_str();
        database(format!("{what} view {id} of {table}"), source)
    };
    let stored = tables.view(&table, id).await;
    let stored = stored.map_err(|source| failed("load", source))?;
    let version = stored.version;
    let view_of = ViewOf { table: &table, id };
    let payload = view.update(&view_of, stored.payload, events)?;
    let written = tables.store_view(&table, id, version, payload).await;
    match written.map_err(|source| failed("store", source))? {
        Outcome::Written => Ok(()),
        Outcome::Conflict => Err(ExecuteError::ViewConflict {
            table: table.as_str().to_owned(),
            view_id: id.to_owned(),
            version,
            source: Conflict,
        }),
    }
}

fn database(what: String, source: sqlx::Error) -> ExecuteError {
    ExecuteError::Database { what, source }
}
