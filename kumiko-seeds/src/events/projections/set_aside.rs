//! Events that cannot be applied, set aside so that a rebuild can go on without them: the original's table
//! `kumiko_rebuild_dead_letters`.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{Executor, Pool};

use super::error::ProjectionError;
use super::operation::Part;
use crate::SeedRunner;
use crate::backend::{Parameter, column};
use crate::causes::with_causes;
use crate::events::existing::has_table;
use crate::events::{EventBackend, Handlers, StoredEvent, visible_rows};

const TABLE: &str = "kumiko_rebuild_dead_letters";

/// An event that a rebuild has set aside, because it could not be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// Its position among all events.
    pub event_id: String,
    /// What happened.
    pub event_type: String,
    /// The kind of aggregate.
    pub aggregate_type: String,
    /// The aggregate.
    pub aggregate_id: String,
    /// Why it could not be applied.
    pub error: String,
    /// When it was set aside, by the database's clock.
    pub at: DateTime<Utc>,
}

/// That events are to be set aside; kept among the values of a runner.
pub(in crate::events) struct Quarantine;

impl<DB: EventBackend> SeedRunner<DB> {
    /// Has rebuilds set events aside that cannot be applied, and go on without them. By default a rebuild stops at such an event. A replay
    /// ([`SeedRunner::replaying`]) does the same with events at which its reactor fails.
    ///
    /// Each gets a row in `kumiko_rebuild_dead_letters`, which is created where it is missing, in the transaction of the step. A check leaves
    /// them out, and lists them. The next rebuild of the projection tries them again, and one of a part those of the part.
    ///
    /// What passes by itself, a deadlock or a timeout for example, is tried again and never set aside. It is known by the driver's error among
    /// the causes of what `apply` returns, so `apply` has to keep it there.
    ///
    /// A rebuild fails if the role may not write the table or row level security may hide rows of it; [`Error::remedy`](crate::Error::remedy) has
    /// the SQL.
    #[must_use]
    pub fn quarantine(self) -> Self {
        self.with(Quarantine)
    }
}

impl<DB: EventBackend> Handlers<DB> {
    /// The events that rebuilds of the projection `name` have set aside, in the order in which they were. None where there is no table of them.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn set_aside(
        &self,
        pool: &Pool<DB>,
        name: &str,
    ) -> Result<Vec<SetAside>, ProjectionError> {
        let connection = pool.acquire().await;
        let mut connection = connection.map_err(ProjectionError::database("get a connection"))?;
        list::<DB>(&mut connection, name).await
    }
}

/// The events that are set aside of a projection.
pub(in crate::events) async fn list<DB: EventBackend>(
    connection: &mut DB::Connection,
    projection: &str,
) -> Result<Vec<SetAside>, ProjectionError> {
    if !exists::<DB>(connection).await? {
        return Ok(Vec::new());
    }
    let values = [Parameter::Text(projection)];
    let rows = visible_rows::fetch::<DB>(connection, &[TABLE], DB::LIST_SET_ASIDE, &values).await;
    let rows = rows.map_err(ProjectionError::reading(LISTING))?;
    let letter = |row: &DB::Row| {
        Ok(SetAside {
            event_id: column::<DB, _>(row, 1)?,
            event_type: column::<DB, _>(row, 2)?,
            aggregate_type: column::<DB, _>(row, 3)?,
            aggregate_id: column::<DB, _>(row, 4)?,
            error: column::<DB, _>(row, 5)?,
            at: column::<DB, _>(row, 6)?,
        })
    };
    let letters = rows.iter().map(letter).collect::<sqlx::Result<_>>();
    letters.map_err(ProjectionError::database(LISTING))
}

const LISTING: &str = "read which events are set aside";

/// Forgets what earlier rebuilds of a projection have set aside, of all rows or of the `part` that is rebuilt.
pub(super) async fn forget<DB: EventBackend>(
    connection: &mut DB::Connection,
    projection: &str,
    part: Option<Part>,
) -> Result<(), ProjectionError> {
    if !exists::<DB>(connection).await? {
        return Ok(());
    }
    let (sql, id) = match part {
        None => (FORGET, None),
        Some(Part::Aggregate(id)) => (FORGET_OF_AGGREGATE, Some(id.to_string())),
        Some(Part::Tenant(id)) => (FORGET_OF_TENANT, Some(id.to_string())),
    };
    let mut values = vec![Parameter::Text(projection)];
    values.extend(id.as_deref().map(Parameter::Text));
    let deleted = visible_rows::fetch::<DB>(connection, &[TABLE], sql, &values).await;
    deleted.map(drop).map_err(ProjectionError::reading(
        "take away what earlier rebuilds have set aside",
    ))
}

