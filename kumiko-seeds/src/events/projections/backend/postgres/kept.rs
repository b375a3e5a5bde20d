//! Shadows that are kept from one step to the next, in a schema of their own. There they have the names of the live tables.

use std::fmt::Write;

use sqlx::Postgres;
use sqlx::postgres::PgConnection;

use crate::backend::Backend;
use crate::events::projections::backend::ProjectionBackend;
use crate::events::projections::shape::{Shape, quoted};

/// What the name of their schema begins with. What follows is the schema of the live tables.
pub(super) const SCHEMA: &str = "kumiko_rebuild_";

/// Where the shadows of some tables are kept. The comment on the first of them says as what.
pub(super) struct Kept {
    schema: String,
    tables: Vec<String>,
}

impl Kept {
    pub(super) fn of(shapes: &[Shape]) -> Self {
        /// How many bytes of a name the server keeps.
        const LONGEST: usize = 63;
        let schema = shapes.first().map_or("", |shape| shape.schema.as_str());
        let mut schema = format!("{SCHEMA}{schema}");
        while schema.len() > LONGEST {
            schema.pop();
        }
        let schema = quoted(&schema);
        let tables = shapes.iter().map(|shape| quoted(&shape.name));
        Self {
            tables: tables.map(|table| format!("{schema}.{table}")).collect(),
            schema,
        }
    }

    fn first(&self) -> &str {
        self.tables.first().map_or("", String::as_str)
    }

    pub(super) async fn create(
        self,
        connection: &mut PgConnection,
        shapes: &[Shape],
        kept: &str,
    ) -> sqlx::Result<String> {
        let schema = &self.schema;
        let is_missing = format!("SELECT 1 WHERE to_regnamespace({}) IS NULL", text(schema));
        let mut sql = String::new();
        // Even with IF NOT EXISTS the statement asks for the right to create schemas.
        if !Postgres::fetch(connection, &is_missing, &[])
            .await?
            .is_empty()
        {
            let _ = write!(sql, "CREATE SCHEMA {schema}; ");
        }
        for (table, shape) in self.tables.iter().zip(shapes) {
            let like = like(shape);
            let _ = write!(
                sql,
                "DROP TABLE IF EXISTS {table}; CREATE TABLE {table} {like}; "
            );
        }
        let _ = write!(sql, "COMMENT ON TABLE {} IS {}", self.first(), text(kept));
        Postgres::execute_text(connection, &sql).await?;
        self.find_first(connection).await?;
        Ok(self.schema)
    }

    pub(super) async fn open(
        self,
        connection: &mut PgConnection,
    ) -> sqlx::Result<Option<(String, String)>> {
        let numbers = self.tables.iter();
        let numbers = numbers.map(|table| format!("to_regclass({})", text(table)));
        let comment = format!(
            "coalesce(obj_description(to_regclass({}), 'pg_class'), '')",
            text(self.first())
        );
        let sql = format!(
            "SELECT {} WHERE num_nulls({}) = 0",
            Postgres::as_text(&comment),
            numbers.collect::<Vec<_>>().join(", ")
        );
        let rows = Postgres::fetch(connection, &sql, &[]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let kept = Postgres::text(row, 0)?.unwrap_or_default();
        self.find_first(connection).await?;
        Ok(Some((self.schema, kept)))
    }

    /// Has the statements of the transaction find the tables of this schema first, which makes them look their tables up anew.
    async fn find_first(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let sql = format!(
            "SELECT set_config('search_path', {} || current_setting('search_path'), true)",
            text(&self.before_others())
        );
        Postgres::fetch(connection, &sql, &[]).await?;
        Ok(())
    }

    pub(super) async fn close(self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let sql = format!(
            "SELECT set_config('search_path', substr(current_setting('search_path'), length({}) + 1), true)",
            text(&self.before_others())
        );
        Postgres::fetch(connection, &sql, &[]).await?;
        Ok(())
    }

    fn before_others(&self) -> String {
        format!("{}, ", self.schema)
    }

    pub(super) async fn drop(self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let sql = format!("DROP TABLE IF EXISTS {}", self.tables.join(", "));
        Postgres::execute_text(connection, &sql).await?;
        Ok(())
    }
}

/// What a shadow has of its live table: types, defaults, keys, checks and indexes.
pub(super) fn like(shape: &Shape) -> String {
    format!(
        "(LIKE {} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS INCLUDING INDEXES)",
        shape.live
    )
}

/// A text in a statement.
pub(super) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
