//! A seed of a million items, in steps behind the running app.

use std::time::{Duration, Instant};

use kumiko_seeds::events::SYSTEM_TENANT_ID;
use kumiko_seeds::postgres::{Seed, SeedContext};
use kumiko_seeds::{Batch, BatchResult, SeedCode, read_cursor};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::account::{AGGREGATE_TYPE, Account, EVENT_TYPE, USER, metadata};
use crate::bulk_methods::{self, Method};
use crate::database::{Server, count_events};
use crate::process;
use crate::samples::{Samples, reliability};
use crate::subjects::kumiko::{OPEN, runner};
use crate::table::{Table, figure, grouped, ratio};
use crate::{Effort, Result};

/// Ways to write one event for each of many items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A seed of one transaction.
    AtOnce,
    /// A seed of many steps.
    Steps,
    /// `UNNEST` in one transaction, a thousand rows a statement.
    SqlAtOnce,
    /// The same with a transaction for each thousand.
    SqlLoop,
}

impl Way {
    const ALL: [Self; 4] = [Self::AtOnce, Self::Steps, Self::SqlAtOnce, Self::SqlLoop];

    const fn name(self) -> &'static str {
        match self {
            Self::AtOnce => "one transaction, `system_batch`",
            Self::Steps => "in steps, `system_batch`",
            Self::SqlAtOnce => "`UNNEST`, one transaction",
            Self::SqlLoop => "`UNNEST`, a loop of 1,000",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::AtOnce => "at-once",
            Self::Steps => "steps",
            Self::SqlAtOnce => "sql-at-once",
            Self::SqlLoop => "sql-loop",
        }
    }

    pub(crate) fn named(word: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|way| way.word() == word);
        named.ok_or_else(|| format!("there is no way {word}").into())
    }
}

/// Writes `count` events.
pub(crate) async fn write(way: Way, count: u64, url: &str) -> Result<Duration> {
    match way {
        Way::AtOnce => bulk_methods::write(Method::Batch, count, url).await,
        Way::SqlAtOnce => bulk_methods::write(Method::Unnest, count, url).await,
        Way::SqlLoop => bulk_methods::write_in_loop(count, url).await,
        Way::Steps => {
            let pool = PgPoolOptions::new().max_connections(4).connect(url).await?;
            let runner = runner(vec![seed(count)].leak());
            let clock = Instant::now();
            let report = runner.work(&pool).await;
            if report.applied.len() != 1 {
                return Err(format!("the seed in steps is not applied: {report:?}").into());
            }
            Ok(clock.elapsed())
        }
    }
}

/// The id carries the number of events, because the functions of a seed have no other way to know it.
fn seed(count: u64) -> Seed {
    let id = format!("2026-01-01-steps-{count}").leak();
    Seed {
        file: file!(),
        source_hash: id,
        background: true,
        ..Seed::by_hand(
            id,
            "Open many accounts",
            SeedCode::Batch {
                count: Some(|ctx| Box::pin(async move { Ok(count_of(ctx)) })),
                batch: |ctx, after, limit| {
                    Box::pin(async move { batch(ctx, read_cursor(after)?, limit).await?.written() })
                },
            },
        )
    }
}

async fn batch(ctx: &mut SeedContext<'_>, after: Option<u64>, limit: u32) -> BatchResult<u64> {
    let first = after.map_or(0, |after| after + 1);
    let numbers = first..count_of(ctx).min(first + u64::from(limit));
    let (last, items) = (numbers.clone().last(), numbers.clone().count());
    ctx.system_batch(OPEN, numbers.map(Account::numbered))
        .await?;
    Ok(Batch::new(last, items))
}

fn count_of(ctx: &SeedContext<'_>) -> u64 {
    let count = ctx
        .id()
        .rsplit_once('-')
        .and_then(|(_, count)| count.parse().ok());
    count.unwrap_or_default()
}

struct Case {
    way: Way,
    per_second: Samples,
    kilobytes: u64,
}

