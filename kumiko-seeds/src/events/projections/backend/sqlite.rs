//! Shadows of SQLite, where whoever writes has the whole file.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Executor, Row, Sqlite};
use uuid::Uuid;

use super::{
    Lives, ProjectionBackend, event_columns, list_set_aside, load_after, load_by_id, load_of,
};
use crate::backend::sqlite::as_it_is;
use crate::backend::{Backend, Parameter};
use crate::events::projections::shape::{Column, Shape, quoted};

impl ProjectionBackend for Sqlite {
    const IS_DISTINCT_FROM: &'static str = "IS NOT";
    const OVERRIDING: &'static str = "";
    const BEGIN_SNAPSHOT: &'static str = "BEGIN";
    const CREATE_SET_ASIDE: &'static str = "
        CREATE TABLE IF NOT EXISTS kumiko_rebuild_dead_letters (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            projection_name TEXT NOT NULL,
            event_id TEXT NOT NULL,
            tenant_id TEXT NOT NULL,
            aggregate_id TEXT NOT NULL,
            aggregate_type TEXT NOT NULL,
            event_type TEXT NOT NULL,
            error_message TEXT NOT NULL,
            payload TEXT NOT NULL,
            created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        );
        CREATE INDEX IF NOT EXISTS rebuild_dead_letters_projection_idx
            ON kumiko_rebuild_dead_letters (projection_name);
        CREATE INDEX IF NOT EXISTS rebuild_dead_letters_created_at_idx
            ON kumiko_rebuild_dead_letters (created_at)";

    const INSERT_SET_ASIDE: &'static str = "
        INSERT INTO kumiko_rebuild_dead_letters (projection_name, event_id, tenant_id, aggregate_id,
                                                 aggregate_type, event_type, error_message, payload)
        SELECT $1, value->>'event_id', value->>'tenant_id', value->>'aggregate_id', value->>'aggregate_type',
               value->>'event_type', value->>'error_message', value->'payload'
        FROM json_each($2) WHERE 1 = 1
        RETURNING 1 AS position";

    const LIST_SET_ASIDE: &'static str = list_set_aside!(as_it_is);

    const ARCHIVED_AMONG: &'static str = "
        SELECT 1 AS position, CAST(tenant_id AS text), CAST(aggregate_id AS text)
        FROM kumiko_archived_streams WHERE aggregate_id IN (SELECT value FROM json_each($1))";

    const ALONG_THE_INDEX: Option<[&'static str; 2]> = None;

    const LOAD_AFTER: &'static str = load_after!(as_it_is, "SELECT value FROM json_each($5)", "");

    const LOAD_OF_TENANT: &'static str = load_after!(
        as_it_is,
        "SELECT value FROM json_each($5)",
        " AND tenant_id = $6"
    );

    const EVENT_COLUMNS: &'static str = event_columns!(as_it_is);

    const TYPES_AMONG: &'static str =
        "(aggregate_type, type) IN (SELECT value->>0, value->>1 FROM json_each($1))";

    const LOAD_BY_ID: &'static str = load_by_id!(as_it_is, "SELECT value FROM json_each($3)");

