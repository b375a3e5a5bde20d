//! Ways of writing many events in one transaction.

use std::fmt::Write;
use std::ops::Range;
use std::time::{Duration, Instant};

use kumiko_seeds::events::SYSTEM_TENANT_ID;
use kumiko_seeds::postgres::{Seed, SeedContext};
use kumiko_seeds::{SeedCode, SeedResult};
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use crate::Result;
use crate::account::{AGGREGATE_TYPE, Account, EVENT_TYPE, USER, metadata};
use crate::subjects::kumiko::{OPEN, runner};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// A seed that writes one by one.
    Writes,
    /// A seed that writes a batch.
    Batch,
    /// A prepared statement for each row.
    Rows,
    /// A statement for each thousand rows.
    Unnest,
    /// `COPY`.
    Copy,
}

impl Method {
    pub(crate) const ALL: [Self; 5] = [
        Self::Writes,
        Self::Batch,
        Self::Rows,
        Self::Unnest,
        Self::Copy,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Writes => "system_write_as",
            Self::Batch => "system_batch",
            Self::Rows => "INSERT",
            Self::Unnest => "UNNEST",
            Self::Copy => "COPY",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|method| method.name() == name);
        named.ok_or_else(|| format!("there is no method {name}").into())
    }
}

/// Writes `count` events, on a connection that is there before the clock starts.
pub(crate) async fn write(method: Method, count: u64, url: &str) -> Result<Duration> {
    if let Method::Writes | Method::Batch = method {
        let pool = PgPool::connect(url).await?;
        let runner = runner(vec![seed(method, count)].leak());
        let clock = Instant::now();
        runner.apply(&pool).await?;
        return Ok(clock.elapsed());
    }
    let mut connection = PgConnection::connect(url).await?;
    let clock = Instant::now();
    let mut transaction = connection.begin().await?;
    match method {
        Method::Rows => insert_rows(&mut transaction, count).await?,
        Method::Unnest => insert_unnested(&mut transaction, 0..count).await?,
        _ => copy(&mut transaction, count).await?,
    }
    transaction.commit().await?;
    Ok(clock.elapsed())
}

/// The id carries the number of events, because the function of a seed has no other way to know it.
fn seed(method: Method, count: u64) -> Seed {
    let id = format!("2026-01-01-bulk-{count}").leak();
    Seed {
        file: file!(),
        // One of its own, or it would be taken for another seed under a new name.
        source_hash: id,
        ..Seed::by_hand(
            id,
            "Open many accounts",
            SeedCode::Run(match method {
                Method::Writes => |ctx| Box::pin(one_by_one(ctx)),
                _ => |ctx| Box::pin(together(ctx)),
            }),
        )
    }
}

async fn one_by_one(ctx: &mut SeedContext<'_>) -> SeedResult {
    for number in numbers(ctx) {
        ctx.system_write_as(OPEN, Account::numbered(number)).await?;
    }
    Ok(())
}

async fn together(ctx: &mut SeedContext<'_>) -> SeedResult {
    let accounts = numbers(ctx).map(Account::numbered);
    ctx.system_batch(OPEN, accounts).await?;
    Ok(())
}

fn numbers(ctx: &SeedContext<'_>) -> Range<u64> {
    let count = ctx
        .id()
        .rsplit_once('-')
        .and_then(|(_, count)| count.parse().ok());
    0..count.unwrap_or_default()
}

async fn insert_rows(connection: &mut PgConnection, count: u64) -> Result {
    let metadata = metadata();
    for number in 0..count {
        sqlx::query(
            "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                        event_version, payload, metadata, created_by)
             VALUES ($1, $2, $3, 1, $4, 1, CAST($5 AS text)::jsonb, CAST($6 AS text)::jsonb, $7)",
        )
        .bind(Uuid::new_v4())
        .bind(AGGREGATE_TYPE)
        .bind(SYSTEM_TENANT_ID)
        .bind(EVENT_TYPE)
        .bind(serde_json::to_string(&Account::numbered(number))?)
        .bind(&metadata)
        .bind(USER)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Writes `count` events with a transaction for each thousand, as people write it by hand.
pub(crate) async fn write_in_loop(count: u64, url: &str) -> Result<Duration> {
    let mut connection = PgConnection::connect(url).await?;
    let clock = Instant::now();
    for first in (0..count).step_by(1_000) {
        let mut transaction = connection.begin().await?;
        let numbers = first..count.min(first + 1_000);
        insert_unnested(&mut transaction, numbers).await?;
        transaction.commit().await?;
    }
    Ok(clock.elapsed())
}

async fn insert_unnested(connection: &mut PgConnection, numbers: Range<u64>) -> Result {
    const TOGETHER: u64 = 1_000;
    let metadata = metadata();
    let Range {
        start: mut written,
        end: count,
    } = numbers;
    while written < count {
        let end = count.min(written + TOGETHER);
        let rows = usize::try_from(end - written)?;
        let accounts = (written..end).map(Account::numbered);
        let payloads = accounts.map(|account| serde_json::to_string(&account));
        let payloads = payloads.collect::<serde_json::Result<Vec<_>>>()?;
        let ids: Vec<Uuid> = payloads.iter().map(|_| Uuid::new_v4()).collect();
        sqlx::query(
            "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                        event_version, payload, metadata, created_by)
             SELECT aggregate_id, aggregate_type, tenant_id, version, type, event_version,
                    CAST(payload AS jsonb), CAST(metadata AS jsonb), created_by
             FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8, $9) AS new
                 (aggregate_id, aggregate_type, tenant_id, version, type, event_version,
                  payload, metadata, created_by)",
        )
        .bind(ids)
        .bind(vec![AGGREGATE_TYPE; rows])
        .bind(vec![SYSTEM_TENANT_ID; rows])
        .bind(vec![1_i32; rows])
        .bind(vec![EVENT_TYPE; rows])
        .bind(vec![1_i32; rows])
        .bind(payloads)
        .bind(vec![metadata.as_str(); rows])
        .bind(vec![USER; rows])
        .execute(&mut *connection)
        .await?;
        written = end;
    }
    Ok(())
}

async fn copy(connection: &mut PgConnection, count: u64) -> Result {
    const TOGETHER: usize = 1 << 16;
    let metadata = metadata();
    let mut copy = connection
        .copy_in_raw(
            "COPY kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                 event_version, payload, metadata, created_by) FROM STDIN",
        )
        .await?;
    let mut text = String::new();
    for number in 0..count {
        let id = Uuid::new_v4();
        // Nothing in these payloads has to be escaped.
        let payload = serde_json::to_string(&Account::numbered(number))?;
        writeln!(
            text,
            "{id}\t{AGGREGATE_TYPE}\t{SYSTEM_TENANT_ID}\t1\t{EVENT_TYPE}\t1\t{payload}\t{metadata}\t{USER}"
        )?;
        if text.len() >= TOGETHER {
            copy.send(text.as_bytes()).await?;
            text.clear();
        }
    }
    copy.send(text.as_bytes()).await?;
    copy.finish().await?;
    Ok(())
}