pub(crate) async fn measure(server: &Server, effort: Effort) -> Result<String> {
    let (count, rounds, seconds) = match effort {
        Effort::Full => (1_000_000, 3, 20),
        Effort::Quick => (200_000, 1, 5),
    };
    let mut text = format!(
        "## Long work, in steps\n\n\
         One event of about 150 bytes for each of {} items: as a seed of one transaction, as a seed of many steps of\n\
         half a second, and by SQL as people write it by hand. Each is a process of its own.\n",
        grouped(count)
    );
    let mut cases = Way::ALL.map(|way| Case {
        way,
        per_second: Samples::default(),
        kilobytes: 0,
    });
    for round in 0..rounds {
        eprintln!("{count} items, round {} of {rounds} ...", round + 1);
        for case in &mut cases {
            let url = server.fresh("steps").await?;
            server.settle().await?;
            let told = process::steps(case.way.word(), count, &url).await?;
            let events = count_events(&url).await?;
            if events != count {
                return Err(format!("{} made {events} events", case.way.name()).into());
            }
            case.per_second.push(count as f64 / told.seconds);
            case.kilobytes = case.kilobytes.max(told.kilobytes);
        }
    }
    text.push_str(&told(&cases, rounds));
    text.push_str(&beside_the_app(server, seconds, rounds).await?);
    server.remove("steps").await?;
    Ok(text)
}

fn told(cases: &[Case], rounds: usize) -> String {
    let mut table = Table::new([
        "way",
        "events a second",
        "beside one transaction",
        "peak MB",
    ]);
    let at_once = cases.iter().find(|case| case.way == Way::AtOnce);
    let at_once = at_once.map_or(f64::NAN, |case| case.per_second.median());
    for case in cases {
        table.row([
            case.way.name().to_owned(),
            grouped(case.per_second.median().round() as u64),
            ratio(case.per_second.median(), at_once),
            figure(case.kilobytes as f64 / 1_024.0),
        ]);
    }
    let reliability = reliability(rounds, cases.iter().map(|case| &case.per_second));
    format!("\n{table}\n{reliability}")
}

/// What a client that writes all the time feels of it.
async fn beside_the_app(server: &Server, seconds: u64, rounds: usize) -> Result<String> {
    let others = [None, Some(Way::Steps), Some(Way::SqlLoop)];
    let mut all = others.map(|other| (other, Latencies::default()));
    for _ in 0..rounds {
        for (other, latencies) in &mut all {
            let url = server.fresh("steps").await?;
            server.settle().await?;
            latencies.take(*other, seconds, &url).await?;
        }
    }
    let alone = all[0].1.p99s.median();
    let mut table = Table::new(["a client's write, ms", "median", "p99", "beside alone"]);
    for (other, latencies) in &all {
        table.row([
            other.map_or_else(
                || "alone".to_owned(),
                |other| format!("beside {}", other.name()),
            ),
            figure(latencies.medians.median()),
            figure(latencies.p99s.median()),
            ratio(latencies.p99s.median(), alone),
        ]);
    }
    Ok(format!(
        "\nA client that inserts an event and commits every two milliseconds, for {seconds} seconds:\n\n{table}\n{}",
        reliability(rounds, all.iter().map(|(_, latencies)| &latencies.p99s))
    ))
}

#[derive(Default)]
struct Latencies {
    medians: Samples,
    p99s: Samples,
}

impl Latencies {
    async fn take(&mut self, other: Option<Way>, seconds: u64, url: &str) -> Result {
        // A process of its own, as a worker of its own is.
        let work = other.map(|way| process::steps_for_long(way.word(), url));
        let work = work.transpose()?;
        if work.is_some() {
            // Until its steps have their size.
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        let mut connection = PgConnection::connect(url).await?;
        let mut samples = Vec::new();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(seconds) {
            let clock = Instant::now();
            insert_one(&mut connection).await?;
            samples.push(clock.elapsed().as_secs_f64() * 1e3);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if let Some(mut work) = work {
            if work.try_wait()?.is_some() {
                return Err("the seed was done before the client".into());
            }
            work.kill().await?;
        }
        samples.sort_by(f64::total_cmp);
        let at = |percent: usize| samples.get(samples.len() * percent / 100).copied();
        self.medians.push(at(50).ok_or("no writes")?);
        self.p99s.push(at(99).ok_or("no writes")?);
        Ok(())
    }
}

async fn insert_one(connection: &mut PgConnection) -> Result {
    let mut transaction = connection.begin().await?;
    sqlx::query(
        "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                    event_version, payload, metadata, created_by)
         VALUES ($1, $2, $3, 1, $4, 1, CAST($5 AS text)::jsonb, CAST($6 AS text)::jsonb, $7)",
    )
    .bind(Uuid::new_v4())
    .bind(AGGREGATE_TYPE)
    .bind(SYSTEM_TENANT_ID)
    .bind(EVENT_TYPE)
    .bind(serde_json::to_string(&Account::numbered(1))?)
    .bind(metadata())
    .bind(USER)
    .execute(&mut *transaction)
    .await?;
    Ok(transaction.commit().await?)
}