    /// Nobody else has written since, so there is nothing.
    const LOAD_OF: &'static str = load_of!(
        as_it_is,
        "SELECT value FROM json_each($1)",
        "SELECT value FROM json_each($2)",
        ""
    );

    const LOAD_LIVE_OF: &'static str = load_of!(
        live,
        as_it_is,
        "SELECT value FROM json_each($1)",
        "SELECT value FROM json_each($2)"
    );

    const LOAD_SINCE: &'static str = concat!(
        "SELECT 1 AS position, ",
        event_columns!(as_it_is),
        " FROM kumiko_events WHERE 1 = 0 AND $1 = $2 AND $2 = $3"
    );

    const GONE_ON: &'static str = "SELECT 1 AS position, $1 WHERE 1 = 0";

    fn among(ids: &[Uuid]) -> String {
        let ids: Vec<String> = ids
            .iter()
            .map(|id| format!("'{}'", id.hyphenated()))
            .collect();
        format!("IN ({})", ids.join(","))
    }

    /// Who writes has the whole file, and who reads sees one moment.
    async fn hold(_: &mut SqliteConnection, _: &[&str]) -> sqlx::Result<bool> {
        Ok(true)
    }

    /// Nobody is ever in the way of whoever has the file.
    async fn let_go(_: &mut SqliteConnection) -> sqlx::Result<()> {
        Ok(())
    }

    async fn shape(connection: &mut SqliteConnection, name: &str) -> sqlx::Result<Option<Shape>> {
        let sql = "SELECT name, pk > 0, hidden > 1 FROM pragma_table_xinfo($1, 'main') WHERE hidden <> 1 ORDER BY cid";
        let rows = Self::fetch(connection, sql, &[Parameter::Text(name)]).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let column = |row: &SqliteRow| {
            Ok::<_, sqlx::Error>(Column {
                name: row.try_get(0)?,
                is_key: row.try_get(1)?,
                is_generated: row.try_get(2)?,
                has_equality: true,
                is_uuid: true,
            })
        };
        Ok(Some(Shape {
            name: name.to_owned(),
            schema: "main".to_owned(),
            live: format!("main.{}", quoted(name)),
            shadow: format!("temp.{}", quoted(name)),
            aggregate: None,
            columns: rows.iter().map(column).collect::<Result<_, _>>()?,
            blinded_role: None,
        }))
    }

    /// SQLite has no `LIKE` for tables. What an `apply` may rely on is made again: types, defaults, keys. A foreign key would look for its
    /// table among the shadows, so there are none; nor are there columns that are computed from others, which no statement can ask for.
    async fn create_shadows(
        connection: &mut SqliteConnection,
        shapes: &[Shape],
    ) -> sqlx::Result<()> {
        for shape in shapes {
            let create = creation(connection, shape).await?;
            for statement in create {
                connection.execute(AssertSqlSafe(statement)).await?;
            }
        }
        Ok(())
    }

    async fn drop_shadows(connection: &mut SqliteConnection, shapes: &[Shape]) -> sqlx::Result<()> {
        for shape in shapes {
            let drop = format!("DROP TABLE {}", shape.shadow);
            connection.execute(AssertSqlSafe(drop)).await?;
        }
        Ok(())
    }

    async fn execute_text(connection: &mut SqliteConnection, sql: &str) -> sqlx::Result<u64> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        Ok(connection.execute(sql).await?.rows_affected())
    }

    /// Names are looked up among temporary tables first, so shadows are temporary, and kept by their connection. Between two steps they have other
    /// names: whoever else gets the connection of a pool has to find the live tables.
    async fn create_kept(
        connection: &mut SqliteConnection,
        shapes: &[Shape],
        _: &str,
    ) -> sqlx::Result<String> {
        for shape in shapes {
            let kept = "SELECT name FROM temp.sqlite_schema WHERE type = 'table' AND name GLOB $1";
            let pattern = kept_name(shape, "*");
            for row in &Self::fetch(connection, kept, &[Parameter::Text(&pattern)]).await? {
                let drop = format!("DROP TABLE temp.{}", quoted(row.try_get(0)?));
                connection.execute(AssertSqlSafe(drop)).await?;
            }
        }
        Self::create_shadows(connection, shapes).await?;
        Ok("temp".to_owned())
    }

    async fn open_kept(
        connection: &mut SqliteConnection,
        shapes: &[Shape],
        kept: &str,
    ) -> sqlx::Result<Option<(String, String)>> {
        let exists = "SELECT 1 FROM temp.sqlite_schema WHERE type = 'table' AND name = $1";
        for shape in shapes {
            let name = kept_name(shape, kept);
            let found = Self::fetch(connection, exists, &[Parameter::Text(&name)]).await?;
            if found.is_empty() {
                return Ok(None);
            }
        }
        for shape in shapes {
            rename(connection, &kept_name(shape, kept), &shape.name).await?;
        }
        Ok(Some(("temp".to_owned(), kept.to_owned())))
    }

    async fn close_kept(
        connection: &mut SqliteConnection,
        shapes: &[Shape],
        kept: &str,
    ) -> sqlx::Result<()> {
        for shape in shapes {
            rename(connection, &shape.name, &kept_name(shape, kept)).await?;
        }
        Ok(())
    }

    async fn drop_kept(
        connection: &mut SqliteConnection,
        shapes: &[Shape],
        kept: &str,
    ) -> sqlx::Result<()> {
        for shape in shapes {
            let drop = format!(
                "DROP TABLE IF EXISTS temp.{}",
                quoted(&kept_name(shape, kept))
            );
            connection.execute(AssertSqlSafe(drop)).await?;
        }
        Ok(())
    }

    fn literal(value: &str) -> String {
        format!("quote({value})")
    }

    type Guard = Arc<Mutex<Option<String>>>;

    /// A read-only connection to SQLite may not write what is temporary either, so what is written is watched.
    async fn guard(connection: &mut SqliteConnection, _: Lives) -> sqlx::Result<Self::Guard> {
        connection.execute("SAVEPOINT kumiko_shadows").await?;
        let written: Self::Guard = Arc::default();
        let seen = written.clone();
        let mut handle = connection.lock_handle().await?;
        handle.set_update_hook(move |update| {
            if update.database != "temp" {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.get_or_insert_with(|| update.table.to_owned());
            }
        });
        Ok(written)
    }

    async fn unguard(
        connection: &mut SqliteConnection,
        guard: Self::Guard,
    ) -> sqlx::Result<Option<String>> {
        connection.lock_handle().await?.remove_update_hook();
        connection.execute("RELEASE kumiko_shadows").await?;
        Ok(guard.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    async fn undo(
        connection: &mut SqliteConnection,
        guard: Self::Guard,
    ) -> sqlx::Result<Option<String>> {
        connection.execute("ROLLBACK TO kumiko_shadows").await?;
        Self::unguard(connection, guard).await
    }

    fn is_guarded(_: &sqlx::Error) -> bool {
        false
    }

    /// One writer at a time, so ids come in the order of commits.
    async fn settled_id(
        connection: &mut SqliteConnection,
        _: Duration,
    ) -> sqlx::Result<Option<i64>> {
        let last = "SELECT coalesce(max(id), 0) FROM kumiko_events";
        let rows = Self::fetch(connection, last, &[]).await?;
        Ok(Some(rows.first().map_or(Ok(0), |row| row.try_get(0))?))
    }

    /// The transaction has it already.
    async fn lock_writers_out(
        _: &mut SqliteConnection,
        _: &[Shape],
        _: Duration,
        _: Option<Duration>,
    ) -> sqlx::Result<Option<String>> {
        Ok(None)
    }
}

/// What the shadow of a table is called between two steps.
fn kept_name(shape: &Shape, kept: &str) -> String {
    format!("kumiko_shadow {kept} {}", shape.name)
}

async fn rename(connection: &mut SqliteConnection, from: &str, to: &str) -> sqlx::Result<()> {
    let rename = format!("ALTER TABLE temp.{} RENAME TO {}", quoted(from), quoted(to));
    connection.execute(AssertSqlSafe(rename)).await?;
    Ok(())
}

/// What creates a shadow: the table, and its unique indexes.
async fn creation(connection: &mut SqliteConnection, shape: &Shape) -> sqlx::Result<Vec<String>> {
    let name = [Parameter::Text(&shape.name)];
    let sql = "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_xinfo($1, 'main') WHERE hidden = 0 ORDER BY cid";
    let rows = Sqlite::fetch(connection, sql, &name).await?;
    let (mut columns, mut keys) = (Vec::new(), Vec::new());
    for row in &rows {
        let name = quoted(row.try_get(0)?);
        let kind: String = row.try_get(1)?;
        let mut column = format!("{name} {kind}");
        if row.try_get(2)? {
            column += " NOT NULL";
        }
        if let Some(default) = row.try_get::<Option<String>, _>(3)? {
            column = format!("{column} DEFAULT ({default})");
        }
        columns.push(column);
        let place: i64 = row.try_get(4)?;
        if place > 0 {
            keys.push((place, name));
        }
    }
    keys.sort();
    let keys: Vec<String> = keys.into_iter().map(|(_, name)| name).collect();
    if !keys.is_empty() {
        columns.push(format!("PRIMARY KEY ({})", keys.join(", ")));
    }
    let mut creation = vec![format!(
        "CREATE TEMPORARY TABLE {} ({})",
        quoted(&shape.name),
        columns.join(", ")
    )];
    let sql = "SELECT list.name, list.origin, schema.sql, list.\"unique\"
               FROM pragma_index_list($1, 'main') AS list
               LEFT JOIN main.sqlite_schema AS schema ON schema.type = 'index' AND schema.name = list.name
               WHERE list.\"unique\" AND list.origin <> 'pk'";
    for (number, row) in Sqlite::fetch(connection, sql, &name)
        .await?
        .iter()
        .enumerate()
    {
        let index: String = row.try_get(0)?;
        let sql: Option<String> = row.try_get(2)?;
        let by_hand = sql.as_deref().and_then(|sql| sql.split_once('('));
        let on = if let Some((_, rest)) = by_hand {
            // Columns or expressions, and perhaps a condition.
            format!("({rest}")
        } else {
            let columns = "SELECT name FROM pragma_index_info($1, 'main') ORDER BY seqno";
            let rows = Sqlite::fetch(connection, columns, &[Parameter::Text(&index)]).await?;
            let columns = rows.iter().map(|row| row.try_get(0).map(quoted));
            let columns = columns.collect::<sqlx::Result<Vec<_>>>()?;
            format!("({})", columns.join(", "))
        };
        let shadow_index = quoted(&format!("shadow_{}_{number}", shape.name));
        creation.push(format!(
            "CREATE UNIQUE INDEX temp.{shadow_index} ON {} {on}",
            quoted(&shape.name)
        ));
    }
    Ok(creation)
}
