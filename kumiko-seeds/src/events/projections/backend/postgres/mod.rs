//! Shadows and locks of PostgreSQL.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Executor, Postgres, Row};
use uuid::Uuid;

mod guard;
mod kept;

use self::guard::Guard;
use self::kept::{Kept, like, text};
use super::{
    Lives, ProjectionBackend, event_columns, list_set_aside, load_after, load_by_id, load_of,
};
use crate::backend::{Backend, Fault, Parameter};
use crate::events::projections::shape::{Column, Shape, quoted};

macro_rules! time {
    ($column:literal) => {
        concat!("CAST(", $column, " AS timestamptz)")
    };
}

/// How long to wait between two looks at who writes.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

impl ProjectionBackend for Postgres {
    const IS_DISTINCT_FROM: &'static str = "IS DISTINCT FROM";
    const OVERRIDING: &'static str = "OVERRIDING SYSTEM VALUE";
    const BEGIN_SNAPSHOT: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ WRITE";
    const CREATE_SET_ASIDE: &'static str = "
        CREATE TABLE IF NOT EXISTS kumiko_rebuild_dead_letters (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            projection_name text NOT NULL,
            event_id text NOT NULL,
            tenant_id uuid NOT NULL,
            aggregate_id text NOT NULL,
            aggregate_type text NOT NULL,
            event_type text NOT NULL,
            error_message text NOT NULL,
            payload jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX IF NOT EXISTS rebuild_dead_letters_projection_idx
            ON kumiko_rebuild_dead_letters (projection_name);
        CREATE INDEX IF NOT EXISTS rebuild_dead_letters_created_at_idx
            ON kumiko_rebuild_dead_letters (created_at)";

    const INSERT_SET_ASIDE: &'static str = "
        INSERT INTO kumiko_rebuild_dead_letters (projection_name, event_id, tenant_id, aggregate_id,
                                                 aggregate_type, event_type, error_message, payload)
        SELECT $1, letter->>'event_id', CAST(letter->>'tenant_id' AS uuid), letter->>'aggregate_id',
               letter->>'aggregate_type', letter->>'event_type', letter->>'error_message', letter->'payload'
        FROM jsonb_array_elements(CAST($2 AS jsonb)) AS letter
        RETURNING CAST(1 AS bigint) AS position";

    const LIST_SET_ASIDE: &'static str = list_set_aside!(time);

    const ARCHIVED_AMONG: &'static str = "
        SELECT CAST(1 AS bigint) AS position, CAST(tenant_id AS text), CAST(aggregate_id AS text)
        FROM kumiko_archived_streams
        WHERE aggregate_id IN (SELECT CAST(id AS uuid) FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS id)";

    /// What a forbidden sort is said to cost would have the server compile the statement, too.
    const ALONG_THE_INDEX: Option<[&'static str; 2]> = Some([
        "SET LOCAL enable_sort = off; SET LOCAL jit = off",
        "SET LOCAL enable_sort TO DEFAULT; SET LOCAL jit TO DEFAULT",
    ]);

