//! Very many events in a statement that does little for each.

use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use uuid::Uuid;

use super::statement::is_named;
use crate::events::backend::event_columns;
use crate::events::event_row::EventRow;
use crate::events::naming::Naming;

/// For fewer events the other statement is as good. The table has at least so many rows whenever a connection makes the
/// plan that it keeps of this one, so that the plan looks for a stream's events through the index.
const FEWEST_EVENTS: usize = 200;

/// Finding an event's kind takes the longer, the more there are.
const MOST_KINDS: usize = 16;

/// Many events of few kinds, as columns.
#[derive(Default)]
pub(super) struct Chunk<'a> {
    aggregate_ids: Vec<Uuid>,
    versions: Vec<i32>,
    payloads: Vec<&'a [u8]>,
    /// For each event the position of its kind, counted from 1.
    kinds: Vec<i32>,
    /// One event of each kind.
    examples: Vec<&'a EventRow>,
    /// The first event of each stream; the others follow it.
    first: Vec<&'a EventRow>,
}

impl<'a> Chunk<'a> {
    /// None if there are too few events or too many kinds.
    pub(super) fn of(rows: &'a [EventRow]) -> Option<Self> {
        if rows.len() < FEWEST_EVENTS {
            return None;
        }
        let mut chunk = Self::default();
        for row in rows {
            let kind = chunk.kind_of(row)?;
            chunk.kinds.push(kind);
            chunk.aggregate_ids.push(row.aggregate_id);
            chunk.versions.push(row.version);
            chunk.payloads.push(row.payload.as_bytes());
            if row.is_first {
                chunk.first.push(row);
            }
        }
        Some(chunk)
    }

    fn kind_of(&mut self, row: &'a EventRow) -> Option<i32> {
        let known = (self.examples.iter()).position(|example| is_of_one_kind(example, row));
        let index = known.unwrap_or(self.examples.len());
        if known.is_none() {
            self.examples.push(row);
        }
        let number = i32::try_from(index + 1).ok()?;
        (index < MOST_KINDS).then_some(number)
    }

    /// Inserts the events and says so. If not, none is inserted: something about them is not as most events have it.
    pub(super) async fn insert(
        self,
        connection: &mut PgConnection,
        identity: Option<&String>,
        naming: Naming,
    ) -> sqlx::Result<bool> {
        let is_named = is_named(connection, naming);
        let query = self.bound(INSERT_CHUNK, identity).persistent(is_named);
        let inserted = query.execute(connection).await?;
        Ok(inserted.rows_affected() > 0)
    }

    /// The same, with a row for each event that is inserted.
    pub(super) async fn insert_and_read(
        self,
        connection: &mut PgConnection,
        identity: Option<&String>,
        naming: Naming,
    ) -> sqlx::Result<Vec<PgRow>> {
        let is_named = is_named(connection, naming);
        let query = self.bound(INSERT_CHUNK_AND_READ, identity);
        query.persistent(is_named).fetch_all(connection).await
    }

    fn bound<'q>(
        self,
        sql: &'static str,
        identity: Option<&String>,
    ) -> Query<'q, Postgres, PgArguments> {
        let (examples, first) = (&self.examples, &self.first);
        let of_kinds = |text: fn(&EventRow) -> &str| -> Vec<&[u8]> {
            let texts = examples.iter().map(|example| text(example).as_bytes());
            texts.collect()
        };
        let tenants =
            |rows: &[&EventRow]| -> Vec<Uuid> { rows.iter().map(|row| row.tenant_id).collect() };
        let event_versions = examples.iter().map(|example| example.event_version);
        sqlx::query(sql)
            .bind(self.aggregate_ids)
            .bind(self.versions)
            .bind(self.payloads)
            .bind(self.kinds)
            .bind(tenants(examples))
            .bind(event_versions.collect::<Vec<_>>())
            .bind(of_kinds(|row| &row.aggregate_type))
            .bind(of_kinds(|row| &row.event_type))
            .bind(of_kinds(|row| &row.metadata))
            .bind(of_kinds(|row| &row.created_by))
            .bind(tenants(first))
            .bind(first.iter().map(|row| row.aggregate_id).collect::<Vec<_>>())
            .bind(first.iter().map(|row| row.version).collect::<Vec<_>>())
            .bind(identity)
    }
}

/// Whether two events have all in common that a batch through one handler mostly has.
fn is_of_one_kind(one: &EventRow, other: &EventRow) -> bool {
    one.event_type == other.event_type
        && one.tenant_id == other.tenant_id
        && one.aggregate_type == other.aggregate_type
        && one.event_version == other.event_version
        && one.metadata == other.metadata
        && one.created_by == other.created_by
}

/// The texts of the kinds in an array, which is made once.
macro_rules! of_kind {
    ($decoded:expr, $parameter:literal) => {
        concat!(
            "(ARRAY(SELECT ",
            $decoded,
            " FROM unnest(",
            $parameter,
            ") WITH ORDINALITY AS kinds (bytes, number) ORDER BY number))[kind]"
        )
    };
}

/// Each condition is a subquery, which is run once and not for each event. The columns are unnested beside each other, row by
/// row and in their order; a set in `FROM` would be copied first.
///
/// The looks for other events are values and no `EXISTS`, for which PostgreSQL would read the whole table each time, into
/// a hash, once it expects many rows.
macro_rules! insert_chunk_sql {
    ($returning:expr) => {
        concat!(
            "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                event_version, payload, metadata, created_by)
     SELECT aggregate_id, ",
            of_kind!(text!("bytes"), "$7"),
            ", ($5)[kind], version, ",
            of_kind!(text!("bytes"), "$8"),
            ", ($6)[kind], ",
            json!("payload"),
            ", ",
            of_kind!(json!("bytes"), "$9"),
            ", ",
            of_kind!(text!("bytes"), "$10"),
            " FROM (SELECT unnest($1) AS aggregate_id, unnest($2) AS version, unnest($3) AS payload,
                   unnest($4) AS kind) AS new
     WHERE (SELECT $14 IS NULL OR CAST(pg_current_xact_id_if_assigned() AS text) = $14)
       AND (SELECT NOT ",
            archive_is_secured!(),
            " AND NOT ",
            archived!(
                "(tenant_id, aggregate_id) IN (
             SELECT * FROM unnest(CAST(%L AS uuid[]), CAST(%L AS uuid[])))', $11, $12"
            ),
            ")
       AND NOT EXISTS (
           SELECT 1 FROM (SELECT unnest($11) AS tenant_id, unnest($12) AS aggregate_id,
                                 unnest($13) AS version) AS first
           WHERE (SELECT 1 FROM kumiko_events AS old
                  WHERE old.tenant_id = first.tenant_id
                    AND old.aggregate_id = first.aggregate_id
                    AND old.version = first.version) IS NOT NULL
              OR first.version > 1 AND
                 (SELECT 1 FROM kumiko_events AS old
                  WHERE old.tenant_id = first.tenant_id
                    AND old.aggregate_id = first.aggregate_id
                    AND old.version = first.version - 1) IS NULL)
       AND (SELECT CAST(pg_notify('kumiko_events_new', '') AS text) IS NOT NULL)",
            $returning
        )
    };
}

const INSERT_CHUNK: &str = insert_chunk_sql!("");
/// Its first column says, as that of the other statements, that row level security hides no archived stream.
const INSERT_CHUNK_AND_READ: &str =
    insert_chunk_sql!(concat!(" RETURNING false, ", event_columns!(time)));
