//! Initech has bought Acme, so Acme's memberships move to it: a migration of streams that is tried, applied and undone.
//!
//! The app has not come to that yet, so its seeds are here.

#![allow(unreachable_pub, reason = "as a seed file has it")]

use admin_roles::database::{Seed, SeedRunner};
use kumiko_seeds::{SeedCode, read_cursor};
use kumiko_seeds_testing::{TestResult, json};

#[cfg(feature = "postgres")]
use kumiko_seeds_testing::postgres::TestDatabase;
#[cfg(not(feature = "postgres"))]
use kumiko_seeds_testing::sqlite::TestDatabase;

/// As `seeds/2026-09-01-acme-joins-initech.rs` would be.
mod joins {
    use admin_roles::database::SeedContext;
    use kumiko_seeds::events::{
        MigrateResult, MigratedEvent, NewStreams, OldStream, Stream, StreamCursor, Streams,
    };
    use kumiko_seeds::{BatchResult, CountResult, json};
    use uuid::{Uuid, uuid};

    pub const DESCRIPTION: &str = "Move Acme's memberships to Initech";

    pub type Cursor = StreamCursor;

    const ACME: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000001");
    const INITECH: Uuid = uuid!("0198f0a1-0000-7000-8000-000000000009");

    fn streams() -> Streams {
        Streams::of("membership").in_tenant(ACME)
    }

    fn migrate(old: &OldStream, into: &mut NewStreams) -> MigrateResult {
        let tenant_id = INITECH;
        let mut new = into.stream(Stream {
            tenant_id,
            ..old.stream.clone()
        });
        for event in &old.events {
            if event.event_type == "member-added" {
                let mut payload = event.payload.clone();
                let tenant = payload.get_mut("tenant_id");
                *tenant.ok_or("it says no tenant")? = json!(tenant_id);
                new.append(MigratedEvent::of(event).payload(payload));
            } else {
                new.keep(event);
            }
        }
        Ok(())
    }

    pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult {
        ctx.count_streams(&streams()).await
    }

    pub async fn batch(
        ctx: &mut SeedContext<'_>,
        after: Option<Cursor>,
        limit: u32,
    ) -> BatchResult<Cursor> {
        let streams = streams();
        ctx.migrate_streams(&streams, after, limit, migrate).await
    }
}

/// As `seeds/2026-09-02-acme-stays.rs` would be.
mod stays {
    use admin_roles::database::SeedContext;
    use kumiko_seeds::events::StreamCursor;
    use kumiko_seeds::{BatchResult, CountResult};

    pub const DESCRIPTION: &str = "Move Acme's memberships back";

    pub type Cursor = StreamCursor;

    const JOINS: &str = "2026-09-01-acme-joins-initech";

    pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult {
        ctx.count_migrated(JOINS).await
    }

    pub async fn batch(
        ctx: &mut SeedContext<'_>,
        after: Option<Cursor>,
        limit: u32,
    ) -> BatchResult<Cursor> {
        ctx.undo_migration(JOINS, after, limit).await
    }
}

/// What `include_seeds!` makes of such a file.
macro_rules! seed {
    ($id:literal, $file:ident) => {
        Seed {
            file: file!(),
            source_hash: $id,
            ..Seed::by_hand(
                $id,
                $file::DESCRIPTION,
                SeedCode::Batch {
                    count: Some(|ctx| Box::pin($file::count(ctx))),
                    batch: |ctx, after, limit| {
                        Box::pin(async move {
                            let after: Option<$file::Cursor> = read_cursor(after)?;
                            $file::batch(ctx, after, limit).await?.written()
                        })
                    },
                },
            )
        }
    };
}

static SEEDS: [Seed; 2] = [
    seed!("2026-09-01-acme-joins-initech", joins),
    seed!("2026-09-02-acme-stays", stays),
];

const MEMBERSHIPS: &str = "SELECT CAST(tenant_id AS text) AS tenant, roles, version
                           FROM read_tenant_memberships ORDER BY id";

#[tokio::test]
async fn memberships_move_with_their_history_and_come_back() -> TestResult {
    let database = TestDatabase::new(admin_roles::seeds()).await?;
    database
        .given_seeds_before("2026-06-15-default-role")
        .await?;
    let runner = |seeds| SeedRunner::new(seeds).handlers(admin_roles::handlers());
    let tenants = |first: &str| {
        json!([
            { "tenant": first, "roles": r#"["Admin","TenantAdmin"]"#, "version": 2 },
            { "tenant": "0198f0a1-0000-7000-8000-000000000002", "roles": r#"["Billing","TenantAdmin"]"#, "version": 2 },
        ])
    };
    let (acme, initech) = (
        tenants("0198f0a1-0000-7000-8000-000000000001"),
        tenants("0198f0a1-0000-7000-8000-000000000009"),
    );

    let tried = runner(&SEEDS[..1]).dry_run(database.pool()).await?;
    let migration = tried.seeds[0].migration.as_ref();
    let migration = migration.ok_or("it is no migration")?;
    assert_eq!((migration.streams, migration.events), (1, 2));
    assert_eq!(migration.diffs[0].kept, 1);
    let change = &migration.diffs[0].changes[1];
    let moved = r#""tenant_id":"0198f0a1-0000-7000-8000-000000000009""#;
    assert!(change.payload.contains(moved), "{change:?}");
    database.check_rows(MEMBERSHIPS, acme.clone()).await?;

    for (seeds, expected) in [(&SEEDS[..1], initech), (&SEEDS[..], acme)] {
        let report = runner(seeds).apply(database.pool()).await?;
        assert_eq!(report.applied.len(), 1);
        database.check_rows(MEMBERSHIPS, expected).await?;
        database.check_projection("members").await?;
    }
    Ok(())
}
