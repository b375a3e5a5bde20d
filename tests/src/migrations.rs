//! An app whose streams are migrated: the wallets, in two tenants.

use kumiko_seeds::events::{
    MigrateResult, NewEvent, NewStreams, OldStream, StoredEvent, Stream, Streams, User, load,
};
use kumiko_seeds::{Seed, SeedRunner, json};
use uuid::Uuid;

use crate::database::{Engine, TestDatabase};
use crate::wallets::{Change, handlers, runner_of};

/// The tenant that streams lie under.
pub const OLD: Uuid = Uuid::from_u128(0x01d0_8000_0000_0000_0000);
/// The one that they belong to.
pub const NEW: Uuid = Uuid::from_u128(0x2e30_8000_0000_0000_0000);

/// A seed of many steps whose `batch` migrates `$streams` by `$migrate`.
#[macro_export]
macro_rules! migration {
    ($id:expr, $streams:expr, $migrate:expr) => {
        kumiko_seeds::Seed {
            code: kumiko_seeds::SeedCode::Batch {
                count: Some(|ctx| Box::pin(async move { ctx.count_streams(&$streams).await })),
                batch: |ctx, after, limit| {
                    Box::pin(async move {
                        let after = kumiko_seeds::read_cursor(after)?;
                        ctx.migrate_streams(&$streams, after, limit, $migrate)
                            .await?
                            .written()
                    })
                },
            },
            ..$crate::seeds::seed($id, |_| unreachable!("it has steps"))
        }
    };
}

/// A seed of many steps that undoes the migration `$of`.
#[macro_export]
macro_rules! undoing {
    ($id:expr, $of:expr) => {
        kumiko_seeds::Seed {
            code: kumiko_seeds::SeedCode::Batch {
                count: Some(|ctx| Box::pin(async move { ctx.count_migrated($of).await })),
                batch: |ctx, after, limit| {
                    Box::pin(async move {
                        let after = kumiko_seeds::read_cursor(after)?;
                        ctx.undo_migration($of, after, limit).await?.written()
                    })
                },
            },
            ..$crate::seeds::seed($id, |_| unreachable!("it has steps"))
        }
    };
}

/// The seed that moves the wallets of the old tenant to the new one.
pub const ID: &str = "2026-03-01-moves";

/// A seed that moves the wallets of the old tenant to the new one.
#[must_use]
pub fn moves<DB: Engine>() -> Seed<DB> {
    migration!(ID, of_old(), to_new_tenant)
}

/// The wallets of the old tenant.
pub fn of_old() -> Streams {
    Streams::of("wallet").in_tenant(OLD)
}

/// All of a stream, in the new tenant.
///
/// # Errors
/// Never.
pub fn to_new_tenant(old: &OldStream, into: &mut NewStreams) -> MigrateResult {
    let new = Stream {
        tenant_id: NEW,
        ..old.stream.clone()
    };
    into.stream(new).all(&old.events);
    Ok(())
}

/// The id of a wallet.
#[must_use]
pub fn wallet(number: u128) -> Uuid {
    Uuid::from_u128((0x0101_0101_0101_0101 * number) << 64)
}

/// The stream of a wallet.
#[must_use]
pub fn stream(tenant_id: Uuid, number: u128) -> Stream {
    Stream {
        tenant_id,
        aggregate_type: "wallet".to_owned(),
        aggregate_id: wallet(number),
    }
}

/// A deposit into a wallet.
#[must_use]
pub fn deposit(number: u128, amount: i64) -> NewEvent {
    NewEvent::new("deposited", json!(Change::deposit(wallet(number), amount)))
}

/// A name of a wallet.
#[must_use]
pub fn name(number: u128, name: &str) -> NewEvent {
    NewEvent::new("named", json!(Change::name(wallet(number), name)))
}

/// A runner of the app.
#[must_use]
pub fn runner<DB: Engine>(seeds: Vec<Seed<DB>>) -> SeedRunner<DB> {
    runner_of(seeds.leak(), handlers())
}

/// Applies seeds.
pub async fn apply<DB: Engine>(database: &TestDatabase<DB>, seeds: Vec<Seed<DB>>) {
    runner(seeds).apply(&database.pool).await.unwrap();
}

/// Appends to a stream that has so many events, with its rows.
pub async fn append<DB: Engine>(
    database: &TestDatabase<DB>,
    stream: &Stream,
    version: i32,
    events: impl IntoIterator<Item = NewEvent>,
) {
    let handlers = handlers::<DB>();
    let mut connection = database.pool.acquire().await.unwrap();
    let user = User::new("7b1e", ["admin"]);
    let appended = handlers.append_events(&mut connection, stream, version, events, &user);
    appended.await.unwrap();
}

/// The events of a stream, archived or not.
pub async fn events<DB: Engine>(database: &TestDatabase<DB>, stream: &Stream) -> Vec<StoredEvent> {
    let mut connection = database.pool.acquire().await.unwrap();
    load::<DB>(&mut connection, stream.tenant_id, stream.aggregate_id)
        .await
        .unwrap()
}

/// The events of a stream, one a line: version, type, and how much is deposited or what it is called.
pub async fn lines<DB: Engine>(database: &TestDatabase<DB>, stream: &Stream) -> Vec<String> {
    let line = |event: &StoredEvent| {
        let Change { amount, name, .. } =
            serde_json::from_value(event.payload.clone()).unwrap_or_default();
        format!("{} {} {amount}{name}", event.version, event.event_type)
    };
    events(database, stream).await.iter().map(line).collect()
}

/// How many rows of a projection a check finds wrong.
pub async fn wrong<DB: Engine>(database: &TestDatabase<DB>, projection: &str) -> u64 {
    let handlers = handlers::<DB>();
    let check = handlers.check_projection(&database.pool, projection, 10);
    check.await.unwrap().wrong()
}
