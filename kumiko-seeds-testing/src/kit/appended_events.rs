//! Events that a test gives, and events that it expects of a seed.

use kumiko_seeds::events::{NewEvent, StoredEvent, Stream, User, append, load, stream_version};
use serde_json::Value;
use uuid::Uuid;

use super::applied_seed::AppliedSeed;
use super::database::TestDatabase;
use super::difference::whole;
use super::engine::Engine;
use super::error::Error;
use super::json_line::json_line;

/// An event that a seed is expected to append.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedEvent {
    stream: Stream,
    event_type: String,
    event_version: i32,
    payload: Value,
}

impl ExpectedEvent {
    /// An event of type `event_type` in `stream`, event version 1, with this payload.
    #[must_use]
    pub fn new(stream: &Stream, event_type: impl Into<String>, payload: Value) -> Self {
        Self {
            stream: stream.clone(),
            event_type: event_type.into(),
            event_version: 1,
            payload,
        }
    }

    /// Sets the version of the payload's shape. The default is 1.
    #[must_use]
    pub fn event_version(mut self, event_version: i32) -> Self {
        self.event_version = event_version;
        self
    }

    fn line(&self) -> String {
        line(
            &self.stream,
            &self.event_type,
            self.event_version,
            &self.payload,
        )
    }
}

impl AppliedSeed {
    /// Checks that the seed has appended these events in this order, and no others: their streams, with the tenant each is
    /// stored under, their types and versions of payload, and their payloads. What else events have is in
    /// [`AppliedSeed::events`].
    ///
    /// # Errors
    /// [`Error::OtherEvents`] if it has not, with both.
    pub fn check_events(
        &self,
        expected: impl IntoIterator<Item = ExpectedEvent>,
    ) -> Result<(), Error> {
        let expected: Vec<String> = expected.into_iter().map(|event| event.line()).collect();
        let appended = self.events.iter().map(|event| {
            let StoredEvent { stream, .. } = event;
            line(
                stream,
                &event.event_type,
                event.event_version,
                &event.payload,
            )
        });
        let appended: Vec<String> = appended.collect();
        if expected == appended {
            return Ok(());
        }
        Err(Error::OtherEvents {
            id: self.id,
            difference: whole(&expected, &appended),
        })
    }
}

fn line(stream: &Stream, event_type: &str, event_version: i32, payload: &Value) -> String {
    let Stream {
        tenant_id,
        aggregate_type,
        aggregate_id,
    } = stream;
    let version = match event_version {
        1 => String::new(),
        version => format!(" (version {version})"),
    };
    format!(
        "{event_type}{version} in {aggregate_type} {aggregate_id} of tenant {tenant_id}: {}",
        json_line(payload)
    )
}

impl<DB: Engine> TestDatabase<DB> {
    /// Appends events to a stream, after those that it has, as the system user.
    ///
    /// No handler and no projection sees them: rows of read models that the seed looks at are given with
    /// [`TestDatabase::execute`].
    ///
    /// # Errors
    /// [`Error::Events`] if the event store refuses, for example where the app's preparation does not create its tables.
    pub async fn given_events(
        &self,
        stream: &Stream,
        events: impl IntoIterator<Item = NewEvent>,
    ) -> Result<(), Error> {
        let events: Vec<NewEvent> = events.into_iter().collect();
        let given = async {
            let mut transaction = self.pool().begin().await?;
            let Stream {
                tenant_id,
                aggregate_id,
                ..
            } = *stream;
            let version = stream_version::<DB>(&mut transaction, tenant_id, aggregate_id).await?;
            let (user, runner) = (User::system(), self.runner().await);
            match runner.write_side() {
                Some(handlers) => {
                    let appended =
                        handlers.append_events(&mut transaction, stream, version, events, &user);
                    appended.await?
                }
                None => append::<DB>(&mut transaction, stream, version, events, &user).await?,
            };
            Ok(transaction.commit().await?)
        };
        given.await.map_err(|source| Error::Events {
            step: "append the events that are given",
            source,
        })
    }

    /// The position of the last event; 0 where there is none.
    pub(crate) async fn last_event(&self) -> Result<i64, Error> {
        let tables = DB::tables(self.pool()).await;
        let tables = tables.map_err(Error::database("list the tables"))?;
        if !tables
            .iter()
            .any(|table| table.ends_with("\"kumiko_events\""))
        {
            return Ok(0);
        }
        let last = "SELECT coalesce(max(id), 0) AS last FROM kumiko_events";
        let rows = self.rows(last).await?;
        let last = rows.first().and_then(|row| row["last"].as_i64());
        Ok(last.unwrap_or_default())
    }

    /// The events behind this position, in their order.
    pub(crate) async fn events_after(&self, position: i64) -> Result<Vec<StoredEvent>, Error> {
        if self.last_event().await? <= position {
            return Ok(Vec::new());
        }
        let streams = format!(
            "SELECT DISTINCT tenant_id, aggregate_id FROM kumiko_events WHERE id > {position}"
        );
        let mut events = Vec::new();
        for row in self.rows(&streams).await? {
            let id = |column: &str| -> Uuid {
                let text = row[column].as_str().unwrap_or_default();
                text.parse().unwrap_or_default()
            };
            let loaded = async {
                let mut connection = self.pool().acquire().await?;
                load::<DB>(&mut connection, id("tenant_id"), id("aggregate_id")).await
            };
            let loaded = loaded.await.map_err(|source| Error::Events {
                step: "read the events that the seed has appended",
                source,
            })?;
            events.extend(loaded.into_iter().filter(|event| event.id > position));
        }
        events.sort_unstable_by_key(|event| event.id);
        Ok(events)
    }
}
