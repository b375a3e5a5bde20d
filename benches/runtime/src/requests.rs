//! The app's own writes, for people.

use std::time::{Duration, Instant};

use kumiko_seeds::events::{
    Access, HandlerResult, Handlers, NewEvent, SYSTEM_TENANT_ID, User, WriteContext,
};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, PgPool, Postgres};
use uuid::Uuid;

use crate::account::{AGGREGATE_TYPE, Account, EVENT_TYPE, USER, metadata};
use crate::database::{Server, count_events};
use crate::samples::{Samples, reliability};
use crate::table::{Table, figure, grouped, ratio};
use crate::wire::Wire;
use crate::{Effort, Result};

const WRITES: u64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// `BEGIN`, a prepared `INSERT`, `COMMIT`.
    ByHand,
    /// A handler that does the same.
    Handler,
    /// With the stream's version read before the `INSERT`.
    ByHandAfterReading,
    HandlerAfterReading,
}

impl Way {
    const ALL: [Self; 4] = [
        Self::ByHand,
        Self::Handler,
        Self::ByHandAfterReading,
        Self::HandlerAfterReading,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::ByHand => "by hand",
            Self::Handler => "`write_as`",
            Self::ByHandAfterReading => "by hand, version read first",
            Self::HandlerAfterReading => "`write_as`, version read first",
        }
    }

    /// What it is held against.
    const fn by_hand(self) -> Self {
        match self {
            Self::ByHand | Self::Handler => Self::ByHand,
            Self::ByHandAfterReading | Self::HandlerAfterReading => Self::ByHandAfterReading,
        }
    }
}

#[derive(Default)]
struct Measured {
    per_second: Samples,
    delayed: Samples,
    round_trips: f64,
}

pub(crate) async fn measure(server: &Server, effort: Effort) -> Result<String> {
    let rounds = match effort {
        Effort::Full => 9,
        Effort::Quick => 3,
    };
    let mut measured: Vec<Measured> = Way::ALL.iter().map(|_| Measured::default()).collect();
    for round in 0..rounds {
        eprintln!("{WRITES} requests, round {} of {rounds} ...", round + 1);
        for (&way, measured) in Way::ALL.iter().zip(&mut measured) {
            let url = server.fresh("requests").await?;
            let took = write(way, WRITES, &url, &url).await?;
            measured.per_second.push(WRITES as f64 / took.as_secs_f64());
            let few = WRITES / 10;
            let url = server.fresh("requests").await?;
            let wire = Wire::to(&url, Duration::from_millis(1))?;
            let took = write(way, few, &url, wire.url()).await?;
            measured.delayed.push_milliseconds(took / few as u32);
            measured.round_trips = wire.take_round_trips() as f64 / few as f64;
        }
    }
    server.remove("requests").await?;
    Ok(told(&measured, rounds))
}

/// One client that writes one after another.
async fn write(way: Way, count: u64, url: &str, wire: &str) -> Result<Duration> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect(wire)
        .await?;
    let handlers = Handlers::new()
        .register("accounts:write:open", Access::OpenToAll, open)
        .register(
            "accounts:write:read-and-open",
            Access::OpenToAll,
            read_and_open,
        );
    let clock = Instant::now();
    for number in 0..count {
        let account = Account::numbered(number);
        match way {
            Way::ByHand | Way::ByHandAfterReading => by_hand(&pool, way, &account).await?,
            Way::Handler | Way::HandlerAfterReading => {
                let name = match way {
                    Way::Handler => "accounts:write:open",
                    _ => "accounts:write:read-and-open",
                };
                let user = User::new(USER, [""; 0]);
                handlers.write_as(user, name, account).commit(&pool).await?;
            }
        }
    }
    let took = clock.elapsed();
    pool.close().await;
    let events = count_events(url).await?;
    if events == count {
        Ok(took)
    } else {
        Err(format!("{} made {events} events", way.name()).into())
    }
}

async fn open(mut write: WriteContext<'_, Postgres>, account: Account) -> HandlerResult {
    let stream = write.stream(AGGREGATE_TYPE, Uuid::new_v4());
    let opened = NewEvent::new(EVENT_TYPE, &account);
    write.append(&stream, 0, [opened]).await?;
    Ok(())
}

async fn read_and_open(mut write: WriteContext<'_, Postgres>, account: Account) -> HandlerResult {
    let stream = write.stream(AGGREGATE_TYPE, Uuid::new_v4());
    let version = write.stream_version(&stream).await?;
    let opened = NewEvent::new(EVENT_TYPE, &account);
    write.append(&stream, version, [opened]).await?;
    Ok(())
}

async fn by_hand(pool: &PgPool, way: Way, account: &Account) -> Result {
    let mut transaction = pool.begin().await?;
    let id = Uuid::new_v4();
    let version = match way {
        Way::ByHandAfterReading => version(&mut transaction, id).await?,
        _ => 0,
    };
    sqlx::query(
        "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                    event_version, payload, metadata, created_by)
         VALUES ($1, $2, $3, $4, $5, 1, CAST($6 AS text)::jsonb, CAST($7 AS text)::jsonb, $8)",
    )
    .bind(id)
    .bind(AGGREGATE_TYPE)
    .bind(SYSTEM_TENANT_ID)
    .bind(version + 1)
    .bind(EVENT_TYPE)
    .bind(serde_json::to_string(account)?)
    .bind(metadata())
    .bind(USER)
    .execute(&mut *transaction)
    .await?;
    Ok(transaction.commit().await?)
}

async fn version(connection: &mut PgConnection, id: Uuid) -> Result<i32> {
    let version = "SELECT coalesce(max(version), 0) FROM kumiko_events
                   WHERE tenant_id = $1 AND aggregate_id = $2";
    let query = sqlx::query_scalar(version).bind(SYSTEM_TENANT_ID).bind(id);
    Ok(query.fetch_one(connection).await?)
}

fn told(measured: &[Measured], rounds: usize) -> String {
    let mut table = Table::new([
        "a request that writes an event",
        "a second",
        "beside by hand",
        "round trips",
        "ms, 1 ms away",
        "beside by hand",
    ]);
    for (way, of_way) in Way::ALL.iter().zip(measured) {
        let by_hand = Way::ALL.iter().position(|other| *other == way.by_hand());
        let by_hand = &measured[by_hand.unwrap_or_default()];
        table.row([
            way.name().to_owned(),
            grouped(of_way.per_second.median().round() as u64),
            ratio(of_way.per_second.median(), by_hand.per_second.median()),
            figure(of_way.round_trips),
            figure(of_way.delayed.median()),
            ratio(of_way.delayed.median(), by_hand.delayed.median()),
        ]);
    }
    let reliability = reliability(rounds, measured.iter().map(|measured| &measured.per_second));
    format!(
        "## Requests\n\n\
         One client of the app that writes one event after another, each in a transaction of its own and to a stream\n\
         of its own: through a handler, and by hand, with sqlx and no library. The handler's gates are passed, its\n\
         version is checked, and a transaction that it had ended would be noticed; by hand nothing of that is done.\n\
         The pool's question whether a connection that comes back is alive is a round trip of each.\n\n{table}\n{reliability}"
    )
}
