//! The app's seeds: dated changes to its data, each a file of its own and applied once per database.

use kumiko_seeds::BoxFuture;
use kumiko_seeds::events::{
    EventRow, EventStore, EventStoreError, InTransaction, StoredEvent, StoredUuid, Stream,
};
use kumiko_seeds::postgres as database;

// Brings in `SEEDS`.
database::include_seeds!();

/// The write handlers that seeds may call, and who may call them. The app calls them, too, for people's requests.
#[must_use]
pub fn handlers() -> database::Handlers {
    // Each is an `async fn(database::WriteContext<'_>, Payload) -> HandlerResult` with a name:
    //
    //     database::Handlers::new()
    //         .event_store(AppEvents)
    //         .register("tenant:write:rename", Access::roles(["TenantAdmin"]), tenant::rename)
    database::Handlers::new().event_store(AppEvents)
}

/// The seeds with all they need. The app boots with it, and its ops binary applies with it.
#[must_use]
pub fn seeds() -> database::SeedRunner {
    database::SeedRunner::new(SEEDS).handlers(handlers())
}

/// The app's event table. Make the SQL below that of the table: it is written for
///
/// ```sql
/// CREATE TABLE events (aggregate uuid, version integer, type text, body text, PRIMARY KEY (aggregate, version))
/// ```
struct AppEvents;

impl EventStore<database::Database> for AppEvents {
    fn append<'a>(
        &'a self,
        connection: &'a mut database::Connection,
        transaction: InTransaction<'a, database::Database>,
        rows: &'a [EventRow],
    ) -> BoxFuture<'a, Result<(), EventStoreError>> {
        Box::pin(async move {
            transaction.ensure_open(connection).await?;
            for row in rows {
                // A conflict is an answer: an error would end a PostgreSQL transaction.
                let inserted = sqlx::query(
                    "INSERT INTO events (aggregate, version, type, body)
                     SELECT $1, $2, $3, $4
                     WHERE $2 = 1 + (SELECT coalesce(max(version), 0) FROM events WHERE aggregate = $1)
                     ON CONFLICT DO NOTHING",
                )
                .bind(StoredUuid(row.aggregate_id))
                .bind(row.version)
                .bind(&row.event_type)
                .bind(&row.payload)
                .execute(&mut *connection)
                .await?;
                if inserted.rows_affected() == 0 {
                    let stream = row.stream();
                    let actual = self.stream_version(connection, &stream).await?;
                    let expected = row.version - 1;
                    return Err(EventStoreError::VersionConflict { stream, expected, actual });
                }
            }
            Ok(())
        })
    }

    fn load<'a>(
        &'a self,
        connection: &'a mut database::Connection,
        stream: &'a Stream,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, EventStoreError>> {
        Box::pin(async move {
            let rows: Vec<(i32, String, String)> = sqlx::query_as(
                "SELECT version, type, body FROM events WHERE aggregate = $1 ORDER BY version",
            )
            .bind(StoredUuid(stream.aggregate_id))
            .fetch_all(connection)
            .await?;
            let event = |(version, event_type, body): (i32, String, String)| {
                StoredEvent::parse(stream.clone(), version, event_type, &body)
            };
            rows.into_iter().map(event).collect()
        })
    }

    fn stream_version<'a>(
        &'a self,
        connection: &'a mut database::Connection,
        stream: &'a Stream,
    ) -> BoxFuture<'a, Result<i32, EventStoreError>> {
        Box::pin(async move {
            let version = "SELECT coalesce(max(version), 0) FROM events WHERE aggregate = $1";
            Ok(sqlx::query_scalar(version)
                .bind(StoredUuid(stream.aggregate_id))
                .fetch_one(connection)
                .await?)
        })
    }
}
