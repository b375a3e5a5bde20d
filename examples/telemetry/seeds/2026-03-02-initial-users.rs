//! Everybody who was on the list before there was an app.

use kumiko_seeds::SeedResult;
use kumiko_seeds::sqlite::SeedContext;

use crate::users;

pub const DESCRIPTION: &str = "Enter 5,000 users from the list";

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    users::enter(ctx.unmanaged_db().await?, 5000).await?;
    Ok(())
}
