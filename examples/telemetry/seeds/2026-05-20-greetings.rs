//! The app greets people by their names.

use kumiko_seeds::sqlite::SeedContext;
use kumiko_seeds::{Batch, BatchResult, CountResult};

pub const DESCRIPTION: &str = "Give each user a greeting";

/// The last user of a step.
pub type Cursor = i64;

pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult {
    let users = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM users");
    Ok(users.fetch_one(ctx.db().await?).await?.unsigned_abs())
}

pub async fn batch(
    ctx: &mut SeedContext<'_>,
    after: Option<Cursor>,
    limit: u32,
) -> BatchResult<Cursor> {
    let greeted: Vec<i64> = sqlx::query_scalar(
        "UPDATE users SET greeting = 'Hello, ' || name || '!'
         WHERE id IN (SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2)
         RETURNING id",
    )
    .bind(after.unwrap_or_default())
    .bind(limit)
    .fetch_all(ctx.unmanaged_db().await?)
    .await?;
    Ok(Batch::new(greeted.iter().max().copied(), greeted.len()))
}
