//! Why the streams have to change: what the code does not say, for whoever reads this in a year.

use kumiko_seeds::events::{MigrateResult, NewStreams, OldStream, StreamCursor, Streams};
use kumiko_seeds::postgres::SeedContext;
use kumiko_seeds::{BatchResult, CountResult};

pub const DESCRIPTION: &str = "What this seed changes, in a sentence";

// Lets the app start before this seed is done. It is done by `SeedRunner::work`, which the app spawns.
// pub const BACKGROUND: bool = true;

pub type Cursor = StreamCursor;

/// Which streams: `.in_tenant(id)`, `.with_ids([..])`, `.where_sql("..")`.
fn streams() -> Result<Streams, &'static str> {
    // The old ones are kept, closed and archived, and a later seed may undo it with `ctx.undo_migration`. A legal duty
    // to remove data is served by `.in_place()`, which keeps nothing of them:
    //
    //     Ok(Streams::of("membership"))
    //
    // It fails until it is written: a migration that finds no stream is applied for good.
    Err("it is not written yet which streams are to be migrated")
}

/// What becomes of one of them.
fn migrate(old: &OldStream, into: &mut NewStreams) -> MigrateResult {
    let stream = old.stream.clone();
    // Another tenant or id, or another aggregate type as well. The new stream may not have any events.
    //
    //     let tenant_id = kumiko_seeds::events::SYSTEM_TENANT_ID;
    //     let stream = kumiko_seeds::events::Stream { tenant_id, ..stream };
    //
    let mut new = into.stream(stream);
    for event in &old.events {
        // An event that is passed over is dropped. `MigratedEvent::of(event)` makes another one of it, two of them split
        // it, and `.and(other)` merges others into it.
        new.keep(event);
    }
    Ok(())
}

pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult {
    ctx.count_streams(&streams()?).await
}

pub async fn batch(
    ctx: &mut SeedContext<'_>,
    after: Option<Cursor>,
    limit: u32,
) -> BatchResult<Cursor> {
    ctx.migrate_streams(&streams()?, after, limit, migrate)
        .await
}