    const LOAD_AFTER: &'static str = load_after!(
        time,
        "SELECT jsonb_array_elements_text(CAST($5 AS jsonb))",
        ""
    );

    const LOAD_OF_TENANT: &'static str = load_after!(
        time,
        "SELECT jsonb_array_elements_text(CAST($5 AS jsonb))",
        " AND tenant_id = $6"
    );

    const EVENT_COLUMNS: &'static str = event_columns!(time);

    const TYPES_AMONG: &'static str = "(aggregate_type, type) IN (
        SELECT taken->>0, taken->>1 FROM jsonb_array_elements(CAST($1 AS jsonb)) AS taken)";

    const LOAD_BY_ID: &'static str =
        load_by_id!(time, "SELECT jsonb_array_elements_text(CAST($3 AS jsonb))");

    const LOAD_OF: &'static str = load_of!(
        time,
        "SELECT CAST(wanted AS uuid) FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS wanted",
        "SELECT jsonb_array_elements_text(CAST($2 AS jsonb))",
        ""
    );

    const LOAD_LIVE_OF: &'static str = load_of!(
        live,
        time,
        "SELECT CAST(wanted AS uuid) FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS wanted",
        "SELECT jsonb_array_elements_text(CAST($2 AS jsonb))"
    );

    /// A stream that is known is asked for what follows, through the index of its versions. One that is not begins with version 1.
    const LOAD_SINCE: &'static str = concat!(
        "SELECT row_number() OVER (ORDER BY aggregate_id, version, tenant_id) AS position, ",
        event_columns!(time),
        " FROM (
            SELECT event.* FROM (
                SELECT CAST(stream->>0 AS uuid) AS tenant_id, CAST(stream->>1 AS uuid) AS aggregate_id,
                       CAST(stream->>2 AS integer) AS version
                FROM jsonb_array_elements(CAST($2 AS jsonb)) AS stream) AS known
            CROSS JOIN LATERAL (
                SELECT * FROM kumiko_events
                WHERE tenant_id = known.tenant_id AND aggregate_id = known.aggregate_id
                  AND version > known.version ORDER BY version) AS event
            UNION ALL
            SELECT event.* FROM (
                SELECT DISTINCT CAST(id AS uuid) AS id
                FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS id) AS wanted
            CROSS JOIN LATERAL (
                SELECT tenant_id, aggregate_id FROM kumiko_events
                WHERE aggregate_id = wanted.id AND version = 1) AS stream
            CROSS JOIN LATERAL (
                SELECT * FROM kumiko_events
                WHERE tenant_id = stream.tenant_id AND aggregate_id = stream.aggregate_id ORDER BY version) AS event
            WHERE NOT EXISTS (
                SELECT 1 FROM jsonb_array_elements(CAST($2 AS jsonb)) AS known
                WHERE CAST(known->>0 AS uuid) = stream.tenant_id AND CAST(known->>1 AS uuid) = stream.aggregate_id)
        ) AS found
        WHERE aggregate_type IN (SELECT jsonb_array_elements_text(CAST($3 AS jsonb)))
        ORDER BY position"
    );

    const GONE_ON: &'static str = "
        SELECT CAST(1 AS bigint) AS position, CAST(stream->>1 AS text)
        FROM jsonb_array_elements(CAST($1 AS jsonb)) AS stream
        WHERE EXISTS (SELECT 1 FROM kumiko_events
                      WHERE tenant_id = CAST(stream->>0 AS uuid) AND aggregate_id = CAST(stream->>1 AS uuid)
                        AND version > CAST(stream->>2 AS integer))";

    fn among(ids: &[Uuid]) -> String {
        let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        format!("= ANY (CAST('{{{}}}' AS uuid[]))", ids.join(","))
    }

    async fn hold(connection: &mut PgConnection, tables: &[&str]) -> sqlx::Result<bool> {
        let tables: Vec<String> = tables.iter().map(|table| quoted(table)).collect();
        let lock = format!(
            "SAVEPOINT kumiko_held; LOCK TABLE {} IN ACCESS SHARE MODE NOWAIT",
            tables.join(", ")
        );
        let held = connection.execute(sqlx::raw_sql(AssertSqlSafe(lock))).await;
        let Err(error) = held else {
            return Ok(true);
        };
        match Self::fault(&error) {
            Fault::TookTooLong => Self::let_go(connection).await.map(|()| false),
            Fault::TableMissing => Self::let_go(connection).await.map(|()| true),
            _ => Err(error),
        }
    }

    async fn let_go(connection: &mut PgConnection) -> sqlx::Result<()> {
        let undo = "ROLLBACK TO SAVEPOINT kumiko_held";
        connection.execute(sqlx::raw_sql(undo)).await?;
        Ok(())
    }

    async fn shape(connection: &mut PgConnection, name: &str) -> sqlx::Result<Option<Shape>> {
        let sql = format!(
            "SELECT {}, {}, coalesce(attribute.attnum = ANY (key.indkey), false),
                    attribute.attgenerated <> '',
                    coalesce(element.typname, base.typname) NOT IN
                        ('json', 'xml', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle'),
                    base.typname = 'uuid',
                    row_security_active(class.oid), {}
             FROM pg_class AS class
             JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
             JOIN pg_attribute AS attribute
               ON attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
             JOIN pg_type AS type ON type.oid = attribute.atttypid
             JOIN pg_type AS base ON base.oid = CASE type.typtype WHEN 'd' THEN type.typbasetype ELSE type.oid END
             LEFT JOIN pg_type AS element ON element.oid = base.typelem AND base.typcategory = 'A'
             LEFT JOIN pg_index AS key ON key.indrelid = class.oid AND key.indisprimary
             WHERE class.oid = to_regclass(quote_ident($1)) AND class.relkind IN ('r', 'p')
             ORDER BY attribute.attnum",
            Self::as_text("quote_ident(namespace.nspname) || '.' || quote_ident(class.relname)"),
            Self::as_text("attribute.attname"),
            Self::as_text("namespace.nspname"),
        );
        let rows = Self::fetch(connection, &sql, &[Parameter::Text(name)]).await?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let column = |row: &PgRow| {
            Ok::<_, sqlx::Error>(Column {
                name: Self::text(row, 1)?.unwrap_or_default(),
                is_key: row.try_get(2)?,
                is_generated: row.try_get(3)?,
                has_equality: row.try_get(4)?,
                is_uuid: row.try_get(5)?,
            })
        };
        let live = Self::text(first, 0)?.unwrap_or_default();
        let blinded_role = if first.try_get(6)? {
            Self::blinded_role(connection, &live).await?
        } else {
            None
        };
        Ok(Some(Shape {
            name: name.to_owned(),
            schema: Self::text(first, 7)?.unwrap_or_default(),
            live,
            shadow: format!("pg_temp.{}", quoted(name)),
            aggregate: None,
            columns: rows.iter().map(column).collect::<Result<_, _>>()?,
            blinded_role,
        }))
    }

    /// A plan that a connection keeps knows its tables by their numbers. It would go on with the live table, since nothing about that has
    /// changed. So all plans are made anew.
    async fn create_shadows(connection: &mut PgConnection, shapes: &[Shape]) -> sqlx::Result<()> {
        let create = |shape: &Shape| {
            let (name, like) = (quoted(&shape.name), like(shape));
            format!("CREATE TEMPORARY TABLE {name} {like} ON COMMIT DROP; ")
        };
        let sql = shapes.iter().map(create).collect::<String>() + "DISCARD PLANS";
        Self::execute_text(connection, &sql).await?;
        Ok(())
    }

    /// They go with the transaction.
    async fn drop_shadows(_: &mut PgConnection, _: &[Shape]) -> sqlx::Result<()> {
        Ok(())
    }

    async fn execute_text(connection: &mut PgConnection, sql: &str) -> sqlx::Result<u64> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        Ok(connection.execute(sql).await?.rows_affected())
    }

    async fn create_kept(
        connection: &mut PgConnection,
        shapes: &[Shape],
        kept: &str,
    ) -> sqlx::Result<String> {
        Kept::of(shapes).create(connection, shapes, kept).await
    }

    async fn open_kept(
        connection: &mut PgConnection,
        shapes: &[Shape],
        _: &str,
    ) -> sqlx::Result<Option<(String, String)>> {
        Kept::of(shapes).open(connection).await
    }

    async fn close_kept(
        connection: &mut PgConnection,
        shapes: &[Shape],
        _: &str,
    ) -> sqlx::Result<()> {
        Kept::of(shapes).close(connection).await
    }

    async fn drop_kept(
        connection: &mut PgConnection,
        shapes: &[Shape],
        _: &str,
    ) -> sqlx::Result<()> {
        Kept::of(shapes).drop(connection).await
    }

    fn literal(value: &str) -> String {
        format!("quote_literal(CAST({value} AS text))")
    }

    type Guard = Guard;

    async fn guard(connection: &mut PgConnection, lives: Lives) -> sqlx::Result<Guard> {
        Guard::begin(connection, lives).await
    }

    async fn unguard(connection: &mut PgConnection, guard: Guard) -> sqlx::Result<Option<String>> {
        guard.end(connection).await
    }

    async fn undo(connection: &mut PgConnection, guard: Guard) -> sqlx::Result<Option<String>> {
        guard.undo(connection).await?;
        Ok(None)
    }

    fn is_guarded(error: &sqlx::Error) -> bool {
        guard::has_refused(error)
    }

    /// A writer takes its lock of the table before it draws an id, so whoever has an id and has not committed has that lock.
    async fn settled_id(
        connection: &mut PgConnection,
        patience: Duration,
    ) -> sqlx::Result<Option<i64>> {
        let began = Instant::now();
        let last = "SELECT coalesce(pg_sequence_last_value(
                        CAST(pg_get_serial_sequence('kumiko_events', 'id') AS regclass)), 0)";
        let rows = Self::fetch(connection, last, &[]).await?;
        let settled: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        let writing = "SELECT coalesce(string_agg(virtualtransaction, ','), '') FROM pg_locks
                       WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
                         AND relation = CAST('kumiko_events' AS regclass) AND pid <> pg_backend_pid()";
        let transactions = |rows: Vec<PgRow>| -> sqlx::Result<Vec<String>> {
            let text: String = rows
                .first()
                .map_or(Ok(String::new()), |row| row.try_get(0))?;
            Ok(text.split(',').map(str::to_owned).collect())
        };
        let mut waited_for = transactions(Self::fetch(connection, writing, &[]).await?)?;
        waited_for.retain(|transaction| !transaction.is_empty());
        while !waited_for.is_empty() {
            if began.elapsed() > patience {
                return Ok(None);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
            let still = transactions(Self::fetch(connection, writing, &[]).await?)?;
            waited_for.retain(|transaction| still.contains(transaction));
        }
        Ok(Some(settled))
    }

    /// Somebody who has had a lock for long is not waited for in the queue, where every writer would stand behind us. Whoever has it for a moment
    /// is. That has to be less than the second after which the server looks for deadlocks, so that if there is one, it is we who give way.
    async fn lock_writers_out(
        connection: &mut PgConnection,
        shapes: &[Shape],
        waits: Duration,
        holds: Option<Duration>,
    ) -> sqlx::Result<Option<String>> {
        let tables: Vec<&str> = shapes.iter().map(|shape| shape.live.as_str()).collect();
        let waits = waits.as_millis().max(1);
        if let Some(holder) = holder_for(connection, &tables, waits).await? {
            return Ok(Some(holder));
        }
        let holds = holds.map_or_else(String::new, |holds| {
            format!(
                "SET LOCAL statement_timeout = {}; ",
                holds.as_millis().max(1)
            )
        });
        let lock = format!(
            "SAVEPOINT kumiko_lock; SET LOCAL lock_timeout = {waits}; \
             LOCK TABLE {} IN EXCLUSIVE MODE; {holds}RELEASE SAVEPOINT kumiko_lock",
            tables.join(", ")
        );
        let locked = connection.execute(sqlx::raw_sql(AssertSqlSafe(lock))).await;
        match locked {
            Ok(_) => Ok(None),
            Err(error) if matches!(Self::fault(&error), Fault::TookTooLong | Fault::Passing) => {
                let undo = "ROLLBACK TO SAVEPOINT kumiko_lock; RELEASE SAVEPOINT kumiko_lock";
                connection.execute(sqlx::raw_sql(undo)).await?;
                Ok(Some("other writers".to_owned()))
            }
            Err(error) => Err(error),
        }
    }
}

