//! The users of the app: a table, and how they come into it.

use kumiko_seeds::sqlite::Connection;
use sqlx::Executor;
use tracing::Instrument;

/// Creates the table if there is none.
pub(crate) async fn create(connection: &mut Connection) -> sqlx::Result<()> {
    let table =
        "CREATE TABLE IF NOT EXISTS users (id integer PRIMARY KEY, name text, greeting text)";
    connection.execute(table).await?;
    Ok(())
}

/// Enters so many users. The app's own span, which stands below that of the seed which calls this.
pub(crate) async fn enter(connection: &mut Connection, users: u32) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "WITH RECURSIVE numbers (number) AS (
             SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < $1
         )
         INSERT INTO users (name) SELECT 'user ' || number FROM numbers",
    );
    let span = tracing::info_span!("enter users", users);
    insert
        .bind(users)
        .execute(connection)
        .instrument(span)
        .await?;
    Ok(())
}
