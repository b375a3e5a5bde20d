//! One of twenty; see build.rs.

use kumiko_seeds::events::EventBackend;
use kumiko_seeds::{SeedContext, SeedResult, json};

pub const DESCRIPTION: &str = "Count to NUMBER";

pub async fn run<DB: EventBackend>(ctx: &mut SeedContext<'_, DB>) -> SeedResult {
    ctx.system_write_as("counter:write:count", json!({ "number": NUMBER })).await?;
    Ok(())
}