/// Who has had one of the tables for at least so long that we would have to wait.
async fn holder_for(
    connection: &mut PgConnection,
    tables: &[&str],
    milliseconds: u128,
) -> sqlx::Result<Option<String>> {
    let tables = tables.iter();
    let tables: Vec<String> = tables
        .map(|table| format!("CAST({} AS regclass)", text(table)))
        .collect();
    let holder = Postgres::as_text(
        "'process ' || lock.pid || coalesce(' (' || nullif(activity.application_name, '') || ')', '')
         || ', a transaction of ' || round(extract(epoch FROM clock_timestamp() - activity.xact_start)) || ' s'",
    );
    let sql = format!(
        "SELECT {holder}
         FROM pg_locks AS lock JOIN pg_stat_activity AS activity ON activity.pid = lock.pid
         WHERE lock.locktype = 'relation' AND lock.granted AND lock.mode <> 'AccessShareLock'
           AND lock.pid <> pg_backend_pid() AND lock.relation IN ({})
           AND activity.xact_start < clock_timestamp() - interval '{milliseconds} milliseconds'
         ORDER BY activity.xact_start LIMIT 1",
        tables.join(", ")
    );
    let rows = Postgres::fetch(connection, &sql, &[]).await?;
    rows.first().map_or(Ok(None), |row| Postgres::text(row, 0))
}