const FORGET: &str = "DELETE FROM kumiko_rebuild_dead_letters WHERE projection_name = $1
                      RETURNING CAST(1 AS bigint) AS position";

const FORGET_OF_AGGREGATE: &str = "
    DELETE FROM kumiko_rebuild_dead_letters WHERE projection_name = $1 AND aggregate_id = $2
    RETURNING CAST(1 AS bigint) AS position";

const FORGET_OF_TENANT: &str = "
    DELETE FROM kumiko_rebuild_dead_letters WHERE projection_name = $1 AND CAST(tenant_id AS text) = $2
    RETURNING CAST(1 AS bigint) AS position";

/// Forgets those of a projection that are set aside and are done by now.
pub(in crate::events) async fn take_back<DB: EventBackend>(
    connection: &mut DB::Connection,
    projection: &str,
    done: &[i64],
) -> Result<(), ProjectionError> {
    let letters = list::<DB>(connection, projection).await?;
    let is_done = |id: &str| id.parse().is_ok_and(|id: i64| done.contains(&id));
    for letter in letters.iter().filter(|letter| is_done(&letter.event_id)) {
        let values = [projection, &letter.event_id].map(Parameter::Text);
        let deleted = visible_rows::fetch::<DB>(connection, &[TABLE], FORGET_EVENT, &values).await;
        deleted.map_err(ProjectionError::reading(
            "take away what was set aside and is done",
        ))?;
    }
    Ok(())
}

const FORGET_EVENT: &str = "
    DELETE FROM kumiko_rebuild_dead_letters WHERE projection_name = $1 AND event_id = $2
    RETURNING CAST(1 AS bigint) AS position";

/// Sets events aside, each with why it could not be applied.
pub(in crate::events) async fn set_aside<DB: EventBackend>(
    connection: &mut DB::Connection,
    projection: &str,
    events: &[(StoredEvent, String)],
) -> Result<(), ProjectionError> {
    const SETTING: &str = "set events aside";
    if events.is_empty() {
        return Ok(());
    }
    // Even with IF NOT EXISTS the statement asks for the right to create tables.
    if !exists::<DB>(connection).await? {
        let created = DB::executor(connection)
            .execute(sqlx::raw_sql(DB::CREATE_SET_ASIDE))
            .await;
        created.map_err(ProjectionError::database(SETTING))?;
    }
    // A later pass finds them again.
    let known: HashSet<String> = list::<DB>(connection, projection)
        .await?
        .into_iter()
        .map(|letter| letter.event_id)
        .collect();
    let new = events
        .iter()
        .filter(|(event, _)| !known.contains(&event.id.to_string()));
    let letters: Vec<_> = new
        .map(|(event, error)| {
            json!({
                "event_id": event.id.to_string(),
                "tenant_id": event.stream.tenant_id,
                "aggregate_id": event.stream.aggregate_id,
                "aggregate_type": event.stream.aggregate_type,
                "event_type": event.event_type,
                "error_message": error,
                "payload": event.payload,
            })
        })
        .collect();
    let letters = serde_json::to_string(&letters).unwrap_or_default();
    let values = [Parameter::Text(projection), Parameter::Text(&letters)];
    let written = visible_rows::fetch::<DB>(connection, &[TABLE], DB::INSERT_SET_ASIDE, &values);
    let written = written.await.map(drop);
    written.map_err(ProjectionError::reading(SETTING))
}

/// Why an event was not applied, in a line.
pub(super) fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    with_causes(error)
}

async fn exists<DB: EventBackend>(
    connection: &mut DB::Connection,
) -> Result<bool, ProjectionError> {
    let exists = has_table::<DB>(connection, TABLE).await;
    exists.map_err(ProjectionError::database(
        "look for a table of events that are set aside",
    ))
}
