//! The tables of postgres-es and sqlite-es, in the transaction of a seed.

use cqrs_es::persist::SerializedEvent;
use serde_json::Value;

use crate::database::{CqrsDatabase, Holds, Naming, Statement};
use crate::table_name::TableName;

/// The tables of postgres-es and sqlite-es, in the transaction of a seed. The statements are those of the two crates, but for
/// conflicts: an insertion that fails would end a PostgreSQL transaction, so a row that is there is not inserted, and rows are
/// counted.
pub(crate) struct Tables<'a, DB: CqrsDatabase> {
    connection: &'a mut DB::Connection,
    naming: Naming,
}

/// A view as it is stored.
pub(crate) struct StoredView {
    /// How many commands have changed it; 0 if it is not there.
    pub(crate) version: i64,
    pub(crate) payload: Option<Value>,
}

impl<'a, DB: CqrsDatabase> Tables<'a, DB> {
    pub(crate) fn new(connection: &'a mut DB::Connection, naming: Naming) -> Self {
        Self { connection, naming }
    }

    /// Whether there is any snapshot of this type of aggregate. The table need not exist, and to ask one that does not would
    /// end a PostgreSQL transaction.
    pub(crate) async fn has_snapshots(
        &mut self,
        table: &TableName,
        aggregate_type: &str,
    ) -> sqlx::Result<bool> {
        let (find, name) = DB::find_table(table.as_str(), table.bare());
        let find = Statement::new(find).bind(name.to_owned())?;
        if self.rows(find).await?.is_empty() {
            return Ok(false);
        }
        let table = table.as_str();
        let look = Statement::new(format!(
            "SELECT 1 FROM {table} WHERE aggregate_type = $1 LIMIT 1"
        ));
        let look = look.bind(aggregate_type.to_owned())?;
        Ok(!self.rows(look).await?.is_empty())
    }

    /// The events of an aggregate in order.
    pub(crate) async fn events(
        &mut self,
        table: &TableName,
        aggregate_type: &str,
        aggregate_id: &str,
    ) -> sqlx::Result<Vec<SerializedEvent>> {
        let table = table.as_str();
        let load = Statement::new(format!(
            "SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata
             FROM {table} WHERE aggregate_type = $1 AND aggregate_id = $2 ORDER BY sequence"
        ));
        let load = load.bind(aggregate_type.to_owned())?;
        let rows = self.rows(load.bind(aggregate_id.to_owned())?).await?;
        rows.iter().map(event::<DB>).collect()
    }

    /// Appends an event, or finds that its sequence is taken.
    pub(crate) async fn append(
        &mut self,
        table: &TableName,
        event: SerializedEvent,
    ) -> sqlx::Result<Outcome> {
        let table = table.as_str();
        let sequence = i64::try_from(event.sequence);
        let append = Statement::new(format!(
            "INSERT INTO {table} (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING 1"
        ))
        .bind(event.aggregate_type)?
        .bind(event.aggregate_id)?
        .bind(sequence.map_err(|error| sqlx::Error::Encode(Box::new(error)))?)?
        .bind(event.event_type)?
        .bind(event.event_version)?
        .bind(event.payload)?
        .bind(event.metadata)?;
        self.outcome(append).await
    }

    /// A view, which need not be there.
    pub(crate) async fn view(&mut self, table: &TableName, id: &str) -> sqlx::Result<StoredView> {
        let table = table.as_str();
        let load = Statement::new(format!(
            "SELECT version, payload FROM {table} WHERE view_id = $1"
        ));
        let rows = self.rows(load.bind(id.to_owned())?).await?;
        let Some(row) = rows.first() else {
            return Ok(StoredView {
                version: 0,
                payload: None,
            });
        };
        Ok(StoredView {
            version: DB::decode(row, 0)?,
            payload: Some(DB::decode(row, 1)?),
        })
    }

    /// Stores a view that was at `version` before, or finds that it is no longer.
    pub(crate) async fn store_view(
        &mut self,
        table: &TableName,
        id: &str,
        version: i64,
        payload: Value,
    ) -> sqlx::Result<Outcome> {
        let table = table.as_str();
        let store = Statement::new(match version {
            0 => format!(
                "INSERT INTO {table} (payload, version, view_id) VALUES ($1, $2, $3)
                 ON CONFLICT DO NOTHING RETURNING 1"
            ),
            _ => format!(
                "UPDATE {table} SET payload = $1, version = $2 WHERE view_id = $3 AND version = $4
                 RETURNING 1"
            ),
        });
        let store = store.bind(payload)?.bind(version + 1)?;
        let store = store.bind(id.to_owned())?;
        let store = match version {
            0 => store,
            version => store.bind(version)?,
        };
        self.outcome(store).await
    }

    async fn outcome(&mut self, statement: Statement<DB>) -> sqlx::Result<Outcome> {
        Ok(match self.rows(statement).await?.len() {
            0 => Outcome::Conflict,
            _ => Outcome::Written,
        })
    }

    async fn rows(&mut self, statement: Statement<DB>) -> sqlx::Result<Vec<DB::Row>> {
        statement.rows(self.connection, self.naming).await
    }
}

/// How writing a row went, if the database did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Written,
    /// Somebody else has written it before.
    Conflict,
}

fn event<DB: CqrsDatabase>(row: &DB::Row) -> sqlx::Result<SerializedEvent> {
    let text = |index| <DB as Holds<String>>::decode(row, index);
    let sequence: i64 = DB::decode(row, 2)?;
    let sequence = usize::try_from(sequence);
    Ok(SerializedEvent {
        aggregate_type: text(0)?,
        aggregate_id: text(1)?,
        sequence: sequence.map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        event_type: text(3)?,
        event_version: text(4)?,
        payload: DB::decode(row, 5)?,
        metadata: DB::decode(row, 6)?,
    })
}
