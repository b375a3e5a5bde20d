use kumiko_seeds::events::{
    MigrateResult, MigratedEvent, NewStreams, OldStream, Stream, StreamCursor, Streams,
};
use kumiko_seeds::sqlite::SeedContext;
use kumiko_seeds::{BatchResult, CountResult};
use uuid::{Uuid, uuid};

pub const DESCRIPTION: &str = "Move users to the tenant that they work in";

const INVITING: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000001");
const WORKING: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000002");

pub type Cursor = StreamCursor;

fn streams() -> Streams {
    Streams::of("user")
        .in_tenant(INVITING)
        .where_sql("stream.payload->>'region' = 'eu'")
}

pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult {
    ctx.count_streams(&streams()).await
}

pub async fn batch(
    ctx: &mut SeedContext<'_>,
    after: Option<Cursor>,
    limit: u32,
) -> BatchResult<Cursor> {
    ctx.migrate_streams(&streams(), after, limit, migrate).await
}

fn migrate(old: &OldStream, into: &mut NewStreams) -> MigrateResult {
    let mut user = into.stream(Stream {
        tenant_id: WORKING,
        ..old.stream.clone()
    });
    for event in &old.events {
        match event.event_type.as_str() {
            "user-made" => user.append(MigratedEvent::of(event).event_type("user-created")),
            "user-pinged" => {} // dropped
            _ => user.keep(event),
        }
    }
    Ok(())
}
