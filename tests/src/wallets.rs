//! An app with a projection: wallets, each a row computed from its own events, and a count of all of them.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kumiko_seeds::events::{
    Access, HandlerResult, Handlers, NewEvent, Projection, ProjectionResult, Projections,
    StoredEvent, User, WriteContext, create_event_tables,
};
use kumiko_seeds::{Seed, SeedRunner, SkipFlags};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::database::{Engine, TestDatabase};

/// The id of the rebuild of the wallets.
pub const REBUILD: &str = "projection-rebuild/wallets/1";

/// The rows of the wallets, one a line.
pub const ROWS: &str =
    "SELECT CAST(id AS text) || ' ' || balance || ' ' || deposits || ' ' || coalesce(name, '-')
                        FROM read_wallets ORDER BY id";

/// What happens to a wallet: `deposited`, `named` or `closed`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Change {
    /// The wallet.
    pub id: Uuid,
    /// What happens.
    pub what: String,
    /// How much is deposited.
    pub amount: i64,
    /// What it is called from now on.
    pub name: String,
}

impl Change {
    /// A deposit.
    #[must_use]
    pub fn deposit(id: Uuid, amount: i64) -> Self {
        Self {
            id,
            what: "deposited".to_owned(),
            amount,
            ..Self::default()
        }
    }

    /// A name.
    #[must_use]
    pub fn name(id: Uuid, name: &str) -> Self {
        Self {
            id,
            what: "named".to_owned(),
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// The end of a wallet.
    #[must_use]
    pub fn close(id: Uuid) -> Self {
        Self {
            id,
            what: "closed".to_owned(),
            ..Self::default()
        }
    }
}

/// The events and the tables of the app.
///
/// # Errors
/// If the database refuses.
pub async fn create_tables<DB: Engine>(
    connection: &mut DB::Connection,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    create_event_tables::<DB>(connection).await?;
    let uuid = if DB::NAME == "PostgreSQL" {
        "uuid"
    } else {
        "text"
    };
    let tables = format!(
        "CREATE TABLE IF NOT EXISTS read_wallets (
             id {uuid} PRIMARY KEY, balance bigint NOT NULL, deposits integer NOT NULL DEFAULT 0, name text UNIQUE);
         CREATE TABLE IF NOT EXISTS read_totals (what text PRIMARY KEY, total bigint NOT NULL)"
    );
    DB::run(connection, &tables).await?;
    Ok(())
}

/// The app's write side: each wallet's row, and the total of all of them.
#[must_use]
pub fn handlers<DB: Engine>() -> Handlers<DB> {
    Handlers::new()
        .register("wallet:write:change", Access::OpenToAll, change)
        .projections(Projections::new().register(wallets(1)).register(totals(1)))
}

/// The projection of wallets.
#[must_use]
pub fn wallets<DB: Engine>(version: u32) -> Projection<DB> {
    Projection::new("wallets", version, apply::<DB>)
        .of("wallet", ["deposited", "named", "closed"])
        .table("read_wallets", "id")
}

/// The projection of totals.
#[must_use]
pub fn totals<DB: Engine>(version: u32) -> Projection<DB> {
    Projection::new("totals", version, apply_to_totals::<DB>)
        .of("wallet", ["deposited", "closed"])
        .shared_table("read_totals")
}

/// A runner without seeds.
#[must_use]
pub fn runner<DB: Engine>(handlers: Handlers<DB>) -> SeedRunner<DB> {
    runner_of(&[], handlers)
}

/// A runner of seeds.
#[must_use]
pub fn runner_of<DB: Engine>(seeds: &'static [Seed<DB>], handlers: Handlers<DB>) -> SeedRunner<DB> {
    SeedRunner::new(seeds)
        .handlers(handlers)
        .skip_flags(SkipFlags::default())
        .prepare(|connection| Box::pin(create_tables::<DB>(connection)))
}

async fn change<DB: Engine>(mut write: WriteContext<'_, DB>, change: Change) -> HandlerResult<i32> {
    let stream = write.stream("wallet", change.id);
    let version = write.stream_version(&stream).await?;
    let event = NewEvent::new(change.what.clone(), &change);
    Ok(write.append(&stream, version, [event]).await?)
}

/// Creates the tables.
pub async fn prepare<DB: Engine>(database: &TestDatabase<DB>) {
    let mut connection = database.pool.acquire().await.unwrap();
    create_tables::<DB>(&mut connection).await.unwrap();
}

/// Changes wallets, one after another.
pub async fn make<DB: Engine>(
    database: &TestDatabase<DB>,
    handlers: &Handlers<DB>,
    changes: impl IntoIterator<Item = Change>,
) {
    for change in changes {
        let written = handlers.write_as(User::system(), "wallet:write:change", change);
        written.commit(&database.pool).await.unwrap();
    }
}

/// Applies an event to the row of its wallet.
///
/// # Errors
/// If the database refuses.
pub fn apply<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    async move {
        let change: Change = serde_json::from_value(event.payload.clone())?;
        let id = event.stream.aggregate_id;
        let sql = match event.event_type.as_str() {
            "deposited" => format!(
                "INSERT INTO read_wallets (id, balance, deposits) VALUES ('{id}', {0}, 1)
                 ON CONFLICT (id) DO UPDATE SET balance = read_wallets.balance + {0}, deposits = read_wallets.deposits + 1",
                change.amount
            ),
            "named" => format!(
                "UPDATE read_wallets SET name = '{}' WHERE id = '{id}'",
                change.name.replace('\'', "''")
            ),
            _ => format!("DELETE FROM read_wallets WHERE id = '{id}'"),
        };
        Ok(DB::run(connection, &sql).await?)
    }
    .boxed()
}

fn apply_to_totals<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    async move {
        let change: Change = serde_json::from_value(event.payload.clone())?;
        let sql = format!(
            "INSERT INTO read_totals (what, total) VALUES ('{what}', {amount})
             ON CONFLICT (what) DO UPDATE SET total = read_totals.total + {amount}",
            what = event.event_type,
            amount = change.amount.max(1),
        );
        Ok(DB::run(connection, &sql).await?)
    }
    .boxed()
}
